//! Whatever comes, nothing panics and every received packet is accounted for.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::net::gateway;
use super::*;
use crate::addr::{InstanceId, Mac, PortId};
use crate::forward::{DropReason, Forwarder, Limits, Origin, Verdict};
use crate::packet::sample::{STATION, Sample};
use crate::packet::{Offload, Packet, VNET_HEADER};

/// Frames worth damaging.
fn seeds() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for to in ["20.0.0.9", "10.1.0.1", "10.1.0.6", "10.67.0.1", "fd00:99::1", "fd00:1::1", "fd67::1"] {
        let sample = Sample { dont_fragment: false, ..from_guest(to) };
        frames.extend([sample.udp(&[1; 40]), sample.tcp(&[2; 3000]), sample.echo(&[3; 60]), sample.raw(44, &[0; 24])]);
        frames.push(sample.icmp(135, 0, [0; 4], &[0xfd; 24]));
    }
    for to in ["10.1.0.5", "fd00:1::5", "30.0.0.1"] {
        let sample = Sample { dont_fragment: false, ..from_host(to) };
        frames.extend([sample.udp(&[4; 40]), sample.udp(&[5; 5000]), sample.echo(b"")]);
    }
    let mut arp = from_guest("10.1.0.1").udp(&[0; 40]);
    arp[12..14].copy_from_slice(&[8, 6]);
    arp[14..22].copy_from_slice(&[0, 1, 8, 0, 6, 4, 0, 1]);
    arp[22..28].copy_from_slice(&STATION.0);
    arp[28..32].copy_from_slice(&[10, 1, 0, 5]);
    arp[38..42].copy_from_slice(&[10, 1, 0, 1]);
    frames.push(arp);
    frames
}

#[derive(Debug, Clone)]
struct Step {
    port: u32,
    frame: Vec<u8>,
    header: [u8; VNET_HEADER],
    is_sent: bool,
    millis: u64,
}

fn step() -> impl Strategy<Value = Step> {
    let seeds = seeds();
    let damaged = (0..seeds.len(), proptest::collection::vec((0usize..80, any::<u8>()), 0..4), 0usize..4).prop_map(
        move |(seed, edits, cut)| {
            let mut frame = seeds[seed].clone();
            for (at, value) in edits {
                if let Some(byte) = frame.get_mut(at) {
                    *byte = value;
                }
            }
            if cut == 3 {
                frame.truncate(frame.len() - frame.len() / 3);
            }
            frame
        },
    );
    let noise = proptest::collection::vec(any::<u8>(), 0..200);
    let header = prop_oneof![3 => Just([0; VNET_HEADER]), 1 => any::<[u8; VNET_HEADER]>(), 1 => Just(partial())];
    (0u32..5, prop_oneof![9 => damaged, 1 => noise], header, any::<bool>(), 0u64..2000)
        .prop_map(|(port, frame, header, is_sent, millis)| Step { port, frame, header, is_sent, millis })
}

/// A super-packet's header that fits the TCP seeds.
fn partial() -> [u8; VNET_HEADER] {
    let [s, o, g, h] = [34u16, 16, 1000, 54].map(u16::to_ne_bytes);
    [1, 1, h[0], h[1], g[0], g[1], s[0], s[1], o[0], o[1]]
}

fn settle(net: &mut Net, is_sent: bool, origin: Origin, port: PortId, packet: &Packet) {
    if is_sent {
        net.forwarder.sent(origin, port, packet.length());
    } else {
        net.forwarder.undelivered(origin, DropReason::FullRing, packet);
    }
    net.check_accounts();
}

