//! A node with everything that an administrator may have put on its card, and a client on the wire.
#![expect(clippy::disallowed_methods, reason = "deadlines of connections")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use crate::lab::{PATIENCE, eventually};
use crate::namespace::Namespace;

/// `client (eth0) -- (eth0) node (eth1) -- (eth0) other`.
pub(crate) struct Node {
    pub(crate) client: Namespace,
    pub(crate) node: Namespace,
    other: Namespace,
    pub(crate) folder: TempDir,
}

/// The node's addresses on the wire.
pub(crate) const ADDRESSES: [&str; 2] = ["192.0.2.5", "2001:db8::5"];

/// What is on the card beside its first addresses. `eth1` has a part in some of it.
const FURNITURE: &[&str] = &[
    "address add 192.0.2.6/24 brd 192.0.2.255 label eth0:1 dev eth0",
    "address add 198.51.100.5/25 dev eth0 valid_lft 86400 preferred_lft 43200",
    "address add 10.77.0.1 peer 10.77.0.2/32 dev eth0",
    "address add 10.78.0.1/24 dev eth0 noprefixroute",
    "address add 10.79.0.1/24 dev eth0 metric 77",
    "-6 address add 2001:db8::6/64 dev eth0 nodad valid_lft 86400 preferred_lft 43200",
    "-6 address add 2001:db8:7::1/64 dev eth0 nodad noprefixroute",
    "address add 10.9.0.1/24 dev eth1",
    "-6 address add 2001:db8:9::1/64 dev eth1 nodad",
    "route add default via 192.0.2.1 metric 100 mtu lock 1400 initcwnd 20",
    "route add default via 192.0.2.2 metric 200 proto bird",
    "route append default via 192.0.2.3 metric 200",
    "route add 203.0.113.0/26 nexthop via 192.0.2.1 weight 2 nexthop via 192.0.2.2",
    "route add 203.0.113.64/26 nexthop via 192.0.2.1 dev eth0 nexthop via 10.9.0.2 dev eth1",
    "route add 203.0.113.128/26 dev eth1 src 192.0.2.5",
    "route add 203.0.113.192/26 via 10.200.0.1 dev eth0 onlink",
    "route add 203.0.112.0/24 via inet6 2001:db8::1 dev eth0",
    "route add 203.0.111.0/24 dev eth0 scope link src 192.0.2.6",
    "route add default via 192.0.2.1 src 192.0.2.6 table 100",
    "route add 192.0.2.0/24 dev eth0 table 100",
    "route add unreachable 203.0.110.0/24",
    "route add local 10.99.0.0/16 dev eth0 table local",
    "rule add from 192.0.2.6 table 100 priority 1000",
    "-6 route add default via 2001:db8::1 metric 50",
    "-6 route add default via 2001:db8::2 metric 60 src 2001:db8::5",
    "-6 route add 2001:db8:f::/48 metric 70 nexthop via 2001:db8::1 weight 2 nexthop via 2001:db8::2",
    "-6 route add 2001:db8:e::/48 nexthop via 2001:db8::1 dev eth0 nexthop via 2001:db8:9::2 dev eth1",
    "-6 route add 2001:db8:d::/48 dev eth0 expires 4000",
    "-6 route add default via fe80::1 dev eth0 table 100",
    "-6 rule add from 2001:db8::6 table 100 priority 1000",
    "neighbour add 192.0.2.77 lladdr 02:00:00:00:00:77 dev eth0 nud permanent",
    "neighbour add 2001:db8::77 lladdr 02:00:00:00:00:77 dev eth0 nud permanent",
];

