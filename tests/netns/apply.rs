//! Configurations that are compared, applied, confirmed and taken back.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::cli::{must, vgw};
use crate::daemon::request;
use crate::lab::eventually;
use crate::site::{Guest, NET1, OUTSIDE, SUBNETS, Site};
use crate::traffic::assert_ping;

fn gateway(name: &str, instance: &str, subnets: &[&str]) -> String {
    format!("[[gateway]]\ninterface = \"{name}\"\nrouting_instance = \"{instance}\"\nsubnets = {subnets:?}\n")
}

/// A file that is not the daemon's own, for the same host.
fn file(site: &Site, text: &str) -> PathBuf {
    let path = site.folder().join("new.toml");
    let host = format!("[host]\nrt_tables = {:?}\n", site.folder().join("rt_tables.d"));
    fs::write(&path, text.to_owned() + &host).unwrap();
    path
}

#[test]
fn what_is_not_confirmed_is_taken_back() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let port = guest.port("tap0", NET1, "");
    let daemon = site.start(&(port.clone() + &gateway("vgw1", NET1, &SUBNETS)));
    guest.settle();
    let before = site.snapshot();
    // A tap that comes back has another index.
    let but_indices = |snapshot: String| {
        snapshot.lines().filter(|line| !line.contains("ifindex")).map(str::to_owned).collect::<Vec<_>>()
    };
    // It cuts the guest off, and whoever works from there cannot confirm.
    let path = file(&site, &(port + &gateway("vgw2", "other", &["10.77.0.0/24"]))).display().to_string();
    let told = must(site.folder(), &format!("diff {path}"));
    let expected =
        "+ gateway vgw2\n    routing_instance: other\n    subnets: 10.77.0.0/24\n- gateway vgw1\nwhat would be done:\n";
    assert!(told.starts_with(expected), "{told}");
    assert_eq!(must(site.folder(), &format!("apply {path} --dry-run")), told);
    site.assert_unchanged(&before, "after only looking");
    let told = must(site.folder(), &format!("apply {path} --confirm 3s"));
    assert!(told.contains("it is taken back in 3 s unless you say vgw confirm\n"), "{told}");
    assert_eq!(daemon.gateways(), ["vgw2"]);
    let status = must(site.folder(), "status");
    assert!(status.contains("Configuration on trial\n  is taken back in"), "{status}");
    let (code, _, complaint) = vgw(site.folder(), &format!("apply {path}"));
    assert_eq!(code, Some(1));
    assert!(complaint.contains("a configuration is on trial for"), "{complaint}");
    eventually("what stood before is back", || daemon.gateways() == ["vgw1"]);
    for outside in OUTSIDE {
        assert_ping(&guest.namespace, outside);
    }
    assert_eq!(but_indices(site.snapshot()), but_indices(before), "after the trial");
    assert_eq!(vgw(site.folder(), "confirm").0, Some(3), "it is too late");
}

#[test]
fn what_is_confirmed_stays() {
    let site = Site::new();
    let daemon = site.start(&gateway("vgw1", NET1, &SUBNETS));
    let path = file(&site, &gateway("vgw1", NET1, &["192.168.1.0/24"])).display().to_string();
    must(site.folder(), &format!("apply {path} --confirm 2s"));
    assert_eq!(must(site.folder(), "confirm"), "confirmed: the configuration stays\n");
    assert_eq!(daemon.status().trial_ends_in_ms, None);
    assert_eq!(vgw(site.folder(), "rollback").0, Some(3));
    let told = must(site.folder(), &format!("diff {path}"));
    assert_eq!(told, "it defines what stands already\nnothing changes in the host\n");
    // The daemon's own file decides again when it is told to read that.
    daemon.signal(Signal::HUP);
    daemon.wait_for_log("configuration read again and applied");
    assert_eq!(daemon.status().gateways[0].subnets, SUBNETS);
}

#[test]
fn what_a_controller_had_is_the_controllers_again() {
    let site = Site::new();
    let daemon = site.start("");
    assert!(daemon.add(&[request("vgw1", NET1, &SUBNETS), request("vgw3", "third", &["10.3.0.0/24"])]));
    let before = site.snapshot();
    let path = file(&site, &gateway("vgw1", NET1, &["192.168.1.0/24"])).display().to_string();
    must(site.folder(), &format!("apply {path} --confirm 1h"));
    let standing = |name: &str| daemon.status().gateways.iter().find(|of| of.interface_name == name).unwrap().is_static;
    assert!(standing("vgw1") && !standing("vgw3"));
    assert_eq!(must(site.folder(), "rollback"), "taken back: what stood before is back\n");
    assert!(!standing("vgw1"));
    site.assert_unchanged(&before, "after the trial");
    assert!(daemon.delete(&["vgw1", "vgw3"]));
}

#[test]
fn a_bad_file_is_refused_before_anything() {
    let site = Site::new();
    let daemon = site.start("");
    assert!(daemon.add(&[request("vgw1", NET1, &SUBNETS)]));
    let before = site.snapshot();
    let path = file(&site, "[[gateway]]\ninterface = \"a/b\"\n").display().to_string();
    for words in ["check", "diff", "apply"] {
        let (code, printed, complaint) = vgw(site.folder(), &format!("{words} {path}"));
        assert_eq!((code, printed.as_str()), (Some(78), ""), "{words}");
        assert!(complaint.contains(&format!("{path}:2: gateway.interface: ")), "{complaint}");
    }
    // Good by itself, but not beside what the controller has.
    let path = file(&site, &gateway("vgw2", "other", &["192.168.1.0/25"])).display().to_string();
    assert_eq!(must(site.folder(), &format!("check {path}")), format!("good ({path}): 1 gateway\n"));
    for words in ["diff", "apply", "apply --confirm 5s"] {
        let (code, _, complaint) = vgw(site.folder(), &format!("{words} {path}"));
        assert_eq!(code, Some(1), "{words}");
        let expected = format!("{path}:4: gateway.subnets: subnet 192.168.1.0/25 overlaps 192.168.1.0/24");
        assert!(complaint.contains(&expected), "{complaint}");
    }
    site.assert_unchanged(&before, "after the refusals");
    assert_eq!(daemon.status().trial_ends_in_ms, None);
}

#[test]
fn what_cannot_come_back_is_told_and_tried_again() {
    let site = Site::new();
    let daemon = site.start(&gateway("vgw1", NET1, &["192.168.1.0/24"]));
    let path = file(&site, "").display().to_string();
    must(site.folder(), &format!("apply {path} --confirm 1s"));
    // It takes the place of what is to come back.
    assert!(daemon.add(&[request("vgw5", "other", &["192.168.1.128/25"])]));
    eventually("it is told", || must(site.folder(), "status").contains("cannot come back"));
    let (code, _, complaint) = vgw(site.folder(), "rollback");
    assert_eq!(code, Some(1), "{complaint}");
    assert!(daemon.delete(&["vgw5"]));
    must(site.folder(), "rollback");
    assert_eq!(daemon.gateways(), ["vgw1"]);
}
