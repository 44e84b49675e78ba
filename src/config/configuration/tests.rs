use std::fs;

use super::*;
use crate::addr::Prefix;
use crate::gateway::{PortKind, Refusal};
use crate::routing::NextHop;

/// Reads texts as the files `a.toml`, `b.toml`, ...
fn read(texts: &[&str]) -> Result<Config, ConfigErrors> {
    let sources = texts
        .iter()
        .zip('a'..)
        .map(|(text, name)| Source { path: format!("{name}.toml").into(), text: (*text).to_owned() });
    Config::of_sources(&sources.collect::<Vec<_>>())
}

fn error(texts: &[&str]) -> String {
    read(texts).unwrap_err().to_string()
}

const GATEWAY: &str = "[[gateway]]\ninterface = 'vgw1'\nrouting_instance = 'net'\nsubnets = ['10.0.0.0/24']\n";
const PORT: &str = "[[port]]\nname = 'tap0'\nrouting_instance = 'net'\naddresses = ['10.0.0.9/32']\n";
const UPLINK: &str = "[[uplink]]\nname = 'wan'\ndevice = 'eth1'\naddress = '20.0.0.5/24'\nvia = '20.0.0.1'\n";

const NETWORK: &str = "[[network]]\nid = '20202020-2020-2020-2020-202020202020'\nrouting_instance = 'net'\n";

const PACKAGED: &str = include_str!("../../../packaging/vgwd.toml");

/// The packaged file shows the defaults, so it must change nothing.
#[test]
fn the_packaged_file_holds_the_defaults() {
    let Config {
        declared,
        audit_timeout,
        thrift_listen,
        rest_listen,
        metrics,
        allow_users,
        allow_remote,
        socket,
        mark,
        keep,
        check,
        workers,
        queue_length,
        io_uring,
        spin,
        agent_conf,
        read: nothing,
        warnings,
        places,
        rt_tables,
        fabric,
    } = Config::default();
    let packaged = read(&[PACKAGED]).unwrap();
    assert_eq!(packaged.declared, declared);
    assert_eq!(packaged.audit_timeout, audit_timeout);
    assert_eq!(packaged.thrift_listen, thrift_listen);
    assert_eq!(packaged.rest_listen, rest_listen);
    assert_eq!(packaged.metrics, metrics);
    assert_eq!((packaged.allow_users, packaged.allow_remote), (allow_users, allow_remote));
    assert_eq!(packaged.socket, socket);
    assert_eq!(packaged.mark, mark);
    assert_eq!((packaged.check, packaged.rt_tables, packaged.keep), (check, rt_tables, keep));
    assert_eq!(packaged.fabric, fabric);
    assert_eq!((packaged.workers, packaged.queue_length), (workers, queue_length));
    assert_eq!(packaged.io_uring, io_uring);
    assert_eq!(packaged.spin, spin);
    assert_eq!(packaged.agent_conf, agent_conf);
    assert_eq!((packaged.read, nothing), (vec!["a.toml".into()], vec![]));
    assert_eq!(packaged.warnings, warnings);
    assert_eq!(packaged.places.len(), places.len());
}