impl Node {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = Self { client: Namespace::new(), node: Namespace::new(), other: Namespace::new(), folder };
        node.node.connect("eth0", &node.client, "eth0");
        node.node.connect("eth1", &node.other, "eth0");
        node.node.sysctl("net.ipv4.conf.eth0.rp_filter", "1");
        node.node.sysctl("net.ipv4.conf.eth0.arp_announce", "2");
        node.node.sysctl("net.ipv6.conf.eth0.accept_ra", "0");
        node.node.sysctl("net.ipv6.conf.eth0.hop_limit", "77");
        // With a link-local address of the kernel's making, as cards have one.
        for (place, mode) in [(&node.node, "eui64"), (&node.client, "eui64")] {
            place.sysctl("net.ipv6.conf.eth0.accept_dad", "0");
            place.ip(&format!("link set eth0 addrgenmode {mode}"));
            place.ip("link set eth0 down");
            place.ip("link set eth0 up");
        }
        for (place, number) in [(&node.node, 5), (&node.client, 1)] {
            eventually("the link is up", || place.ip("link show dev eth0").contains("state UP"));
            eventually("it has a link-local address", || {
                let shown = place.ip("-6 address show dev eth0");
                shown.contains("fe80::") && !shown.contains("tentative")
            });
            place.ip(&format!("address add 192.0.2.{number}/24 brd + dev eth0"));
            place.ip(&format!("-6 address add 2001:db8::{number}/64 dev eth0 nodad"));
        }
        FURNITURE.iter().for_each(|words| drop(node.node.ip(words)));
        node
    }

    /// Everything that must be the same afterwards. Lifetimes count as limited or not.
    pub(crate) fn snapshot(&self) -> String {
        let show = || {
            let mut text = String::new();
            for what in [
                "-d link show",
                "-d address show",
                "-d -4 route show table all",
                "-d -6 route show table all",
                "-4 rule",
                "-6 rule",
                "neighbour show nud permanent",
            ] {
                let mut shown: Value = serde_json::from_str(&crate::lab::ip(&format!("-j {what}"))).unwrap();
                timeless(&mut shown);
                shown.as_array_mut().unwrap().iter_mut().for_each(|row| {
                    row.as_object_mut().unwrap().remove("qdisc");
                });
                text += &format!("{what}:\n{shown:#}\n");
            }
            text += &crate::lab::sysctls("net.ipv4.conf.eth0.*");
            text += &crate::lab::sysctls("net.ipv6.conf.eth0.*");
            let (_, tables) = self.node.run("nft list ruleset");
            text + &tables
        };
        self.node.enter(show)
    }

    /// Fails with the lines that differ from an earlier snapshot, if they do not become the same soon: the
    /// kernel switches some things on its own time.
    pub(crate) fn assert_unchanged(&self, before: &str, occasion: &str) {
        let deadline = Instant::now() + PATIENCE / 4;
        let mut after = self.snapshot();
        while after != before && Instant::now() < deadline {
            after = self.snapshot();
        }
        let lines = |one: &str, other: &str, sign: char| {
            let other: BTreeSet<&str> = other.lines().collect();
            one.lines().filter(|line| !other.contains(line)).map(|line| format!("{sign}{line}\n")).collect::<String>()
        };
        let differing = lines(before, &after, '-') + &lines(&after, before, '+');
        assert!(after == before, "{occasion}: the node has changed\n{differing}");
    }
}

fn timeless(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(timeless),
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                let is_limited = value.as_u64().is_some_and(|seconds| seconds < u32::MAX.into());
                match key.as_str() {
                    "valid_life_time" | "preferred_life_time" | "expires" => *value = is_limited.into(),
                    _ => timeless(value),
                }
            }
        }
        _ => {}
    }
}

/// A connection from the client that sends numbers and gets them back, until it is ended.
pub(crate) struct Talk {
    count: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    client: Option<JoinHandle<()>>,
}

impl Talk {
    /// Connects to an address of the node.
    pub(crate) fn start(node: &Node, address: &str) -> Self {
        let listener = node.node.enter(|| TcpListener::bind((address, 7))).unwrap();
        Builder::new()
            .name("echo".to_owned())
            .spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut buffer = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut buffer) {
                    if stream.write_all(&buffer[..length]).is_err() {
                        return;
                    }
                }
            })
            .unwrap();
        let mut stream = node.client.enter(|| TcpStream::connect((address, 7))).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (count, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (counter, ended) = (count.clone(), over.clone());
        let talk = move || {
            let mut number = 0_u64;
            while !ended.load(Ordering::Relaxed) {
                let sent: Vec<u8> = (number..number + 64).flat_map(u64::to_be_bytes).collect();
                stream.write_all(&sent).unwrap();
                let mut back = vec![0; sent.len()];
                stream.read_exact(&mut back).unwrap();
                assert_eq!(back, sent, "what came back is not what was sent");
                number += 64;
                counter.store(number, Ordering::Relaxed);
            }
        };
        let client = Some(Builder::new().name("client".to_owned()).spawn(talk).unwrap());
        let talk = Self { count, over, client };
        talk.assert_goes_on();
        talk
    }

    /// Fails if nothing comes back any more.
    pub(crate) fn assert_goes_on(&self) {
        let before = self.count.load(Ordering::Relaxed);
        eventually("the connection goes on", || {
            let is_over = self.client.as_ref().is_some_and(JoinHandle::is_finished);
            assert!(!is_over, "the connection is broken");
            self.count.load(Ordering::Relaxed) > before + 1000
        });
    }

    /// Ends it; everything must have come back.
    pub(crate) fn end(mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.client.take().unwrap().join().unwrap();
    }
}
