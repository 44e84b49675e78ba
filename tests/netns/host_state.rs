//! What we want of the host comes into the kernel and leaves it without a trace.

use imbl::{OrdMap, OrdSet};
use vgw::addr::{Mac, Weight};
use vgw::host::{
    HostHop, HostLink, HostRoute, HostState, Kernel, Operation, RouteKey, Rule, RuleAction, Setting, SettingKind, diff,
};

use crate::lab::{
    apply, assert_unchanged, eventually, in_namespace, ip, kernel, make_pair, name, reach, snapshot, sysctl, sysctls,
};

pub(crate) const TABLE: u32 = 20_100;

pub(crate) fn key(table: u32, prefix: &str) -> RouteKey {
    let prefix: vgw::addr::Prefix = prefix.parse().unwrap();
    let metric = if prefix.address().is_ipv6() { 1024 } else { 0 };
    RouteKey { table, prefix, metric }
}

pub(crate) fn route(hops: &[(&str, Option<&str>)]) -> HostRoute {
    let hop = |(device, via): &(&str, Option<&str>)| HostHop {
        device: name(device),
        via: via.map(|via| via.parse().unwrap()),
        weight: Weight::ONE,
    };
    HostRoute { hops: hops.iter().map(hop).collect(), source: None }
}

pub(crate) fn link() -> HostLink {
    HostLink { mac: Mac::GATEWAY, mtu: 1500, up: true, in_order: true }
}

pub(crate) fn setting(interface: &str, kind: SettingKind) -> Setting {
    Setting { interface: name(interface), kind }
}

/// A device with a network of each family: what an uplink needs.
pub(crate) fn make_uplink() {
    make_pair("eth1", "far1");
    ip("address add 20.0.0.5/24 dev eth1");
    ip("address add 2001:db8:20::5/64 dev eth1 nodad");
    let local = || ip("-6 route show table local");
    eventually("the address is in use", || local().contains("local 2001:db8:20::5 "));
}

/// A gateway of both families with an uplink: every kind of object.
pub(crate) fn gateway() -> HostState {
    let subnets = ["10.1.0.0/24", "2001:db8:1::/64"];
    let mut state = HostState {
        links: OrdMap::from_iter([(name("vgw1"), link())]),
        addresses: OrdSet::from_iter([(name("vgw1"), "fe80::200:5eff:fe00:1ff/64".parse().unwrap())]),
        routes: OrdMap::from_iter([
            (key(RouteKey::MAIN, "10.1.0.0/24"), route(&[("vgw1", None)])),
            (key(RouteKey::MAIN, "2001:db8:1::/64"), route(&[("vgw1", Some("fe80::1"))])),
            (key(TABLE, "20.0.0.0/24"), route(&[("eth1", None)])),
            (key(TABLE, "0.0.0.0/0"), route(&[("eth1", Some("20.0.0.1"))])),
            (key(TABLE, "2001:db8:20::/64"), route(&[("eth1", None)])),
            (key(TABLE, "::/0"), route(&[("eth1", Some("2001:db8:20::1"))])),
            (key(TABLE, "192.0.2.0/24"), route(&[])),
            (key(TABLE, "2001:db8:ffff::/48"), route(&[])),
        ]),
        ..HostState::default()
    };
    for (from, priority) in subnets.iter().zip(20_120..) {
        state.rules.insert(Rule { priority, from: from.parse().unwrap(), action: RuleAction::Lookup(TABLE) });
    }
    for kind in [SettingKind::ForwardV4, SettingKind::ForwardV6] {
        state.settings.extend([setting("vgw1", kind), setting("eth1", kind)]);
    }
    let sourced = state.routes.get_mut(&key(TABLE, "20.0.0.0/24")).unwrap();
    sourced.source = Some("20.0.0.5".parse().unwrap());
    state
}

#[test]
fn a_gateway_comes_and_goes_without_a_trace() {
    in_namespace(|| {
        make_uplink();
        let before = snapshot();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        reach(&mut kernel, &gateway());
        assert!(ip("route show").contains("10.1.0.0/24 dev vgw1 proto 201 scope link"), "{}", ip("route show"));
        assert!(ip("rule").contains("20120:\tfrom 10.1.0.0/24 lookup 20100 proto 201"), "{}", ip("rule"));
        assert!(ip("address show dev vgw1").contains("fe80::200:5eff:fe00:1ff/64 scope link"));
        assert!(!ip("address show dev vgw1").contains("tentative"));
        assert!(sysctls("net.ipv4.conf.eth1.forwarding").contains('1'));
        assert!(sysctls("net.ipv4.ip_forward").contains('0'), "the global switch is not ours");
        assert!(!snapshot().eq(&before));
        assert_eq!(reach(&mut kernel, &gateway()), vec![], "the second time nothing is left to do");
        reach(&mut kernel, &HostState::default());
        assert_unchanged(&before, "after all is deleted");
    });
}

