//! What calls have added comes back with the daemon.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;

use rustix::process::Signal;
use vgw::api::generated::instance_service::TInstanceServiceSyncClient;
use vgw::api::generated::virtual_gateway::{AuditState, Status};

use crate::cli::must;
use crate::daemon::{Daemon, request};
use crate::lab::{eventually, sysctls};
use crate::site::{Guest, NET1, NET2, OUTSIDE, SUBNETS, Site};
use crate::traffic::assert_ping;

/// A gateway by an uplink, a guest, a route and a network, each added by a call.
fn furnish(site: &Site, guest: &Guest) {
    let [v4, v6] = guest.addresses();
    let netns = guest.namespace.path();
    for words in [
        "uplink add up --device eth1 --address 10.1.1.254/24 --via 10.1.1.253".to_owned(),
        format!("gateway add vgw1 --instance {NET1} --subnet {} --subnet {} --weight 3", SUBNETS[0], SUBNETS[1]),
        format!("gateway add vgw2 --instance {NET2} --subnet 10.5.2.0/24 --uplink up"),
        format!(
            "port add tap0 --instance {NET1} --address {v4}/32 --address {v6}/128 --netns {netns} --name eth0 \
             --guest-address {v4}/24 --guest-address {v6}/64 --gateway 192.168.1.1 --gateway 2001:db8:2::1"
        ),
        format!("route add --instance {NET1} 172.16.0.0/12 --discard"),
        format!("network add 20202020-2020-2020-2020-202020202020 --instance {NET1} --gateway 192.168.1.1"),
    ] {
        must(site.folder(), &words);
    }
}

/// What there is, without what changes by itself.
fn told(daemon: &Daemon<'_>) -> Vec<String> {
    let Status { gateways, ports, uplinks, .. } = daemon.status();
    let mut lines: Vec<String> = Vec::new();
    lines.extend(gateways.iter().map(|it| format!("{} {:?} {:?}", it.interface_name, it.subnets, it.uplink)));
    lines.extend(ports.iter().map(|it| format!("{} {:?} {:?}", it.name, it.addresses, it.compute_id)));
    lines.extend(uplinks.iter().map(|it| format!("{} {:?} {}", it.name, it.address, it.table)));
    lines
}

#[test]
fn what_calls_have_added_comes_back_after_a_kill_and_after_a_stop() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start("");
    furnish(&site, &guest);
    guest.settle();
    let before = told(&daemon);
    let (routes, rules) = (site.compute.ip("route"), site.compute.ip("rule"));
    daemon.kill();
    for is_killed in [false, true] {
        let daemon = site.start("");
        guest.settle();
        assert_eq!(told(&daemon), before);
        assert_eq!((site.compute.ip("route"), site.compute.ip("rule")), (routes.clone(), rules.clone()));
        OUTSIDE.iter().for_each(|outside| assert_ping(&guest.namespace, outside));
        let shown = must(site.folder(), &format!("route list --instance {NET1}"));
        assert!(shown.contains("172.16.0.0/12"), "{shown}");
        let shown = must(site.folder(), "network list");
        assert!(shown.contains("20202020-2020"), "{shown}");
        assert!(daemon.status().problems.is_empty(), "{:?}", daemon.status().problems);
        if is_killed { daemon.kill() } else { daemon.stop() }
    }
    // What is deleted does not come back, nor does what is forgotten.
    let daemon = site.start("");
    must(site.folder(), "gateway delete vgw2");
    daemon.kill();
    let daemon = site.start("");
    assert_eq!(daemon.gateways(), ["vgw1"]);
    daemon.stop();
    site.forget();
    let daemon = site.start("");
    assert_eq!(told(&daemon), [""; 0]);
}

