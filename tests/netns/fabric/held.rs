//! The daemon takes a card and gives it back.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use crate::daemon::Daemon;
use crate::lab::{eventually, shared_turn};

use crate::site::{Guest, NET1};
use crate::traffic::{assert_ping, assert_tcp};

use super::lost::{assert_given_back, mac, plug_in};
use super::node::{ADDRESSES, Node, Talk};

pub(super) const TAKEN: &str = "[fabric]\ndevice = \"eth0\"\n";

/// Runs `vgw` on the node: its exit code and what it says.
pub(super) fn vgw(node: &Node, words: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vgw"));
    command.arg("--socket").arg(node.folder.path().join("vgwd.sock")).args(words.split_whitespace());
    if words.starts_with("fabric restore") {
        command.arg("--state-dir").arg(node.folder.path().join("state"));
    }
    let output = node.node.enter(|| command.output()).unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text.into_owned())
}

pub(super) fn must(node: &Node, words: &str) -> String {
    let (code, text) = vgw(node, words);
    assert_eq!(code, Some(0), "vgw {words}: {text}");
    text
}

pub(super) fn show(node: &Node) -> Value {
    serde_json::from_str(&must(node, "fabric show -j")).unwrap()
}

pub(super) fn start<'a>(node: &'a Node, config: &str) -> Daemon<'a> {
    Daemon::start(&node.node, node.folder.path(), config)
}

/// The node as it is while a daemon runs that has nothing to do.
pub(super) fn at_rest(node: &Node) -> String {
    start(node, "").stop();
    node.snapshot()
}

#[test]
fn the_daemon_holds_a_card_while_connections_go_on() {
    let _turn = shared_turn();
    let node = Node::new();
    let before = at_rest(&node);
    let talks = ADDRESSES.map(|address| Talk::start(&node, address));
    let daemon = start(&node, TAKEN);
    talks.iter().for_each(Talk::assert_goes_on);
    let shown = show(&node);
    assert_eq!((&shown["state"], &shown["device"]), (&"held".into(), &"eth0".into()), "{shown}");
    assert!(!node.node.ip("address show dev eth0").contains("inet"));
    let (alive, said) = node.client.run("ping -c 3 -i 0.2 -W 5 192.0.2.5");
    assert!(alive && said.contains(" 0% packet loss") && !said.contains("DUP"), "{said}");
    daemon.stop();
    node.assert_unchanged(&before, "stopped");
    talks.iter().for_each(Talk::assert_goes_on);
    talks.into_iter().for_each(Talk::end);
}

#[test]
fn an_uplink_of_a_call_does_not_come_back_on_a_card_that_is_taken() {
    let _turn = shared_turn();
    let node = Node::new();
    let daemon = start(&node, "");
    let routes = must(&node, "uplink add up1 --device eth0 --address 192.0.2.5/24 --via 192.0.2.1");
    assert!(routes.contains("added"), "{routes}");
    let (code, said) = vgw(&node, "fabric take eth0 --dry-run");
    assert!(code != Some(0) && said.contains("uplink up1"), "{said}");
    daemon.stop();
    let daemon = start(&node, TAKEN);
    assert_eq!(show(&node)["state"], "held");
    assert!(daemon.status().uplinks.is_empty());
    let told = must(&node, "status");
    assert!(told.contains("uplink up1") && told.contains("VGW-STATE-UNFIT"), "{told}");
    // Nor does the file put one there.
    let file = node.folder.path().join("both.toml");
    let uplink = "[[uplink]]\nname = \"up1\"\ndevice = \"eth0\"\naddress = \"192.0.2.5/24\"\nvia = \"192.0.2.1\"\n";
    std::fs::write(&file, TAKEN.to_owned() + uplink).unwrap();
    let (code, said) = vgw(&node, &format!("check {}", file.display()));
    assert!(code == Some(78) && said.contains("uplink.device: eth0 is already a fabric device"), "{code:?} {said}");
    must(&node, "uplink delete up1");
    daemon.stop();
}