#[test]
fn what_a_killed_daemon_left_is_found_and_cleared() {
    in_namespace(|| {
        make_uplink();
        ip("tuntap add mode tap name vgw1");
        let before = snapshot();
        let state = tempfile::tempdir().unwrap();
        let mut killed = kernel(&state);
        reach(&mut killed, &gateway());
        // As after SIGKILL: descriptors are closed, nothing else is done.
        drop(killed);
        let mut kernel = kernel(&state);
        let left = kernel.observe().unwrap().ours;
        assert_eq!(left.rules.len(), 2);
        assert!(left.links.contains_key(&name("vgw1")), "the adopted tap is in our group");
        assert!(left.settings.contains(&setting("eth1", SettingKind::ForwardV4)));
        reach(&mut kernel, &HostState::default());
        assert_unchanged(&before, "after all is deleted");
    });
}

#[test]
fn a_thousand_gateways_come_and_go() {
    in_namespace(|| {
        let before = snapshot();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        let mut want = HostState::default();
        for i in 0..1000 {
            let vgw = format!("vgw{i}");
            want.links.insert(name(&vgw), link());
            let subnet = format!("10.{}.{}.0/24", i / 250, i % 250);
            want.routes.insert(key(RouteKey::MAIN, &subnet), route(&[(&vgw, None)]));
            want.settings.insert(setting(&vgw, SettingKind::ForwardV4));
        }
        reach(&mut kernel, &want);
        reach(&mut kernel, &HostState::default());
        assert_unchanged(&before, "after all is deleted");
    });
}

#[test]
fn links_take_every_change_in_place() {
    in_namespace(|| {
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        let mut want = HostState::default();
        for changed in [
            link(),
            HostLink { mac: Mac([2, 0, 0, 0, 0, 9]), ..link() },
            HostLink { mtu: 1200, ..link() },
            HostLink { mtu: 9000, ..link() },
            HostLink { up: false, ..link() },
            link(),
        ] {
            want.links.insert(name("vgw1"), changed);
            reach(&mut kernel, &want);
            let shown = ip("-d link show dev vgw1");
            assert!(changed.mtu < 1280 || shown.contains("addrgenmode none"), "{shown}");
        }
        assert_eq!(kernel.take_queues(&name("vgw1")).unwrap().len(), 1);
        assert!(kernel.take_queues(&name("vgw1")).is_none(), "only once");
    });
}

#[test]
fn routes_change_their_way() {
    in_namespace(|| {
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        let mut want = HostState::default();
        want.links.extend((1..4).map(|i| (name(&format!("vgw{i}")), link())));
        let (one, two, three) = (("vgw1", None), ("vgw2", None), ("vgw3", None));
        for hops in [&[one][..], &[one, two], &[two, three], &[], &[one, two, three], &[three], &[]] {
            let table = if hops.is_empty() { TABLE } else { RouteKey::MAIN };
            want.routes = OrdMap::from_iter([(key(table, "10.1.0.0/24"), route(hops))]);
            reach(&mut kernel, &want);
        }
        let via = |device: &'static str| (device, Some("fe80::1"));
        for hops in [
            &[one][..],
            &[via("vgw1")],
            &[via("vgw1"), via("vgw2")],
            &[via("vgw2"), via("vgw3")],
            &[two],
            &[via("vgw2"), via("vgw3")],
            &[],
            &[via("vgw2")],
            &[],
            &[one],
        ] {
            want.routes = OrdMap::from_iter([(key(TABLE, "2001:db8::/64"), route(hops))]);
            reach(&mut kernel, &want);
        }
        // Marked as ours, though not as we would make it.
        ip("route add 10.5.0.0/24 dev vgw3 proto 201 scope global");
        assert_eq!(reach(&mut kernel, &want).len(), 1);
        // A member of a multipath route goes with its link, the rest stays.
        let both = route(&[one, two]);
        want.routes = OrdMap::from_iter([(key(RouteKey::MAIN, "10.1.0.0/24"), both)]);
        reach(&mut kernel, &want);
        want.links.remove(&name("vgw1"));
        want.routes = OrdMap::from_iter([(key(RouteKey::MAIN, "10.1.0.0/24"), route(&[two]))]);
        reach(&mut kernel, &want);
    });
}

