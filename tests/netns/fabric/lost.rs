//! Cards that go and come, wires that are cut, disks that refuse, daemons that are killed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::daemon::Daemon;
use crate::lab::{eventually, shared_turn};
use crate::traffic::assert_ping;

use super::held::{TAKEN, at_rest, must, show, start, vgw};
use super::node::{ADDRESSES, Node, Talk};

pub(super) fn mac(node: &Node) -> String {
    let shown = node.node.ip("-o link show dev eth0");
    shown.split_once("link/ether ").unwrap().1.split_whitespace().next().unwrap().to_owned()
}

/// The card is there anew, with the MAC address that it had: down, with nothing on it, and another index.
pub(super) fn plug_in(node: &Node, mac: &str) {
    let peer = node.client.path();
    node.node.ip(&format!("link add eth0 address {mac} type veth peer name eth0 netns {peer}"));
    node.client.ip("address add 192.0.2.1/24 dev eth0");
    node.client.ip("link set eth0 up");
}

pub(super) fn assert_given_back(node: &Node) {
    let (addresses, routes) = (node.node.ip("address show dev eth0"), node.node.ip("route show table all dev eth0"));
    for address in ["192.0.2.5/24", "192.0.2.6/24", "10.78.0.1/24", "2001:db8::5/64"] {
        assert!(addresses.contains(address), "{address} is missing\n{addresses}");
    }
    for route in ["default via 192.0.2.1 metric 100", "203.0.111.0/24", "table 100"] {
        assert!(routes.contains(route), "{route} is missing\n{routes}");
    }
    eventually("the card is reached", || node.client.run("ping -c 1 -W 1 192.0.2.5").0);
}

#[test]
fn a_card_that_is_gone_keeps_no_daemon_from_starting() {
    let _turn = shared_turn();
    let node = Node::new();
    let mac = mac(&node);
    start(&node, TAKEN).kill();
    node.node.ip("link delete eth0");
    let (code, said) = vgw(&node, "fabric restore");
    assert!(code == Some(1) && said.contains("look for eth0: no device has its index"), "{code:?} {said}");

    let daemon = start(&node, TAKEN);
    let status = must(&node, "status -j");
    assert!(status.contains("VGW-FABRIC-STUCK") && status.contains("VGW-FABRIC-WAITING"), "{status}");
    assert_eq!(show(&node)["state"], "giving-back");
    // Another card of that name is not given what was this one's.
    node.node.ip("link add eth0 type veth peer name other0");
    let (_, said) = vgw(&node, "fabric give-back");
    assert!(said.contains("look for eth0"), "{said}");
    assert!(!node.node.ip("address show dev eth0").contains("inet "));
    node.node.ip("link delete eth0");

    plug_in(&node, &mac);
    eventually("it is given back, and taken again", || show(&node)["state"] == "held");
    assert!(!must(&node, "status -j").contains("VGW-FABRIC"));
    daemon.stop();
    assert_given_back(&node);
    assert_eq!(node.node.run("sysctl -n net.ipv6.conf.eth0.hop_limit").1.trim(), "77");
}

#[test]
fn a_card_that_comes_back_while_the_daemon_runs_is_taken_again() {
    let _turn = shared_turn();
    let node = Node::new();
    let mac = mac(&node);
    let daemon = start(&node, TAKEN);
    node.node.ip("link delete eth0");
    eventually("it is told", || must(&node, "status -j").contains("VGW-FABRIC-STUCK"));
    assert!(node.node.ip("address show dev vhost0").contains("192.0.2.5/24"), "the host keeps its addresses");
    plug_in(&node, &mac);
    eventually("it is taken again", || {
        show(&node)["state"] == "held" && !must(&node, "status -j").contains("VGW-FABRIC")
    });
    assert_ping(&node.client, "192.0.2.5");
    daemon.stop();
    assert_given_back(&node);
}

