use super::*;
use crate::gateway::fixtures::{gateway, good, leased_uplink, leases, port, route, set, uplink};
use crate::gateway::{Applied, Auditee, UplinkSpec};
use crate::host::{Observed, RouteKey};

/// A registry that sees an empty host, with errors as their text.
struct Fixture {
    registry: Registry,
    host: Observed,
}

fn fixture() -> Fixture {
    Fixture { registry: Registry::new(Limits::default(), Mark::default()), host: Observed::default() }
}

fn text<T>(outcome: Result<T, Refusal>) -> Result<T, String> {
    outcome.map_err(|refusal| refusal.to_string())
}

impl Fixture {
    fn gateway(&mut self, spec: GatewaySpec, version: u32) -> Result<Applied, String> {
        let before = self.registry.clone();
        let outcome = text(self.registry.add_gateway(spec, version, &self.host));
        if outcome.is_err() {
            let names = |registry: &Registry| registry.gateways().map(|g| g.spec.clone()).collect::<Vec<_>>();
            assert_eq!(names(&self.registry), names(&before), "a refusal changes nothing");
            assert_eq!(self.registry.announced, before.announced);
        }
        outcome
    }

    fn uplink(&mut self, spec: UplinkSpec) -> Result<Applied, String> {
        text(self.registry.add_uplink(spec, &self.host))
    }

    fn table(&self, uplink: &str) -> u32 {
        self.registry.uplink(&good(uplink)).unwrap().table
    }

    fn reload(&mut self, declared: &Declared) -> Result<(), (Option<Element>, String)> {
        let before = self.registry.clone();
        let outcome = self.registry.reload(declared, &self.host);
        if outcome.is_err() {
            assert_eq!(self.registry, before, "a refused file changes nothing");
        }
        outcome.map_err(|misfit| (misfit.element, misfit.refusal.to_string()))
    }

    fn standing(&self, name: &str) -> Option<Standing> {
        self.registry.gateway(&good(name)).map(|gateway| gateway.standing)
    }
}

fn refused<T>(why: &str) -> Result<T, String> {
    Err(why.to_owned())
}

#[test]
fn adding_again_replaces_and_confirms() {
    let mut f = fixture();
    assert_eq!(f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 1), Ok(Applied::Added));
    assert_eq!(f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 2), Ok(Applied::Unchanged));
    assert_eq!(f.standing("vgw1"), Some(Standing::Dynamic { version: 2 }));
    assert_eq!(f.gateway(gateway("vgw1", "a", "10.0.1.0/24"), 2), Ok(Applied::Changed));
    assert_eq!(f.registry.announced().map(|(subnet, _)| subnet).collect::<Vec<_>>(), [good("10.0.1.0/24")]);
    assert_eq!(f.registry.delete_gateway(&good("vgw1")), Ok(Applied::Deleted));
    assert_eq!(f.registry.delete_gateway(&good("vgw1")), Ok(Applied::Absent));
    assert_eq!(f.registry, fixture().registry);
}

#[test]
fn a_refused_replay_confirms_what_stands() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 1).unwrap();
    let moved = f.gateway(gateway("vgw1", "b", "10.0.0.0/24"), 2);
    assert_eq!(moved, refused("vgw1 belongs to routing instance a; delete it there first"));
    assert_eq!(f.standing("vgw1"), Some(Standing::Dynamic { version: 2 }));
    f.gateway(gateway("vgw1", "a", "127.0.0.0/24"), 3).unwrap_err();
    assert!(f.registry.stale(Auditee::Gateways, 3).is_empty());
    f.registry.seen([good("vgw1"), good("nobody")], 4);
    assert_eq!(f.standing("vgw1"), Some(Standing::Dynamic { version: 4 }));
    assert_eq!(f.registry.stale(Auditee::Gateways, 5), [good("vgw1")]);
}

