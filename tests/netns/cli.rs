//! The command line, against the running daemon.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::site::{Guest, NET1, OUTSIDE, Site};
use crate::traffic::{assert_ping, assert_tcp, failing_ping};

/// Runs `vgw`: its exit code, what it prints and what it complains of.
pub(crate) fn vgw(folder: &Path, words: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vgw"));
    command.arg("--socket").arg(folder.join("vgwd.sock")).args(words.split_whitespace());
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// As [`vgw`], for what must succeed; what it prints.
pub(crate) fn must(folder: &Path, words: &str) -> String {
    let (code, printed, complaint) = vgw(folder, words);
    assert_eq!(code, Some(0), "vgw {words}: {printed}{complaint}");
    printed
}

/// The commands that bring a guest and its gateway up, and those that take both away.
fn commands(guest: &Guest) -> (Vec<String>, [&'static str; 3]) {
    let netns = guest.namespace.path();
    let up = vec![
        "uplink add up --device eth1 --address 10.1.1.254/24 --via 10.1.1.253".to_owned(),
        format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24 --uplink up"),
        format!(
            "port add tap0 --instance {NET1} --address 192.168.1.10/32 --netns {netns} --name eth0 \
             --guest-address 192.168.1.10/24 --gateway 192.168.1.1"
        ),
    ];
    (up, ["port delete tap0", "gateway delete vgw1", "uplink delete up"])
}

#[test]
fn a_network_is_brought_up_and_taken_down_by_hand() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let _daemon = site.start("");
    let before = site.snapshot();
    let (up, down) = commands(&guest);
    for words in &up {
        must(site.folder(), words);
    }
    assert_ping(&guest.namespace, OUTSIDE[0]);
    assert_tcp(&site.outside, &guest.namespace, "192.168.1.10", 8 << 20);
    let looked_up = must(site.folder(), &format!("route lookup --instance {NET1} {}", OUTSIDE[0]));
    assert!(looked_up.contains("vgw1"), "{looked_up}");
    let status = must(site.folder(), "status");
    assert!(status.contains("vgw1") && status.contains("tap0") && status.contains("up"), "{status}");
    for words in down {
        must(site.folder(), words);
    }
    site.assert_unchanged(&before, "after all is deleted");
}

#[test]
fn a_rehearsal_changes_nothing_and_foretells_all() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let _daemon = site.start("");
    let (up, down) = commands(&guest);
    for words in up.iter().map(String::as_str).chain(down) {
        let before = site.snapshot();
        let foretold = must(site.folder(), &format!("{words} --dry-run"));
        site.assert_unchanged(&before, &format!("after '{words} --dry-run'"));
        must(site.folder(), words);
        // What was foretold to come has come, and what was to go has gone.
        let shown = must(site.folder(), "host show");
        for line in foretold.lines().filter(|line| line.starts_with("ip route") || line.starts_with("ip rule")) {
            // ip route add 10.0.0.0/8 dev vgw1  # gateway vgw1
            let [_, kind, deed, object] = line.splitn(4, ' ').collect::<Vec<_>>().try_into().unwrap();
            let object = format!("{kind} {}", object.split("  #").next().unwrap());
            assert_eq!(shown.contains(&object), deed == "add", "'{line}' of '{words}'\n{shown}");
        }
        assert!(must(site.folder(), "host diff").starts_with("nothing to do"), "after '{words}'");
    }
    assert_eq!(must(site.folder(), "host show"), "nothing in the kernel is vgw's\n");
}