#[test]
fn what_nobody_confirms_is_given_back() {
    let _turn = shared_turn();
    let node = Node::new();
    let before = at_rest(&node);
    let daemon = start(&node, "");
    let talk = Talk::start(&node, ADDRESSES[0]);
    let (unheld, _) = vgw(&node, "fabric confirm");
    assert_eq!(unheld, Some(3));
    let text = must(&node, "fabric take eth0 --dry-run");
    assert!(text.contains("make the tap vhost0") && text.contains("198.51.100.5/25 is valid for"), "{text}");
    node.assert_unchanged(&before, "dry run");

    must(&node, "fabric take eth0 --confirm 2s");
    assert_eq!(show(&node)["state"], "unconfirmed");
    talk.assert_goes_on();
    eventually("it is given back", || show(&node)["state"] == "absent");
    node.assert_unchanged(&before, "not confirmed");
    talk.assert_goes_on();

    must(&node, "fabric take eth0 --confirm 3600s");
    let left = show(&node)["left_ms"].as_u64().unwrap();
    assert!((1..=3_600_000).contains(&left), "{left}");
    let (again, said) = vgw(&node, "fabric take eth1");
    assert!(again == Some(1) && said.contains("eth0 is held already"), "{said}");
    must(&node, "fabric confirm");
    let shown = show(&node);
    assert_eq!((&shown["state"], &shown["left_ms"]), (&"held".into(), &Value::Null));
    let (_, refused) = vgw(&node, "fabric restore");
    assert!(refused.contains("another vgwd uses the state directory"), "{refused}");
    must(&node, "fabric give-back");
    node.assert_unchanged(&before, "given back");
    talk.assert_goes_on();
    talk.end();
    daemon.stop();
}

#[test]
fn a_tap_that_was_down_loses_nothing() {
    let _turn = shared_turn();
    let node = Node::new();
    let before = at_rest(&node);
    let daemon = start(&node, "");
    must(&node, "fabric take eth0 --confirm 3600s");
    let routes =
        || node.node.ip("-4 route show table all dev vhost0") + &node.node.ip("-6 route show table all dev vhost0");
    let has_all = || {
        let shown = routes();
        ["default via 192.0.2.1", "192.0.2.0/24", "default via 2001:db8::1"].iter().all(|route| shown.contains(route))
    };
    assert!(has_all(), "{}", routes());
    // Too short to be seen, and long enough.
    node.node.ip("link set vhost0 down");
    node.node.ip("link set vhost0 up");
    assert!(!has_all(), "the kernel has kept them");
    eventually("it has what it had", has_all);
    assert_ping(&node.client, "192.0.2.5");
    must(&node, "fabric give-back");
    node.assert_unchanged(&before, "given back after it was down");

    must(&node, "fabric take eth0 --confirm 4s");
    node.node.ip("link set vhost0 down");
    node.node.ip("link set vhost0 up");
    eventually("it is given back", || show(&node)["state"] == "absent");
    node.assert_unchanged(&before, "not confirmed, and was down");

    must(&node, "fabric take eth0 --confirm 2s");
    node.node.ip("link set vhost0 down");
    eventually("it is given back", || show(&node)["state"] == "absent");
    node.assert_unchanged(&before, "not confirmed, and is down");
    daemon.stop();
}

#[test]
fn a_configured_card_is_waited_for() {
    let _turn = shared_turn();
    let node = Node::new();
    node.node.ip("link add card type veth peer name wire");
    node.node.ip("link set wire up");
    let daemon = start(&node, "[fabric]\ndevice = \"card\"\n");
    let problems = || serde_json::from_str::<Value>(&must(&node, "status -j")).unwrap()["problem_details"].to_string();
    let down = problems();
    assert!(down.contains("VGW-FABRIC-WAITING") && down.contains("card is down"), "{down}");
    node.node.ip("link set card up");
    eventually("it is up, and bare", || problems().contains("card has no address yet"));
    node.node.ip("address add 10.5.0.1/24 dev card");
    eventually("it is taken", || show(&node)["state"] == "held");
    assert!(!problems().contains("VGW-FABRIC"), "{}", problems());
    assert!(node.node.ip("address show dev vhost0").contains("10.5.0.1/24"));
    daemon.stop();
}

#[test]
fn without_nft_nothing_is_begun() {
    let _turn = shared_turn();
    let node = Node::new();
    let before = at_rest(&node);
    let daemon = Daemon::launch(&node.node, node.folder.path(), "", &["env", "PATH=/nonexistent"], &[]);
    daemon.wait_for_log(" ready");
    for words in ["fabric take eth0 --dry-run", "fabric take eth0"] {
        let (code, said) = vgw(&node, words);
        assert!(code == Some(1) && said.contains("the program nft is needed"), "{code:?} {said}");
        assert!(!node.folder.path().join("state/fabric.json").exists());
    }
    assert_eq!(show(&node)["state"], "absent");
    daemon.stop();
    node.assert_unchanged(&before, "refused");
}

