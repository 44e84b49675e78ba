//! Start, stop and what is left on the host after either.

use std::thread::{self, Builder};

use rustix::process::Signal;

use crate::daemon::{Daemon, request};
use crate::foreign_state::plant_beside_uplink;
use crate::lab::eventually;
use crate::site::{Guest, NET1, OUTSIDE, Site};
use crate::sniffer::Sniffer;
use crate::traffic::{assert_ping, assert_tcp, send};

const UPLINK: &str =
    "[[uplink]]\nname = \"up\"\ndevice = \"eth1\"\naddress = \"10.1.1.254/24\"\nvia = \"10.1.1.253\"\n";

const ADOPTED: &str = "[[gateway]]\ninterface = \"vgw5\"\nrouting_instance = \"other\"\nsubnets = [\"10.55.0.0/24\"]\n\
                       uplink = \"up\"\n";

/// A persistent tap that will be adopted.
fn make_tap(site: &Site, name: &str) {
    site.compute.ip(&format!("tuntap add dev {name} mode tap"));
    site.compute.ip(&format!("link set {name} address 02:00:00:00:00:05 mtu 1400"));
}

/// A site with foreign objects that look like ours.
fn crowded() -> Site {
    let site = Site::new();
    site.compute.enter(plant_beside_uplink);
    make_tap(&site, "vgw5");
    site
}

#[test]
fn a_daemon_that_is_stopped_leaves_nothing() {
    let (site, guest) = (crowded(), Guest::new(10));
    let before = site.snapshot();
    for signal in [Signal::TERM, Signal::INT] {
        let daemon = site.start_with_gateway(&(guest.port("tap0", NET1, "") + UPLINK + ADOPTED));
        guest.settle();
        assert_ping(&guest.namespace, OUTSIDE[0]);
        assert!(site.compute.ip("rule").contains("from 10.55.0.0/24 lookup"));
        daemon.signal(signal);
        let (status, log) = daemon.wait();
        assert!(status.success(), "{log}");
        site.assert_unchanged(&before, "after the daemon has stopped");
        assert!(!guest.namespace.ip("link").contains("eth0"), "the guest's tap is gone");
    }
    assert!(!site.folder().join("vgwd.sock").exists());
}

#[test]
fn a_killed_daemons_leftovers_are_cleared_by_the_next() {
    let (site, guest) = (crowded(), Guest::new(10));
    let before = site.snapshot();
    let daemon = site.start_with_gateway(&(guest.port("tap0", NET1, "") + UPLINK + ADOPTED));
    guest.settle();
    let traffic = Sniffer::new(&site.outside);
    thread::scope(|scope| {
        let load = || {
            while daemon.is_running() {
                send(&guest.namespace, OUTSIDE[0], b"under load", 100);
            }
        };
        Builder::new().spawn_scoped(scope, load).unwrap();
        eventually("the traffic flows", || traffic.count(b"under load") > 1000);
        daemon.signal(Signal::KILL);
    });
    daemon.wait();
    let left = site.compute.ip("rule") + &site.compute.ip("route show table all");
    assert!(left.contains("from 10.55.0.0/24 lookup") && left.contains("table 20100"), "{left}");
    assert_eq!(site.compute.enter(|| crate::lab::sysctls("net.ipv4.conf.eth1.forwarding")).trim(), "1");

    site.forget();
    let daemon = site.start("");
    site.assert_unchanged(&before, "the next daemon wants nothing");
    assert!(daemon.status().problems.is_empty());
    daemon.stop();
    site.assert_unchanged(&before, "after it has stopped");
}

#[test]
fn a_daemon_takes_over_where_a_killed_one_ended() {
    let (site, guest) = (Site::new(), Guest::new(10));
    make_tap(&site, "vgw5");
    let before = site.snapshot();
    let config = guest.port("tap0", NET1, "") + UPLINK + ADOPTED;
    for _ in 0..3 {
        let daemon = site.start_with_gateway(&config);
        guest.settle();
        for outside in OUTSIDE {
            assert_tcp(&guest.namespace, &site.outside, outside, 1 << 20);
        }
        assert!(daemon.status().problems.is_empty());
        daemon.kill();
    }
    site.start(&config).stop();
    site.assert_unchanged(&before, "after one has stopped in order");
}

#[test]
fn a_persistent_tap_is_adopted_and_given_back() {
    let (site, guest) = (Site::new(), Guest::new(10));
    make_tap(&site, "vgw1");
    let before = site.snapshot();
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    let link = site.compute.ip("link show dev vgw1");
    assert!(link.contains("00:00:5e:00:01:00") && link.contains("mtu 1500"), "{link}");
    for outside in OUTSIDE {
        assert_ping(&guest.namespace, outside);
        assert_tcp(&guest.namespace, &site.outside, outside, 8 << 20);
    }
    daemon.assert_accounted();
    assert!(daemon.delete(&["vgw1"]));
    site.assert_unchanged(&before, "after its gateway is deleted");
}

#[test]
fn two_daemons_do_not_share_a_state_directory() {
    let site = Site::new();
    let first = site.start("");
    let second = Daemon::launch(&site.compute, site.folder(), "", &[], &["--thrift-listen", "none"]);
    let (status, log) = second.wait();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("another vgwd uses the state directory"), "{log}");
    assert!(first.status().problems.is_empty(), "its socket is still there");
}

#[test]
fn two_daemons_do_not_share_a_namespace() {
    let site = Site::new();
    let first = site.start("");
    assert!(first.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
    let folder = tempfile::tempdir().unwrap();
    let second = Daemon::launch(&site.compute, folder.path(), "", &[], &["--thrift-listen", "none"]);
    let (status, log) = second.wait();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("another vgwd manages this network namespace"), "{log}");
    assert!(site.compute.ip("route").contains("10.5.1.0/24 dev vgw1"));
}