#[test]
fn a_card_is_forgotten_if_that_is_asked() {
    let _turn = shared_turn();
    let node = Node::new();
    let daemon = start(&node, TAKEN);
    let (_, refused) = vgw(&node, "fabric restore --forget");
    assert!(refused.contains("another vgwd uses the state directory"), "{refused}");
    daemon.kill();
    node.node.ip("link delete eth0");
    let said = must(&node, "fabric restore --forget");
    assert!(said.contains("eth0 stays as it is, and what it had is kept as") && said.contains("aside-1"), "{said}");
    assert!(must(&node, "fabric restore --forget").contains("nothing to give back"));
    let daemon = start(&node, "");
    assert!(!must(&node, "status -j").contains("VGW-FABRIC"));
    daemon.stop();
}

#[test]
fn a_wire_that_is_cut_is_seen_at_the_hosts_end() {
    let _turn = shared_turn();
    let node = Node::new();
    let before = at_rest(&node);
    let daemon = start(&node, "");
    let has_carrier = || !node.node.ip("link show dev vhost0").contains("NO-CARRIER");
    node.client.ip("link set eth0 down");
    must(&node, "fabric take eth0");
    assert!(!has_carrier(), "it was cut before it was taken");
    node.client.ip("link set eth0 up");
    eventually("the wire is there", has_carrier);
    node.client.ip("link set eth0 down");
    eventually("the wire is cut", || !has_carrier());
    eventually("the host's routes know", || {
        node.node.ip("route show dev vhost0").lines().all(|route| route.contains("linkdown"))
    });
    node.client.ip("link set eth0 up");
    eventually("the wire is there again", || has_carrier() && !node.node.ip("route").contains("linkdown"));
    eventually("the host is reached", || node.client.run("ping -c 1 -W 1 192.0.2.5").0);
    must(&node, "fabric give-back");
    node.assert_unchanged(&before, "given back");
    daemon.stop();
}

/// A small disk in the place of the state directory.
struct Disk(PathBuf);

impl Disk {
    fn mount(node: &Node) -> Self {
        let place = node.folder.path().join("state");
        std::fs::create_dir_all(&place).unwrap();
        let disk = Self(place);
        disk.run(&["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs"], &disk.0);
        disk
    }

    fn run(&self, words: &[&str], place: &Path) {
        assert!(Command::new(words[0]).args(&words[1..]).arg(place).status().unwrap().success(), "{words:?}");
    }

    fn journal(&self) -> PathBuf {
        self.0.join("fabric.json")
    }

    /// What something is mounted on can be neither replaced nor removed.
    fn pin(&self) {
        self.run(&["mount", "--bind", self.journal().to_str().unwrap()], &self.journal());
    }

