use std::net::IpAddr;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use super::*;

fn parse(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(line.split_whitespace())
}

/// What the daemon is asked.
fn asked(line: &str) -> DaemonVerb {
    let Verb::Daemon(verb) = parse(line).unwrap().verb else { panic!("not for the daemon") };
    verb
}

/// The option or argument that an error blames.
fn blamed(line: &str) -> String {
    match parse(line).unwrap_err().get(ContextKind::InvalidArg) {
        Some(ContextValue::String(name)) => name.clone(),
        Some(ContextValue::Strings(names)) => names.join(" "),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn the_grammar_is_consistent() {
    Arguments::command().debug_assert();
}

#[test]
fn a_guests_port_in_full() {
    let line = "vgw port add tap0 --instance a:b:c:d --address 192.168.1.253/32 --mac 02:00:00:00:00:01 \
                --netns N --name eth0 --guest-address 192.168.1.253/24 --gateway 192.168.1.1";
    let DaemonVerb::Port(PortVerb::Add(port)) = asked(line) else { panic!("another verb") };
    assert_eq!(port.interface.as_str(), "tap0");
    assert_eq!(port.instance.as_str(), "a:b:c:d");
    assert_eq!(port.netns, Some("N".into()));
    assert_eq!(port.guest_addresses[0].to_string(), "192.168.1.253/24");
    assert_eq!(port.gateways, ["192.168.1.1".parse::<IpAddr>().unwrap()]);
    assert!(!port.attach);
}

#[test]
fn lists_are_repeated_options() {
    let line = "vgw gateway add vgw1 --instance a --subnet 10.0.0.0/8 --subnet 2001:db8::/32 --route 0.0.0.0/0";
    let DaemonVerb::Gateway(GatewayVerb::Add(gateway)) = asked(line) else { panic!("another verb") };
    assert_eq!(gateway.subnets.len(), 2);
    assert_eq!(gateway.routes.len(), 1);
}

#[test]
fn a_leased_address_may_have_a_netmask() {
    let leased = |address: &str| {
        let verb = parse(&format!("vgw uplink lease eth1 --address {address} --via 20.0.0.1")).ok()?.verb;
        let Verb::Daemon(DaemonVerb::Uplink(UplinkVerb::Lease(lease))) = verb else { panic!("another verb") };
        Some(lease.address.to_string())
    };
    for (typed, meant) in [
        ("20.0.0.5/24", Some("20.0.0.5/24")),
        ("20.0.0.5/255.255.255.0", Some("20.0.0.5/24")),
        ("20.0.0.5/255.255.255.255", Some("20.0.0.5/32")),
        ("20.0.0.5/0.0.0.0", Some("20.0.0.5/0")),
        ("fd00::5/128", Some("fd00::5/128")),
        ("20.0.0.5/255.0.255.0", None),
        ("20.0.0.5/255.255.255.256", None),
        ("20.0.0/255.255.255.0", None),
    ] {
        assert_eq!(leased(typed).as_deref(), meant, "{typed}");
    }
}

#[test]
fn an_uplink_has_an_address_or_a_lease() {
    for (rest, is_good) in [
        ("--lease ipv4", true),
        ("--address 20.0.0.5/24 --via 20.0.0.1", true),
        ("", false),
        ("--address 20.0.0.5/24", false),
        ("--lease ipv4 --via 20.0.0.1", false),
        ("--lease ipv5", false),
    ] {
        assert_eq!(parse(&format!("vgw uplink add u --device eth1 {rest}")).is_ok(), is_good, "{rest}");
    }
}

#[test]
fn host_bits_are_kept_in_mind() {
    let DaemonVerb::Gateway(GatewayVerb::Add(gateway)) =
        asked("vgw gateway add vgw1 --instance a --subnet 10.1.2.3/24")
    else {
        panic!("another verb")
    };
    assert!(gateway.subnets[0].had_host_bits);
}

#[test]
fn global_options_may_stand_anywhere() {
    let arguments = parse("vgw gateway list -j --socket /tmp/s").unwrap();
    assert!(arguments.json);
    assert_eq!(arguments.socket, PathBuf::from("/tmp/s"));
    assert!(parse("vgw --json gateway list").unwrap().json);
}

#[test]
fn mistakes_are_usage_errors_that_name_the_field() {
    for (line, field) in [
        ("vgw gateway add vgw1 --instance a --subnet 10.0.0.0/33", "--subnet <PREFIX>"),
        ("vgw gateway add vgw1 --instance a", "--subnet <PREFIX>"),
        ("vgw gateway add vgw1 --subnet 10.0.0.0/8", "--instance <FQN>"),
        ("vgw gateway add sixteen-bytes-xx --instance a --subnet 10.0.0.0/8", "<INTERFACE>"),
        ("vgw port add tap0 --instance a --address 10.0.0.1 --mac nonsense", "--mac <MAC>"),
        ("vgw port add tap0 --instance a --address 10.0.0.1 --mtu 67", "--mtu <BYTES>"),
        ("vgw port add tap0 --instance a --address 10.0.0.1 --name eth0", "--netns <NETNS>"),
        ("vgw uplink add d --device eth1 --address 20.0.0.5 --via 20.0.0.1", "--address <ADDRESS/LENGTH>"),
        ("vgw uplink add d --device eth1 --address 20.0.0.5/24 --via x", "--via <ADDRESS>"),
        ("vgw route add --instance a 10.0.0.0/8", "<--port <INTERFACE>|--discard|--unreachable>"),
        ("vgw route lookup --instance a 10.0.0.0/8", "<ADDRESS>"),
    ] {
        assert_eq!(blamed(line), field, "{line}");
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
}

#[test]
fn contradictions_are_refused() {
    for line in [
        "vgw port add tap0 --instance a --address 10.0.0.1 --attach --netns N",
        "vgw route add --instance a 10.0.0.0/8 --discard --unreachable",
        "vgw route add --instance a 10.0.0.0/8 --discard --via 10.0.0.1",
        "vgw demo --keep --stop",
    ] {
        assert_eq!(parse(line).unwrap_err().kind(), ErrorKind::ArgumentConflict, "{line}");
    }
}

#[test]
fn every_last_verb_has_an_example() {
    fn walk(command: &clap::Command, path: &str) {
        let path = format!("{path} {}", command.get_name());
        if command.has_subcommands() && command.get_name() != "audit" {
            command
                .get_subcommands()
                .filter(|sub| sub.get_name() != "help" && !sub.is_hide_set())
                .for_each(|sub| walk(sub, &path));
        } else if command.get_name() != "demo" {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains(&format!("\n {path}")), "{path} has no example: {help}");
        }
    }
    walk(&Arguments::command(), "");
}

#[test]
fn audit_timer_takes_negative_numbers() {
    let DaemonVerb::Audit { verb: Some(AuditVerb::Timer { milliseconds }) } = asked("vgw audit timer -1") else {
        panic!("another verb")
    };
    assert_eq!(milliseconds, -1);
}

#[test]
fn a_packet_to_be_traced_comes_in_somewhere() {
    let traced = |line: &str| {
        let Verb::Trace(given) = parse(line).unwrap().verb else { panic!("another verb") };
        given
    };
    let given = traced("vgw trace --port tap0 --src 10.0.0.1 --dst 10.0.0.2 --proto tcp --dport 80 --both-ways");
    assert_eq!((given.proto, given.dport, given.both_ways), (Protocol::Number(6), Some(80), true));
    assert_eq!(traced("vgw trace --from-device eth0 --src ::1 --dst ::2").proto, Protocol::Icmp);
    let given = traced("vgw trace --port tap0 --pcap f --frame 3");
    assert_eq!((given.pcap.clone(), given.frame), (Some("f".into()), Some(3)));
    let kind = |line: &str| parse(line).unwrap_err().kind();
    for (line, expected) in [
        ("vgw trace --src 10.0.0.1 --dst 10.0.0.2", ErrorKind::MissingRequiredArgument),
        ("vgw trace --port tap0 --src 10.0.0.1", ErrorKind::MissingRequiredArgument),
        ("vgw trace --port tap0 --from-device eth0 --src 10.0.0.1 --dst 10.0.0.2", ErrorKind::ArgumentConflict),
        ("vgw trace --from-device eth0 --pcap f", ErrorKind::ArgumentConflict),
        ("vgw trace --port tap0 --src 10.0.0.1 --dst 10.0.0.2 --pcap f", ErrorKind::ArgumentConflict),
        ("vgw trace --port tap0 --src 10.0.0.1 --dst 10.0.0.2 --frame 3", ErrorKind::ArgumentConflict),
        ("vgw trace --port tap0 --src 10.0.0.1 --dst 10.0.0.2 --proto quic", ErrorKind::ValueValidation),
        ("vgw trace --port tap0 --src 10.0.0.1 --dst 10.0.0.2 --ttl 256", ErrorKind::ValueValidation),
    ] {
        assert_eq!(kind(line), expected, "{line}");
    }
}
