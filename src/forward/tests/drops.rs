//! Every dropped packet is remembered as it was, with its time, port and reason.

use std::time::Duration;

use super::net::restationed;
use super::*;
use crate::addr::Mac;
use crate::forward::{DropReason, Dropped, Verdict};
use crate::packet::{Packet, ReceiveError};

/// What was dropped last: why, which frame, and when.
fn last(net: &Net) -> (DropReason, Dropped) {
    let dropped = net.forwarder.last_drops(0).packets.pop().expect("something was dropped");
    (dropped.reason, dropped)
}

#[test]
fn what_is_dropped_in_silence_or_answered_by_an_error_is_remembered_as_it_came() {
    let mut net = Net::new();
    net.pass(Duration::from_secs(3));
    let spoofed = restationed(from_guest("20.0.0.9").udp(b"spoofed"), Mac::ZERO, Mac::GATEWAY);
    assert!(matches!(net.verdict(GUEST, &spoofed), Verdict::Drop(_)));
    let (reason, dropped) = last(&net);
    assert_eq!((reason, dropped.head(), dropped.length), (DropReason::MacInvalidSource, &spoofed[..], spoofed.len()));
    assert_eq!(dropped.at, net.now);

    net.pass(Duration::from_secs(1));
    let refused = from_guest("10.67.0.1").udp(&[7; 600]);
    assert_eq!(net.verdict(GUEST, &refused), Verdict::Reject(DropReason::RouteUnreachable));
    let (reason, dropped) = last(&net);
    assert_eq!((reason, dropped.head(), dropped.length), (DropReason::RouteUnreachable, &refused[..128], 642));
    assert_eq!((dropped.at, dropped.port), (net.now, net.forwarder.last_drops(0).packets[0].port));
    net.check_accounts();
}

#[test]
fn a_packet_that_waited_in_vain_is_remembered_when_it_is_given_up() {
    let mut net = Net::new();
    let frame = from_host("10.1.0.5").udp(b"who is there");
    assert_eq!(net.verdict(HOST, &frame), Verdict::Taken);
    assert_eq!(net.forwarder.last_drops(0).packets.len(), 0);
    for _ in 0..4 {
        net.pass(Duration::from_secs(1));
        net.emissions();
    }
    let (reason, dropped) = last(&net);
    assert_eq!((reason, dropped.head()), (DropReason::NeighFailed, &frame[..]));
    net.check_accounts();
}

#[test]
fn what_a_device_garbled_or_would_not_take_is_remembered() {
    let mut net = Net::new();
    net.forwarder.malformed(GUEST, &Packet::from_frame(b"rubbish"), ReceiveError::Short);
    assert_eq!(last(&net).1.head(), b"rubbish");
    let mut packet = Packet::from_frame(&from_guest("20.0.0.9").udp(b"late"));
    let (_, origin) = net.forwarder.process(GUEST, &mut packet, net.now).outgoing(GUEST).unwrap();
    net.forwarder.at(net.now + Duration::from_secs(9));
    net.forwarder.undelivered(origin, DropReason::FullRing, &packet);
    let (reason, dropped) = last(&net);
    assert_eq!(
        (reason, dropped.head(), dropped.at),
        (DropReason::FullRing, packet.frame(), net.now + Duration::from_secs(9))
    );
    net.check_accounts();
}
