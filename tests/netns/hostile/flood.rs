//! One tenant does its worst; the others notice nothing.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use vgw::packet::Packet;

use crate::lab::eventually;
use crate::site::{Guest, NET1, NET2, OUTSIDE, Site};
use crate::traffic::{assert_ping, bind, receive};

use super::frames::{Hand, edited};
use super::raw::{Raw, mac};

/// Datagrams of the tenant who is in the right: fewer than its queue and its socket hold.
const LETTERS: u16 = 200;
/// Addresses behind one port: all of a /16, many times what is kept of neighbours.
const STATIONS: u32 = 1 << 16;
/// What the tables may take, KiB.
const TABLES: u64 = 16 << 10;

#[test]
fn rubbish_at_line_rate_costs_another_tenant_no_packet() {
    let (site, rowdy) = (Site::new(), Guest::new(10));
    let (writer, reader) = (Guest::new(20), Guest::new(21));
    let quiet = writer.port("tap1", NET2, "") + &reader.port("tap2", NET2, "");
    let daemon = site.start_with_gateway(&(rowdy.port("tap0", NET1, "") + &quiet));
    for guest in [&rowdy, &writer, &reader] {
        guest.settle();
    }
    let to = &reader.addresses()[0];
    assert_ping(&writer.namespace, to);
    let letterbox = bind(&reader.namespace, format!("{to}:7000").parse().unwrap());
    let pen: UdpSocket = bind(&writer.namespace, "0.0.0.0:0".parse().unwrap());
    let hand = Hand { mac: mac(&rowdy.namespace, "eth0"), v4: [192, 168, 1, 10], v6: [0; 16] };
    // Each costs something else: an ICMP error, an ARP answer, a lookup, a bad header.
    let rubbish = [
        hand.udp4_as(hand.v4, [10, 1, 1, 253], 1),
        hand.arp(1, (hand.mac, hand.v4), [192, 168, 1, 1]),
        hand.udp4([192, 168, 1, 77]),
        edited(hand.udp4([10, 1, 1, 253]), 24, &[0, 0]),
    ];
    let raw = Raw::open(&rowdy.namespace, "eth0");
    let (over, spilled) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut packets = rubbish.map(|frame| Packet::from_frame(&frame));
            while !over.load(Ordering::Relaxed) {
                let sent = packets.iter_mut().filter_map(|packet| raw.try_send(packet).then_some(()));
                spilled.fetch_add(sent.count() as u64, Ordering::Relaxed);
            }
        });
        let before = daemon.counters("tap0").received;
        eventually("the flood has come", || daemon.counters("tap0").received > before + 10_000);
        for number in 0..LETTERS {
            pen.send_to(&number.to_be_bytes(), format!("{to}:7000")).unwrap();
            thread::park_timeout(Duration::from_millis(1));
        }
        let mut arrived = Vec::new();
        let mut letter = [0; 8];
        while arrived.len() < usize::from(LETTERS) {
            // Gives up when nothing comes any more.
            let Ok((length, _)) = receive(&letterbox, &mut letter) else { break };
            arrived.push(u16::from_be_bytes(letter[..length].try_into().unwrap()));
        }
        over.store(true, Ordering::Relaxed);
        assert_eq!(
            arrived,
            (0..LETTERS).collect::<Vec<_>>(),
            "beside {} frames of rubbish",
            spilled.load(Ordering::Relaxed)
        );
    });
    daemon.assert_accounted();
    assert_ping(&rowdy.namespace, OUTSIDE[0]);
}

#[test]
fn tables_that_a_guest_fills_are_bounded() {
    let (site, guest, network) = (Site::new(), Guest::new(10), Guest::new(11));
    // A network behind a port, whose stations are asked for one by one.
    let wide = network
        .port("tap1", NET1, "")
        .replace("addresses = [\"192.168.1.11\"", "addresses = [\"10.6.0.0/16\", \"192.168.1.11\"");
    assert!(wide.contains("10.6.0.0/16"), "{wide}");
    let (writer, reader) = (Guest::new(20), Guest::new(21));
    let quiet = writer.port("tap2", NET2, "") + &reader.port("tap3", NET2, "");
    let daemon = site.start_with_gateway(&(guest.port("tap0", NET1, "") + &wide + &quiet));
    for guest in [&guest, &network, &writer, &reader] {
        guest.settle();
    }
    assert_ping(&guest.namespace, "192.168.1.11");
    let memory = daemon.resident();
    let hand = |guest: &Guest| {
        let number = guest.addresses()[0].rsplit('.').next().unwrap().parse().unwrap();
        Hand { mac: mac(&guest.namespace, "eth0"), v4: [192, 168, 1, number], v6: [0; 16] }
    };
    let (asker, claimant) = (hand(&guest), hand(&network));
    let (asking, claiming) = (Raw::open(&guest.namespace, "eth0"), Raw::open(&network.namespace, "eth0"));
    let station = |number: u32| {
        let [_, _, high, low] = number.to_be_bytes();
        [10, 6, high, low]
    };
    let mut sent = 0;
    for number in 0..STATIONS {
        // Somebody looks for each of them, and each makes itself known.
        asking.send(&asker.udp4(station(number)));
        claiming.send(&claimant.arp(1, (claimant.mac, station(number)), [192, 168, 1, 1]));
        sent += 1;
        if sent % 500 == 0 {
            // The queue is not the bound that is meant.
            let taken = |name| daemon.counters(name).received;
            let before = taken("tap1");
            eventually("what was sent is taken", || taken("tap1") == before || taken("tap0") >= sent);
        }
    }
    let stuck = || daemon.dropped("tap0", "NEIGH_CREATEFAIL") + daemon.dropped("tap0", "NEIGH_QUEUEFULL");
    eventually("a bound is reached, and said", || stuck() > 0);
    daemon.assert_accounted();
    let grown = daemon.resident().saturating_sub(memory);
    assert!(grown < TABLES, "{grown} KiB");
    assert_ping(&writer.namespace, &reader.addresses()[0]);
}
