//! What happens is told while it happens.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::Builder;

use serde_json::Value;

use crate::cli::must;
use crate::daemon::{end, request};
use crate::lab::{PATIENCE, eventually};
use crate::site::{NET1, Site};

/// `vgw events -f -j`, and its lines.
struct Follower {
    child: Child,
    lines: Receiver<Value>,
}

impl Follower {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vgw"));
        command.arg("--socket").arg(folder.join("vgwd.sock")).args(["events", "--follow", "--json", "--last", "0"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout: BufReader<ChildStdout> = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = channel();
        let read = move || {
            for line in stdout.lines().map_while(Result::ok) {
                // A test that has ended does not listen.
                let _ = tell.send(serde_json::from_str(&line).unwrap());
            }
        };
        Builder::new().name("events".to_owned()).spawn(read).unwrap();
        Self { child, lines }
    }

    /// The next event of such a thing, with others before it passed over.
    fn next(&self, object: &str) -> Value {
        loop {
            let event = self.lines.recv_timeout(PATIENCE).expect("an event is told");
            assert_eq!(event["schema"], "vgw.event/1", "{event}");
            if event["object"] == object {
                return event;
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

#[test]
fn who_follows_hears_of_calls_repairs_and_losses() {
    let site = Site::new();
    let daemon = site.start("");
    let follower = Follower::start(site.folder());
    // It follows from when it is heard to: until then things happen.
    let mut number = 0;
    eventually("it follows", || {
        number += 1;
        must(site.folder(), &format!("network add {} --instance n", uuid(number)));
        follower.lines.try_recv().is_ok()
    });

    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
    let added = follower.next("gateway");
    assert_eq!((&added["name"], &added["deed"], &added["instance"]), (&"vgw1".into(), &"added".into(), &NET1.into()));
    assert!(added["cause"].as_str().unwrap().starts_with("thrift "), "{added}");
    let time = added["time"].as_str().unwrap();
    assert!(time.len() == 27 && time.starts_with("20") && time.ends_with('Z'), "{time}");

    site.compute.ip("route delete 10.5.1.0/24");
    let repaired = follower.next("host");
    assert_eq!((&repaired["name"], &repaired["deed"]), (&"route 10.5.1.0/24".into(), &"repaired".into()));
    assert_eq!(repaired["cause"], "repair (notice)");

    site.compute.ip("link add veth1 type veth peer name veth2");
    site.compute.ip("link set veth1 up");
    site.compute.ip("link set veth2 up");
    must(site.folder(), &format!("port add veth1 --instance {NET1} --address 10.5.1.7 --attach"));
    let port = follower.next("port");
    let uid = rustix::process::getuid().as_raw();
    assert!(port["cause"].as_str().unwrap().starts_with(&format!("uid {uid} pid ")), "{port}");
    site.compute.ip("link set veth1 down");
    eventually("the loss shows", || must(site.folder(), "status").contains("ip link set dev veth1 up"));
    assert_eq!(follower.next("port")["deed"], "lost");
    site.compute.ip("link set veth1 up");
    eventually("it is back", || !must(site.folder(), "status").contains("VGW-PORT-LOST"));
    assert_eq!(follower.next("port")["deed"], "back");

    // The latest are told to who asks later, in both forms.
    let told: Value = serde_json::from_str(&must(site.folder(), "events -j --last 1000")).unwrap();
    assert_eq!((&told["schema"], &told["lost"]), (&"vgw.events/1".into(), &0.into()));
    assert_eq!(told["events"][0]["object"], "daemon");
    let people = must(site.folder(), "events --last 1");
    assert!(people.contains("Z  port veth1 back"), "{people}");
    // Somebody waits for the next event: that does not keep the daemon from ending.
    daemon.stop();
}

/// A network's name.
fn uuid(number: u32) -> String {
    format!("9f2c1d34-0a1b-4c5d-8e6f-{number:012}")
}