#[test]
fn a_route_of_somebody_else_is_not_replaced() {
    in_namespace(|| {
        make_uplink();
        ip("route add 10.1.0.0/24 dev eth1");
        let before = snapshot();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        let mut want = HostState::default();
        want.links.insert(name("vgw1"), link());
        reach(&mut kernel, &want);
        let taken = key(RouteKey::MAIN, "10.1.0.0/24");
        assert!(kernel.observe().unwrap().foreign_routes.contains(&taken));
        let refused = apply(&mut kernel, &Operation::AddRoute(taken, route(&[("vgw1", None)]))).unwrap_err();
        assert_eq!(refused.to_string(), "route add 10.1.0.0/24 dev vgw1: File exists");
        assert_eq!(refused.errno, libc::EEXIST);
        reach(&mut kernel, &HostState::default());
        assert_unchanged(&before, "after all is deleted");
    });
}

#[test]
fn the_kernels_words_reach_the_caller() {
    in_namespace(|| {
        make_uplink();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        let far = Operation::AddRoute(key(TABLE, "10.0.0.0/8"), route(&[("eth1", Some("192.0.2.1"))]));
        let error = apply(&mut kernel, &far).unwrap_err();
        assert_eq!(error.reason, "Nexthop has invalid gateway (Network is unreachable)");
        let nowhere = Operation::AddRoute(key(TABLE, "10.0.0.0/8"), route(&[("eth9", None)]));
        let error = apply(&mut kernel, &nowhere).unwrap_err();
        assert_eq!((error.reason.as_str(), error.errno), ("there is no interface eth9", libc::ENODEV));
    });
}

#[test]
fn everything_can_be_done_twice() {
    in_namespace(|| {
        make_uplink();
        let before = snapshot();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        for want in [gateway(), HostState::default()] {
            for operation in diff(&want, &kernel.observe().unwrap()) {
                apply(&mut kernel, &operation).unwrap();
                apply(&mut kernel, &operation).unwrap_or_else(|error| panic!("again: {error}"));
            }
            assert_eq!(kernel.observe().unwrap().ours, want);
        }
        assert_unchanged(&before, "after all is deleted");
    });
}

#[test]
fn what_others_undo_is_done_again() {
    in_namespace(|| {
        make_uplink();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        reach(&mut kernel, &gateway());
        for harm in [
            "link delete vgw1",
            "link set vgw1 down",
            "link set vgw1 down name renamed",
            "link set vgw1 mtu 1400",
            "link set vgw1 group 7",
            "address flush dev vgw1",
            "route flush table 20100",
            "rule delete pref 20120",
            "link set eth1 down",
        ] {
            ip(harm);
            if harm == "link set eth1 down" {
                ip("link set eth1 up");
                ip("address add 2001:db8:20::5/64 dev eth1 nodad");
            }
            reach(&mut kernel, &gateway());
        }
        sysctl("net.ipv4.conf.eth1.forwarding", "0");
        sysctl("net.ipv6.conf.vgw1.force_forwarding", "0");
        let repaired = reach(&mut kernel, &gateway());
        assert_eq!(repaired.len(), 2, "{repaired:?}");
    });
}

#[test]
fn settings_go_back_to_what_they_were() {
    in_namespace(|| {
        make_uplink();
        sysctl("net.ipv4.conf.eth1.forwarding", "1");
        let before = snapshot();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        let mut want = HostState::default();
        for kind in [SettingKind::ForwardV4, SettingKind::ForwardV6] {
            want.settings.insert(setting("eth1", kind));
        }
        reach(&mut kernel, &want);
        reach(&mut kernel, &HostState::default());
        assert_unchanged(&before, "on stays on, off goes off");

        reach(&mut kernel, &want);
        ip("link delete eth1");
        assert!(kernel.observe().unwrap().ours.settings.is_empty(), "they went with the interface");

        make_uplink();
        reach(&mut kernel, &want);
        ip("link delete eth1");
        make_uplink();
        sysctl("net.ipv4.conf.eth1.forwarding", "1");
        assert!(kernel.observe().unwrap().ours.settings.is_empty(), "another interface of that name");
    });
}

#[test]
fn exits_are_the_devices_that_lead_out() {
    in_namespace(|| {
        make_uplink();
        make_pair("eth2", "far2");
        ip("address add fe80::2/64 dev eth2 nodad");
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        reach(&mut kernel, &gateway());
        let exits = kernel.observe().unwrap().surroundings.exit_devices;
        assert_eq!(exits, OrdSet::unit(name("eth1")), "eth2 has no more than a link-local route");
    });
}