/// Its examples work once the comment signs are taken away.
#[test]
fn the_packaged_examples_are_good() {
    let mut in_example = false;
    let lines = PACKAGED.lines().map(|line| {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        in_example = line.starts_with('#') && (in_example || bare.starts_with("[["));
        if in_example { bare } else { line }
    });
    let config = read(&[&lines.collect::<Vec<_>>().join("\n")]).unwrap();
    let Declared { gateways, ports, uplinks, routes, networks, .. } = &config.declared;
    let counts = [gateways.len(), ports.len(), uplinks.len(), routes.len(), networks.len()];
    assert_eq!(counts, [1, 2, 2, 2, 1]);
    assert_eq!(config.warnings, [""; 0]);
    assert_eq!(networks[0].dhcp.as_ref().map(|dhcp| dhcp.dns.len()), Some(2));
    assert!(networks[0].router_advertisements.is_some());
    assert!(matches!(&ports[0].kind, PortKind::Tap(Some(guest)) if guest.name.as_str() == "eth0"));
    let dhcp = ports[0].dhcp.as_ref().unwrap();
    assert_eq!((dhcp.prefix_length, dhcp.dns.len(), dhcp.lease_time.0), (Some(24), 2, 3600));
    assert_eq!(ports[0].host_name.as_ref().map(ToString::to_string), Some("guest0".to_owned()));
    assert_eq!(dhcp.domain.as_ref().map(ToString::to_string), Some("example.org".to_owned()));
    assert_eq!(ports[0].router_advertisements.as_ref().unwrap().dns.len(), 1);
    assert_eq!(ports[1].kind, PortKind::Attach);
    assert_eq!((&ports[1].dhcp, &ports[1].router_advertisements), (&None, &None));
    assert_eq!(routes[0].next_hop.to_string(), "nexthop via 10.1.2.10 dev tap0 nexthop dev vnet7 weight 3");
    assert_eq!(routes[1].next_hop, NextHop::Discard);
}

