//! What others do to the host behind our back is heard of, or met where it stands in the way.

use vgw::host::{HostState, Kernel, Observed, Operation, Outcome, RouteKey, Rule, RuleAction, diff};
use vgw::sys::kernel::LinuxKernel;

use crate::daemon::request;
use crate::host_state::{TABLE, gateway, key, link, make_uplink, route};
use crate::lab::{apply, in_namespace, ip, kernel, make_pair, name, reach, sysctl};
use crate::site::{NET1, NET2, Site};

/// Reaches a state as the engine does: by what is known, with the effects of what was done.
fn follow(kernel: &mut LinuxKernel, known: &mut Observed, want: &HostState) {
    for operation in diff(want, known) {
        assert_eq!(apply(kernel, &operation), Ok(Outcome::Done), "{operation}");
        known.note(&operation);
    }
}

#[test]
fn what_we_do_is_no_news() {
    in_namespace(|| {
        make_uplink();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        let mut known = kernel.observe().unwrap();
        let mut many = gateway();
        many.links.extend((2..9).map(|i| (name(&format!("vgw{i}")), link())));
        for want in [gateway(), HostState::default(), many, gateway(), HostState::default()] {
            follow(&mut kernel, &mut known, &want);
            assert!(!kernel.has_news(&known), "{want:?}");
            assert_eq!(kernel.observe().unwrap().ours, known.ours, "what is known is what is there");
        }
    });
}

#[test]
fn what_others_do_is_news() {
    in_namespace(|| {
        make_uplink();
        make_pair("eth2", "far2");
        ip("address add 30.0.0.5/24 dev eth2");
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        reach(&mut kernel, &gateway());
        for deed in [
            "link set vgw1 down",
            "link delete vgw1",
            "link set vgw1 down name renamed",
            "link set vgw1 mtu 1400",
            "link set vgw1 address 02:00:00:00:00:77",
            "route replace 10.1.0.0/24 dev vgw1 proto static",
            "route delete 10.1.0.0/24 dev vgw1 proto static",
            "address flush dev vgw1",
            "route flush table 20100",
            "route delete 10.1.0.0/24",
            "rule delete pref 20120",
            "link set eth2 down",
            "link set eth2 up",
            "route add default via 30.0.0.1",
            "route delete default",
            "route add 10.77.0.0/24 via 30.0.0.1",
            "route add 10.78.0.0/24 via 20.0.0.1",
            "-6 route add unreachable 2001:db8:77::/64",
            "rule add from 10.77.0.0/24 lookup 777",
            "rule add from 10.1.0.0/24 iif eth2 lookup 20100 pref 20120 protocol 201",
            "address delete 30.0.0.5/24 dev eth2",
            "link add more0 type veth peer name more1",
            "link set more0 name less0",
            "link delete less0",
        ] {
            let known = kernel.observe().unwrap();
            assert!(!kernel.has_news(&known), "before {deed}");
            ip(deed);
            assert!(kernel.has_news(&known), "{deed}");
            if !deed.contains("iif eth2") && !deed.starts_with("route replace") {
                reach(&mut kernel, &gateway());
            }
        }
        let known = kernel.observe().unwrap();
        for deed in ["link set eth2 mtu 1400", "neighbour add 30.0.0.9 lladdr 02:00:00:00:00:09 dev eth2"] {
            ip(deed);
            assert!(!kernel.has_news(&known), "{deed}");
        }
    });
}

#[test]
fn what_goes_down_for_a_moment_is_news() {
    in_namespace(|| {
        // Of IPv6 routes and addresses that go the kernel would tell.
        sysctl("net.ipv6.conf.all.disable_ipv6", "1");
        sysctl("net.ipv6.conf.default.disable_ipv6", "1");
        make_pair("eth1", "far1");
        ip("address add 20.0.0.5/24 dev eth1");
        let mut want = HostState { links: gateway().links, ..HostState::default() };
        want.routes.insert(key(RouteKey::MAIN, "10.1.0.0/24"), route(&[("vgw1", None)]));
        want.routes.insert(key(TABLE, "0.0.0.0/0"), route(&[("eth1", Some("20.0.0.1"))]));
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        reach(&mut kernel, &want);
        for (device, route) in [("vgw1", "10.1.0.0/24"), ("eth1", "default table 20100")] {
            let known = kernel.observe().unwrap();
            assert!(!kernel.has_news(&known), "before {device}");
            ip(&format!("link set {device} down"));
            ip(&format!("link set {device} up"));
            assert_eq!(ip(&format!("route show {route}")), "", "the kernel has taken it away");
            assert!(kernel.has_news(&known), "{device}");
            reach(&mut kernel, &want);
            assert!(ip(&format!("route show {route}")).contains("proto 201"), "{device}");
        }
    });
}

