use super::super::super::report::*;
use super::{instance, looks, says};

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
