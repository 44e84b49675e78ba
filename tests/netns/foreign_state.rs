//! Objects of other programs that look like ours stay as they are, byte for byte.

use vgw::host::{HostState, Kernel, RouteKey, diff};

use crate::host_state::{gateway, key, make_uplink};
use crate::lab::{apply, assert_unchanged, in_namespace, ip, kernel, make_pair, name, reach, snapshot};

/// Plants what differs from ours in one point only.
fn plant_look_alikes() {
    make_uplink();
    plant_beside_uplink();
}

/// As [`plant_look_alikes`], where there is an uplink `eth1` already.
pub(crate) fn plant_beside_uplink() {
    make_pair("eth2", "far2");
    ip("address add 30.0.0.5/24 dev eth2");
    // Taps with names like ours, one of them in the group beside ours.
    ip("tuntap add mode tap name vgw9");
    ip("link set vgw9 up");
    ip("tuntap add mode tap name vgw8 multi_queue vnet_hdr");
    ip("link set vgw8 group 20101");
    // No tap, but in our group.
    ip("link add veth9 type veth peer name veth8");
    ip("link set veth9 group 20100");
    // Our protocol number: in main over a foreign device, in a foreign table, and over a foreign tap.
    ip("route add 10.9.0.0/24 dev eth2 proto 201");
    ip("route add 10.1.0.0/24 dev eth2 proto 201 table 300");
    ip("route add 10.8.0.0/24 dev vgw9 proto 201");
    ip("-6 route add 2001:db8:9::/64 dev eth2 proto 201");
    // Our table, another protocol; our subnets with another metric or type of service.
    ip("route add 10.7.0.0/24 dev eth2 proto 202 table 20100");
    ip("route add 10.1.0.0/24 dev eth2 metric 50");
    ip("route add 10.1.0.0/24 dev eth2 proto 201 metric 60");
    ip("route add 10.1.0.0/24 dev eth2 proto 201 tos 0x10");
    ip("-6 route add 2001:db8:1::/64 dev eth2 metric 50");
    ip("route add blackhole 10.6.0.0/24 proto 201");
    // Our priorities with another protocol; our protocol with other priorities or other selectors.
    ip("rule add from 10.1.0.0/24 lookup 20100 pref 20120 protocol 202");
    ip("rule add from 10.1.0.0/24 lookup 20100 pref 20120");
    ip("rule add from 10.1.0.0/24 lookup 20100 pref 30000 protocol 201");
    ip("rule add from 10.5.0.0/24 iif eth2 lookup 20100 pref 20120 protocol 201");
    ip("rule add from 10.5.0.0/24 fwmark 7 lookup 300 pref 20121 protocol 201");
    ip("-6 rule add from 2001:db8:1::/64 lookup 20100 pref 20121 protocol 202");
}

#[test]
fn look_alikes_survive_a_full_cycle() {
    in_namespace(|| {
        plant_look_alikes();
        let before = snapshot();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        assert_eq!(kernel.observe().unwrap().ours, HostState::default(), "nothing of it is ours");
        let mut want = gateway();
        // More than one link, so that they are deleted by group.
        want.links.extend((2..5).map(|i| (name(&format!("vgw{i}")), crate::host_state::link())));
        reach(&mut kernel, &want);
        reach(&mut kernel, &HostState::default());
        assert_unchanged(&before, "after all is deleted");
    });
}

#[test]
fn look_alikes_survive_a_killed_daemon() {
    in_namespace(|| {
        plant_look_alikes();
        let before = snapshot();
        let state = tempfile::tempdir().unwrap();
        reach(&mut kernel(&state), &gateway());
        reach(&mut kernel(&state), &HostState::default());
        assert_unchanged(&before, "after all is deleted");
    });
}

#[test]
fn a_rule_is_not_deleted_in_place_of_ours() {
    in_namespace(|| {
        make_uplink();
        // The kernel would take this one for ours, as a request cannot say "without iif".
        ip("rule add from 10.1.0.0/24 iif eth1 lookup 20100 pref 20120 protocol 201");
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        reach(&mut kernel, &gateway());
        let mut refused = Vec::new();
        for operation in diff(&HostState::default(), &kernel.observe().unwrap()) {
            refused.extend(apply(&mut kernel, &operation).err());
        }
        let refused: Vec<_> = refused.iter().map(|error| error.operation.as_str()).collect();
        assert_eq!(refused, ["rule delete from 10.1.0.0/24 lookup 20100 pref 20120"]);
        assert!(ip("rule").contains("iif eth1"));
    });
}

#[test]
fn what_is_foreign_is_told() {
    in_namespace(|| {
        plant_look_alikes();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        let seen = kernel.observe().unwrap();
        for link in ["lo", "eth1", "eth2", "vgw8", "vgw9", "veth9"] {
            assert!(seen.foreign_links.contains_key(&name(link)), "{link}");
        }
        let metric = RouteKey { metric: 50, ..key(RouteKey::MAIN, "10.1.0.0/24") };
        for key in [metric, key(20_100, "10.7.0.0/24"), key(RouteKey::MAIN, "10.6.0.0/24")] {
            assert!(seen.foreign_routes.contains(&key), "{key}");
        }
        assert!(seen.foreign_tables.contains(&300));
        assert!(!seen.foreign_tables.contains(&20_100), "a table of our block");
        kernel.claim_tables([300].into());
        let seen = kernel.observe().unwrap();
        assert!(seen.ours.routes.contains_key(&key(300, "10.1.0.0/24")), "marked, in a table that is ours now");
        assert!(!seen.foreign_tables.contains(&300));
    });
}
