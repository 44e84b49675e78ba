//! Uplinks.

use super::*;

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
