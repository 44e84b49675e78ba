//! What is wrong with one value or element, told at its place.

use super::*;
use crate::addr::Prefix;
use crate::gateway::Refusal;

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
            "[dataplane]\nio_uring = \"o\\tn\\u202E\"",
            r"a.toml:2: dataplane.io_uring: unknown variant `o\tn\u{202e}`, expected one of `auto`, `on`, `off`",
        ),
        ("[audit]\n\"a\\u001Bb\" = 1", r"a.toml:2: audit.a\u{1b}b: unknown field `a\u{1b}b`, expected `timeout`"),
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