proptest! {
    #[test]
    fn the_accounts_balance_at_every_moment(steps in proptest::collection::vec(step(), 1..40)) {
        let mut net = Net::with(Limits { held: 4, emissions: 6, ..Limits::default() });
        for Step { port, frame, header, is_sent, millis } in steps {
            let port = PortId(port);
            let mut packet = Packet::from_frame(&frame);
            match Offload::parse(&header, frame.len()) {
                Ok(offload) => packet.offload = offload,
                Err(error) => {
                    net.forwarder.malformed(port, &packet, error.into());
                    net.check_accounts();
                    continue;
                }
            }
            let verdict = net.forwarder.process(port, &mut packet, net.now);
            net.check_accounts();
            if let Some((egress, origin)) = verdict.outgoing(port) {
                settle(&mut net, is_sent, origin, egress, &packet);
            }
            net.pass(Duration::from_millis(millis));
            while let Some(emission) = net.forwarder.take_emission() {
                settle(&mut net, is_sent, emission.origin, emission.port, &emission.packet);
                net.forwarder.recycle(emission.packet);
            }
        }
        net.pass(Duration::from_secs(5));
        while let Some(emission) = net.forwarder.take_emission() {
            settle(&mut net, true, emission.origin, emission.port, &emission.packet);
        }
        for port in [GUEST, HOST, OTHER, FOREIGN] {
            prop_assert_eq!(net.forwarder.counters(port).unwrap().held, 0, "nothing is held for ever");
        }
    }
}

#[test]
fn the_seeds_reach_every_kind_of_verdict() {
    let mut kinds = [0; 6];
    for port in [GUEST, HOST] {
        let mut net = Net::new();
        for mut frame in seeds() {
            if port == HOST {
                frame[6..12].copy_from_slice(&TAP.0);
            }
            let verdict = net.verdict(port, &frame);
            net.emissions();
            kinds[match verdict {
                Verdict::Forward(_) => 0,
                Verdict::Answer => 1,
                Verdict::Consumed => 2,
                Verdict::Taken => 3,
                Verdict::Reject(_) => 4,
                Verdict::Drop(_) => 5,
            }] += 1;
        }
    }
    assert!([0, 1, 3, 4, 5].iter().all(|&kind| kinds[kind] > 0), "{kinds:?}");
    assert_eq!(from_guest("20.0.0.9").stations.destination, Mac::GATEWAY);
}

#[test]
fn what_could_not_be_sent_is_dropped() {
    let mut net = Net::new();
    for (frame, reason) in [
        (from_guest("20.0.0.9").udp(b""), DropReason::FullRing),
        (from_guest("10.1.0.1").echo(b""), DropReason::TxRefused),
        (from_guest("10.67.0.1").udp(b""), DropReason::DevReady),
    ] {
        let mut packet = Packet::from_frame(&frame);
        let (_, origin) = net.forwarder.process(GUEST, &mut packet, net.now).outgoing(GUEST).unwrap();
        net.forwarder.undelivered(origin, reason, &packet);
        net.check_accounts();
    }
    let dropped: Vec<_> = net.forwarder.counters(GUEST).unwrap().drops().collect();
    assert_eq!(
        dropped,
        [(DropReason::RouteUnreachable, 1), (DropReason::FullRing, 1), (DropReason::TxRefused, 1)],
        "an error that is lost changes nothing: its packet was dropped already"
    );
}

/// Workers would slow each other down by writing to one cache line, though they share nothing.
#[test]
fn the_ports_of_workers_lie_apart() {
    let mut workers: Vec<Forwarder> = (0..16).map(|_| Forwarder::new(Limits::default())).collect();
    for number in 0..3 {
        for worker in &mut workers {
            worker.set_port(gateway(PortId(number), InstanceId(0)));
        }
    }
    let mut owners = BTreeMap::new();
    for (index, worker) in workers.iter().enumerate() {
        for port in worker.ports.iter() {
            let first = std::ptr::from_ref(port).addr();
            for line in first / 128..=(first + size_of_val(port) - 1) / 128 {
                assert_eq!(*owners.entry(line).or_insert(index), index, "one line, two workers");
            }
        }
    }
}
