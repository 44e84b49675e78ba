//! Clients that are many, slow or gone.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use thrift::protocol::{TInputProtocol, TOutputProtocol};
use thrift::server::TProcessor;
use vgw::api::generated::virtual_gateway::TVirtualGatewaySyncClient;
use vgw::api::{Limits, Listener, Server, instance_service};
use vgw::clock::ManualClock;
use vgw::engine::Handle;
use vgw::sys::MonotonicClock;

use crate::daemon::{Daemon, access};
use crate::wire::{Raw, call, exception, frame, reply};

fn soon() -> Limits {
    let short = Duration::from_millis(200);
    Limits { frame_time: short, reply_time: short, ..Limits::default() }
}

#[test]
fn a_body_that_never_comes_is_not_waited_for() {
    let daemon = Daemon::tcp(soon());
    let mut client = daemon.connect();
    client.send(&[0, 0, 1, 0, 0x80]).unwrap();
    client.assert_closed();
    let mut client = daemon.connect();
    client.send(&[0, 0]).unwrap();
    client.assert_closed();
    daemon.assert_serves();
}

#[test]
fn a_drop_at_a_time_does_not_extend_the_deadline() {
    let daemon = Daemon::tcp(soon());
    let mut client = daemon.connect();
    client.0.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    client.send(&(1024_u32 * 1024).to_be_bytes()).unwrap();
    let mut sent = 0;
    loop {
        // The server reads each byte at once, and closes long before the frame is whole.
        match client.0.read(&mut [0]) {
            Ok(0) => break,
            Ok(_) => panic!("the server answered half a frame"),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
        if client.0.write_all(&[0]).is_err() {
            break;
        }
        sent += 1;
        assert!(sent < 1000, "the server still waits");
    }
    daemon.assert_serves();
}

#[test]
fn an_idle_client_is_closed_and_a_busy_one_is_not() {
    let daemon = Daemon::tcp(Limits { idle_time: Duration::from_millis(100), ..Limits::default() });
    let mut client = daemon.connect();
    let mut silent = daemon.connect();
    assert_eq!(client.call(&call("Connect", 1, b"\0")), reply("Connect", 1, true));
    client.assert_closed();
    silent.assert_closed();
}

#[test]
fn replies_come_in_order() {
    let daemon = Daemon::tcp(Limits::default());
    let mut client = daemon.connect();
    let calls: Vec<u8> = (0..1000).flat_map(|sequence| frame(&call("Connect", sequence, b"\0"))).collect();
    let mut writer = Raw(client.0.try_clone().unwrap());
    let sending = std::thread::Builder::new().spawn(move || writer.send(&calls)).unwrap();
    for sequence in 0..1000 {
        assert_eq!(client.receive(), reply("Connect", sequence, true));
    }
    sending.join().unwrap().unwrap();
}

#[test]
fn a_half_closed_client_gets_its_reply() {
    let daemon = Daemon::tcp(Limits::default());
    let mut client = daemon.connect();
    client.send(&frame(&call("Connect", 1, b"\0"))).unwrap();
    client.half_close();
    assert_eq!(client.receive(), reply("Connect", 1, true));
    client.assert_closed();
}

#[test]
fn a_client_that_does_not_read_is_closed() {
    let daemon = Daemon::tcp(soon());
    let mut client = daemon.connect();
    // Each reply repeats the name, so that the buffers in between are soon full.
    let name = "x".repeat(60_000);
    let request = frame(&call(&name, 1, b"\0"));
    let error = (0..10_000).find_map(|_| client.send(&request).err());
    let error = error.expect("the server reads on while nobody takes its replies");
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "still open: {error}");
    daemon.assert_serves();
}

#[test]
fn when_all_seats_are_taken_who_asks_for_nothing_gives_way() {
    let limits = Limits { connections: 8, share: 8, ..Limits::default() };
    let daemon = Daemon::tcp(limits);
    let mut open: Vec<Raw> = (0..8).map(|_| daemon.connect()).collect();
    for client in &mut open {
        assert_eq!(client.call(&call("Connect", 1, b"\0")), reply("Connect", 1, true));
    }
    // The first has asked for nothing since before the others.
    daemon.assert_serves();
    open[0].assert_closed();
    for client in &mut open[1..] {
        assert_eq!(client.call(&call("Connect", 2, b"\0")), reply("Connect", 2, true));
    }

    // Who has asked once stays, however many come who have not.
    let strangers: Vec<Raw> = (0..100).map(|_| daemon.connect()).collect();
    daemon.assert_serves();
    for client in &mut open[1..] {
        assert_eq!(client.call(&call("Connect", 3, b"\0")), reply("Connect", 3, true));
    }
    drop(strangers);
}

#[test]
fn half_a_frame_holds_no_seat() {
    let limits = Limits { connections: 8, share: 8, ..Limits::default() };
    let daemon = Daemon::tcp(limits);
    let mut slow: Vec<Raw> = (0..8).map(|_| daemon.connect()).collect();
    for client in &mut slow {
        client.send(&[0, 0, 1, 0, 0x80]).unwrap();
    }
    daemon.assert_serves();
    slow[0].assert_closed();
}