#[test]
fn what_could_not_be_undone_is_tried_again() {
    let _turn = shared_turn();
    let node = Node::new();
    let mac = mac(&node);
    let programs = node.folder.path().join("programs");
    std::fs::create_dir(&programs).unwrap();
    let real = std::env::var("PATH").unwrap();
    // The card goes just when the packet filter is asked.
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = -j ]; then PATH={real} ip link delete eth0; echo refused >&2; exit 1; fi\n\
         PATH={real} exec nft \"$@\"\n"
    );
    std::fs::write(programs.join("nft"), script).unwrap();
    std::fs::set_permissions(programs.join("nft"), Permissions::from_mode(0o755)).unwrap();
    let path = format!("PATH={}:{real}", programs.display());
    let daemon = Daemon::launch(&node.node, node.folder.path(), "", &["env", &path], &[]);
    daemon.wait_for_log(" ready");
    let (code, said) = vgw(&node, "fabric take eth0");
    assert!(code == Some(1) && said.contains("not everything could be undone"), "{code:?} {said}");
    assert_ne!(show(&node)["state"], "absent");
    assert!(must(&node, "status -j").contains("VGW-FABRIC-STUCK"));
    let (_, again) = vgw(&node, "fabric take eth0");
    assert!(again.contains("eth0 is held already"), "{again}");
    plug_in(&node, &mac);
    eventually("it is given back", || show(&node)["state"] == "absent");
    assert!(!node.folder.path().join("state/fabric.json").exists());
    daemon.stop();
    assert_given_back(&node);
}

#[test]
fn a_tap_that_is_deleted_is_given_back_at_once() {
    let _turn = shared_turn();
    let node = Node::new();
    let before = at_rest(&node);
    let daemon = start(&node, TAKEN);
    node.node.ip("link delete vhost0");
    eventually("it is given back", || show(&node)["state"] == "absent");
    node.assert_unchanged(&before, "given back");
    assert!(must(&node, "status -j").contains("somebody has deleted vhost0"));
    eventually("it is taken again", || show(&node)["state"] == "held");
    assert!(!must(&node, "status -j").contains("VGW-FABRIC"));
    assert_ping(&node.client, "192.0.2.5");
    daemon.stop();
    node.assert_unchanged(&before, "stopped");
}

#[test]
fn a_packet_filter_that_is_flushed_is_put_right() {
    let _turn = shared_turn();
    let node = Node::new();
    let daemon = start(&node, TAKEN);
    let has_table = || node.node.run("nft list ruleset").1.contains("table netdev vgw-fabric");
    assert!(has_table());
    let (flushed, said) = node.node.run("nft flush ruleset");
    assert!(flushed && !has_table(), "{said}");
    eventually("it is there again", has_table);
    daemon.stop();
    assert!(!has_table());
}

#[test]
fn after_a_crash_the_host_gets_what_it_had_last() {
    let _turn = shared_turn();
    let node = Node::new();
    let before = at_rest(&node);
    let daemon = start(&node, TAKEN);
    daemon.kill();
    assert!(must(&node, "fabric restore").contains("the host has eth0 as it had it before"));
    node.assert_unchanged(&before, "restored by hand");
    assert!(must(&node, "fabric restore").contains("nothing to give back"));

    let daemon = start(&node, TAKEN);
    node.node.ip("address add 192.0.2.9/24 dev vhost0");
    node.node.ip("route add 203.0.109.0/24 via 192.0.2.1 dev vhost0 proto bird");
    node.node.ip("route delete default via 192.0.2.1 dev vhost0");
    let journal = node.folder.path().join("state/fabric.json");
    eventually("it is written down", || {
        let text = std::fs::read_to_string(&journal).unwrap();
        text.contains("192.0.2.9/24") && text.contains("203.0.109.0/24")
    });
    let fabric = || must(&node, "fabric show");
    eventually("it is shown", || fabric().contains("192.0.2.9/24"));
    daemon.kill();
    // The next daemon gives it back, and does not take it again.
    start(&node, "").stop();
    let addresses = node.node.ip("address show dev eth0");
    let routes = node.node.ip("route show");
    assert!(addresses.contains("192.0.2.9/24"), "{addresses}");
    assert!(routes.contains("203.0.109.0/24 via 192.0.2.1 dev eth0 proto bird"), "{routes}");
    assert!(!routes.contains("metric 100"), "{routes}");
}

#[test]
fn a_journal_that_tells_nothing_is_kept_aside() {
    let _turn = shared_turn();
    let node = Node::new();
    let before = at_rest(&node);
    let folder = node.folder.path().join("state");
    start(&node, TAKEN).kill();
    let journal = std::fs::read_to_string(folder.join("fabric.json")).unwrap();
    let put = |text: &str| std::fs::write(folder.join("fabric.json"), text).unwrap();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let other_boot = journal.replace(boot.trim(), "00000000-0000-0000-0000-000000000000");
    let cases = [
        ("", "it is empty"),
        (&journal[..journal.len() / 2], "it cannot be read"),
        ("{\"name\": \"somebody else's\"}", "it cannot be read"),
        (&*other_boot, "it is from before the machine was started"),
    ];
    for (text, reason) in cases {
        put(text);
        let told = must(&node, "fabric restore");
        assert!(told.contains(reason) && told.contains("fabric.json.aside-"), "{told}");
        assert!(!folder.join("fabric.json").exists());
    }
    put(&journal);
    must(&node, "fabric restore");
    node.assert_unchanged(&before, "restored");
}

