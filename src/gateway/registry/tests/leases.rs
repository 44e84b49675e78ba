//! Leased addresses.

use super::*;

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