#[test]
fn a_window_goes_on_where_the_killed_daemon_left_it() {
    let site = Site::new();
    let daemon = site.start("");
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"]), request("vgw2", NET2, &["10.5.2.0/24"])]));
    assert!(daemon.controller().audit_timer_for_virtual_gateway(3_600_000).unwrap());
    assert!(daemon.controller().connect_for_virtual_gateway().unwrap());
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
    let before = daemon.status().audit;
    daemon.kill();
    let daemon = site.start("");
    let after = daemon.status().audit;
    assert_eq!((after.version, after.timeout_ms), (before.version, before.timeout_ms));
    assert_eq!(after.running[0].gateways, ["vgw2"]);
    let rest = |audit: &AuditState| audit.running[0].remaining_ms;
    assert!(rest(&after) < rest(&before), "{after:?} {before:?}");

    // The controller comes back as after any loss of its connection.
    assert!(daemon.controller().audit_timer_for_virtual_gateway(1000).unwrap());
    assert!(daemon.controller().connect_for_virtual_gateway().unwrap());
    assert!(daemon.add(&[request("vgw2", NET2, &["10.5.2.0/24"])]));
    eventually("what was not added again goes", || daemon.gateways() == ["vgw2"]);
    daemon.kill();
    let daemon = site.start("");
    assert_eq!(daemon.gateways(), ["vgw2"]);
    assert_eq!(daemon.status().audit.version, before.version + 1);
}

#[test]
fn a_file_that_cannot_be_read_is_kept_and_named() {
    let site = Site::new();
    let newer = "{\"format\":\"vgw.dynamic/2\",\"build\":\"9.0.0\",\"boot\":\"b\"}\n[{\"planet\":\"mars\"}]\n";
    let aside = |number: usize| site.folder().join(format!("state/dynamic.jsonl.aside-{number}"));
    site.start("").stop();
    let good = fs::read_to_string(site.dynamic()).unwrap();
    for (number, (text, why)) in (1..).zip([
        ("garbage", "it is none of vgwd's"),
        ("", "it is none of vgwd's"),
        (newer, "it has version 2 of the format"),
        (&format!("{good}{{\n[]\n"), "line 4: "),
    ]) {
        fs::write(site.dynamic(), text).unwrap();
        let daemon = site.start("");
        let shown = must(site.folder(), "status");
        assert!(shown.contains(why) && shown.contains("VGW-STATE-ASIDE"), "{shown}");
        assert_eq!(fs::read_to_string(aside(number)).unwrap(), text);
        // All goes on.
        assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
        daemon.kill();
        let daemon = site.start("");
        assert_eq!(daemon.gateways(), ["vgw1"]);
        assert!(daemon.status().problems.is_empty());
        daemon.stop();
    }
    chown(site.dynamic(), Some(65_534), None).unwrap();
    let daemon = site.start("");
    assert!(daemon.gateways().is_empty());
    assert!(must(site.folder(), "status").contains("others than vgwd may write it"));
    fs::remove_file(aside(5)).unwrap();
    assert!(daemon.status().problems.is_empty(), "who removes it has seen it");
}

#[test]
fn what_is_no_file_is_put_aside_and_all_is_saved_beside_it() {
    let site = Site::new();
    let aside = |number: usize| site.folder().join(format!("state/dynamic.jsonl.aside-{number}"));
    fs::create_dir_all(site.folder().join("state")).unwrap();
    for (number, words) in (1..).zip([["ln", "-s", "/etc/passwd"].as_slice(), &["mkfifo"], &["mkdir"]]) {
        let made = Command::new(words[0]).args(&words[1..]).arg(site.dynamic()).status().unwrap();
        assert!(made.success(), "{words:?}");
        let daemon = site.start("");
        let shown = must(site.folder(), "status");
        assert!(shown.contains("it is no regular file") && !shown.contains("VGW-STATE-UNSAVED"), "{shown}");
        assert!(aside(number).symlink_metadata().is_ok());
        assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
        daemon.kill();
        let daemon = site.start("");
        assert_eq!(daemon.gateways(), ["vgw1"]);
        daemon.stop();
        site.forget();
    }
}

#[test]
fn what_is_no_file_where_others_are_kept_is_put_aside_too() {
    let site = Site::new();
    let state = site.folder().join("state");
    fs::create_dir_all(&state).unwrap();
    let theirs = site.folder().join("theirs");
    fs::write(&theirs, "precious").unwrap();
    let link = ["ln", "-s", theirs.to_str().unwrap()];
    for (number, words) in (1..).zip([&link[..], &["mkfifo"], &["mkdir"]]) {
        for name in ["originals.json", "tables.json"] {
            assert!(Command::new(words[0]).args(&words[1..]).arg(state.join(name)).status().unwrap().success());
        }
        let daemon = site.start("");
        must(site.folder(), "uplink add up --device eth1 --address 10.1.1.254/24 --via 10.1.1.253");
        assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
        daemon.stop();
        for name in ["originals.json", "tables.json"] {
            assert!(state.join(name).symlink_metadata().unwrap().is_file(), "{words:?}: {name}");
            assert!(state.join(format!("{name}.aside-{number}")).symlink_metadata().is_ok(), "{words:?}: {name}");
            fs::remove_file(state.join(name)).unwrap();
        }
        site.forget();
    }
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "precious");
}

