//! One daemon ends, in whatever way, and the next begins.

mod kinds;
mod leftovers;
mod load;
mod lossless;
mod manager;
mod places;
mod saved;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::daemon::{Daemon, end};
use crate::lab::eventually;
use crate::site::{NET1, SUBNETS, Site};
use manager::Manager;

/// Says whose the descriptors are, as a service manager does, and becomes the daemon.
const GIVE: [&str; 4] = ["sh", "-c", "export LISTEN_PID=$$; exec \"$@\"", "sh"];

/// A gateway of the configuration.
fn gateway(name: &str) -> String {
    format!("[[gateway]]\ninterface = \"{name}\"\nrouting_instance = \"{NET1}\"\nsubnets = {SUBNETS:?}\n")
}

/// Starts the daemon as the manager does.
fn start<'a>(site: &'a Site, manager: &Manager, config: &str) -> Daemon<'a> {
    start_by(site, manager, config, &GIVE)
}

fn start_by<'a>(site: &'a Site, manager: &Manager, config: &str, wrapper: &[&str]) -> Daemon<'a> {
    let folder = site.folder();
    let prepare = |command: &mut Command| manager.hand_over(command);
    let daemon = Daemon::launch_prepared(&site.compute, folder, config, wrapper, &[], prepare);
    daemon.wait_for_log(" ready");
    daemon
}

/// A wrapper that starts a copy of the program in place of the one that was built: another build.
fn other_build(folder: &Path) -> String {
    let copy = folder.join("vgwd-next");
    fs::copy(env!("CARGO_BIN_EXE_vgwd"), &copy).unwrap();
    format!("export LISTEN_PID=$$; shift; exec {} \"$@\"", copy.display())
}

/// The interface's index.
fn index(site: &Site, name: &str) -> String {
    let shown = site.compute.ip(&format!("-o link show dev {name}"));
    shown.split(':').next().unwrap().to_owned()
}

/// Hears what the kernel tells of links, routes and rules.
struct Monitor<'a> {
    child: Child,
    site: &'a Site,
}

impl<'a> Monitor<'a> {
    fn new(site: &'a Site) -> Self {
        let file = fs::File::create(site.folder().join("monitor")).unwrap();
        let mut command = Command::new("ip");
        command.args(["-o", "monitor", "link", "address", "route", "rule"]).stdout(Stdio::from(file));
        let child = site.compute.enter(|| command.spawn()).unwrap();
        let monitor = Self { child, site };
        // It says nothing before it hears something.
        eventually("the monitor listens", || {
            monitor.touch(7);
            monitor.said().contains("from 198.51.100.7")
        });
        monitor
    }

    fn said(&self) -> String {
        fs::read_to_string(self.site.folder().join("monitor")).unwrap()
    }

    /// A rule comes and goes.
    fn touch(&self, number: u8) {
        for what in ["add", "delete"] {
            self.site.compute.ip(&format!("rule {what} from 198.51.100.{number} lookup main pref 77"));
        }
    }

    /// What was deleted until now.
    fn deleted(&self) -> String {
        self.touch(8);
        eventually("the monitor has heard all", || {
            self.said().lines().any(|line| line.contains("Deleted") && line.contains("198.51.100.8"))
        });
        let mut deleted = String::new();
        for line in self.said().lines().filter(|line| line.contains("Deleted") && !line.contains("198.51.100.")) {
            writeln!(deleted, "{line}").unwrap();
        }
        deleted
    }
}

impl Drop for Monitor<'_> {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
