//! Packets that come faster than they are forwarded are moved in batches: none is lost or changed,
//! and each flow keeps its order.

use std::fs;
use std::net::{SocketAddr, UdpSocket};

use rustix::net::sockopt::set_socket_recv_buffer_size_force;
use rustix::process::Signal;

use crate::attach::{attached, furnish};
use crate::daemon::Daemon;
use crate::lab::eventually;
use crate::namespace::Namespace;
use crate::site::{Guest, NET1, Site};
use crate::sniffer::Sniffer;
use crate::traffic::{assert_ping, bind, unspecified};

/// More than one batch, and less than the shortest queue on the way holds.
const BURST: usize = 300;

/// Sends numbered datagrams while the daemon stands still, and fails unless exactly they arrive, in
/// their order, once it goes on. How many packets they came in is returned. The kernel may take its time to hand over what comes by an
/// attached interface: the daemon goes on when all has been `heard` there.
fn burst(
    daemon: &Daemon<'_>,
    from: &Guest,
    to: &Guest,
    address: &str,
    length: fn(usize) -> usize,
    heard: Option<&Sniffer>,
) -> u64 {
    let receiver = bind(&to.namespace, SocketAddr::new(address.parse().unwrap(), 0));
    set_socket_recv_buffer_size_force(&receiver, 8 << 20).unwrap();
    let sender = bind(&from.namespace, SocketAddr::new(unspecified(address.parse().unwrap()), 0));
    sender.connect(receiver.local_addr().unwrap()).unwrap();
    let datagram = |number: usize| [number.to_be_bytes().as_slice(), &vec![7; length(number)]].concat();
    let before = received_packets(&to.namespace);
    let ports = [&sender, &receiver].map(|socket| socket.local_addr().unwrap().port().to_be_bytes()).concat();
    daemon.signal(Signal::STOP);
    eventually("it stands still", || is_still(daemon));
    for number in 0..BURST {
        sender.send(&datagram(number)).unwrap();
    }
    if let Some(heard) = heard {
        let mut there = 0;
        eventually("all wait for it", || {
            there += heard.count(&ports);
            there >= BURST
        });
    }
    daemon.signal(Signal::CONT);
    let mut buffer = vec![0; 1 << 16];
    for number in 0..BURST {
        let received = receive(&receiver, &mut buffer);
        assert_eq!(&buffer[..received], datagram(number), "datagram {number} to {address}");
    }
    received_packets(&to.namespace) - before
}

/// True once each thread has heard that it is to stop (proc_pid_stat(5)).
fn is_still(daemon: &Daemon<'_>) -> bool {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap();
    let mut stats = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("stat")));
    stats.all(|stat| stat.is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))))
}

fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> usize {
    socket.recv(buffer).expect("every datagram arrives")
}

/// Packets that came in by a guest's interface; a super-packet is one.
fn received_packets(namespace: &Namespace) -> u64 {
    let count = namespace.enter(|| fs::read_to_string("/proc/thread-self/net/dev")).unwrap();
    let line = count.lines().find_map(|line| line.trim().strip_prefix("eth0:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Bursts of every kind to both addresses of a guest.
fn assert_bursts(daemon: &Daemon<'_>, from: &Guest, to: &Guest, heard: Option<&Sniffer>) {
    let burst = |address: &str, length: fn(usize) -> usize| burst(daemon, from, to, address, length, heard);
    for address in to.addresses() {
        assert_ping(&from.namespace, &address);
        let equal = burst(&address, |_| 50);
        assert!(equal < BURST as u64 / 10, "{equal} packets: equal datagrams travel joined");
        let rising = burst(&address, |number| number);
        assert!(rising >= BURST as u64, "{rising} packets: datagrams that become longer travel alone");
        burst(&address, |number| if number % 7 == 0 { 30 } else { 1400 });
        // Each arrives behind the others of its flow, whatever it was joined with.
        burst(&address, |number| 1000 - number % 3);
    }
    eventually("all is accounted for", || daemon.counters("tap0").held == 0);
    daemon.assert_accounted();
}

#[test]
fn bursts_pass_taps_whole_and_in_order() {
    for io_uring in ["on", "off"] {
        let (site, one, two) = (Site::new(), Guest::new(10), Guest::new(11));
        let config = format!("[dataplane]\nio_uring = \"{io_uring}\"\n");
        let daemon = site.start(&(config + &one.port("tap0", NET1, "") + &two.port("tap1", NET1, "")));
        one.settle();
        two.settle();
        assert_eq!(daemon.has_open("anon_inode:[io_uring]"), io_uring == "on");
        assert_bursts(&daemon, &one, &two, None);
    }
}

#[test]
fn bursts_pass_attached_interfaces_whole_and_in_order() {
    for io_uring in ["on", "off"] {
        let (site, one, two) = (Site::new(), Guest::new(10), Guest::new(11));
        let mut config = format!("[dataplane]\nio_uring = \"{io_uring}\"\n");
        for (name, guest) in [("tap0", &one), ("tap1", &two)] {
            site.compute.connect(name, &guest.namespace, "eth0");
            furnish(guest);
            config += &attached(name, guest);
        }
        let daemon = site.start(&config);
        assert_bursts(&daemon, &one, &two, Some(&Sniffer::new(&site.compute)));
    }
}
