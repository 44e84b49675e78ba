//! What waits while no daemon runs is forwarded by the next one.

use rustix::process::Signal;

use super::load::Load;
use super::manager::Manager;
use super::{GIVE, Monitor, gateway, other_build, start, start_by};
use crate::daemon::Daemon;
use crate::lab::{eventually, make_pair};
use crate::site::{GATEWAYS, Guest, NET1, OUTSIDE, Site, port};
use crate::traffic::assert_ping;

/// A daemon that is killed may have a batch in hand: the worker's `BATCH_PACKETS`, from either side.
const IN_HAND: usize = 64;

/// Sent while nobody runs: 300 ms at 20,000 packets a second.
const WAITING: u32 = 6000;
const PACE: u32 = 20;

const LONG_QUEUES: &str = "[dataplane]\nqueue_length = 10000\n";

/// Both directions of a guest's traffic.
fn both_ways(site: &Site, guest: &Guest) -> [Load; 2] {
    let [address, _] = guest.addresses();
    [Load::new(&site.outside, &guest.namespace, &address), Load::new(&guest.namespace, &site.outside, OUTSIDE[0])]
}

/// One daemon ends under load and another begins; which datagrams were lost of those that were sent before
/// nobody ran.
fn change_over<'a>(
    loads: &mut [Load],
    end: impl FnOnce(),
    begin: impl FnOnce() -> Daemon<'a>,
) -> (Daemon<'a>, Vec<Vec<u32>>) {
    loads.iter().for_each(|load| load.begin(3000, PACE));
    eventually("the load runs", || loads.iter().all(|load| load.sent() > 1000));
    end();
    loads.iter().for_each(Load::all_sent);
    let waiting: Vec<u32> = loads.iter().map(Load::sent).collect();
    loads.iter().for_each(|load| load.begin(WAITING, PACE));
    loads.iter().for_each(Load::all_sent);
    loads.iter().zip(&waiting).for_each(|(load, before)| assert_eq!(load.sent(), before + WAITING));
    // Some more comes while it starts.
    loads.iter().for_each(|load| load.begin(500, 1));
    let daemon = begin();
    loads.iter().for_each(Load::all_sent);
    loads.iter().for_each(|load| load.begin(500, 5));
    loads.iter().for_each(Load::all_sent);
    let missing = loads.iter_mut().zip(waiting).map(|(load, from)| load.missing_before(from)).collect();
    (daemon, missing)
}

/// Datagrams have gone both ways: every neighbour is known.
fn acquaint(site: &Site, guest: &Guest) {
    guest.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    assert_ping(&site.outside, &guest.addresses()[0]);
}

#[test]
fn a_killed_daemon_loses_what_it_has_in_hand_and_nothing_else() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let manager = Manager::new(site.folder());
    let config = guest.port("tap0", NET1, "") + &gateway("vgw1") + LONG_QUEUES;
    let daemon = start(&site, &manager, &config);
    acquaint(&site, &guest);
    let before = site.snapshot();
    let monitor = Monitor::new(&site);
    let mut loads = both_ways(&site, &guest);
    let (daemon, missing) = change_over(&mut loads, || daemon.kill(), || start(&site, &manager, &config));
    for lost in missing {
        assert!(lost.len() <= IN_HAND, "{lost:?}");
    }
    assert_eq!(monitor.deleted(), "");
    site.assert_unchanged(&before, "after the next daemon has begun");
    daemon.assert_accounted();
    assert!(daemon.status().problems.is_empty());
}

#[test]
fn a_daemon_that_makes_way_for_another_build_loses_nothing() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let manager = Manager::new(site.folder());
    let config = guest.port("tap0", NET1, "") + &gateway("vgw1") + LONG_QUEUES;
    let mut daemon = start(&site, &manager, &config);
    acquaint(&site, &guest);
    let before = site.snapshot();
    let monitor = Monitor::new(&site);
    let mut loads = both_ways(&site, &guest);
    let other = other_build(site.folder());
    // To the other build and back.
    for wrapper in [["sh", "-c", &other, "sh"], GIVE] {
        let end = || {
            daemon.signal(Signal::USR1);
            let (status, log) = daemon.wait();
            assert_eq!(status.code(), Some(75), "{log}");
            assert!(log.contains("everything is left to the next start"), "{log}");
        };
        let (next, missing) = change_over(&mut loads, end, || start_by(&site, &manager, &config, &wrapper));
        assert_eq!(missing, [[0; 0]; 2]);
        daemon = next;
    }
    assert_eq!(monitor.deleted(), "");
    site.assert_unchanged(&before, "after two changes");
    daemon.stop();
    manager.expect(&[]);
}

#[test]
fn what_waits_for_a_guest_is_sent_once_the_guest_has_said_who_it_is() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let manager = Manager::new(site.folder());
    // A hypervisor's interface: its guest's MAC is learned.
    site.compute.enter(|| make_pair("vnet7", "behind7"));
    site.compute.ip(&format!("link set behind7 netns {}", guest.namespace.path()));
    guest.namespace.ip("link set behind7 up");
    guest.namespace.add_address("behind7", "192.168.1.10/24");
    guest.namespace.ip(&format!("route add default via {}", GATEWAYS[0]));
    let attached = port("vnet7", NET1, &["192.168.1.10"], "attach = true");
    let config = attached + &gateway("vgw1") + LONG_QUEUES;
    let daemon = start(&site, &manager, &config);
    assert_ping(&site.outside, "192.168.1.10");
    let mut loads = [Load::new(&site.outside, &guest.namespace, "192.168.1.10")];
    let (daemon, missing) = change_over(&mut loads, || daemon.kill(), || start(&site, &manager, &config));
    assert!(missing[0].len() <= IN_HAND, "{missing:?}");
    assert_eq!(daemon.dropped("vgw1", "NEIGH_QUEUEFULL"), 0);
}
