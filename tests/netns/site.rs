//! A place where gateways are of use: a compute node, and a host outside that it is connected to.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::RwLockReadGuard;

use tempfile::TempDir;

use crate::daemon::{Daemon, request};
use crate::lab::{assert_unchanged, eventually, shared_turn, snapshot};
use crate::namespace::Namespace;

/// The routing instance of most tests.
pub(crate) const NET1: &str = "default-domain:admin:net1:net1";
/// Another one.
pub(crate) const NET2: &str = "default-domain:admin:net2:net2";

/// The subnets of [`NET1`].
pub(crate) const SUBNETS: [&str; 2] = ["192.168.1.0/24", "2001:db8:2::/64"];
/// The addresses by which guests of [`NET1`] know their gateway.
pub(crate) const GATEWAYS: [&str; 2] = ["192.168.1.1", "2001:db8:2::1"];
/// The outside host's addresses.
pub(crate) const OUTSIDE: [&str; 2] = ["10.1.1.253", "2001:db8:1::253"];

/// `outside (eth0) -- (eth1) compute`. The outside host knows the way back to [`SUBNETS`].
pub(crate) struct Site {
    pub(crate) outside: Namespace,
    pub(crate) compute: Namespace,
    folder: TempDir,
    _turn: RwLockReadGuard<'static, ()>,
}

impl Site {
    pub(crate) fn new() -> Self {
        let turn = shared_turn();
        let folder = tempfile::tempdir().unwrap();
        let site = Self { outside: Namespace::new(), compute: Namespace::new(), folder, _turn: turn };
        site.compute.connect("eth1", &site.outside, "eth0");
        // The kernel asks for the neighbours of packets that it forwards from a link-local address.
        for address in ["10.1.1.254/24", "2001:db8:1::254/64", "fe80::254/64"] {
            site.compute.add_address("eth1", address);
        }
        for address in ["10.1.1.253/24", "2001:db8:1::253/64"] {
            site.outside.add_address("eth0", address);
        }
        site.outside.ip("route add 192.168.1.0/24 via 10.1.1.254");
        site.outside.ip("-6 route add 2001:db8:2::/64 via 2001:db8:1::254");
        site
    }

    /// Where the daemon's files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the daemon on the compute node.
    pub(crate) fn start(&self, config: &str) -> Daemon<'_> {
        Daemon::start(&self.compute, self.folder(), config)
    }

    /// Starts the daemon with the ports of this configuration and adds the gateway `vgw1` of
    /// [`NET1`] as a controller does.
    pub(crate) fn start_with_gateway(&self, config: &str) -> Daemon<'_> {
        let daemon = self.start(config);
        assert!(daemon.add(&[request("vgw1", NET1, &SUBNETS)]));
        daemon
    }

    /// The file in which a daemon keeps what calls have added.
    pub(crate) fn dynamic(&self) -> PathBuf {
        self.folder().join("state/dynamic.jsonl")
    }

    /// Makes the next daemon know nothing of what calls have added, as docs/operations.md tells.
    pub(crate) fn forget(&self) {
        std::fs::remove_file(self.dynamic()).unwrap();
    }

    /// Everything that a daemon could leave behind on the compute node.
    pub(crate) fn snapshot(&self) -> String {
        self.compute.enter(snapshot)
    }

    /// Fails unless the compute node is as in an earlier snapshot.
    pub(crate) fn assert_unchanged(&self, before: &str, occasion: &str) {
        self.compute.enter(|| assert_unchanged(before, occasion));
    }
}

/// A guest of [`NET1`], or of another instance with the same addresses.
pub(crate) struct Guest {
    pub(crate) namespace: Namespace,
    /// Its number in its subnets.
    number: u8,
}

impl Guest {
    /// A guest that uses its addresses as soon as it has them.
    pub(crate) fn new(number: u8) -> Self {
        let guest = Self::careful(number);
        guest.namespace.sysctl("net.ipv6.conf.default.accept_dad", "0");
        guest
    }

    /// A guest that first looks whether somebody else uses its addresses (RFC 4862, 5.4), which
    /// takes a second or two.
    pub(crate) fn careful(number: u8) -> Self {
        Self { namespace: Namespace::new(), number }
    }

    /// Its IPv4 and its IPv6 address.
    pub(crate) fn addresses(&self) -> [String; 2] {
        let number = self.number;
        [format!("192.168.1.{number}"), format!("2001:db8:2::{number}")]
    }

    /// The configuration of a port that is placed with this guest as `eth0`.
    pub(crate) fn port(&self, name: &str, instance: &str, further: &str) -> String {
        let [v4, v6] = self.addresses();
        let mut text = port(name, instance, &[&v4, &v6], further);
        writeln!(text, "netns = \"{}\"\nguest_name = \"eth0\"", self.namespace.path()).unwrap();
        writeln!(text, "guest_addresses = [\"{v4}/24\", \"{v6}/64\"]").unwrap();
        text
    }

    /// Waits until the guest may use its addresses.
    pub(crate) fn settle(&self) {
        let shown = || self.namespace.ip("-6 address show dev eth0");
        eventually("the guest's addresses are its own", || !shown().contains("tentative"));
        assert!(!shown().contains("dadfailed"), "somebody else answered for the guest's address");
    }
}

/// The configuration of a port of any kind whose guest knows the gateway by [`GATEWAYS`].
pub(crate) fn port(name: &str, instance: &str, addresses: &[&str], further: &str) -> String {
    format!(
        "[[port]]\nname = \"{name}\"\nrouting_instance = \"{instance}\"\naddresses = {addresses:?}\n\
         gateways = {GATEWAYS:?}\n{further}\n"
    )
}

/// A guest of [`NET2`], 192.168.7.11: its namespace, and its port `tap1` in the configuration.
pub(crate) fn other_guest() -> (Namespace, String) {
    let namespace = Namespace::new();
    let port = format!(
        "[[port]]\nname = \"tap1\"\nrouting_instance = \"{NET2}\"\naddresses = [\"192.168.7.11\"]\n\
         gateways = [\"192.168.7.1\"]\nguest_addresses = [\"192.168.7.11/24\"]\nnetns = \"{}\"\n",
        namespace.path()
    );
    (namespace, port)
}