#[test]
fn subnets_belong_to_one_instance() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "a", "10.0.0.0/16"), 0).unwrap();
    for taken in ["10.0.0.0/16", "10.0.7.0/24", "10.0.0.0/8"] {
        let expected = format!(
            "subnet {taken} overlaps 10.0.0.0/16, which gateway vgw1 of routing instance a announces to the host"
        );
        assert_eq!(f.gateway(gateway("vgw2", "b", &format!("20.0.0.0/24 {taken}")), 0), Err(expected));
    }
    assert_eq!(f.gateway(gateway("vgw2", "a", "10.0.0.0/16 10.0.7.0/24"), 0), Ok(Applied::Added));
    f.registry.delete_gateway(&good("vgw1")).unwrap();
    assert!(f.gateway(gateway("vgw3", "b", "10.0.0.0/16"), 0).is_err(), "vgw2 still announces it");
    f.registry.delete_gateway(&good("vgw2")).unwrap();
    assert_eq!(f.gateway(gateway("vgw3", "b", "10.0.0.0/16"), 0), Ok(Applied::Added));
}

#[test]
fn the_hosts_own_routes_stay_the_hosts() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 0).unwrap();
    let key = |prefix, metric| RouteKey { table: RouteKey::MAIN, prefix: good(prefix), metric };
    f.host.foreign_routes =
        [key("10.0.0.0/24", 0), key("20.0.0.0/24", 0), key("fd00::/64", 1024)].into_iter().collect();
    let foreign = "the host already has a route to 20.0.0.0/24 that is not ours";
    assert_eq!(f.gateway(gateway("vgw2", "a", "20.0.0.0/24"), 0), refused(foreign));
    assert!(f.gateway(gateway("vgw2", "a", "fd00::/64"), 0).is_err());
    assert_eq!(f.gateway(gateway("vgw2", "a", "20.0.0.0/25"), 0), Ok(Applied::Added));
    assert_eq!(f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 1), Ok(Applied::Unchanged), "it stands already");
}

#[test]
fn a_name_stands_for_one_thing() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 0).unwrap();
    f.registry.add_port(port("tap1", "a", "10.0.0.1/32", "")).unwrap();
    f.uplink(uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1")).unwrap();
    assert_eq!(f.gateway(gateway("tap1", "a", "10.0.1.0/24"), 0), refused("tap1 is already a port"));
    assert_eq!(f.gateway(gateway("eth1", "a", "10.0.1.0/24"), 0), refused("eth1 is already a device of an uplink"));
    let taken = f.registry.add_port(port("vgw1", "a", "10.0.0.1/32", ""));
    assert_eq!(text(taken), refused("vgw1 is already a gateway"));
    assert_eq!(f.uplink(uplink("lan", "tap1", "30.0.0.5/24", "30.0.0.1")), refused("tap1 is already a port"));
    let kept = "the kernel keeps the name all for its settings of all interfaces";
    assert_eq!(f.gateway(gateway("all", "a", "10.0.1.0/24"), 0), refused(kept));
}

#[test]
fn limits_stop_additions_only() {
    let mut f = fixture();
    f.registry = Registry::new(Limits { gateways: 1, ports: 1, uplinks: 1, routes: 1, networks: 1 }, Mark::default());
    f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 0).unwrap();
    f.registry.add_port(port("tap1", "a", "10.0.0.1/32", "")).unwrap();
    f.uplink(uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1")).unwrap();
    f.registry.add_route(route("a", "10.9.0.0/16", "tap1", "")).unwrap();
    let limit = "the limit of 1 gateways is reached";
    assert_eq!(f.gateway(gateway("vgw2", "a", "10.0.1.0/24"), 0), refused(limit));
    assert!(f.registry.add_port(port("tap2", "a", "10.0.0.1/32", "")).is_err());
    assert!(f.uplink(uplink("lan", "eth2", "30.0.0.5/24", "30.0.0.1")).is_err());
    assert!(f.registry.add_route(route("a", "10.8.0.0/16", "tap1", "")).is_err());
    assert_eq!(f.gateway(gateway("vgw1", "a", "10.0.1.0/24"), 0), Ok(Applied::Changed));
    assert_eq!(f.registry.add_port(port("tap1", "a", "10.0.0.2/32", "")), Ok(Applied::Changed));
}