#[test]
fn errors_name_file_line_and_key() {
    let gateway = |line: &str| format!("# comment\n\n{GATEWAY}{line}\n");
    let port = |line: &str| format!("{PORT}{line}\n");
    let uplink = |line: &str| format!("[[uplink]]\nname = 'wan'\ndevice = 'eth1'\n{line}\n");
    let cases: &[(&str, &str)] = &[
        ("audit = ", "a.toml:1: string values must be quoted, expected literal string"),
        ("[audit]\ntimeout = 1\ntimeout = 2", "a.toml:3: duplicate key"),
        ("[audit]\ntimeuot = 1", "a.toml:2: audit.timeuot: unknown field `timeuot`, expected `timeout`"),
        (
            "[audit]\ntimeout = '1h'",
            "a.toml:2: audit.timeout: invalid value: string \"1h\", expected seconds, text such as \"60s\" or \"500ms\" of at most 24 days, or \"off\"",
        ),
        (
            "\n[api]\nthrift_listen = '9090'",
            "a.toml:3: api.thrift_listen: \"9090\" is neither ADDRESS:PORT nor \"none\"",
        ),
        (
            "[host]\nroute_protocol = 186",
            "a.toml:2: host.route_protocol: protocol 186 belongs to the kernel or to another program",
        ),
        ("[host]\nroute_protocol = 256", "a.toml:2: host.route_protocol: 256 is not in 0..=255"),
        (
            "[[network]]\nid = '9f2c'\nrouting_instance = 'net'",
            "a.toml:2: network.id: \"9f2c\" is not a UUID such as 9f2c1d34-0a1b-4c5d-8e6f-0123456789ab",
        ),
        (
            &format!("{NETWORK}gateways = ['224.0.0.1']"),
            "a.toml:4: network.gateways: address 224.0.0.1/32 overlaps the multicast range 224.0.0.0/4",
        ),
        (
            &format!("{NETWORK}{NETWORK}"),
            "a.toml:5: network.id: network 20202020-2020-2020-2020-202020202020 is also defined in a.toml:1",
        ),
        (
            &format!("{NETWORK}[network.dhcp]\nhost_name = 'web'"),
            "a.toml:4: network.dhcp: host_name is for a port: each guest has a name of its own",
        ),
        (
            &format!("{NETWORK}gateways = ['fd00::1']\n[network.dhcp]"),
            "a.toml:5: network.dhcp: dhcp: it needs an IPv4 gateway address, by which the server answers",
        ),
        (
            "[api]\nallow_users = [0, 'no such user']",
            "a.toml:2: api.allow_users: /etc/passwd has no user \"no such user\"",
        ),
        (&format!("[limits]\nnetworks = 0\n{NETWORK}"), "a.toml:4: network.id: the limit of 0 networks is reached"),
        ("[limits]\nroutes = 16777216", "a.toml:2: limits.routes: 16777216 is not in 0..=1000000"),
        ("[host]\ncheck = \"500ms\"", "a.toml:2: host.check: is shorter than a second"),
        ("[host]\nrt_tables = 'x'", "a.toml:2: host.rt_tables: \"x\" is neither an absolute path nor \"none\""),
        ("[host]\nlink_group = 0", "a.toml:2: host.link_group: 0 is not in 1..=4294967295"),
        ("[host]\nrule_priority = 32700", "a.toml:2: host.rule_priority: 32700 is not in 1..=30766"),
        ("[dataplane]\nworkers = 0", "a.toml:2: dataplane.workers: 0 is not in 1..=64"),
        (
            "[dataplane]\nspin = '2ms'",
            "a.toml:2: dataplane.spin: \"2ms\" is neither text such as \"50us\" of at most 1000us nor \"off\"",
        ),
        ("[[gateway]]\ninterface = 'vgw1'", "a.toml:1: gateway: missing field `routing_instance`"),
        ("gateway = 1", "a.toml:1: gateway: invalid type: integer `1`, expected a sequence"),
        (&port("dhcp = { lease_time = 59 }"), "a.toml:5: port.dhcp.lease_time: 59 is not in 60..=4294967295"),
        (&port("dhcp = { dns = ['::1'] }"), "a.toml:5: port.dhcp.dns: invalid IPv4 address syntax"),
        (&port("dhcp = { domain = 'a..b' }"), "a.toml:5: port.dhcp.domain: the name is empty"),
        (
            &port("router_advertisements = { dns = ['1.1.1.1'] }"),
            "a.toml:5: port.router_advertisements.dns: invalid IPv6 address syntax",
        ),
        (&gateway("uplink = 5"), "a.toml:7: gateway.uplink: invalid type: integer `5`, expected a string"),
        (
            &gateway("routes = [\n'0.0.0.0/0',\n'10.0.0.0/33']"),
            "a.toml:9: gateway.routes: prefix length 33 is not in 0..=32",
        ),
        (
            &UPLINK.replace("/24", ""),
            "a.toml:4: uplink.address: '20.0.0.5' has no prefix length: write 20.0.0.5/LENGTH",
        ),
        (&gateway("uplink = 'wan'"), "a.toml:7: gateway.uplink: there is no uplink wan"),
        (
            &gateway("[[gateway]]\ninterface = 'a/b'"),
            "a.toml:8: gateway.interface: the name contains '/', which is not allowed",
        ),
        (&port("attach = true\nnetns = 'g'"), "a.toml:6: port.netns: only a tap of ours can be placed in a namespace"),
        (
            &port("guest_name = 'eth0'"),
            "a.toml:5: port.guest_name: netns is missing: the port is not placed in a namespace",
        ),
        (&port("mac = 'ff:ff:ff:ff:ff:ff'"), "a.toml:5: port.mac: ff:ff:ff:ff:ff:ff is no single station's address"),
        (
            &port("netns = '../g'"),
            "a.toml:5: port.netns: \"../g\" is neither a name under /run/netns nor an absolute path",
        ),
        (&uplink("lease = 'dhcp'"), "a.toml:4: uplink.lease: 'dhcp' is neither ipv4 nor ipv6"),
        (
            &uplink("lease = 'ipv4'\nvia = '20.0.0.1'"),
            "a.toml:4: uplink.lease: an uplink has either lease or address and via",
        ),
        (&uplink("via = '20.0.0.1'"), "a.toml:1: uplink: address is missing beside via"),
        (&uplink("address = '20.0.0.5/24'"), "a.toml:1: uplink: via is missing beside address"),
        (&uplink(""), "a.toml:1: uplink: an uplink needs address and via, or lease"),
        (
            &uplink("lease = 'ipv4'\n[[uplink]]\nname = 'b'\ndevice = 'eth1'\nlease = 'ipv4'"),
            "a.toml:8: uplink.lease: the lease eth1.ipv4 is that of uplink wan",
        ),
        (&gateway("weight = 0"), "a.toml:7: gateway.weight: a weight is a number from 1 to 256"),
        (&gateway("masquerade = 1"), "a.toml:7: gateway.masquerade: invalid type: integer `1`, expected a boolean"),
        (&port("weight = 257"), "a.toml:5: port.weight: a weight is a number from 1 to 256"),
        (&port("mtu = 67"), "a.toml:5: port.mtu: 67 is not in 68..=65521"),
        (
            &port("[[route]]\nrouting_instance = 'net'\nprefix = '10.0.0.0/8'"),
            "a.toml:5: route: a route needs via or action",
        ),
        (
            &port("[[route]]\nrouting_instance = 'other'\nprefix = '10.0.0.0/8'\nvia = [{ port = 'tap0' }]"),
            "a.toml:8: route.via: there is no port tap0 in routing instance other",
        ),
        (
            "[[gateway]]\ninterface = 'vgw1'\nrouting_instance = 'n'\nsubnets = []",
            "a.toml:4: gateway.subnets: the list is empty",
        ),
    ];
    for (text, expected) in cases {
        // What else does not fit then is another matter.
        assert_eq!(errors(&[text])[0], *expected);
    }
}