#[test]
fn static_routes_lead_where_they_say() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    for (kind, reason) in [("--discard", "ROUTE_DISCARD"), ("--unreachable", "ROUTE_UNREACHABLE")] {
        must(site.folder(), &format!("route add --instance {NET1} 10.1.1.0/24 {kind}"));
        failing_ping(&guest.namespace, OUTSIDE[0], "-W 1");
        assert_eq!(daemon.dropped("tap0", reason), 1);
    }
    must(site.folder(), &format!("route delete --instance {NET1} 10.1.1.0/24"));
    assert_ping(&guest.namespace, OUTSIDE[0]);

    // A network behind the guest.
    guest.namespace.add_address("lo", "172.16.0.1/32");
    must(site.folder(), &format!("route add --instance {NET1} 172.16.0.0/16 --port tap0 --via 192.168.1.10"));
    let listed = must(site.folder(), &format!("route list --instance {NET1}"));
    assert!(listed.contains("172.16.0.0/16"), "{listed}");
    daemon.assert_accounted();
}

#[test]
fn every_answer_comes_as_json_too() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let _daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    let instance = format!("--instance {NET1}");
    for words in [
        "gateway list",
        "gateway show vgw1",
        "port list",
        "port show tap0",
        "uplink list",
        "network list",
        "instance list",
        "host show",
        "host diff",
        "gateway delete vgw1 --dry-run",
        &format!("route list {instance}"),
        &format!("route lookup {instance} 10.0.0.1"),
        "drops",
        "drops --last",
        "status",
        "audit",
    ] {
        let printed: Value = serde_json::from_str(&must(site.folder(), &format!("-j {words}"))).unwrap();
        assert!(printed["schema"].is_string() || printed["schema"].is_number(), "{words}: {printed}");
    }
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let site = Site::new();
    let (code, _, complaint) = vgw(site.folder(), "status");
    assert_eq!(code, Some(4), "{complaint}");
    let daemon = site.start("");
    for (words, expected) in [
        ("gateway show vgw1", 3),
        ("port delete tap0", 3),
        ("uplink add up --device eth1 --address 10.1.1.254/24 --via somewhere", 2),
        ("port add veth1 --instance a --address 10.5.0.1 --attach", 1),
        ("gateway add vgw1 --instance a --subnet 10.1.1.0/24", 1),
    ] {
        let (code, _, complaint) = vgw(site.folder(), words);
        assert_eq!(code, Some(expected), "{words}: {complaint}");
        assert!(!complaint.is_empty(), "{words}");
    }
    assert!(daemon.status().problems.is_empty());
}

#[test]
fn a_guests_own_route_that_is_in_the_way_is_named_with_what_helps() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start("");
    for line in [
        "link add here type veth peer name there",
        "link set here up",
        "link set there up",
        "address add 10.9.9.1/24 dev here",
        "address add 2001:db8:9::1/64 dev here nodad",
        "route add default via 10.9.9.2",
        "-6 route add default via 2001:db8:9::2",
    ] {
        guest.namespace.ip(line);
    }
    let before = guest.namespace.ip("route show table all");
    let netns = guest.namespace.path();
    for (address, length, gateway, version, way) in [
        ("192.168.1.10", 24, "192.168.1.1", "", "0.0.0.0/0 via 10.9.9.2 dev here"),
        ("2001:db8:1::10", 64, "2001:db8:1::1", "-6 ", "::/0 via 2001:db8:9::2 dev here"),
    ] {
        let host = if length == 24 { 32 } else { 128 };
        let add = format!(
            "port add tap0 --instance {NET1} --address {address}/{host} --netns {netns} --name eth0 \
             --guest-address {address}/{length} --gateway {gateway}"
        );
        let (code, _, complaint) = vgw(site.folder(), &add);
        assert_eq!(code, Some(1), "{complaint}");
        assert!(complaint.starts_with("vgw: gateways: the guest's namespace"), "{complaint}");
        assert!(complaint.contains(&format!("nsenter --net={netns} ip {version}route delete {way}")), "{complaint}");
        daemon.wait_for_log("field=gateways");
        guest.namespace.ip(&format!("{version}route delete {way}"));
        must(site.folder(), &add);
        must(site.folder(), "port delete tap0");
        guest.namespace.ip(&format!("{version}route add {way}"));
    }
    assert_eq!(guest.namespace.ip("route show table all"), before);
}