#[test]
fn ports_share_addresses_within_an_instance_and_keep_to_it() {
    let mut f = fixture();
    assert_eq!(f.registry.add_port(port("tap1", "a", "10.0.0.9/32", "10.0.0.1")), Ok(Applied::Added));
    assert_eq!(f.registry.add_port(port("tap2", "a", "10.0.0.9/32", "10.0.0.1")), Ok(Applied::Added));
    assert_eq!(f.registry.add_port(port("tap2", "a", "10.0.0.9/32", "10.0.0.1")), Ok(Applied::Unchanged));
    let moved = f.registry.add_port(port("tap1", "b", "10.0.0.9/32", ""));
    assert_eq!(text(moved), refused("tap1 belongs to routing instance a; delete it there first"));
    let multicast = f.registry.add_port(port("tap3", "a", "10.0.0.9/32", "224.0.0.1"));
    assert_eq!(text(multicast), refused("address 224.0.0.1/32 overlaps the multicast range 224.0.0.0/4"));
    let loopback = f.registry.add_port(port("tap3", "a", "127.0.0.1/32", ""));
    assert_eq!(text(loopback), refused("address 127.0.0.1/32 overlaps the loopback network 127.0.0.0/8"));
    assert_eq!(f.registry.delete_port(&good("tap1")), Ok(Applied::Deleted));
    assert_eq!(text(f.registry.delete_port(&good("tap1"))), refused("there is no port tap1"));
}

#[test]
fn uplinks_get_the_lowest_free_table() {
    let mut f = fixture();
    f.host.foreign_tables = [20_101u32, 5000].into_iter().collect();
    f.uplink(uplink("a", "eth1", "20.0.0.5/24", "20.0.0.1")).unwrap();
    f.uplink(uplink("b", "eth2", "30.0.0.5/24", "30.0.0.1")).unwrap();
    assert_eq!((f.table("a"), f.table("b")), (20_100, 20_102));
    f.registry.delete_uplink(&good("a")).unwrap();
    assert_eq!(f.uplink(uplink("b", "eth2", "30.0.0.5/24", "30.0.0.2")), Ok(Applied::Changed));
    assert_eq!(f.table("b"), 20_102, "it keeps its table");
    f.host.foreign_tables.insert(20_102);
    assert_eq!(f.uplink(uplink("b", "eth2", "30.0.0.5/24", "30.0.0.1")), Ok(Applied::Changed));
    assert_eq!(f.table("b"), 20_102, "even if somebody else has put something in");
    let c = uplink("c", "eth3", "40.0.0.5/24", "40.0.0.1");
    for (table, user) in [(0, "the host"), (254, "the host"), (5000, "the host"), (20_102, "b")] {
        let expected = format!("routing table {table} is used by {user}");
        assert_eq!(f.uplink(c.clone().with_table(table)), Err(expected));
    }
    f.uplink(c.clone().with_table(20_100)).unwrap();
    assert_eq!(f.table("c"), 20_100);
    f.uplink(c.clone().with_table(77)).unwrap();
    assert_eq!(f.table("c"), 77);
    f.uplink(c).unwrap();
    assert_eq!(f.table("c"), 20_103, "a table outside the block is not kept once it is not asked for");
}

#[test]
fn uplinks_in_use_stay() {
    let mut f = fixture();
    let by = |name, uplink| gateway(name, "a", "10.0.0.0/24").by_uplink(uplink);
    assert_eq!(f.gateway(by("vgw1", "wan"), 0), refused("there is no uplink wan"));
    f.uplink(uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1")).unwrap();
    f.gateway(by("vgw1", "wan"), 0).unwrap();
    let used = "uplink wan is used by gateway vgw1";
    assert_eq!(text(f.registry.delete_uplink(&good("wan"))), refused(used));
    f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 0).unwrap();
    assert_eq!(f.registry.delete_uplink(&good("wan")), Ok(Applied::Deleted));
    assert_eq!(text(f.registry.delete_uplink(&good("wan"))), refused("there is no uplink wan"));
}

