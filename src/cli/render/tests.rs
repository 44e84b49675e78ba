//! How each report looks and what its JSON says, word by word.

use super::super::report::*;
use super::Style;

fn strings<const N: usize>(values: [&str; N]) -> Vec<String> {
    values.map(str::to_owned).to_vec()
}

fn counters(received: u64, transmitted: u64, drops: &[(&str, u64)]) -> Counters {
    let dropped = drops.iter().map(|&(reason, packets)| (reason.to_owned(), packets));
    let lost: u64 = drops.iter().map(|&(_, packets)| packets).sum();
    Counters {
        received,
        received_bytes: received * 98,
        sent: received - lost - 2,
        answered: 2,
        held: 0,
        dropped: dropped.collect(),
        transmitted,
        transmitted_bytes: transmitted * 98,
    }
}

fn gateway() -> Gateway {
    Gateway {
        interface: "vgw1".into(),
        instance: "default-domain:admin:net1:net1".into(),
        subnets: strings(["192.168.1.0/24", "2001:db8:1::/64"]),
        routes: strings(["0.0.0.0/0", "::/0"]),
        uplink: Some("display".into()),
        masquerade: true,
        masqueraded: Some(Traffic { packets: 1100, bytes: 92_400 }),
        weight: 3,
        is_static: false,
        version: 3,
        deleted_in_ms: None,
        counters: counters(1204, 998, &[("PKT_TOO_SMALL", 1), ("IP_CSUM", 12)]),
    }
}

fn stale() -> Gateway {
    Gateway {
        interface: "vgw2".into(),
        instance: "default-domain:admin:net2:net2".into(),
        subnets: strings(["192.168.2.0/24"]),
        routes: strings(["0.0.0.0/0"]),
        uplink: None,
        masquerade: false,
        masqueraded: None,
        weight: 1,
        version: 2,
        deleted_in_ms: Some(41_200),
        counters: counters(12_345_678, 2, &[]),
        ..gateway()
    }
}

fn fixed() -> Gateway {
    Gateway { interface: "vgw3".into(), is_static: true, version: 0, deleted_in_ms: None, ..stale() }
}

fn port() -> Port {
    Port {
        interface: "tap0".into(),
        instance: "default-domain:admin:net1:net1".into(),
        attached: false,
        guest: Some(Guest { netns: "guest1".into(), name: "eth0".into() }),
        addresses: strings(["192.168.1.253/32"]),
        gateways: strings(["192.168.1.1"]),
        mac: Some("02:00:00:00:00:01".into()),
        mtu: 1500,
        weight: 1,
        dhcp: None,
        router_advertisements: None,
        is_static: false,
        compute_id: None,
        network: None,
        deleted_in_ms: None,
        counters: counters(998, 1204, &[]),
    }
}

fn told() -> Port {
    let dhcp = Dhcp {
        address: "192.168.1.253/24".into(),
        router: "192.168.1.1".into(),
        dns: strings(["192.0.2.53", "192.0.2.54"]),
        host_name: Some("guest7".into()),
        domain: Some("example.org".into()),
        lease_time: 3600,
    };
    let told = RouterAdvertisements { network: Some("2001:db8:1::/64".into()), autonomous: false, dns: vec![] };
    Port { dhcp: Some(dhcp), router_advertisements: Some(told), ..port() }
}

#[test]
fn a_port_shows_what_its_guest_is_told() {
    let text = told().render(Style::PLAIN);
    assert!(
        text.contains(
            "192.168.1.253/24 by 192.168.1.1 for 3600 s, name guest7, domain example.org, dns 192.0.2.53 192.0.2.54\n"
        ),
        "{text}"
    );
    assert!(text.contains("2001:db8:1::/64\n"), "{text}");
    assert!(!port().render(Style::PLAIN).contains("dhcp"));
}

fn attached() -> Port {
    Port { interface: "vnet7".into(), attached: true, guest: None, gateways: vec![], mac: None, ..port() }
}

