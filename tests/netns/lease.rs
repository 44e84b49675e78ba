//! What the daemon makes of recorded leases: bad ones, ones that the kernel refuses, and many at once.

use std::fs;
use std::path::Path;
use std::thread::Builder;

use rustix::process::Signal;
use vgw::api::generated::virtual_gateway::{TVirtualGatewaySyncClient, UplinkState};

use crate::cli::{must, vgw};
use crate::daemon::Daemon;
use crate::lab::eventually;
use crate::site::{OUTSIDE, Site};

/// Uplinks for what is leased on `eth1`, `eth2` and so on: `up1`, `up2`.
fn uplinks(count: usize) -> String {
    (1..=count).map(|n| format!("[[uplink]]\nname = \"up{n}\"\ndevice = \"eth{n}\"\nlease = \"ipv4\"\n")).collect()
}

fn uplink(daemon: &Daemon<'_>, name: &str) -> UplinkState {
    daemon.status().uplinks.into_iter().find(|uplink| uplink.name == name).unwrap()
}

fn address(daemon: &Daemon<'_>, name: &str) -> Option<String> {
    uplink(daemon, name).address
}

fn record(folder: &Path, name: &str, text: &str) {
    fs::create_dir_all(folder.join("leases")).unwrap();
    fs::write(folder.join("leases").join(name), text).unwrap();
}

/// Fails unless the uplink's table leads nowhere: nothing of the device is in it, and no rule leads there.
fn assert_leads_nowhere(site: &Site, table: &str) {
    let shown = site.compute.ip(&format!("route show table {table}"));
    assert!(!shown.contains("via") && shown.contains("unreachable default"), "{shown}");
    let rules = site.compute.ip("rule");
    assert!(!rules.contains(&format!("lookup {table}")), "{rules}");
}

const LEASE: &str = "uplink lease eth1 --address 10.1.1.254/24 --via 10.1.1.253";

#[test]
fn a_file_that_cannot_be_read_is_named_and_the_rest_is_read() {
    let site = Site::new();
    let bad = "address=20.0.0.5/24\nvia=20.0.0.\n";
    record(site.folder(), "eth2.ipv4", bad);
    record(site.folder(), "eth1.ipv4", "address=10.1.1.254/24\nvia=10.1.1.253\n");
    let daemon = site.start(&uplinks(2));
    let named = |daemon: &Daemon<'_>| {
        let problems = daemon.status().problems;
        problems.iter().filter(|it| it.contains("leases/eth2.ipv4: via: '20.0.0.' is not an IPv4")).count()
    };
    assert_eq!((named(&daemon), address(&daemon, "up1").as_deref()), (1, Some("10.1.1.254/24")));
    assert!(daemon.log().contains("leases/eth2.ipv4: via: "), "{}", daemon.log());
    // Half of a lease: the writer was not atomic, or the disk is full.
    record(site.folder(), "eth1.ipv4", "address=10.1.1.254/24\nvia=10.1.1.25");
    daemon.signal(Signal::HUP);
    daemon.wait_for_log("leases/eth1.ipv4: end of file");
    eventually("the uplink has lost its lease", || address(&daemon, "up1").is_none());
    assert_leads_nowhere(&site, "20100");
    // A hook runs again.
    assert_eq!(must(site.folder(), LEASE), "lease eth1.ipv4 added\n");
    assert_eq!(named(&daemon), 1);
    assert_eq!(daemon.log().matches("leases/eth2.ipv4: via: ").count(), 1, "told once");
    must(site.folder(), "uplink release eth2");
    assert_eq!(named(&daemon), 0);
    assert_eq!(address(&daemon, "up1").as_deref(), Some("10.1.1.254/24"));
}