    fn unpin(&self) {
        self.run(&["umount"], &self.journal());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["--lazy", "--recursive"]).arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_refuses_does_not_keep_the_card() {
    let _turn = shared_turn();
    let node = Node::new();
    let disk = Disk::mount(&node);
    let before = at_rest(&node);
    let daemon = start(&node, "");
    must(&node, "fabric take eth0");
    disk.pin();
    must(&node, "fabric give-back");
    assert_eq!(show(&node)["state"], "absent");
    node.assert_unchanged(&before, "given back");
    let status = must(&node, "status -j");
    assert!(status.contains("VGW-FABRIC-JOURNAL") && status.contains("Device or resource busy"), "{status}");
    disk.unpin();
    eventually("it is written down", || !must(&node, "status -j").contains("VGW-FABRIC"));
    assert!(!disk.journal().exists());

    // Full, while it is held and when it is given back.
    must(&node, "fabric take eth0");
    let ballast = disk.0.join("ballast");
    let _ = std::fs::write(&ballast, vec![1; 1 << 20]);
    node.node.ip("address add 192.0.2.9/24 dev vhost0");
    eventually("it is told", || must(&node, "status -j").contains("VGW-FABRIC-JOURNAL"));
    node.node.ip("address delete 192.0.2.9/24 dev vhost0");
    must(&node, "fabric give-back");
    node.assert_unchanged(&before, "given back with a full disk");
    std::fs::remove_file(ballast).unwrap();

    // Without the daemon, and by the next one.
    must(&node, "fabric take eth0");
    daemon.kill();
    disk.pin();
    let said = must(&node, "fabric restore");
    assert!(said.contains("eth0 as it had it before") && said.contains("is still there"), "{said}");
    node.assert_unchanged(&before, "restored");
    let daemon = start(&node, "");
    assert!(must(&node, "status -j").contains("VGW-FABRIC-JOURNAL"));
    node.assert_unchanged(&before, "restored by the daemon");
    disk.unpin();
    eventually("it is thrown away", || !disk.journal().exists());
    daemon.stop();
}

#[test]
fn what_nft_has_made_goes_without_nft() {
    let _turn = shared_turn();
    let node = Node::new();
    let before = at_rest(&node);
    start(&node, TAKEN).kill();
    let has_table = || node.node.run("nft list ruleset").1.contains("table netdev vgw-fabric");
    assert!(has_table());
    let daemon = Daemon::launch(&node.node, node.folder.path(), "", &["env", "PATH=/nonexistent"], &[]);
    daemon.wait_for_log(" ready");
    assert!(!has_table());
    node.assert_unchanged(&before, "given back");
    daemon.stop();
}

/// Kills the daemon at its `number`th message to the kernel while it does what `words` say. False if it was done before.
fn kill_amid(node: &Node, daemon: Daemon<'_>, number: u32, words: &str) -> bool {
    let inject = format!("inject=sendto,sendmsg:signal=SIGKILL:when={number}");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-e", "trace=sendto,sendmsg", "-e", &inject, "-p", &daemon.pid().to_string()]);
    let mut strace = strace.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(strace.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("attached")), "strace cannot attach");
    let drain = std::thread::Builder::new().name("strace".to_owned()).spawn(move || said.count()).unwrap();
    let (code, _) = vgw(node, words);
    if code == Some(0) {
        daemon.kill();
    } else {
        let (status, log) = daemon.wait();
        assert_eq!(status.code(), None, "{log}");
    }
    strace.wait().unwrap();
    drain.join().unwrap();
    code != Some(0)
}

#[test]
fn a_daemon_that_is_killed_amid_it_leaves_a_card_that_comes_back() {
    let _turn = shared_turn();
    let node = Node::new();
    let before = at_rest(&node);
    let mut killed = [0; 2];
    for number in [1, 8, 20, 45, 80, 120, 160] {
        for (at, words) in ["fabric take eth0", "fabric give-back"].into_iter().enumerate() {
            let daemon = start(&node, "");
            if at == 1 {
                must(&node, "fabric take eth0");
            }
            killed[at] += u32::from(kill_amid(&node, daemon, number, words));
            // By hand, at once, and by the next daemon.
            if number % 2 == 0 {
                must(&node, "fabric restore");
            } else {
                let daemon = start(&node, "");
                assert!(!must(&node, "status -j").contains("VGW-FABRIC"));
                daemon.kill();
            }
            node.assert_unchanged(&before, &format!("killed at message {number} of {words}"));
        }
    }
    assert!(killed.iter().all(|times| *times >= 4), "{killed:?}");
}

#[test]
fn a_handover_costs_a_connection_nothing() {
    let _turn = shared_turn();
    let node = Node::new();
    let before = at_rest(&node);
    let mut daemon = start(&node, TAKEN);
    let talks = ADDRESSES.map(|address| Talk::start(&node, address));
    let mut ping = Command::new("ping");
    ping.args(["-q", "-c", "400", "-i", "0.01", "-W", "5", "192.0.2.5"]).stdout(Stdio::piped());
    let ping = node.client.enter(|| ping.spawn()).unwrap();
    for _ in 0..2 {
        daemon.signal(Signal::USR1);
        let (status, log) = daemon.wait();
        assert_eq!(status.code(), Some(75), "{log}");
        node.assert_unchanged(&before, "between two daemons");
        daemon = start(&node, TAKEN);
        assert_eq!(show(&node)["state"], "held");
        talks.iter().for_each(Talk::assert_goes_on);
    }
    let said = String::from_utf8(ping.wait_with_output().unwrap().stdout).unwrap();
    let answered = said.split_once("transmitted, ").unwrap().1.split_once(" received").unwrap().0;
    assert!(answered.parse::<u32>().unwrap() >= 360, "{said}");
    talks.into_iter().for_each(Talk::end);
    daemon.stop();
}