#[test]
fn the_key_is_a_fact_of_the_error() {
    let ConfigError::Invalid { path, line, key, .. } = read(&["[audit]\ntimeout = -1"]).unwrap_err().into_only() else {
        panic!("another error")
    };
    assert_eq!((path, line, key.as_deref()), ("a.toml".into(), 2, Some("audit.timeout")));
}

#[test]
fn what_does_not_fit_together_is_named_at_its_place() {
    let other = GATEWAY.replace("vgw1", "vgw2").replace("'net'", "'other'");
    assert_eq!(
        error(&[GATEWAY, &other]),
        "b.toml:4: gateway.subnets: subnet 10.0.0.0/24 overlaps 10.0.0.0/24, \
         which gateway vgw1 of routing instance net announces to the host"
    );
    assert_eq!(error(&[GATEWAY, &PORT.replace("tap0", "vgw1")]), "b.toml:2: port.name: vgw1 is already a gateway");
    assert_eq!(
        error(&[UPLINK, &UPLINK.replace("wan", "lan")]),
        "b.toml:4: uplink.address: address 20.0.0.5 is that of uplink wan"
    );
    assert_eq!(
        error(&[PORT, &UPLINK.replace("eth1", "tap0")]),
        "a.toml:2: port.name: tap0 is already a device of an uplink"
    );
    assert_eq!(
        error(&[UPLINK, &UPLINK.replace("wan", "lan").replace("20.0.0.5", "20.0.0.1")]),
        "b.toml:4: uplink.address: address 20.0.0.1/32 is also the router's"
    );
    assert_eq!(error(&["[limits]\nports = 0", PORT]), "b.toml:2: port.name: the limit of 0 ports is reached");
}

#[test]
fn files_add_up_and_the_last_value_counts() {
    let config = read(&[
        &format!("{GATEWAY}[audit]\ntimeout = 5\n[api]\nsocket = '/a'\n[limits]\nports = 7"),
        &format!("{PORT}[audit]\ntimeout = 'off'\n[limits]\ngateways = 9\n[api]\nthrift_listen = 'none'\n[rest]\nlisten = '127.0.0.1:9091'"),
    ])
    .unwrap();
    assert_eq!(config.rest_listen, Some("127.0.0.1:9091".parse().unwrap()));
    let metrics = "[metrics]\nsocket = '/run/m'\nlisten = '[::1]:9469'\ninterfaces = 7";
    let listen = Some("[::1]:9469".parse().unwrap());
    assert_eq!(
        read(&[metrics, "[metrics]\nsocket = 'none'"]).unwrap().metrics,
        Metrics { socket: None, listen, interfaces: 7 }
    );
    assert_eq!(
        error(&["[metrics]\nlisten = '0.0.0.0:9469'"]),
        "a.toml:2: metrics.listen: 0.0.0.0:9469 is not a loopback address"
    );
    assert_eq!(config.metrics, Config::default().metrics);
    assert_eq!(config.declared.gateways.len() + config.declared.ports.len(), 2);
    assert_eq!(config.audit_timeout, None);
    assert_eq!(config.thrift_listen, None);
    assert_eq!(config.socket, PathBuf::from("/a"));
    assert_eq!(config.declared.limits, crate::gateway::Limits { gateways: 9, ports: 7, ..Default::default() });
    let timeout = |value: &str| read(&[&format!("[audit]\ntimeout = {value}")]).map(|config| config.audit_timeout);
    assert_eq!(timeout("0").unwrap(), Some(Duration::ZERO));
    assert_eq!(timeout("'1500ms'").unwrap(), Some(Duration::from_millis(1500)));
    assert_eq!(timeout("'2m'").unwrap(), Some(Duration::from_secs(120)));
    for bad in ["-1", "'+5s'", "''", "'s'", "'5'", "2147484", "'18446744073709551615m'", "1.5"] {
        assert!(timeout(bad).is_err(), "{bad}");
    }
}