#[test]
fn what_the_kernel_refuses_leads_nowhere_until_it_does_not() {
    let site = Site::new();
    let daemon = site.start(&uplinks(1));
    must(site.folder(), LEASE);
    for (refused, blamed) in [
        ("uplink lease eth1 --address 10.1.1.77/24 --via 10.1.1.253", "src 10.1.1.77"),
        ("uplink lease eth1 --address 10.1.1.254/24 --via 99.0.0.1", "via 99.0.0.1"),
    ] {
        let (code, _, complaint) = vgw(site.folder(), refused);
        assert!(code == Some(1) && complaint.contains(blamed), "{code:?} {complaint}");
        assert_leads_nowhere(&site, "20100");
        let problems = daemon.status().problems;
        assert!(problems.iter().any(|problem| problem.contains(blamed)), "{problems:?}");
    }
    // The lease is known all the same, and followed as soon as that can be done, without another word.
    let (code, ..) = vgw(site.folder(), "uplink lease eth1 --address 10.1.1.77/24 --via 10.1.1.253");
    assert_eq!(code, Some(1));
    site.compute.add_address("eth1", "10.1.1.77/24");
    eventually("the lease is followed", || daemon.status().problems.is_empty());
    assert!(must(site.folder(), "host diff").starts_with("nothing to do"));
    let table = site.compute.ip("route show table 20100");
    assert!(table.contains("default via 10.1.1.253 dev eth1 proto 201 src 10.1.1.77"), "{table}");
}

#[test]
fn what_a_killed_daemon_left_of_a_lease_goes_though_the_next_is_refused() {
    let site = Site::new();
    let daemon = site.start(&uplinks(1));
    must(site.folder(), LEASE);
    daemon.kill();
    must(site.folder(), "uplink lease eth1 --address 10.1.1.77/24 --via 10.1.1.253");
    let daemon = site.start(&uplinks(1));
    assert_leads_nowhere(&site, "20100");
    assert!(!daemon.status().problems.is_empty());
    site.compute.add_address("eth1", "10.1.1.77/24");
    eventually("the lease is followed", || daemon.status().problems.is_empty());
}

#[test]
fn a_lease_that_no_uplink_waits_for_is_kept_in_mind() {
    let site = Site::new();
    let daemon = site.start("");
    let before = site.snapshot();
    assert_eq!(must(site.folder(), LEASE), "lease eth1.ipv4 added\n");
    assert_eq!(must(site.folder(), LEASE), "lease eth1.ipv4 unchanged\n");
    site.assert_unchanged(&before, "a lease alone changes nothing");
    let foretold = must(site.folder(), "uplink add up1 --device eth1 --lease ipv4 --dry-run");
    assert!(foretold.contains(&format!("0.0.0.0/0 via {}", OUTSIDE[0])), "{foretold}");
    must(site.folder(), "uplink add up1 --device eth1 --lease ipv4");
    assert_eq!(address(&daemon, "up1").as_deref(), Some("10.1.1.254/24"));
    // From a leased address to a fixed one and back.
    must(site.folder(), "uplink add up1 --device eth1 --address 10.1.1.254/24 --via 10.1.1.253");
    assert_eq!(must(site.folder(), "uplink release eth1 --family ipv4"), "lease eth1.ipv4 deleted\n");
    assert_eq!((uplink(&daemon, "up1").lease, address(&daemon, "up1").is_some()), (None, true));
    must(site.folder(), "uplink add up1 --device eth1 --lease ipv4");
    assert_eq!(address(&daemon, "up1"), None);
    must(site.folder(), "uplink delete up1");
    site.assert_unchanged(&before, "after all is deleted");
}