fn uplink() -> Uplink {
    Uplink {
        name: "display".into(),
        device: "eth1".into(),
        address: Some("20.0.0.5/24".into()),
        via: Some("20.0.0.1".into()),
        lease: None,
        table: 20_100,
        gateways: strings(["vgw1"]),
        is_static: true,
    }
}

fn audit() -> Audit {
    let running = vec![RunningAudit { remaining_ms: 41_200, gateways: strings(["vgw2"]) }];
    Audit { version: 3, timeout_ms: Some(60_000), running }
}

fn repairs() -> Repairs {
    let count = |kind: &str, occasion: &str, count| RepairCount { kind: kind.into(), occasion: occasion.into(), count };
    let counts = vec![count("link", "notice", 1), count("route", "notice", 1200), count("route", "check", 4)];
    Repairs { counts, last_ms: Some(41_000) }
}

fn instance() -> Instance {
    Instance {
        name: "default-domain:admin:net1:net1".into(),
        routes_v4: 3,
        routes_v6: 1200,
        gateways: strings(["vgw1"]),
        ports: strings(["tap0", "vnet7"]),
    }
}

#[track_caller]
fn looks(report: &impl Report, expected: &str) {
    let shown = report.render(Style::PLAIN);
    assert!(shown == expected.trim_start_matches('\n'), "looks like this:\n{shown}");
}

#[track_caller]
fn says(report: &impl Report, expected: &str) {
    assert_eq!(to_json(report).unwrap(), expected);
}