#[test]
fn what_cannot_be_taken_is_refused_with_the_reason() {
    let _turn = shared_turn();
    let node = Node::new();
    node.node.ip("link add br0 type bridge");
    node.node.ip("link add p0 type veth peer name p1");
    node.node.ip("link set p0 master br0 up");
    let uplink = "[[uplink]]\nname = \"up\"\ndevice = \"eth1\"\naddress = \"10.9.0.1/24\"\nvia = \"10.9.0.2\"\n";
    let daemon = start(&node, uplink);
    let before = node.snapshot();
    for (words, code, reason) in [
        ("eth9", 3, "there is no interface eth9"),
        ("lo", 2, "lo is the loopback interface"),
        ("p1", 1, "p1 is down"),
        ("p0", 1, "p0 belongs to another device"),
        ("eth1", 1, "eth1 is the device of uplink up, which must name vhost0"),
        ("eth0 --interface eth1", 1, "there is an interface eth1 already"),
        ("eth0 --interface eth0", 2, "eth0 is the device itself"),
    ] {
        let (found, said) = vgw(&node, &format!("fabric take {words}"));
        assert!(found == Some(code) && said.contains(reason), "{words}: {found:?} {said}");
    }
    for kind in ["link eth0 name up0 type macvlan", "name up0 type vxlan id 5 dev eth0 dstport 4789"] {
        node.node.ip(&format!("link add {kind}"));
        let (_, said) = vgw(&node, "fabric take eth0");
        assert!(said.contains("up0 is on top of eth0, and would be cut off"), "{said}");
        node.node.ip("link delete up0");
    }
    node.node.ip("nexthop add id 7 via 192.0.2.1 dev eth0");
    node.node.ip("route add 203.0.108.0/24 nhid 7");
    let (_, said) = vgw(&node, "fabric take eth0");
    assert!(said.contains("next hop object 7, which cannot be moved"), "{said}");
    node.node.ip("route delete 203.0.108.0/24");
    node.node.ip("nexthop delete id 7");
    node.assert_unchanged(&before, "refused");
    daemon.stop();
}

#[test]
fn a_gateway_and_its_uplink_work_by_way_of_the_tap() {
    let _turn = shared_turn();
    let (node, guest) = (Node::new(), Guest::new(10));
    // Nothing but the wire leads the client to the guest: whoever has its address answers.
    node.client.ip("route add 192.168.1.0/24 dev eth0");
    let before = at_rest(&node);
    let uplink = "[[uplink]]\nname = \"up\"\ndevice = \"vhost0\"\naddress = \"192.0.2.5/24\"\nvia = \"192.0.2.1\"\n";
    let gateway = format!(
        "[[gateway]]\ninterface = \"vgw1\"\nrouting_instance = \"{NET1}\"\nsubnets = [\"192.168.1.0/24\"]\nuplink = \"up\"\n"
    );
    let port = guest.port("tap0", NET1, "");
    let daemon = start(&node, &format!("{TAKEN}{uplink}{gateway}{port}"));
    assert_ping(&guest.namespace, "192.0.2.1");
    assert_ping(&node.client, "192.168.1.10");
    assert_tcp(&node.client, &guest.namespace, "192.168.1.10", 8 << 20);
    assert_tcp(&guest.namespace, &node.client, "192.0.2.1", 8 << 20);
    let (_, refused) = vgw(&node, "fabric give-back");
    assert!(refused.contains("vhost0 is the device of uplink up, which goes first"), "{refused}");
    let routes = must(&node, "route list --instance FABRIC");
    assert!(routes.contains("192.168.1.0/24") && routes.contains("vhost0"), "{routes}");
    // A crash must not put our own routes by the tap on the card.
    let journal = std::fs::read_to_string(node.folder.path().join("state/fabric.json")).unwrap();
    let tables = node.node.ip("route show table all dev vhost0");
    let uplink = tables.lines().find(|line| line.contains("proto 201") || line.contains("proto vgw"));
    let table = uplink.and_then(|line| Some(line.split_once("table ")?.1.split_whitespace().next()?.to_owned()));
    let table = table.unwrap_or_else(|| panic!("the uplink has no table:\n{tables}"));
    assert!(!journal.contains(&format!("table {table}\"")), "{journal}");
    daemon.stop();
    node.assert_unchanged(&before, "stopped");
}
