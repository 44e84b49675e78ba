//! What is dropped, seen from outside.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::Builder;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use vgw::clock::{Clock, utc};
use vgw::sys::MonotonicClock;

use crate::cli::{must, vgw};
use crate::daemon::end;
use crate::lab::{PATIENCE, eventually};
use crate::site::{Guest, NET1, NET2, OUTSIDE, Site};
use crate::traffic::{DISCARD, assert_ping, bind, failing_ping};

/// Packets that a worker remembers; a flow has one worker.
const KEPT: i64 = 256;

/// A guest sends from an address that is not its own, once.
fn spoof(guest: &Guest, to: &str) {
    guest.namespace.add_address("lo", "172.16.0.9/32");
    let socket = bind(&guest.namespace, "172.16.0.9:4000".parse().unwrap());
    socket.send_to(b"not mine", format!("{to}:{DISCARD}")).unwrap();
}

/// `vgw drops --follow -j`, ended with the test.
struct Follower {
    child: Child,
    told: Receiver<Value>,
}

impl Follower {
    fn start(site: &Site, words: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vgw"));
        command.arg("--socket").arg(site.folder().join("vgwd.sock")).args(["-j", "drops", "--follow"]);
        let mut child = command.args(words.split_whitespace()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, told) = channel();
        let reader = Builder::new().name("follower".to_owned()).spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The test may have heard enough.
                let _ = tell.send(serde_json::from_str(&line).unwrap());
            }
        });
        reader.unwrap();
        Self { child, told }
    }

    /// The next object that has this.
    fn find<T>(&self, what: impl Fn(&Value) -> Option<T>) -> T {
        loop {
            let value = self.told.recv_timeout(PATIENCE).expect("it is told");
            if let Some(found) = what(&value) {
                return found;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.signal(Signal::CONT);
        end(&mut self.child);
    }
}

#[test]
fn a_dropped_packet_is_counted_remembered_and_told() {
    let (site, guest, other) = (Site::new(), Guest::new(10), Guest::new(20));
    let config = guest.port("tap0", NET1, "") + &other.port("tap1", NET2, "");
    let _daemon = site.start_with_gateway(&config);
    guest.settle();
    other.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);

    let started = MonotonicClock.time_of_day();
    let follower = Follower::start(&site, "--reason ip_rpfilter");
    spoof(&guest, OUTSIDE[0]);
    let packet = follower.find(|packet| Some(packet.clone()));
    assert_eq!(packet["schema"], "vgw.dropped-packet/1");
    let said = |field: &str| packet[field].as_str().unwrap().to_owned();
    assert_eq!([said("port"), said("instance"), said("reason")], ["tap0", NET1, "IP_RPFILTER"]);
    assert_eq!(said("packet"), "172.16.0.9:4000 > 10.1.1.253:9 udp, 50 bytes");
    assert!((utc(started)..=utc(MonotonicClock.time_of_day())).contains(&said("time")), "{packet}");

    // A packet that is answered by an ICMP error is told as it came.
    failing_ping(&other.namespace, OUTSIDE[0], "");
    let last = must(site.folder(), &format!("drops --last --instance {NET2} --reason IP_INNOROUTES"));
    assert!(last.contains("192.168.1.20 > 10.1.1.253 icmp echo request"), "{last}");

    let counted: Value = serde_json::from_str(&must(site.folder(), "-j drops --port tap0")).unwrap();
    let of_reason = |drop: &&Value| drop["reason"] == "IP_RPFILTER";
    assert_eq!(counted["drops"].as_array().unwrap().iter().find(of_reason).unwrap()["packets"], 1);
    let shown = must(site.folder(), &format!("drops --instance {NET1} --reason IP_RPFILTER"));
    let row = "IP_RPFILTER        1  tap0  the source address is not one of the port's addresses";
    assert!(shown.ends_with(&format!("{row}\n")), "{shown}");

    for (words, expected) in [("--port tap9", 3), ("--instance nowhere", 3), ("--reason IP_NONSENSE", 2)] {
        let (code, _, complaint) = vgw(site.folder(), &format!("drops {words}"));
        assert_eq!(code, Some(expected), "{complaint}");
    }
}

#[test]
fn what_is_dropped_too_fast_is_counted_as_missed() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    // It asks for its router with an address that it may use.
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let follower = Follower::start(&site, "");
    spoof(&guest, OUTSIDE[0]);
    follower.find(|packet| (packet["reason"] == "IP_RPFILTER").then_some(()));

    let socket = bind(&guest.namespace, "172.16.0.9:4001".parse().unwrap());
    let (bursts, burst) = (20, 100);
    follower.signal(Signal::STOP);
    for number in 1..=bursts {
        for _ in 0..burst {
            socket.send_to(b"flood", format!("{}:{DISCARD}", OUTSIDE[0])).unwrap();
        }
        // The tap's queue takes no more at a time.
        eventually("all are dropped", || daemon.dropped("tap0", "IP_RPFILTER") == 1 + number * burst);
    }
    follower.signal(Signal::CONT);
    // Beside them only what guests send by themselves is dropped.
    let missed = follower.find(|line| line["missed"].as_i64());
    let total = bursts * burst;
    assert!((total - KEPT..total + 100).contains(&missed), "{missed}");
    follower.find(|packet| packet["packet"].as_str()?.starts_with("172.16.0.9:4001 ").then_some(()));
    daemon.assert_accounted();
}
