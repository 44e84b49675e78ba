//! What stays, what goes, and what is nobody's of ours.

use std::os::fd::OwnedFd;

use rustix::process::Signal;
use vgw::sys::Tap;

use super::manager::Manager;
use super::{Monitor, gateway, index, start};
use crate::lab::{eventually, name};
use crate::site::{Guest, NET1, OUTSIDE, Site};
use crate::traffic::assert_ping;

const KEPT: &str = "vgw1.g.vgw1";

#[test]
fn without_a_service_manager_interface_routes_and_rules_stay() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let config = guest.port("tap0", NET1, "") + &gateway("vgw1");
    let daemon = site.start(&config);
    guest.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    // The order of the kernel's own routes may change with a carrier.
    let ours = || {
        let ours = ["-4 route show table all proto 201", "-6 route show table all proto 201", "-4 rule", "-6 rule"];
        ours.map(|what| site.compute.ip(what)).concat()
    };
    let (before, number) = (ours(), index(&site, "vgw1"));
    assert!(before.contains("192.168.1.0/24 dev vgw1") && before.contains("2001:db8:2::/64 dev vgw1"), "{before}");
    let monitor = Monitor::new(&site);
    daemon.kill();
    assert_eq!(index(&site, "vgw1"), number, "nobody runs");
    assert!(site.compute.ip("route").contains("192.168.1.0/24 dev vgw1"));
    let daemon = site.start(&config);
    assert_eq!(monitor.deleted(), "");
    assert_eq!((ours(), index(&site, "vgw1")), (before, number), "after the next daemon has begun");
    guest.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    daemon.stop();
    assert!(!site.compute.ip("link").contains("vgw1"));
}

#[test]
fn a_stop_leaves_nothing_or_everything() {
    let site = Site::new();
    let before = site.snapshot();
    let keep = gateway("vgw1") + "[host]\non_stop = \"keep\"\n";
    let daemon = site.start(&keep);
    let number = index(&site, "vgw1");
    daemon.signal(Signal::TERM);
    let (status, log) = daemon.wait();
    assert!(status.success() && log.contains("everything is left to the next start"), "{log}");
    assert_eq!(index(&site, "vgw1"), number);
    // The next one removes what it is not asked for any more.
    let daemon = site.start("");
    site.assert_unchanged(&before, "the next one wants nothing");
    daemon.stop();
    site.start(&keep.replace("keep", "remove")).stop();
    site.assert_unchanged(&before, "after a stop that removes");
}

#[test]
fn another_number_of_workers_makes_taps_anew() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let manager = Manager::new(site.folder());
    let config =
        |workers| guest.port("tap0", NET1, "") + &gateway("vgw1") + &format!("[dataplane]\nworkers = {workers}\n");
    let mut last = String::new();
    for workers in [1, 2, 2, 1] {
        let daemon = start(&site, &manager, &config(workers));
        guest.settle();
        eventually("every queue is kept", || manager.names().len() == 2 * workers);
        assert_ping(&guest.namespace, OUTSIDE[0]);
        assert_ping(&site.outside, &guest.addresses()[0]);
        assert!(daemon.status().problems.is_empty());
        let number = index(&site, "vgw1") + &workers.to_string();
        if workers == 2 && last.ends_with('2') {
            assert_eq!(number, last, "the same number of workers");
        }
        last = number;
        daemon.kill();
    }
}

#[test]
fn somebody_elses_descriptor_is_left_alone() {
    let site = Site::new();
    let manager = Manager::new(site.folder());
    // A tap in our group, but not of our making; its holder has it kept under a name of its own.
    let tap = site.compute.enter(|| Tap::create(name("theirs"), 1).unwrap().remove(0));
    site.compute.ip("link set theirs up");
    let before = site.compute.ip("-d link show dev theirs");
    manager.plant("theirs", descriptor(&tap));
    // What no build of ours has handed over, under names that look so.
    manager.plant("vgw1.g.theirs", descriptor(&tap));
    manager.plant("vgw7.what", tempfile::tempfile().unwrap().into());
    manager.plant(KEPT, tempfile::tempfile().unwrap().into());
    let daemon = start(&site, &manager, &gateway("vgw1"));
    manager.expect(&["theirs", KEPT]);
    assert!(daemon.log().contains("not ours"), "{}", daemon.log());
    assert_eq!(site.compute.ip("-d link show dev theirs"), before);
    daemon.stop();
    assert_eq!(site.compute.ip("-d link show dev theirs"), before);
    manager.expect(&["theirs"]);
}

