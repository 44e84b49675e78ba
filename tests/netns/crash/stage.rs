//! Where a daemon is killed, and what must be so afterwards.
#![expect(clippy::disallowed_methods, reason = "deadlines of waits")]

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use super::story::{STEPS, file, step};
use crate::daemon::Daemon;
use crate::foreign_state::plant_beside_uplink;
use crate::lab::{PATIENCE, ip};
use crate::repair::ours;
use crate::site::{Guest, Site};

/// What a daemon is doing when it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// It starts where nothing of ours is.
    Start,
    /// It starts where a daemon was killed.
    Resume,
    /// It carries out calls.
    Calls,
    /// It has been asked to end.
    End(Signal),
}

impl Act {
    /// How many steps of the story went before.
    pub(super) fn steps_before(self) -> usize {
        match self {
            Self::Start | Self::Calls => 0,
            Self::Resume | Self::End(_) => STEPS,
        }
    }
}

/// A node with objects of others that look like ours, and a tap that we adopt.
pub(super) struct Stage {
    site: Site,
    pub(super) guest: Guest,
    /// All that was there before.
    before: String,
    /// What must stand at any time, whether or not a daemon runs.
    others: Vec<(&'static str, String)>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let (site, guest) = (Site::new(), Guest::new(10));
        site.compute.enter(plant_beside_uplink);
        site.compute.ip("tuntap add dev vgw5 mode tap");
        site.compute.ip("link set vgw5 address 02:00:00:00:00:05 mtu 1400");
        let mut stage = Self { site, guest, before: String::new(), others: Vec::new() };
        stage.before = stage.snapshot();
        let commands = ["-4 route show table all", "-6 route show table all", "-4 rule", "-6 rule", "-br link show"];
        stage.others = commands.map(|command| (command, stage.site.compute.ip(command))).into();
        stage
    }

    /// For the files of a daemon.
    pub(super) fn folder(&self) -> TempDir {
        tempfile::tempdir().unwrap()
    }

    /// Starts a daemon with the file as it is after so many steps, and does not wait.
    pub(super) fn launch(&self, folder: &TempDir, steps: usize, wrapper: &[String]) -> Daemon<'_> {
        let wrapper: Vec<&str> = wrapper.iter().map(String::as_str).collect();
        Daemon::launch(&self.site.compute, folder.path(), &file(steps), &wrapper, &[])
    }

    pub(super) fn start(&self, folder: &TempDir, steps: usize) -> Daemon<'_> {
        let daemon = self.launch(folder, steps, &[]);
        daemon.wait_for_log(" ready");
        // Who is answered is after what a daemon writes down first.
        daemon.status();
        daemon
    }

    /// A daemon that has taken all steps.
    pub(super) fn prepared(&self, folder: &TempDir) -> Daemon<'_> {
        let daemon = self.start(folder, 0);
        (0..STEPS).for_each(|number| step(self, &daemon, folder, number).unwrap());
        daemon
    }

    /// What the daemon says that it has, and what of it the kernel has.
    pub(super) fn view(&self, daemon: &Daemon<'_>) -> String {
        let status = daemon.status();
        let mut text = String::new();
        for gateway in status.gateways {
            text += &format!("{} {:?} {:?}\n", gateway.interface_name, gateway.subnets, gateway.uplink);
        }
        for port in status.ports {
            text += &format!("{} {:?}\n", port.name, port.addresses);
        }
        status.problems.iter().for_each(|problem| text += &format!("problem: {problem}\n"));
        let kernel = [
            ours(&self.site.compute),
            self.guest.namespace.ip("-br address show"),
            self.site.compute.run("nft list ruleset").1,
        ];
        for line in kernel.iter().flat_map(|shown| shown.lines()) {
            let words = line.split_whitespace().filter(|word| !is_of_its_history(word));
            text += &(words.collect::<Vec<_>>().join(" ") + "\n");
        }
        text
    }

    /// Fails unless the daemon and the kernel soon are as in one of these views.
    pub(super) fn assert_view(&self, daemon: &Daemon<'_>, possible: &[String], occasion: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.view(daemon);
            if possible.contains(&now) {
                return;
            }
            if Instant::now() > deadline {
                let lines = |one: &str, other: &str, sign: char| {
                    let missing = one.lines().filter(|line| !other.lines().any(|other| other == *line));
                    missing.map(|line| format!("{sign}{line}\n")).collect::<String>()
                };
                let differing = |view: &String| lines(view, &now, '-') + &lines(&now, view, '+');
                let differing: Vec<_> = possible.iter().map(differing).collect();
                panic!("{occasion}: as after none of these steps\n{}", differing.join("nor\n"));
            }
            thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Everything that a daemon could leave behind.
    fn snapshot(&self) -> String {
        self.site.snapshot()
    }

    /// Fails unless what others have made is there, line by line. Of what is ours nothing is asked.
    pub(super) fn assert_others_stand(&self, occasion: &str) {
        self.site.compute.enter(|| {
            for (command, before) in &self.others {
                let now = ip(command);
                // What hangs on a tap that is adopted goes with its state.
                for line in before.lines().filter(|line| !line.contains("vgw5")) {
                    assert!(now.lines().any(|other| other == line), "{occasion}: {line:?} is missing from\n{now}");
                }
            }
        });
    }

    /// Fails unless all is as it was before the first daemon.
    pub(super) fn assert_clean(&self, folder: &TempDir, occasion: &str) {
        self.site.assert_unchanged(&self.before, occasion);
        let rules = self.site.compute.run("nft list ruleset").1;
        assert_eq!(rules, "", "{occasion}: nftables");
        assert!(!self.guest.namespace.ip("link show").contains("eth0"), "{occasion}: the guest's tap");
        let names = std::fs::read_dir(folder.path().join("rt_tables.d")).unwrap();
        let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        assert!(names.is_empty(), "{occasion}: {names:?}");
    }
}

/// What depends on how often an interface was up, and what is chosen at random for it.
fn is_of_its_history(word: &str) -> bool {
    let is_own_choice = word.starts_with("fe80::") && word.ends_with("/64");
    is_own_choice || matches!(word, "qdisc" | "noop" | "noqueue" | "fq_codel" | "pfifo_fast" | "mq" | "UP" | "UNKNOWN")
}