#[test]
fn uplinks_must_be_told_apart() {
    let mut f = fixture();
    f.uplink(uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1")).unwrap();
    let same = f.uplink(uplink("lan", "eth2", "20.0.0.5/16", "20.0.0.1"));
    assert_eq!(same, refused("address 20.0.0.5 is that of uplink wan"));
    let mixed = f.uplink(uplink("lan", "eth2", "30.0.0.5/24", "fd00::1"));
    assert_eq!(mixed, refused("gateway fd00::1 is of another address family than 30.0.0.0/24"));
    let own = f.uplink(uplink("lan", "eth2", "30.0.0.5/24", "30.0.0.5"));
    assert_eq!(own, refused("address 30.0.0.5/32 is also the router's"));
    f.uplink(uplink("lan", "eth1", "30.0.0.5/24", "30.0.0.1")).unwrap();

    f.gateway(gateway("vgw1", "a", "10.0.0.0/16").by_uplink("wan"), 0).unwrap();
    let nested = f.gateway(gateway("vgw2", "a", "10.0.1.0/24").by_uplink("lan"), 0);
    assert_eq!(nested, Ok(Applied::Added), "the narrower decides");
    assert_eq!(f.gateway(gateway("vgw1", "a", "10.0.0.0/16").by_uplink("lan"), 0), Ok(Applied::Changed));
}

#[test]
fn gateways_that_share_a_subnet_move_together() {
    let mut f = fixture();
    f.uplink(uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1")).unwrap();
    f.uplink(uplink("lan", "eth2", "30.0.0.5/24", "30.0.0.1")).unwrap();
    let specs = [("vgw1", "10.0.0.0/24"), ("vgw2", "10.0.0.0/24 10.1.0.0/24"), ("vgw3", "10.1.0.0/24")];
    let [first, second, third] = specs.map(|(name, subnets)| gateway(name, "a", subnets));
    for spec in [&first, &second, &third] {
        f.gateway(spec.clone().by_uplink("wan"), 0).unwrap();
    }
    f.gateway(gateway("vgw4", "a", "10.0.0.0/16").by_uplink("wan"), 0).unwrap();
    let uplinks = |f: &Fixture| {
        let names = f.registry.gateways().map(|gateway| gateway.spec.uplink.as_ref().map(ToString::to_string));
        names.map(Option::unwrap_or_default).collect::<Vec<_>>()
    };
    assert_eq!(f.gateway(third.clone().by_uplink("lan"), 7), Ok(Applied::Changed));
    assert_eq!(uplinks(&f), ["lan", "lan", "lan", "wan"], "the last is another network");
    assert_eq!(f.standing("vgw1"), Some(Standing::Dynamic { version: 0 }), "nobody has confirmed it");

    let alone = refused("subnet 10.0.0.0/24 is also that of gateway vgw2, which has another uplink");
    assert_eq!(f.gateway(first.clone(), 0), alone, "naming none moves nobody");
    let joining = f.registry.with_present_uplink(&gateway("vgw5", "a", "10.1.0.0/24"));
    assert_eq!(joining.uplink, Some(good("lan")));

    let mut file = Declared { gateways: vec![first.clone().by_uplink("wan")], ..Declared::default() };
    f.reload(&file).unwrap();
    assert_eq!(uplinks(&f), ["wan", "wan", "wan", "wan"], "the file decides");
    let held = refused("subnet 10.0.0.0/24 is also that of gateway vgw1, which has another uplink");
    assert_eq!(f.gateway(second.clone().by_uplink("lan"), 0), held);
    file.gateways.push(second.by_uplink("lan"));
    assert!(f.reload(&file).is_err(), "the file must agree with itself");
}

#[test]
fn an_uplink_that_comes_again_has_its_table_again() {
    let mut f = fixture();
    f.registry.remember_tables([(good("lan"), 20_101), (good("old"), 20_100), (good("far"), 999)]);
    f.uplink(uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1")).unwrap();
    assert_eq!(f.table("wan"), 20_102, "rather one that nobody had");
    f.uplink(uplink("lan", "eth2", "30.0.0.5/24", "30.0.0.1")).unwrap();
    f.uplink(uplink("far", "eth2", "40.0.0.5/24", "40.0.0.1")).unwrap();
    assert_eq!([f.table("lan"), f.table("far")], [20_101, 20_103], "999 is not of our block");
    f.registry.delete_uplink(&good("wan")).unwrap();
    f.uplink(uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1")).unwrap();
    assert_eq!(f.table("wan"), 20_102);

    let key = |table| RouteKey { table, prefix: good("0.0.0.0/0"), metric: 0 };
    f.host.foreign_routes.extend([key(20_100), key(20_101)]);
    f.uplink(uplink("old", "eth1", "50.0.0.5/24", "50.0.0.1")).unwrap();
    assert_eq!(f.table("old"), 20_104, "somebody has routes in the table that it had");
    f.uplink(uplink("lan", "eth2", "30.0.0.5/24", "30.0.0.9")).unwrap();
    assert_eq!(f.table("lan"), 20_101, "one that stands stays");
    assert_eq!(f.registry.emptied().remembered_tables.get(&good::<UplinkName>("lan")), Some(&20_101));
}

#[test]
fn routes_lead_by_ports_of_their_instance() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 0).unwrap();
    f.registry.add_port(port("tap1", "b", "10.0.0.9/32", "")).unwrap();
    assert_eq!(f.registry.add_route(route("a", "10.9.0.0/16", "vgw1", "")), Ok(Applied::Added));
    assert_eq!(f.registry.add_route(route("b", "10.9.0.0/16", "tap1", "10.0.0.9")), Ok(Applied::Added));
    assert_eq!(f.registry.add_route(route("b", "10.9.0.0/16", "tap1", "10.0.0.9")), Ok(Applied::Unchanged));
    let strange = f.registry.add_route(route("a", "10.8.0.0/16", "tap1", ""));
    assert_eq!(text(strange), refused("there is no port tap1 in routing instance a"));
    let mixed = f.registry.add_route(route("b", "10.8.0.0/16", "tap1", "fe80::1"));
    assert_eq!(text(mixed), refused("gateway fe80::1 is of another address family than 10.8.0.0/16"));
    assert_eq!(f.registry.delete_route(&good("a"), good("10.9.0.0/16")), Ok(Applied::Deleted));
    let absent = text(f.registry.delete_route(&good("a"), good("10.9.0.0/16")));
    assert_eq!(absent, refused("there is no static route 10.9.0.0/16"));
    assert_eq!(f.registry.instances(), set("a b"));
}

fn declared() -> Declared {
    Declared {
        gateways: vec![gateway("vgw1", "a", "10.0.0.0/24").by_uplink("wan")],
        ports: vec![port("tap1", "a", "10.0.0.9/32", "10.0.0.1")],
        uplinks: vec![uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1")],
        routes: vec![route("a", "10.9.0.0/16", "tap1", "")],
        ..Declared::default()
    }
}

#[test]
fn static_things_change_in_the_file_only() {
    let mut f = fixture();
    f.reload(&declared()).unwrap();
    let loaded = f.registry.clone();
    let in_file =
        |what| refused::<Applied>(&format!("{what} is defined in the configuration file and changes only there"));
    assert_eq!(f.gateway(gateway("vgw1", "a", "10.0.0.0/24").by_uplink("wan"), 1), in_file("vgw1"));
    assert_eq!(text(f.registry.delete_gateway(&good("vgw1"))), in_file("vgw1"));
    f.registry.seen([good("vgw1")], 1);
    assert!(f.registry.stale(Auditee::Gateways, u32::MAX).is_empty());
    assert!(text(f.registry.add_port(port("tap1", "a", "10.0.0.8/32", ""))).is_err());
    assert!(f.registry.delete_port(&good("tap1")).is_err());
    assert!(f.uplink(uplink("wan", "eth1", "20.0.0.6/24", "20.0.0.1")).is_err());
    assert!(f.registry.delete_uplink(&good("wan")).is_err());
    assert!(f.registry.add_route(route("a", "10.9.0.0/16", "vgw1", "")).is_err());
    assert!(f.registry.delete_route(&good("a"), good("10.9.0.0/16")).is_err());
    assert_eq!(f.registry, loaded);
}

#[test]
fn a_reload_keeps_what_calls_have_added() {
    let mut f = fixture();
    f.reload(&declared()).unwrap();
    f.gateway(gateway("vgw2", "b", "10.1.0.0/24"), 3).unwrap();
    f.registry.add_port(port("tap2", "b", "10.1.0.9/32", "")).unwrap();
    f.uplink(uplink("lan", "eth2", "30.0.0.5/24", "30.0.0.1")).unwrap();
    let before = f.registry.clone();
    f.reload(&declared()).unwrap();
    assert_eq!(f.registry, before, "the same file changes nothing");

    // An earlier name takes no table from those that stand.
    let mut more = declared();
    more.uplinks.insert(0, uplink("first", "eth3", "40.0.0.5/24", "40.0.0.1"));
    f.reload(&more).unwrap();
    assert_eq!(["wan", "lan", "first"].map(|name| f.table(name)), [20_100, 20_101, 20_102]);

    let limits = Limits { gateways: 1, ..Limits::default() };
    f.reload(&Declared { limits, ..Declared::default() }).unwrap();
    assert!(f.gateway(gateway("vgw3", "b", "10.3.0.0/24"), 0).is_err(), "the new limit holds");
    assert_eq!(f.registry.gateways().count(), 1);
    assert_eq!(f.standing("vgw2"), Some(Standing::Dynamic { version: 3 }));
    assert_eq!(f.registry.uplinks().map(|uplink| uplink.table).collect::<Vec<_>>(), [20_101]);
    assert_eq!(f.registry.instances(), set("b"));
}

#[test]
fn the_file_takes_over_what_it_defines() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "a", "10.0.0.0/25"), 3).unwrap();
    f.registry.add_port(port("tap1", "a", "10.0.0.8/32", "")).unwrap();
    f.uplink(uplink("wan", "eth1", "20.0.0.6/24", "20.0.0.1")).unwrap();
    f.reload(&declared()).unwrap();
    let mut fresh = fixture();
    fresh.reload(&declared()).unwrap();
    assert_eq!(f.registry, fresh.registry);
}