#[test]
fn a_hook_needs_no_daemon() {
    let site = Site::new();
    let recorded = must(site.folder(), LEASE);
    assert!(recorded.starts_with("lease eth1.ipv4 recorded"), "{recorded}");
    let left: Vec<_> = fs::read_dir(site.folder().join("leases")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let (code, _, complaint) = vgw(site.folder(), "uplink lease eth1 --address 10.1.1.254/24 --via fe80::1");
    assert_eq!((code, complaint.as_str()), (Some(2), "vgw: fe80::1 is no ipv4 address\n"));
    let daemon = site.start(&uplinks(1));
    assert_eq!(address(&daemon, "up1").as_deref(), Some("10.1.1.254/24"), "what makes no sense is not recorded");
}

#[test]
fn leases_come_and_go_while_the_daemon_does() {
    const DEVICES: usize = 4;
    let site = Site::new();
    for n in 2..=DEVICES {
        site.compute.connect(&format!("eth{n}"), &site.outside, &format!("far{n}"));
        site.compute.add_address(&format!("eth{n}"), &format!("20.0.{n}.5/24"));
    }
    let folder = site.folder().to_owned();
    let hooks = (2..=DEVICES).map(|n| {
        let folder = folder.clone();
        let calls = move || {
            let lease = |router: usize| format!("uplink lease eth{n} --address 20.0.{n}.5/24 --via 20.0.{n}.{router}");
            for round in 0..40 {
                // A daemon that is ending may say so; what is recorded is what counts.
                vgw(&folder, &lease(6 + round % 3));
                vgw(&folder, &format!("uplink release eth{n}"));
            }
            // Two in the same moment.
            let other = Builder::new().name("other hook".to_owned());
            let (there, words) = (folder.clone(), lease(100));
            let other = other.spawn(move || vgw(&there, &words)).unwrap();
            vgw(&folder, &lease(101));
            other.join().unwrap();
        };
        Builder::new().name(format!("hook {n}")).spawn(calls).unwrap()
    });
    let hooks: Vec<_> = hooks.collect();
    let mut daemon = site.start(&uplinks(DEVICES));
    let mut restarts = 0;
    while hooks.iter().any(|hook| !hook.is_finished()) {
        if restarts % 2 == 0 {
            daemon.kill();
        } else {
            daemon.stop();
        }
        restarts += 1;
        daemon = site.start(&uplinks(DEVICES));
    }
    hooks.into_iter().for_each(|hook| hook.join().unwrap());
    for n in 2..=DEVICES {
        let recorded = fs::read_to_string(folder.join(format!("leases/eth{n}.ipv4"))).unwrap();
        let uplink = uplink(&daemon, &format!("up{n}"));
        let known = format!("address={}\nvia={}\n", uplink.address.unwrap(), uplink.via.unwrap());
        assert_eq!(known, recorded, "after {restarts} restarts");
    }
    assert_eq!(fs::read_dir(folder.join("leases")).unwrap().count(), DEVICES - 1, "nothing half-written is left");
    assert_eq!(daemon.status().problems, ["uplink up1 leads nowhere: eth1 has no ipv4 lease"]);
    assert!(must(&folder, "host diff").starts_with("nothing to do"));
    assert!(daemon.call(|daemon| daemon.list_uplinks()).is_ok());
}

#[test]
fn what_is_masqueraded_takes_the_leased_address() {
    let site = Site::new();
    site.compute.add_address("eth1", "10.1.1.77/24");
    let daemon = site.start(&uplinks(1));
    must(site.folder(), "gateway add vgw1 --instance a --subnet 192.168.9.0/24 --uplink up1 --masquerade");
    for (given, own, other) in [("254", "10.1.1.254", "10.1.1.77"), ("77", "10.1.1.77", "10.1.1.254")] {
        must(site.folder(), &format!("uplink lease eth1 --address 10.1.1.{given}/24 --via 10.1.1.253"));
        let (_, filter) = site.compute.run("nft list table inet vgw");
        assert!(filter.contains(own) && !filter.contains(other), "{filter}");
        assert!(must(site.folder(), "host diff").starts_with("nothing to do"));
        assert_eq!(daemon.status().problems, [""; 0]);
    }
    must(site.folder(), "uplink release eth1");
    let (_, filter) = site.compute.run("nft list table inet vgw");
    assert!(!filter.contains("10.1.1."), "{filter}");
}
