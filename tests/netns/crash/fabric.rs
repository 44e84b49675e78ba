//! Killed while it takes the host's own card, or gives it back.

use rustix::process::Signal;

use super::sample;
use super::strace::{Fault, Watcher, points, wrapper};
use crate::daemon::Daemon;
use crate::fabric::node::Node;
use crate::lab::shared_turn;

const TAKEN: &str = "[fabric]\ndevice = \"eth0\"\n[host]\ncheck = \"off\"\n";

/// Plays the taking, or the giving back, and kills the daemon at points of it. The next daemon takes the card up, or
/// anew, and gives it back when it ends.
fn play(is_taking: bool) {
    let _turn = shared_turn();
    let node = Node::new();
    let start = || {
        let daemon = Daemon::start(&node.node, node.folder.path(), TAKEN);
        // Who is answered is after what a daemon writes down first.
        daemon.status();
        daemon
    };
    let log = node.folder.path().join("strace");
    // The first time some switches of IPv6 become the device's own.
    start().stop();
    let before = node.snapshot();
    let launch = |words: &[String]| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let daemon = Daemon::launch(&node.node, node.folder.path(), TAKEN, &words, &[]);
        daemon.says(" ready");
        daemon
    };
    let all = if is_taking {
        let daemon = launch(&wrapper(&log, None));
        let found = points(&log);
        daemon.stop();
        found
    } else {
        let daemon = start();
        let watcher = Watcher::attach(daemon.pid(), "conductor", &log, None);
        daemon.stop();
        watcher.wait();
        points(&log)
    };
    node.assert_unchanged(&before, "after a rehearsal");
    for point in sample(all) {
        let occasion = format!("killed before {}", point.text);
        let fault = Fault::Kill(point);
        let daemon = if is_taking { launch(&wrapper(&log, Some(&fault))) } else { start() };
        let watcher = (!is_taking).then(|| {
            let watcher = Watcher::attach(daemon.pid(), "conductor", &log, Some(&fault));
            daemon.signal(Signal::TERM);
            watcher
        });
        let (status, said) = daemon.wait();
        assert!(status.code().is_none(), "{occasion}: it came to its end, {status}\n{said}");
        drop(watcher);
        let daemon = start();
        let problems = daemon.status().problems;
        assert!(problems.is_empty(), "{occasion}: {problems:?}");
        daemon.stop();
        node.assert_unchanged(&before, &occasion);
    }
}

#[test]
fn while_it_takes_the_card() {
    play(true);
}

#[test]
fn while_it_gives_the_card_back() {
    play(false);
}