#[test]
fn a_file_that_does_not_fit_says_which_element() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "other", "10.7.0.0/24"), 0).unwrap();
    let other = "vgw1 belongs to routing instance other; delete it there first".to_owned();
    assert_eq!(f.reload(&declared()), Err((Some(Element::Gateway(0)), other)));
    f.registry.delete_gateway(&good("vgw1")).unwrap();

    let broken = |change: fn(&mut Declared)| {
        let mut broken = declared();
        change(&mut broken);
        fixture().reload(&broken).unwrap_err().0
    };
    assert_eq!(broken(|d| d.ports.push(port("vgw1", "a", "10.0.0.9/32", ""))), Some(Element::Port(1)));
    assert_eq!(broken(|d| d.routes.push(route("b", "10.9.0.0/16", "tap1", ""))), Some(Element::Route(1)));
    assert_eq!(
        broken(|d| d.uplinks.insert(0, uplink("x", "vgw9", "20.0.0.5/24", "20.0.0.1"))),
        Some(Element::Uplink(1)),
        "the second of two with one address"
    );

    f.reload(&declared()).unwrap();
    f.gateway(gateway("vgw2", "b", "10.1.0.0/24").by_uplink("wan"), 0).unwrap();
    let used = "uplink wan is used by gateway vgw2".to_owned();
    assert_eq!(f.reload(&Declared::default()), Err((None, used)));
}