#[test]
fn somebody_elses_taps_in_our_group_are_left_alone() {
    let site = Site::new();
    let make = |named| site.compute.enter(|| Tap::create(name(named), 1).unwrap().remove(0));
    // One that goes with its holder, one that stays after it, and one that waits for its owner.
    let held = [make("passing"), make("lasting")];
    held[1].persist(name("lasting"), true).unwrap();
    site.compute.ip("tuntap add dev owned mode tap user 65534");
    let theirs = ["passing", "lasting", "owned"];
    theirs.iter().for_each(|tap| _ = site.compute.ip(&format!("link set {tap} up group 20100")));
    let shown = || theirs.map(|tap| site.compute.ip(&format!("-d link show dev {tap}")));
    let before = shown();
    let daemon = site.start(&gateway("vgw1"));
    assert_eq!(shown(), before);
    theirs.iter().for_each(|tap| assert!(daemon.log().contains(&format!("interface={tap}")), "{}", daemon.log()));
    // Not even if many of ours go.
    daemon.kill();
    let daemon = site.start(&(1..7).map(many).collect::<String>());
    assert_eq!(shown(), before);
    daemon.stop();
    assert_eq!(shown(), before);
    assert!(!site.compute.ip("link").contains("vgw"));
}

/// One of several gateways.
fn many(number: usize) -> String {
    format!(
        "[[gateway]]\ninterface = \"vgw{number}\"\nrouting_instance = \"{NET1}\"\nsubnets = [\"10.7.{number}.0/24\"]\n"
    )
}

fn descriptor(tap: &Tap) -> OwnedFd {
    std::os::fd::AsFd::as_fd(tap).try_clone_to_owned().unwrap()
}

#[test]
fn a_tap_that_was_deleted_while_nobody_ran_is_made_anew() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let manager = Manager::new(site.folder());
    let config = guest.port("tap0", NET1, "") + &gateway("vgw1");
    let daemon = start(&site, &manager, &config);
    guest.settle();
    let number = index(&site, "vgw1");
    let kept = manager.names();
    assert_eq!(kept.len(), 2, "{kept:?}");
    daemon.kill();
    site.compute.ip("link delete vgw1");
    guest.namespace.ip("link delete eth0");
    let daemon = start(&site, &manager, &config);
    assert_ne!(index(&site, "vgw1"), number);
    guest.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    manager.expect(&kept.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(daemon.status().problems.is_empty());
    daemon.stop();
    manager.expect(&[]);
}

#[test]
fn what_is_kept_of_a_tap_that_somebody_deletes_is_let_go() {
    let site = Site::new();
    let manager = Manager::new(site.folder());
    let daemon = start(&site, &manager, &gateway("vgw1"));
    let (kept, number) = (manager.names(), index(&site, "vgw1"));
    site.compute.ip("link delete vgw1");
    eventually("it is made anew", || {
        site.compute.ip("-br link show").contains("vgw1") && index(&site, "vgw1") != number
    });
    // The next start is given no more queues than the tap has.
    eventually("nothing is wrong", || daemon.status().problems.is_empty());
    manager.expect(&kept.iter().map(String::as_str).collect::<Vec<_>>());
    daemon.stop();
    manager.expect(&[]);
}

#[test]
fn what_is_not_wanted_any_more_goes() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let manager = Manager::new(site.folder());
    let before = site.snapshot();
    let full = guest.port("tap0", NET1, "") + &gateway("vgw1");
    let has_tap = || guest.namespace.ip("link").contains("eth0");
    // Not by the next daemon.
    start(&site, &manager, &full).kill();
    assert!(has_tap(), "kept");
    let daemon = start(&site, &manager, "");
    manager.expect(&[]);
    assert!(!has_tap());
    site.assert_unchanged(&before, "the next one wants nothing");
    // Not in another form: the guest's interface has other addresses now.
    daemon.stop();
    start(&site, &manager, &full).kill();
    let changed = full.replace("192.168.1.10/24", "192.168.1.10/25");
    let daemon = start(&site, &manager, &changed);
    assert!(guest.namespace.ip("address show dev eth0").contains("192.168.1.10/25"));
    assert_eq!(manager.names().len(), 2);
    // Not while it runs.
    std::fs::write(site.folder().join("vgwd.toml"), gateway("vgw1")).unwrap();
    daemon.signal(Signal::HUP);
    manager.expect(&[KEPT]);
    assert!(!has_tap());
    daemon.stop();
    manager.expect(&[]);
    site.assert_unchanged(&before, "after all");
}