#[test]
fn one_name_in_two_files_names_both() {
    let first = format!("# comment\n{GATEWAY}");
    assert_eq!(error(&[&first, GATEWAY]), "b.toml:2: gateway.interface: gateway vgw1 is also defined in a.toml:2");
    let route = "[[route]]\nrouting_instance = 'n'\nprefix = '10.0.0.0/8'\naction = 'discard'\n";
    let same = route.replace("10.0.0.0", "10.1.1.1");
    assert_eq!(error(&[route, &same]), "b.toml:3: route.prefix: route 10.0.0.0/8 of n is also defined in a.toml:1");
}

#[test]
fn host_bits_are_cleared_with_a_warning() {
    let config = read(&[&GATEWAY.replace("10.0.0.0/24", "10.0.0.5/24")]).unwrap();
    assert_eq!(config.warnings, ["a.toml:4: gateway.subnets: 10.0.0.5/24 has host bits, 10.0.0.0/24 is meant"]);
    assert!(config.declared.gateways[0].subnets.contains(&"10.0.0.0/24".parse::<Prefix>().unwrap()));
}

#[test]
fn editors_marks_and_line_ends_do_not_matter() {
    let text = format!("\u{feff}{GATEWAY}uplink = 'wan'\n").replace('\n', "\r\n");
    assert_eq!(error(&[&text]), "a.toml:5: gateway.uplink: there is no uplink wan");
}

#[test]
fn what_is_refused_at_reload_is_found_in_the_file() {
    let config = read(&[GATEWAY]).unwrap();
    let refusal = Refusal::ForeignRoute("10.0.0.0/24".parse().unwrap());
    let misfit = |element| Misfit { element, refusal: refusal.clone() };
    let reason = "the host already has a route to 10.0.0.0/24 that is not ours";
    let found = config.locate(&misfit(Some(Element::Gateway(0)))).to_string();
    assert_eq!(found, format!("a.toml:4: gateway.subnets: {reason}"));
    assert_eq!(config.locate(&misfit(None)).to_string(), reason);
}

#[test]
fn a_spin_is_in_microseconds() {
    let spin = |value: &str| read(&[&format!("[dataplane]\nspin = '{value}'")]).unwrap().spin;
    assert_eq!(["20us", "1000us", "0us", "off"].map(spin), [20, 1000, 0, 0].map(Duration::from_micros));
    for nonsense in ["1001us", "20", "-1us", "us", ""] {
        assert!(read(&[&format!("[dataplane]\nspin = '{nonsense}'")]).is_err(), "{nonsense:?}");
    }
}