#[test]
fn a_static_gateway_changes_its_instance_by_the_file() {
    let mut f = fixture();
    f.reload(&declared()).unwrap();
    let mut moved = declared();
    moved.gateways[0].instance = good("b");
    f.reload(&moved).unwrap();
    assert_eq!(f.registry.gateway(&good("vgw1")).unwrap().spec.instance, good("b"));
}

impl Fixture {
    fn lease(&mut self, lines: &[&str]) {
        self.registry.take_leases(leases(lines));
    }

    /// The address that an uplink has.
    fn address(&self, uplink: &str) -> Option<String> {
        Some(self.registry.uplink(&good(uplink))?.attachment()?.address.to_string())
    }

    fn waiting(&self) -> Vec<String> {
        self.registry.waiting().map(|waiting| waiting.to_string()).collect()
    }
}

#[test]
fn a_lease_finds_its_uplink_whichever_comes_first() {
    let mut f = fixture();
    f.lease(&["eth1.ipv4 20.0.0.5/24 via 20.0.0.1", "eth1.ipv6 fd00::5/128 via fe80::1"]);
    f.uplink(leased_uplink("wan", "eth1")).unwrap();
    assert_eq!(f.address("wan").as_deref(), Some("20.0.0.5/24"));
    f.uplink(leased_uplink("lan", "eth2")).unwrap();
    assert_eq!(f.waiting(), ["uplink lan leads nowhere: eth2 has no ipv4 lease"]);
    f.lease(&["eth2.ipv4 30.0.0.5/24 via 30.0.0.1"]);
    assert_eq!((f.address("wan"), f.address("lan").as_deref()), (None, Some("30.0.0.5/24")));
    assert_eq!(f.waiting(), ["uplink wan leads nowhere: eth1 has no ipv4 lease"]);
    // Another device, then an address that is fixed.
    assert_eq!(f.uplink(leased_uplink("lan", "eth3")), Ok(Applied::Changed));
    assert_eq!(f.address("lan"), None);
    f.uplink(uplink("lan", "eth3", "40.0.0.5/24", "40.0.0.1")).unwrap();
    f.lease(&["eth3.ipv4 30.0.0.5/24 via 30.0.0.1"]);
    assert_eq!(f.address("lan").as_deref(), Some("40.0.0.5/24"));
}

