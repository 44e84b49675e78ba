//! Network namespaces without names. One goes with the last that holds it, whatever becomes of the
//! test, so there is nothing to clean up and nothing to collide.
#![allow(unsafe_code)]

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::panic::resume_unwind;
use std::process::Command;
use std::thread::{self, Builder};

use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

use crate::lab::{self, eventually};

/// A network namespace with loopback up.
pub(crate) struct Namespace(File);

impl Namespace {
    pub(crate) fn new() -> Self {
        let made = Builder::new().name("namespace".to_owned()).spawn(|| {
            // SAFETY: only the network namespace of this new thread changes; no memory is unshared.
            unsafe { unshare_unsafe(UnshareFlags::NEWNET) }.expect("a network namespace needs root");
            File::open("/proc/thread-self/ns/net").unwrap()
        });
        let namespace = Self(made.unwrap().join().unwrap());
        namespace.ip("link set lo up");
        namespace
    }

    /// A path by which other programs can open it.
    pub(crate) fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd())
    }

    /// Does something in it: what is started or opened there stays there.
    pub(crate) fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let inside = Builder::new().name("inside".to_owned()).spawn_scoped(scope, || {
                move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                work()
            });
            inside.unwrap().join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }

    /// Runs `ip` with these arguments; its output.
    pub(crate) fn ip(&self, arguments: &str) -> String {
        self.enter(|| lab::ip(arguments))
    }

    /// Gives an interface an address, in effect at once.
    pub(crate) fn add_address(&self, device: &str, address: &str) {
        // Nobody else can have an IPv6 address here, so there is no need to look for one who has.
        let found = if address.contains(':') { " nodad" } else { "" };
        self.ip(&format!("address add {address} dev {device}{found}"));
        let (host, _) = address.split_once('/').unwrap();
        let family = if address.contains(':') { "-6" } else { "-4" };
        let local = format!("{family} route show table local type local {host}");
        eventually("the address is in effect", || !self.ip(&local).is_empty());
    }

    /// Runs a program; true if it ends well, and what it prints.
    pub(crate) fn run(&self, command: &str) -> (bool, String) {
        let mut words = command.split_whitespace();
        let program = words.next().unwrap();
        let output = self.enter(|| Command::new(program).args(words).output());
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (output.status.success(), text.into_owned())
    }

    /// Switches something in /proc/sys/net.
    pub(crate) fn sysctl(&self, name: &str, value: &str) {
        self.enter(|| lab::sysctl(name, value));
    }

    /// The content of a file in /proc/net.
    pub(crate) fn proc_net(&self, file: &str) -> String {
        self.enter(|| std::fs::read_to_string(format!("/proc/thread-self/net/{file}")).unwrap())
    }

    /// Connects an interface of this namespace to one of another, both up.
    pub(crate) fn connect(&self, name: &str, other: &Self, other_name: &str) {
        self.ip(&format!("link add {name} type veth peer name {other_name} netns {}", other.path()));
        for (side, name) in [(self, name), (other, other_name)] {
            side.ip(&format!("link set {name} addrgenmode none up"));
        }
        for (side, name) in [(self, name), (other, other_name)] {
            eventually("the link is up", || side.ip(&format!("link show dev {name}")).contains("state UP"));
        }
    }
}