#[test]
fn a_restart_takes_a_trial_back() {
    let site = Site::new();
    let daemon = site.start("");
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
    let file = site.folder().join("trial.toml");
    let host = format!("[host]\nrt_tables = {:?}\n", site.folder().join("rt_tables.d"));
    fs::write(&file, host + &super::gateway("vgw1")).unwrap();
    must(site.folder(), &format!("apply {} --confirm 1h", file.display()));
    assert_eq!(daemon.status().gateways[0].subnets, SUBNETS);
    daemon.signal(Signal::USR1);
    daemon.wait();
    let daemon = site.start("");
    assert_eq!(daemon.status().gateways[0].subnets, ["10.5.1.0/24"]);
    daemon.stop();
}

#[test]
fn what_does_not_fit_any_more_is_a_problem_and_keeps_nothing_else_from_standing() {
    let site = Site::new();
    let daemon = site.start("");
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"]), request("vgw2", NET2, &["10.5.2.0/24"])]));
    daemon.stop();
    site.compute.ip("route add 10.5.1.0/24 via 10.1.1.253");
    let daemon = site.start("");
    assert_eq!(daemon.gateways(), ["vgw2"]);
    let [problem] = daemon.status().problems.try_into().unwrap();
    assert!(problem.contains("gateway vgw1, added by a call before the start, does not stand"), "{problem}");
    site.compute.ip("route delete 10.5.1.0/24");
    daemon.signal(Signal::HUP);
    eventually("it is tried again at a reload", || daemon.gateways() == ["vgw1", "vgw2"]);
    assert!(daemon.status().problems.is_empty());
}

/// A small file system of its own, in memory.
struct SmallDisk(String);

impl SmallDisk {
    fn mount(place: String) -> Self {
        fs::create_dir(&place).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs", &place]).status().unwrap();
        assert!(mounted.success());
        Self(place)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn on_a_full_disk_the_network_goes_on() {
    let site = Site::new();
    let disk = SmallDisk::mount(site.folder().join("state").display().to_string());
    let daemon = site.start("");
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
    let filler = format!("{}/filler", disk.0);
    // To the last byte: what is written of it in part is room that is taken.
    let fill = || assert!(fs::write(&filler, vec![0; 1 << 20]).is_err());
    fill();
    // What is the host's is given back, and taken again.
    let forwards = || site.compute.enter(|| sysctls("net.ipv4.conf.eth1.forwarding"));
    let on = forwards();
    assert!(daemon.delete(&["vgw1"]));
    assert_ne!(forwards(), on);
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
    assert_eq!(forwards(), on);
    site.compute.sysctl("net.ipv4.conf.eth1.forwarding", "0");
    daemon.signal(Signal::HUP);
    eventually("it is looked after", || forwards() == on);
    assert!(!must(site.folder(), "status").contains("VGW-HOST-UNSEEN"));
    let many: Vec<_> = (2..40).map(|n| request(&format!("vgw{n}"), NET1, &[&format!("10.6.{n}.0/24")])).collect();
    assert!(daemon.add(&many), "the host has them");
    assert!(must(site.folder(), "status").contains("VGW-STATE-UNSAVED"));
    daemon.wait_for_log("No space left on device");
    fs::remove_file(&filler).unwrap();
    eventually("it is saved when there is room", || daemon.status().problems.is_empty());
    daemon.kill();
    let daemon = site.start("");
    assert_eq!(daemon.gateways().len(), 39);
    // The end does not hide that it was in vain.
    fill();
    let last: Vec<_> = (40..80).map(|n| request(&format!("vgw{n}"), NET1, &[&format!("10.6.{n}.0/24")])).collect();
    assert!(daemon.add(&last));
    daemon.signal(Signal::TERM);
    let (status, log) = daemon.wait();
    let last = log.lines().find(|line| line.contains("not everything could be done: ")).unwrap_or_default();
    assert!(!status.success() && last.contains("what calls have added is not saved"), "{log}");
}
