//! Clients of every hostile kind against the real daemon, and one that wants to be served meanwhile.
//!
//! All of them are root's, and so of one party: what protects one user from another comes on top of this
//! (`api::server`).

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use vgw::sys::raise_descriptor_limit;

use crate::daemon::Daemon;
use crate::lab::{PATIENCE, eventually};
use crate::namespace::Namespace;
use crate::site::Site;

/// What the daemon may grow by, KiB (docs/security.md).
const GROWTH: u64 = 32 * 1024;

/// A call of KeepAliveCheck with this sequence number.
fn keep_alive(sequence: i32) -> Vec<u8> {
    message(1, "KeepAliveCheck", sequence, b"\0")
}

fn message(kind: u8, method: &str, sequence: i32, arguments: &[u8]) -> Vec<u8> {
    let method = [&u32::try_from(method.len()).unwrap().to_be_bytes(), method.as_bytes()].concat();
    let message = [&[0x80, 1, 0, kind], &method[..], &sequence.to_be_bytes(), arguments].concat();
    framed(&message)
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// What a hostile client does with its connection; `false` if it keeps it open.
struct Kind {
    name: &'static str,
    clients: usize,
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    Holds,
    HalfCloses,
    Resets,
}

fn kinds() -> Vec<Kind> {
    let kind = |name, clients, bytes: Vec<u8>, then| Kind { name, clients, bytes, then };
    let bomb = |size: i32| message(1, "AddVirtualGateway", 1, &[&[15, 0, 1, 12], &size.to_be_bytes()[..]].concat());
    let large = [&(1024_u32 * 1024).to_be_bytes()[..], &[0; 900 * 1024]].concat();
    vec![
        kind("nothing at all", 500, vec![], Then::Holds),
        kind("half a length", 200, vec![0, 0], Then::Holds),
        kind("a frame's beginning", 200, [&[0, 16, 0, 0][..], &[0x80; 100]].concat(), Then::Holds),
        kind("most of the longest frame", 200, large, Then::Holds),
        kind("the longest frame there is", 200, vec![0xff; 4], Then::Holds),
        kind("an empty frame", 200, vec![0; 4], Then::Holds),
        kind("99,000,000 elements", 200, bomb(99_000_000).repeat(100), Then::Holds),
        kind("minus one element", 200, bomb(-1), Then::Holds),
        kind("nested 100,000 deep", 100, message(1, "Connect", 1, &[12, 0, 99].repeat(100_000)), Then::Holds),
        kind("calls whose answers nobody reads", 100, keep_alive(1).repeat(20_000), Then::Holds),
        kind("gone within a frame", 500, vec![0, 0, 1, 0, 1, 2, 3], Then::Resets),
        kind("deaf within a frame", 200, vec![0, 0, 1, 0, 1, 2, 3], Then::HalfCloses),
        kind("gone before the answer", 500, keep_alive(7), Then::Resets),
        kind("no frames", 200, keep_alive(1)[4..].to_vec(), Then::Holds),
        kind("the compact protocol", 200, framed(b"\x82\x21\x01\x0eKeepAliveCheck\0"), Then::Holds),
        kind("JSON", 200, framed(br#"[1,"KeepAliveCheck",1,0,{}]"#), Then::Holds),
        kind("HTTP", 200, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), Then::Holds),
        kind("TLS", 200, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".to_vec(), Then::Holds),
        kind("an answer", 200, message(2, "KeepAliveCheck", 1, b"\0"), Then::Holds),
        kind("an exception", 200, message(3, "KeepAliveCheck", 1, b"\0"), Then::Holds),
        kind("a kind that is none", 200, message(9, "KeepAliveCheck", 1, b"\0"), Then::Holds),
    ]
}

impl Kind {
    /// Whether it sends a whole frame that holds a message, so that it cannot be told from others by that.
    fn asks(&self) -> bool {
        self.bytes.get(4..6) == Some(&[0x80, 1][..])
    }

    /// Does all of it, and keeps what is to be kept.
    fn attack(&self, address: &str) -> Vec<TcpStream> {
        let one = |_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_nonblocking(true).unwrap();
            let mut rest = &self.bytes[..];
            while !rest.is_empty() {
                match stream.write(rest) {
                    Ok(count) => rest = &rest[count..],
                    // It does not wait for the daemon, and does not care what that does.
                    Err(_) => break,
                }
            }
            match self.then {
                Then::Holds => Some(stream),
                Then::HalfCloses => {
                    let _ = stream.shutdown(Shutdown::Write);
                    Some(stream)
                }
                Then::Resets => {
                    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
                    None
                }
            }
        };
        (0..self.clients).filter_map(one).collect()
    }
}

/// The reply to a call on a connection; `None` if it was closed.
fn asked(stream: &mut TcpStream, sequence: i32) -> Option<()> {
    stream.write_all(&keep_alive(sequence)).ok()?;
    let mut reply = [0; 4 + 12 + 14 + 5];
    stream.read_exact(&mut reply).ok()?;
    let expected = message(2, "KeepAliveCheck", sequence, &[2, 0, 0, 1, 0]);
    assert_eq!(reply, expected[..]);
    Some(())
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A newcomer is served; where others come at the same time it may have to come again.
fn assert_serves_newcomers(address: &str, what: &str) {
    assert!((0..100).any(|_| asked(&mut connect(address), i32::MAX).is_some()), "{what}: nobody is served");
}

fn kib(daemon: &Daemon<'_>, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

fn descriptors(daemon: &Daemon<'_>) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", daemon.pid())).unwrap().count()
}

/// Attacks a daemon at an address, beside a client that it has answered: it grows no more than it may.
fn besiege(attack: impl FnOnce(&Daemon<'_>, &str, TcpStream) + Send) {
    raise_descriptor_limit();
    let site = Site::new();
    let (place, daemon) = (&site.compute, &site.start(""));
    assert_serves_newcomers_in(place);
    let (fds, resident) = (descriptors(daemon), kib(daemon, "VmRSS:"));
    // Starts the highest figure anew (proc_pid_clear_refs(5)).
    std::fs::write(format!("/proc/{}/clear_refs", daemon.pid()), "5").unwrap();
    place.enter(|| {
        let address = "127.0.0.1:9090";
        let mut client = connect(address);
        asked(&mut client, 1).unwrap();
        attack(daemon, address, client);
    });
    let grown = kib(daemon, "VmHWM:").saturating_sub(resident);
    assert!(grown <= GROWTH, "grown by {grown} KiB");
    assert_serves_newcomers_in(place);
    eventually("all descriptors are closed", || descriptors(daemon) <= fds);
}

fn assert_serves_newcomers_in(place: &Namespace) {
    place.enter(|| assert_serves_newcomers("127.0.0.1:9090", "in peace"));
}

#[test]
fn whoever_asks_is_served_whatever_others_do() {
    besiege(|daemon, address, mut kept| {
        for (kind, sequence) in kinds().iter().zip(2..) {
            let name = kind.name;
            let held = kind.attack(address);
            assert_serves_newcomers(address, name);
            if asked(&mut kept, sequence).is_none() {
                // Those who have asked are as good as this one, who then has to come again.
                assert!(kind.asks(), "{name}: a connection that is in use was closed");
                kept = connect(address);
                asked(&mut kept, sequence).unwrap();
            }
            drop(held);
        }
        // Another listener knows nothing of it.
        daemon.status();
    });
}

#[test]
fn ten_thousand_connections_leave_room_for_one_that_asks() {
    besiege(|_, address, mut kept| {
        let mut crowd = Vec::new();
        for sequence in 0..10 {
            crowd.extend((0..1000).map(|_| TcpStream::connect(address).unwrap()));
            asked(&mut kept, sequence).expect("who has asked before keeps his connection");
            assert_serves_newcomers(address, "a crowd");
        }
    });
}

/// How many threads serve connections.
fn serving(daemon: &Daemon<'_>) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap();
    // One that ends meanwhile serves nobody.
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| name == "api-connection\n").count()
}

#[test]
fn who_has_sent_nothing_has_no_thread() {
    raise_descriptor_limit();
    let site = Site::new();
    let daemon = site.start("");
    let before = serving(&daemon);
    site.compute.enter(|| {
        let address = "127.0.0.1:9090";
        let mut silent: Vec<TcpStream> = (0..60).map(|_| connect(address)).collect();
        // Accepted later, and so after them.
        let mut kept = connect(address);
        asked(&mut kept, 1).unwrap();
        assert!(serving(&daemon) <= before + 1, "{} threads", serving(&daemon));
        for stream in &mut silent {
            stream.write_all(&keep_alive(2)[..5]).unwrap();
        }
        eventually("all have a thread that have begun a request", || serving(&daemon) >= before + 60);
        asked(&mut kept, 3).expect("a seat for each");
        // Many more, and never more threads than seats: 64 and 16 that follow.
        let more: Vec<TcpStream> = (0..500)
            .map(|_| {
                let mut stream = connect(address);
                let _ = stream.write_all(&keep_alive(4)[..5]);
                stream
            })
            .collect();
        assert!(serving(&daemon) <= before + 80, "{} threads", serving(&daemon));
        drop((silent, more));
        eventually("their threads end", || serving(&daemon) <= before + 5);
        asked(&mut kept, 5).expect("who has asked keeps his connection");
    });
}