#[test]
fn drop_ins_follow_the_file_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("vgwd.toml");
    let drop_ins = folder.path().join("vgwd.d");
    let workers = |main: &Path| Config::load(Some(main)).unwrap().workers;
    fs::write(&main, "[dataplane]\nworkers = 2").unwrap();
    assert_eq!(workers(&main), 2);
    fs::create_dir(&drop_ins).unwrap();
    fs::write(drop_ins.join("20.toml"), "[dataplane]\nworkers = 4").unwrap();
    fs::write(drop_ins.join("10.toml"), "[dataplane]\nworkers = 3").unwrap();
    fs::write(drop_ins.join("30.toml.bak"), "no TOML").unwrap();
    fs::write(drop_ins.join(".40.toml"), "no TOML").unwrap();
    assert_eq!(workers(&main), 4);
    assert_eq!(source::read_all(&folder.path().join("vgwd.toml"), true).unwrap().len(), 3);
    fs::remove_file(&main).unwrap();
    assert_eq!(source::read_all(&main, false).unwrap().len(), 2, "an absent default file leaves the drop-ins");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vgwd.toml");
    let failure = |path: &Path| Config::load(Some(path)).unwrap_err().into_only();
    assert_eq!(
        failure(&path).to_string(),
        format!("cannot read {}: No such file or directory (os error 2)", path.display())
    );
    fs::write(&path, [b' ', 0xff]).unwrap();
    let ConfigError::Read { reason, .. } = failure(&path) else { panic!("another error") };
    assert_eq!(reason.to_string(), "no UTF-8 text at byte 1");
    fs::write(&path, vec![b'\n'; 1 << 20]).unwrap();
    assert!(Config::load(Some(&path)).is_ok(), "the limit itself is allowed");
    fs::write(&path, vec![b'\n'; (1 << 20) + 1]).unwrap();
    assert!(matches!(failure(&path), ConfigError::TooLarge { limit: 1_048_576, .. }));
    let ConfigError::Read { reason, .. } = failure(Path::new("/dev/zero")) else { panic!("another error") };
    assert_eq!(reason.to_string(), "not a regular file");
}

#[test]
fn an_agents_gateways_stand_beside_those_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.conf");
    let with = |agent_conf: &str, text: &str| {
        fs::write(&path, agent_conf).unwrap();
        let config = read(&[&format!("{text}[compat]\nagent_conf = {path:?}\n")]);
        config.map_err(|error| error.to_string().replace(&path.display().to_string(), "agent.conf"))
    };
    let section = "[GATEWAY-0]\ninterface=vgw2\nrouting_instance=old\nip_blocks=10.9.0.1/16\n";
    let config = with(section, GATEWAY).unwrap();
    let names: Vec<_> = config.declared.gateways.iter().map(|gateway| gateway.interface.as_str()).collect();
    assert_eq!(names, ["vgw1", "vgw2"]);
    assert_eq!(config.warnings.len(), 1);
    let misfit =
        Misfit { element: Some(Element::Gateway(1)), refusal: Refusal::ForeignRoute("10.9.0.0/16".parse().unwrap()) };
    let located = config.locate(&misfit).to_string();
    assert!(
        located.ends_with(
            "agent.conf:4: GATEWAY-0.ip_blocks: the host already has a route to 10.9.0.0/16 that is not ours"
        ),
        "{located}"
    );
    assert_eq!(
        with(&section.replace("vgw2", "vgw1"), GATEWAY).unwrap_err(),
        "agent.conf:2: GATEWAY-0.interface: gateway vgw1 is also defined in a.toml:1"
    );
    fs::remove_file(&path).unwrap();
    let absent = read(&[&format!("[compat]\nagent_conf = {path:?}\n")]).unwrap_err().into_only();
    assert!(matches!(absent, ConfigError::Read { .. }), "{absent}");
    assert_eq!(
        error(&["[compat]\nagent_conf = 'x'"]),
        "a.toml:2: compat.agent_conf: \"x\" is neither an absolute path nor \"none\""
    );
}

#[test]
fn the_fabric_has_a_device_and_a_usual_interface() {
    let fabric = |text: &str| read(&[text]).unwrap().fabric.map(|fabric| (fabric.device, fabric.interface));
    let name = |text: &str| text.parse().unwrap();
    assert_eq!(fabric("[fabric]\ndevice = 'eth0'\n"), Some((name("eth0"), name("vhost0"))));
    let other = "[fabric]\ndevice = 'eth0'\ninterface = 'br-ext'\n";
    assert_eq!(fabric(other), Some((name("eth0"), name("br-ext"))));
    assert!(error(&["[fabric]\ninterface = 'vhost0'\n"]).contains("device"));
    assert!(error(&["[fabric]\ndevice = 'a/b'\n"]).contains("not allowed"));
}