#[test]
fn an_address_leaves_by_one_uplink_whoever_leases_it() {
    let mut f = fixture();
    f.uplink(leased_uplink("b", "eth1")).unwrap();
    assert_eq!(f.uplink(leased_uplink("c", "eth1")), refused("the lease eth1.ipv4 is that of uplink b"));
    f.uplink(leased_uplink("c", "eth2")).unwrap();
    f.lease(&["eth1.ipv4 20.0.0.5/24 via 20.0.0.1", "eth2.ipv4 20.0.0.5/16 via 20.0.0.9"]);
    assert_eq!((f.address("b").as_deref(), f.address("c")), (Some("20.0.0.5/24"), None));
    assert_eq!(f.waiting(), ["uplink c leads nowhere: the address 20.0.0.5 leased there is another uplink's"]);
    let fixed = uplink("a", "eth3", "20.0.0.5/24", "20.0.0.1");
    assert_eq!(f.uplink(fixed.clone()), refused("address 20.0.0.5 is that of uplink b"));
    f.registry.delete_uplink(&good("b")).unwrap();
    assert_eq!(f.address("c").as_deref(), Some("20.0.0.5/16"));
    f.lease(&[]);
    f.uplink(fixed).unwrap();
    f.lease(&["eth2.ipv4 20.0.0.5/16 via 20.0.0.9"]);
    assert_eq!((f.address("a").is_some(), f.address("c")), (true, None), "what is fixed comes first");
}

#[test]
fn leases_outlive_a_reload() {
    let mut f = fixture();
    f.lease(&["eth1.ipv4 20.0.0.5/24 via 20.0.0.1"]);
    let mut declared = Declared { uplinks: vec![leased_uplink("wan", "eth1")], ..Declared::default() };
    for _ in 0..2 {
        f.reload(&declared).unwrap();
        assert_eq!(f.address("wan").as_deref(), Some("20.0.0.5/24"));
    }
    let by_call = leased_uplink("lan", "eth2");
    f.lease(&["eth1.ipv4 20.0.0.5/24 via 20.0.0.1", "eth2.ipv4 20.0.0.5/24 via 20.0.0.1"]);
    declared.uplinks[0].name = good("a");
    f.reload(&declared).unwrap();
    f.uplink(by_call).unwrap();
    assert_eq!((f.address("a").is_some(), f.address("lan")), (true, None));
    f.reload(&Declared::default()).unwrap();
    assert_eq!(f.address("lan").as_deref(), Some("20.0.0.5/24"), "what the file no longer has stands in nobody's way");
}