#[test]
fn a_users_crowd_displaces_nobody_elses_connection() {
    // 127.0.0.N is user N.
    let clock = ManualClock::default();
    let daemon = Daemon::tcp_of_users([7, 8], Arc::new(clock.clone()));
    let from = |user| Raw::from_user(user, daemon.address());
    let mut silent = from(8);
    let mut half = from(8);
    half.send(&[0, 0]).unwrap();
    // A newcomer is served, so those before him have been accepted.
    assert_eq!(from(8).call(&call("Connect", 1, b"\0")), reply("Connect", 1, true));
    let mut crowd: Vec<Raw> = (0..500).map(|_| from(7)).collect();
    for client in crowd.iter_mut().step_by(2) {
        let _ = client.send(&[0, 0]);
    }
    assert_eq!(from(8).call(&call("Connect", 2, b"\0")), reply("Connect", 2, true));
    assert_eq!(silent.call(&call("Connect", 3, b"\0")), reply("Connect", 3, true));
    let request = frame(&call("Connect", 4, b"\0"));
    half.send(&request[2..]).unwrap();
    assert_eq!(half.receive(), reply("Connect", 4, true));
    // He gives way to himself, but not at once.
    crowd.iter_mut().skip(Limits::default().share).for_each(Raw::assert_closed);
    clock.advance(Duration::from_secs(1));
    let mut newcomer = from(7);
    crowd[0].assert_closed();
    assert_eq!(newcomer.call(&call("Connect", 5, b"\0")), reply("Connect", 5, true));
}

#[test]
fn a_panic_costs_its_connection_and_no_thread() {
    struct Panics;
    impl TProcessor for Panics {
        fn process(&self, _: &mut dyn TInputProtocol, _: &mut dyn TOutputProtocol) -> thrift::Result<()> {
            panic!("as the test wants it");
        }
    }
    let left = AtomicUsize::new(10);
    let engine = Handle::new(crossbeam_channel::bounded(0).0);
    let service = move |caller, _| -> Box<dyn TProcessor + Send> {
        let panics = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if panics { Box::new(Panics) } else { instance_service(engine.clone(), caller) }
    };
    // Fewer threads than panics.
    let limits = Limits { connections: 2, share: 2, followers: 0, ..Limits::default() };
    let listener = Listener::tcp("127.0.0.1:0".parse().unwrap(), access()).unwrap();
    let server = Server::start(listener, service, Arc::new(MonotonicClock), limits).unwrap();
    let request = call("KeepAliveCheck", 1, b"\0");
    for _ in 0..10 {
        let mut client = Raw::connect(server.address().unwrap());
        client.send(&frame(&request)).unwrap();
        client.assert_closed();
    }
    assert_eq!(Raw::connect(server.address().unwrap()).call(&request), reply("KeepAliveCheck", 1, true));
    server.stop();
}

#[test]
fn followers_have_seats_of_their_own() {
    let daemon = Daemon::unix();
    let mut followers: Vec<_> = (0..16).map(|_| daemon.client()).collect();
    for follower in &mut followers {
        follower.call(|daemon| daemon.events(0, 1, 1)).unwrap();
    }
    let error = daemon.client().call(|daemon| daemon.events(0, 1, 1)).unwrap_err();
    assert!(error.to_string().contains("followers"), "{error}");
    daemon.client().call(|daemon| daemon.events(0, 1, 0)).expect("who does not wait follows nothing");
    // Far more than there are seats.
    let idle: Vec<_> = (0..100).map(|_| daemon.client()).collect();
    daemon.client().call(|daemon| daemon.status()).unwrap();
    for follower in &mut followers {
        follower.call(|daemon| daemon.events(0, 1, 1)).expect("a follower stays");
    }
    drop((idle, followers.pop()));
    let mut tries = std::iter::repeat_with(|| daemon.client().call(|daemon| daemon.events(0, 1, 1))).take(1000);
    assert!(tries.any(|followed| followed.is_ok()), "the place of one that has gone is free");
}

#[test]
fn requests_that_have_not_all_come_share_their_memory() {
    let limits = Limits { memory: 1024 * 1024, ..Limits::default() };
    let daemon = Daemon::tcp(limits);
    let mut large: Vec<Raw> = (0..3).map(|_| daemon.connect()).collect();
    let part = vec![0; 900 * 1024];
    for client in &mut large {
        client.send(&(1024_u32 * 1024).to_be_bytes()).unwrap();
        // One that is refused is closed while it sends.
        let _ = client.send(&part);
    }
    large.retain_mut(|client| {
        client.0.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        matches!(client.0.read(&mut [0]), Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    });
    assert_eq!(large.len(), 1, "one fits in, the others are closed");
    daemon.assert_serves();
}

#[test]
fn memory_follows_what_came_and_not_what_was_announced() {
    let daemon = Daemon::tcp(Limits::default());
    let before = resident_kib();
    let mut open: Vec<Raw> = (0..60).map(|_| daemon.connect()).collect();
    for client in &mut open {
        client.send(&(1024_u32 * 1024).to_be_bytes()).unwrap();
    }
    daemon.assert_serves();
    let mut client = daemon.connect();
    for _ in 0..100 {
        let request = call("AddVirtualGateway", 1, b"\x0f\0\x01\x0c\x05\xe6\x9e\xc0");
        let text = "Container size 99000000 exceeds maximum allowed size of 4096";
        assert_eq!(client.call(&request), exception("AddVirtualGateway", 1, text, 7));
    }
    let grown = resident_kib().saturating_sub(before);
    // 60 frames of 1 MiB would be 60 MiB. The other tests of this process have their share.
    assert!(grown < 40 * 1024, "{grown} KiB");
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn stopping_ends_every_connection() {
    let mut daemon = Daemon::tcp(Limits::default());
    let mut idle = daemon.connect();
    let mut midway = daemon.connect();
    let mut silent = daemon.connect();
    assert_eq!(idle.call(&call("Connect", 1, b"\0")), reply("Connect", 1, true));
    assert_eq!(midway.call(&call("Connect", 1, b"\0")), reply("Connect", 1, true));
    midway.send(&[0, 0, 1]).unwrap();
    // Joins the threads: a thread that is left would keep a handle, and the conductor would not end.
    daemon.stop();
    idle.assert_closed();
    midway.assert_closed();
    silent.assert_closed();
}