fn errors(texts: &[&str]) -> Vec<String> {
    read(texts).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let first = format!(
        "[audit]\ntimeuot = 1\n[api]\nsocket = 5\n{GATEWAY}weight = 0\nmasquerade = 1\n\
         routes = ['10.0.0.0/33', '10.1.0.0/16', '10.0.0.0/34']\n\
         [[gateway]]\ninterface = 'a/b'\n\
         [[port]]\nname = 'tap1'\n\
         {PORT}guest_name = 'eth0'\n"
    );
    let second = format!("workers = \n{GATEWAY}");
    let third = format!(
        "{GATEWAY}{GATEWAY}[[gateway]]\ninterface = 'vgw2'\nrouting_instance = 'b'\nsubnets = ['10.0.0.0/25', '0.0.0.0/0']\n"
    );
    assert_eq!(
        errors(&[&first, &second, &third]),
        [
            "a.toml:2: audit.timeuot: unknown field `timeuot`, expected `timeout`",
            "a.toml:4: api.socket: invalid type: integer `5`, expected path string",
            "a.toml:9: gateway.weight: a weight is a number from 1 to 256",
            "a.toml:10: gateway.masquerade: invalid type: integer `1`, expected a boolean",
            "a.toml:11: gateway.routes: prefix length 33 is not in 0..=32",
            "a.toml:11: gateway.routes: prefix length 34 is not in 0..=32",
            "a.toml:13: gateway.interface: the name contains '/', which is not allowed",
            "a.toml:14: port: missing field `routing_instance`",
            "a.toml:20: port.guest_name: netns is missing: the port is not placed in a namespace",
            "b.toml:1: string values must be quoted, expected literal string",
            "c.toml:2: gateway.interface: gateway vgw1 is also defined in a.toml:5",
            "c.toml:6: gateway.interface: gateway vgw1 is also defined in a.toml:5",
            "c.toml:12: gateway.subnets: subnet 0.0.0.0/0 would take all of the host's traffic",
        ]
    );
}

#[test]
fn what_only_follows_from_a_mistake_is_not_told() {
    let gateway = format!("{GATEWAY}uplink = 'wan'\n");
    let uplink = UPLINK.replace("'eth1'", "'eth/1'");
    assert_eq!(
        errors(&[&format!("{uplink}{gateway}")]),
        ["a.toml:3: uplink.device: the name contains '/', which is not allowed"]
    );
    let two = GATEWAY.replace("vgw1", "vgw2");
    let three = GATEWAY.replace("vgw1", "vgw3");
    let limited = format!("[limits]\ngateways = 1\n{GATEWAY}{two}{three}");
    assert_eq!(errors(&[&limited]), ["a.toml:8: gateway.interface: the limit of 1 gateways is reached"]);
}

#[test]
fn a_key_that_is_there_is_not_told_to_be_missing() {
    let first = "[[gateway]]\ninterface = 'vgw1'\nsubnets = ['10.0.0.0/24']\n";
    let second = GATEWAY.replace("vgw1", "c/d");
    let expected = [
        "a.toml:1: gateway: missing field `routing_instance`",
        "a.toml:5: gateway.interface: the name contains '/', which is not allowed",
    ];
    // Whichever is the last of the list to be taken out.
    assert_eq!(errors(&[&format!("{first}{second}")]), expected);
    assert_eq!(
        errors(&[&second, first]),
        [
            "a.toml:2: gateway.interface: the name contains '/', which is not allowed",
            "b.toml:1: gateway: missing field `routing_instance`",
        ]
    );
}

#[test]
fn there_is_an_end_to_what_is_told() {
    let text = "[[gateway]]\ninterface = 'a/b'\n".repeat(2 * ConfigErrors::MOST);
    assert_eq!(errors(&[&text]).len(), ConfigErrors::MOST / 2);
}
