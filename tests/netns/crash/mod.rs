//! The crash matrix: vgwd is killed before each thing that it does to the kernel or to the disk, and the next one makes
//! good whatever that has left. A sample in each run; all of it by `scripts/crash-matrix`.

mod errors;
mod fabric;
mod stage;
mod story;
mod strace;

use rustix::process::Signal;

use crate::daemon::Daemon;
use stage::{Act, Stage};
use story::{STEPS, step};
use strace::{Fault, Point, Watcher, points, wrapper};

/// How many points a test takes that takes a sample.
const SAMPLE: usize = 5;

/// All points, or a sample at equal distances: `VGW_CRASH_EVERY` is the distance, `VGW_CRASH_SEED` where it begins.
#[expect(clippy::disallowed_macros, reason = "how much of it was taken")]
fn sample(points: Vec<Point>) -> Vec<Point> {
    let number = |name| std::env::var(name).ok().map(|text: String| text.parse::<usize>().unwrap());
    let every = number("VGW_CRASH_EVERY").unwrap_or(points.len() / SAMPLE).max(1);
    let seed = number("VGW_CRASH_SEED").unwrap_or(1);
    let total = points.len();
    let taken: Vec<Point> = points.into_iter().skip(seed % every).step_by(every).collect();
    assert!(total > SAMPLE && !taken.is_empty(), "{total} points");
    let test = std::thread::current();
    eprintln!("{}: {} of {total} points", test.name().unwrap_or_default(), taken.len());
    taken
}

/// Kills the daemon at points of an act, each time on the same stage.
fn play(act: Act) {
    let stage = Stage::new();
    let (all, views) = stage.rehearse(act);
    for point in sample(all) {
        stage.killed(act, &point, &views);
    }
}

#[test]
fn at_the_start() {
    play(Act::Start);
}

#[test]
fn at_a_start_after_a_kill() {
    play(Act::Resume);
}

#[test]
fn while_calls_are_carried_out() {
    play(Act::Calls);
}

#[test]
fn what_is_written_down_of_a_call_is_on_the_disk_before_its_answer() {
    let (all, _) = Stage::new().rehearse(Act::Calls);
    let of_journal = all.iter().filter(|point| point.text.contains("dynamic.jsonl"));
    let calls: Vec<&str> = of_journal.map(|point| point.call.as_str()).collect();
    let after_lines = calls.windows(2).filter(|pair| pair[0] == "write").map(|pair| pair[1]);
    let after_lines: Vec<&str> = after_lines.collect();
    assert!(after_lines.len() >= STEPS / 2, "{calls:?}");
    assert!(after_lines.iter().all(|call| ["fdatasync", "fsync"].contains(call)), "{calls:?}");
}

#[test]
fn making_way_for_another_changes_nothing() {
    let stage = Stage::new();
    // There is no point at which it could be killed, but for the guest's tap, which no service manager keeps here.
    let (mut all, _) = stage.rehearse(Act::End(Signal::USR1));
    all.retain(|point| point.call != "close");
    assert!(all.is_empty(), "{all:?}");
}

#[test]
fn while_it_stops() {
    play(Act::End(Signal::TERM));
}

impl Stage {
    /// Plays an act to its end: the points at which it may be interrupted, and what the daemon and the host have after
    /// each step.
    fn rehearse(&self, act: Act) -> (Vec<Point>, Vec<String>) {
        let folder = self.folder();
        let log = folder.path().join("strace");
        let mut views = Vec::new();
        match act {
            Act::Start | Act::Resume => {
                if act == Act::Resume {
                    self.prepared(&folder).kill();
                }
                let daemon = self.launch(&folder, act.steps_before(), &wrapper(&log, None));
                daemon.wait_for_log(" ready");
                views.push(self.view(&daemon));
                let found = points(&log);
                daemon.stop();
                self.assert_clean(&folder, "after a rehearsal");
                (found, views)
            }
            Act::Calls => {
                let daemon = self.start(&folder, 0);
                let watcher = Watcher::attach(daemon.pid(), "conductor", &log, None);
                views.push(self.view(&daemon));
                for number in 0..STEPS {
                    step(self, &daemon, &folder, number).unwrap();
                    views.push(self.view(&daemon));
                }
                let found = points(&log);
                daemon.stop();
                watcher.wait();
                self.assert_clean(&folder, "after a rehearsal");
                (found, views)
            }
            Act::End(signal) => {
                let daemon = self.prepared(&folder);
                views.push(self.view(&daemon));
                let watcher = Watcher::attach(daemon.pid(), "conductor", &log, None);
                daemon.signal(signal);
                daemon.wait();
                watcher.wait();
                let found = points(&log);
                self.start(&folder, STEPS).stop();
                self.assert_clean(&folder, "after a rehearsal");
                (found, views)
            }
        }
    }

    /// Plays an act until the daemon is killed at a point; then everything must come right.
    fn killed(&self, act: Act, point: &Point, views: &[String]) {
        let occasion = format!("{act:?}, killed before {}", point.text);
        let folder = self.folder();
        let log = folder.path().join("strace");
        let mut answered = 0;
        let fault = Fault::Kill(point.clone());
        let watcher = match act {
            Act::Start | Act::Resume => {
                if act == Act::Resume {
                    self.prepared(&folder).kill();
                }
                let daemon = self.launch(&folder, act.steps_before(), &wrapper(&log, Some(&fault)));
                // At the last points everything stands already.
                daemon.says(" ready");
                self.assert_killed(daemon, &occasion);
                None
            }
            Act::Calls => {
                let daemon = self.start(&folder, 0);
                let watcher = Watcher::attach(daemon.pid(), "conductor", &log, Some(&fault));
                while answered < STEPS && step(self, &daemon, &folder, answered).is_ok() {
                    answered += 1;
                }
                // A call that was written down last has been answered before.
                if answered == STEPS {
                    daemon.kill();
                } else {
                    self.assert_killed(daemon, &occasion);
                }
                Some(watcher)
            }
            Act::End(signal) => {
                let daemon = self.prepared(&folder);
                let watcher = Watcher::attach(daemon.pid(), "conductor", &log, Some(&fault));
                daemon.signal(signal);
                self.assert_killed(daemon, &occasion);
                Some(watcher)
            }
        };
        drop(watcher);
        self.assert_others_stand(&occasion);
        // The file counts from the moment on in which it is written.
        let asked = answered + usize::from(act == Act::Calls && answered < STEPS);
        let daemon = self.start(&folder, asked.max(act.steps_before()));
        let possible = &views[answered..views.len().min(answered + 2)];
        let possible = if story::is_reload(asked) && answered < asked { &possible[1..] } else { possible };
        self.assert_view(&daemon, possible, &occasion);
        daemon.stop();
        self.assert_clean(&folder, &occasion);
    }

    fn assert_killed(&self, daemon: Daemon<'_>, occasion: &str) {
        let (status, log) = daemon.wait();
        assert!(status.code().is_none(), "{occasion}: it came to its end, {status}\n{log}");
    }
}