#[test]
fn a_foreign_route_beside_ours_is_not_replaced() {
    in_namespace(|| {
        make_uplink();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        let mut want = HostState::default();
        want.links.extend((1..3).map(|i| (name(&format!("vgw{i}")), link())));
        let taken = key(RouteKey::MAIN, "10.1.0.0/24");
        want.routes.insert(taken, route(&[("vgw1", None)]));
        reach(&mut kernel, &want);
        // The kernel lets others put theirs before and behind.
        ip("route append 10.1.0.0/24 dev eth1 proto static");
        let replace = Operation::ReplaceRoute(taken, route(&[("vgw1", None), ("vgw2", None)]));
        assert_eq!(apply(&mut kernel, &replace).unwrap_err().errno, libc::EEXIST);
        let shown = ip("route show 10.1.0.0/24");
        assert!(shown.contains("dev vgw1 proto 201") && shown.contains("dev eth1 proto static"), "{shown}");
        ip("route delete 10.1.0.0/24 dev eth1 proto static");
        assert_eq!(apply(&mut kernel, &replace), Ok(Outcome::Done));
    });
}

#[test]
fn what_is_so_already_is_told_from_what_was_done() {
    in_namespace(|| {
        make_uplink();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        reach(&mut kernel, &gateway());
        let way = route(&[("vgw1", None)]);
        let rule = Rule { priority: 20_120, from: "10.1.0.0/24".parse().unwrap(), action: RuleAction::Lookup(TABLE) };
        let address = "fe80::200:5eff:fe00:1ff/64".parse().unwrap();
        let main = key(RouteKey::MAIN, "10.1.0.0/24");
        for again in [
            Operation::AddLink(name("vgw1"), link()),
            Operation::AddAddress(name("vgw1"), address),
            Operation::AddRoute(main, way.clone()),
            Operation::AddRule(rule),
        ] {
            assert_eq!(apply(&mut kernel, &again), Ok(Outcome::AlreadySo), "{again}");
        }
        ip("rule delete pref 20120");
        ip("route delete 10.1.0.0/24");
        ip("address flush dev vgw1");
        for gone in [
            Operation::DeleteRule(rule),
            Operation::DeleteRoute(main, way),
            Operation::DeleteAddress(name("vgw1"), address),
        ] {
            assert_eq!(apply(&mut kernel, &gone), Ok(Outcome::AlreadySo), "{gone}");
        }
        ip("link delete vgw1");
        let down = apply(&mut kernel, &Operation::SetLink(name("vgw1"), link())).unwrap_err();
        assert_eq!(down.errno, libc::ENODEV);
        let outcome = apply(&mut kernel, &Operation::DeleteLinks(vec![name("vgw1")]));
        assert_eq!(outcome, Ok(Outcome::AlreadySo));
    });
}

#[test]
fn a_daemon_repairs_what_others_broke_at_the_next_request() {
    let site = Site::new();
    let daemon = site.start("");
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"]), request("vgw2", NET2, &["10.5.2.0/24"])]));
    let shown = || site.compute.ip("-o link show group 20100") + &site.compute.ip("route show proto 201");
    let flap = "link set vgw1 down; link set vgw1 up";
    for deed in ["link delete vgw1", "route delete 10.5.1.0/24", "link set vgw1 down", flap] {
        deed.split("; ").for_each(|command| _ = site.compute.ip(command));
        assert!(daemon.add(&[request("vgw3", "three", &["10.5.3.0/24"])]));
        let shown = shown();
        assert!(shown.contains("10.5.1.0/24 dev vgw1") && shown.matches(",UP").count() == 3, "{deed}: {shown}");
        assert!(daemon.delete(&["vgw3"]));
    }
    assert!(daemon.status().problems.is_empty());
}

#[test]
fn a_new_way_out_of_the_host_is_opened_at_the_next_request() {
    let site = Site::new();
    let daemon = site.start("");
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
    site.compute.connect("eth2", &site.outside, "eth3");
    site.compute.add_address("eth2", "30.0.0.5/24");
    assert!(daemon.add(&[request("vgw2", NET2, &["10.5.2.0/24"])]));
    let forwarding = site.compute.enter(|| crate::lab::sysctls("net.ipv4.conf.eth2.forwarding"));
    assert_eq!(forwarding.trim(), "1");
}