#[test]
fn status_is_one_screen() {
    let status = Status {
        version: "0.1.0".into(),
        uptime_ms: 7_980_000,
        workers: 1,
        gateways: vec![gateway(), stale(), fixed()],
        ports: vec![port(), attached()],
        uplinks: vec![uplink()],
        instances: vec![instance()],
        audit: audit(),
        repairs: Some(repairs()),
        problems: strings(["eth1 is down, so uplink display leads nowhere", "another one"]),
    };
    looks(&status, "
vgwd 0.1.0, up 2 h 13 min, 1 worker

Gateways
  interface  instance                        state    subnets          routes     uplink   masquerade  rx packets  tx packets  drops  audit
  vgw1       default-domain:admin:net1:net1  dynamic  192.168.1.0/24   0.0.0.0/0  display  yes              1,204         998     13  confirmed
                                                      2001:db8:1::/64  ::/0
  vgw2       default-domain:admin:net2:net2  dynamic  192.168.2.0/24   0.0.0.0/0  -        no              12.3 M           2      0  deleted in 41 s
  vgw3       default-domain:admin:net2:net2  static   192.168.2.0/24   0.0.0.0/0  -        no              12.3 M           2      0  exempt

Ports
  port   instance                        state    guest           addresses         mac                rx packets  tx packets  drops
  tap0   default-domain:admin:net1:net1  dynamic  eth0 in guest1  192.168.1.253/32  02:00:00:00:00:01         998       1,204      0
  vnet7  default-domain:admin:net1:net1  dynamic  attached        192.168.1.253/32  -                         998       1,204      0

Uplinks
  uplink   state   device  address      via       table  gateways
  display  static  eth1    20.0.0.5/24  20.0.0.1  20100  vgw1

Audit
  controllers have connected 3 times; the next connect leaves 1 min for replay
  running: 41 s left, then deletes vgw2

Repairs
  link: 1 (1 by notice)
  route: 1,204 (1,200 by notice, 4 by check)
  the last one 41 s ago

Problems (2)
  1. eth1 is down, so uplink display leads nowhere
  2. another one
");
}

#[test]
fn status_of_an_idle_daemon_is_short() {
    let status = Status {
        version: "0.1.0".into(),
        uptime_ms: 900,
        workers: 4,
        gateways: vec![],
        ports: vec![],
        uplinks: vec![],
        instances: vec![],
        audit: Audit { version: 0, timeout_ms: None, running: vec![] },
        repairs: Some(Repairs { counts: vec![], last_ms: None }),
        problems: vec![],
    };
    looks(
        &status,
        "
vgwd 0.1.0, up 900 ms, 4 workers

Gateways
  none

Ports
  none

Audit
  no controller has connected yet; audits are switched off
",
    );
    says(
        &status,
        r#"{"schema":"vgw.status/1","version":"0.1.0","uptime_ms":900,"workers":4,"gateways":[],"ports":[],"uplinks":[],"instances":[],"audit":{"version":0,"timeout_ms":null,"running":[]},"repairs":{"counts":[],"last_ms":null},"problems":[]}"#,
    );
}

#[test]
fn gateways() {
    looks(&Gateways { gateways: vec![] }, "no gateways\n");
    looks(&Gateways { gateways: vec![stale(), fixed()] }, "
interface  instance                        state    subnets         routes     masquerade  rx packets  tx packets  drops  audit
vgw2       default-domain:admin:net2:net2  dynamic  192.168.2.0/24  0.0.0.0/0  no              12.3 M           2      0  deleted in 41 s
vgw3       default-domain:admin:net2:net2  static   192.168.2.0/24  0.0.0.0/0  no              12.3 M           2      0  exempt
");
    looks(
        &gateway(),
        "
gateway vgw1
  instance      default-domain:admin:net1:net1
  state         dynamic
  subnets       192.168.1.0/24, 2001:db8:1::/64
  routes        0.0.0.0/0, ::/0
  uplink        display
  masquerade    yes, 1,100 packets, 90.2 KiB
  weight        3
  audit         confirmed, version 3
  received      1,204 packets, 115.2 KiB, from the host
    sent on     1,189
    answered    2
    dropped     13
                12 IP_CSUM
                1 PKT_TOO_SMALL
  transmitted   998 packets, 95.5 KiB, to the host
",
    );
    says(
        &Gateways { gateways: vec![gateway()] },
        r#"{"schema":"vgw.gateways/1","gateways":[{"interface":"vgw1","instance":"default-domain:admin:net1:net1","subnets":["192.168.1.0/24","2001:db8:1::/64"],"routes":["0.0.0.0/0","::/0"],"uplink":"display","masquerade":true,"masqueraded":{"packets":1100,"bytes":92400},"weight":3,"is_static":false,"version":3,"deleted_in_ms":null,"counters":{"received":1204,"received_bytes":117992,"sent":1189,"answered":2,"held":0,"dropped":{"IP_CSUM":12,"PKT_TOO_SMALL":1},"transmitted":998,"transmitted_bytes":97804}}]}"#,
    );
}

#[test]
fn ports() {
    looks(&Ports { ports: vec![] }, "no ports\n");
    looks(&Ports { ports: vec![port(), attached()] }, "
port   instance                        state    guest           addresses         mac                rx packets  tx packets  drops
tap0   default-domain:admin:net1:net1  dynamic  eth0 in guest1  192.168.1.253/32  02:00:00:00:00:01         998       1,204      0
vnet7  default-domain:admin:net1:net1  dynamic  attached        192.168.1.253/32  -                         998       1,204      0
");
    looks(
        &attached(),
        "
port vnet7
  instance      default-domain:admin:net1:net1
  state         dynamic
  guest         attached
  addresses     192.168.1.253/32
  gateways      -
  mac           not learned yet
  mtu           1500 bytes
  weight        1
  received      998 packets, 95.5 KiB, from the guest
    sent on     996
    answered    2
  transmitted   1,204 packets, 115.2 KiB, to the guest
",
    );
    looks(
        &Port {
            compute_id: Some("9f2c1d34-0a1b-4c5d-8e6f-0123456789ab".into()),
            network: Some("20202020-2020-2020-2020-202020202020".into()),
            deleted_in_ms: Some(41_000),
            mtu: 0,
            counters: Counters::default(),
            ..attached()
        },
        "\
port vnet7
  instance      default-domain:admin:net1:net1
  state         dynamic
  guest         no interface yet
  addresses     192.168.1.253/32
  gateways      -
  mac           not learned yet
  mtu           -
  weight        1
  compute id    9f2c1d34-0a1b-4c5d-8e6f-0123456789ab
  network       20202020-2020-2020-2020-202020202020
  audit         deleted in 41 s
  received      0 packets, 0 B, from the guest
  transmitted   0 packets, 0 B, to the guest
",
    );
    says(
        &port(),
        r#"{"schema":"vgw.port/1","interface":"tap0","instance":"default-domain:admin:net1:net1","attached":false,"guest":{"netns":"guest1","name":"eth0"},"addresses":["192.168.1.253/32"],"gateways":["192.168.1.1"],"mac":"02:00:00:00:00:01","mtu":1500,"weight":1,"dhcp":null,"router_advertisements":null,"is_static":false,"compute_id":null,"network":null,"deleted_in_ms":null,"counters":{"received":998,"received_bytes":97804,"sent":996,"answered":2,"held":0,"dropped":{},"transmitted":1204,"transmitted_bytes":117992}}"#,
    );
}

#[test]
fn uplinks() {
    let leased = Uplink { address: None, via: None, lease: Some("ipv4".into()), ..uplink() };
    looks(
        &Uplinks { uplinks: vec![leased.clone()] },
        "
uplink   state   device  table  gateways
display  static  eth1    20100  vgw1
",
    );
    looks(
        &leased,
        "
uplink display
  state         static
  device        eth1
  lease         ipv4
  address       none, it leads nowhere
  via           none, it leads nowhere
  table         20100
  gateways      vgw1
",
    );
    looks(&Uplinks { uplinks: vec![] }, "no uplinks\n");
    looks(
        &Uplinks { uplinks: vec![uplink()] },
        "
uplink   state   device  address      via       table  gateways
display  static  eth1    20.0.0.5/24  20.0.0.1  20100  vgw1
",
    );
    looks(
        &uplink(),
        "
uplink display
  state         static
  device        eth1
  address       20.0.0.5/24
  via           20.0.0.1
  table         20100
  gateways      vgw1
",
    );
    says(
        &Uplinks { uplinks: vec![uplink()] },
        r#"{"schema":"vgw.uplinks/1","uplinks":[{"name":"display","device":"eth1","address":"20.0.0.5/24","via":"20.0.0.1","lease":null,"table":20100,"gateways":["vgw1"],"is_static":true}]}"#,
    );
}

#[test]
fn instances() {
    looks(&Instances { instances: vec![] }, "no routing instances\n");
    looks(
        &Instances { instances: vec![instance()] },
        "
instance                        IPv4 routes  IPv6 routes  gateways  ports
default-domain:admin:net1:net1            3        1,200  vgw1      tap0
                                                                    vnet7
",
    );
    says(
        &Instances { instances: vec![instance()] },
        r#"{"schema":"vgw.instances/1","instances":[{"name":"default-domain:admin:net1:net1","routes_v4":3,"routes_v6":1200,"gateways":["vgw1"],"ports":["tap0","vnet7"]}]}"#,
    );
}

fn group() -> NextHop {
    let hop =
        |port: &str, gateway: Option<&str>| Hop { port: port.into(), gateway: gateway.map(str::to_owned), weight: 1 };
    NextHop::Forward { hops: vec![hop("tap0", None), Hop { weight: 3, ..hop("tap1", Some("192.168.1.9")) }] }
}

#[test]
fn routes() {
    let route = |prefix: &str, next_hop, origin: &str| Route { prefix: prefix.into(), next_hop, origin: origin.into() };
    let routes = Routes {
        instance: "net1".into(),
        routes: vec![
            route(
                "0.0.0.0/0",
                NextHop::Forward { hops: vec![Hop { port: "vgw1".into(), gateway: None, weight: 1 }] },
                "gateway",
            ),
            route("192.168.1.253/32", group(), "port"),
            route("198.51.100.0/24", NextHop::Discard, "static"),
        ],
    };
    looks(
        &routes,
        "
prefix            next hop                           origin
0.0.0.0/0         dev vgw1                           gateway
192.168.1.253/32  dev tap0                           port
                  via 192.168.1.9 dev tap1 weight 3
198.51.100.0/24   discard                            static
",
    );
    says(
        &routes,
        r#"{"schema":"vgw.routes/1","instance":"net1","routes":[{"prefix":"0.0.0.0/0","next_hop":{"kind":"forward","hops":[{"port":"vgw1","gateway":null,"weight":1}]},"origin":"gateway"},{"prefix":"192.168.1.253/32","next_hop":{"kind":"forward","hops":[{"port":"tap0","gateway":null,"weight":1},{"port":"tap1","gateway":"192.168.1.9","weight":3}]},"origin":"port"},{"prefix":"198.51.100.0/24","next_hop":{"kind":"discard"},"origin":"static"}]}"#,
    );
    looks(&Routes { routes: vec![], ..routes }, "no routes in net1\n");
}

#[test]
fn lookups() {
    let lookup = Lookup {
        instance: "net1".into(),
        address: "192.168.1.253".into(),
        matched: Some("192.168.1.253/32".into()),
        next_hop: group(),
    };
    looks(
        &lookup,
        "
192.168.1.253  nexthop dev tap0 nexthop via 192.168.1.9 dev tap1 weight 3  matches 192.168.1.253/32
",
    );
    says(
        &lookup,
        r#"{"schema":"vgw.lookup/1","instance":"net1","address":"192.168.1.253","matched":"192.168.1.253/32","next_hop":{"kind":"forward","hops":[{"port":"tap0","gateway":null,"weight":1},{"port":"tap1","gateway":"192.168.1.9","weight":3}]}}"#,
    );
    looks(
        &Lookup { matched: None, next_hop: NextHop::NoRoute, ..lookup },
        "
192.168.1.253  no route, the sender is told
",
    );
}

#[test]
fn audits() {
    looks(
        &audit(),
        "
controllers have connected 3 times; the next connect leaves 1 min for replay
running: 41 s left, then deletes vgw2
",
    );
    says(
        &audit(),
        r#"{"schema":"vgw.audit/1","version":3,"timeout_ms":60000,"running":[{"remaining_ms":41200,"gateways":["vgw2"]}]}"#,
    );
    let fresh =
        Audit { version: 1, timeout_ms: Some(0), running: vec![RunningAudit { remaining_ms: 300, gateways: vec![] }] };
    looks(
        &fresh,
        "
a controller has connected once; the next connect deletes at once what it has not confirmed
running: 300 ms left, everything is confirmed
",
    );
}

#[test]
fn outcomes() {
    let outcome = Outcome { object: "gateway", name: "vgw1".into(), outcome: Deed::Changed };
    looks(&outcome, "gateway vgw1 changed\n");
    says(&outcome, r#"{"schema":"vgw.outcome/1","object":"gateway","name":"vgw1","outcome":"changed"}"#);
}

#[test]
fn colour_marks_what_needs_an_eye() {
    let shown = gateway().render(Style::COLOUR);
    assert!(shown.contains("\x1b[33m13\x1b[0m"), "{shown}");
    let shown = Gateways { gateways: vec![stale()] }.render(Style::COLOUR);
    assert!(shown.contains("\x1b[31mdeleted in 41 s\x1b[0m"), "{shown}");
}

#[test]
fn a_networks_page_says_what_its_guests_are_told() {
    let network = Network {
        id: "20202020-2020-2020-2020-202020202020".into(),
        instance: "net1".into(),
        gateways: vec!["10.0.0.1".into()],
        dhcp: Some(NetworkDhcp {
            prefix_length: Some(24),
            dns: vec!["9.9.9.9".into()],
            domain: Some("example.org".into()),
            lease_time: 600,
        }),
        router_advertisements: None,
        is_static: false,
    };
    looks(
        &network,
        "\
network 20202020-2020-2020-2020-202020202020
  instance      net1
  state         dynamic
  gateways      10.0.0.1
  dhcp          for 600 s, length 24, domain example.org, dns 9.9.9.9
  router adv.   no
",
    );
    looks(
        &Networks { networks: vec![network] },
        "\
network                               state    instance  gateways  guests are told by
20202020-2020-2020-2020-202020202020  dynamic  net1      10.0.0.1  dhcp
",
    );
}
