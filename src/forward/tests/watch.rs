//! Who looks is shown packets as they came in, went out or were dropped, and only as long as he looks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::addr::{InterfaceName, PortId};
use crate::forward::{DropReason, Scope, Seen, Sight, Verdict, Watch, Watcher};
use crate::packet::{Packet, ReceiveError};

/// What was shown: the sight, the frame's length and what there is of it.
type Shown = (Sight, InterfaceName, usize, Vec<u8>);

#[derive(Default)]
struct Notes {
    shown: Mutex<Vec<Shown>>,
    missed: Mutex<usize>,
    has_enough: AtomicBool,
}

impl Watcher for Arc<Notes> {
    fn is_looking(&self) -> bool {
        !self.has_enough.load(Ordering::Relaxed)
    }
    fn see(&mut self, seen: &Seen<'_>) {
        self.shown.lock().unwrap().push((seen.sight, seen.port, seen.length, seen.data.to_vec()));
    }
    fn miss(&mut self) {
        *self.missed.lock().unwrap() += 1;
    }
}

impl Notes {
    fn take(&self) -> Vec<Shown> {
        std::mem::take(&mut self.shown.lock().unwrap())
    }

    fn sights(&self) -> Vec<Sight> {
        self.take().into_iter().map(|(sight, ..)| sight).collect()
    }
}

fn watch(net: &mut Net, scope: Scope, filter: &str, drops_only: bool, snap_length: usize) -> Arc<Notes> {
    let notes = Arc::new(Notes::default());
    let (filter, watcher) = (filter.parse().unwrap(), Box::new(Arc::clone(&notes)));
    net.forwarder.watch(Watch { scope, filter, drops_only, snap_length, watcher });
    notes
}

fn all(net: &mut Net) -> Arc<Notes> {
    watch(net, Scope::All, "", false, 65_536)
}

/// As a worker does it.
fn pass(net: &mut Net, port: PortId, frame: &[u8]) -> Verdict {
    let mut packet = Packet::from_frame(frame);
    let is_watched = net.forwarder.is_watched();
    if is_watched {
        net.forwarder.stage(port, &packet);
    }
    let verdict = net.forwarder.process(port, &mut packet, net.now);
    if is_watched {
        net.forwarder.show_received(port);
    }
    if let Some((egress, origin)) = verdict.outgoing(port) {
        net.forwarder.sent(origin, egress, packet.length());
        if net.forwarder.is_watched() {
            net.forwarder.show_sent(egress, &packet);
        }
    }
    verdict
}

#[test]
fn a_packet_is_shown_as_it_came_and_as_it_went() {
    let mut net = Net::new().with_guest_known();
    let (notes, head) = (all(&mut net), watch(&mut net, Scope::All, "", false, 20));
    let frame = from_guest("20.0.0.9").udp(b"through");
    assert_eq!(pass(&mut net, GUEST, &frame), Verdict::Forward(HOST));
    let [(received, from, _, before), (sent, to, length, after)] = notes.take().try_into().unwrap();
    assert_eq!((received, sent), (Sight::Received(None), Sight::Sent));
    assert_ne!(from, to);
    assert_eq!((&before, before[22], length), (&frame, 64, frame.len()));
    assert_eq!((after[22], &after[26..]), (63, &frame[26..]), "one hop later");
    let cut: Vec<_> = head.take().into_iter().map(|(_, _, length, data)| (length, data.len())).collect();
    assert_eq!(cut, [(frame.len(), 20), (frame.len(), 20)]);
}

#[test]
fn what_is_dropped_is_shown_once_with_its_reason_and_what_waited_again() {
    let mut net = Net::new();
    let (notes, drops) = (all(&mut net), watch(&mut net, Scope::All, "", true, 65_536));
    let refused = from_guest("10.67.0.1").udp(b"refused");
    assert_eq!(pass(&mut net, GUEST, &refused), Verdict::Reject(DropReason::RouteUnreachable));
    let reason = Sight::Received(Some(DropReason::RouteUnreachable));
    let shown = notes.take();
    assert_eq!(shown.iter().map(|(sight, ..)| *sight).collect::<Vec<_>>(), [reason, Sight::Sent], "and the error");
    assert_eq!(shown[0].3, refused, "not the error that is written over it");
    assert_eq!(drops.sights(), [reason]);

    net.forwarder.malformed(GUEST, &Packet::from_frame(b"rubbish"), ReceiveError::Short);
    assert_eq!(drops.sights(), [Sight::Dropped(DropReason::DevHdr)]);
    notes.take();

    assert_eq!(pass(&mut net, HOST, &from_host("fd00:1::5").udp(b"waits")), Verdict::Taken);
    assert_eq!(notes.sights(), [Sight::Received(None)]);
    for _ in 0..4 {
        net.pass(Duration::from_secs(1));
        net.emissions();
    }
    assert_eq!(notes.sights(), [Sight::Dropped(DropReason::NeighFailed)]);
    assert_eq!(drops.sights(), [Sight::Dropped(DropReason::NeighFailed)]);
}

#[test]
fn a_packet_that_makes_way_is_not_taken_for_the_one_that_comes() {
    let mut net = Net::new();
    let frames: Vec<_> = (0..4).map(|number| from_host("10.1.0.5").udp(&[number; 9])).collect();
    let notes = all(&mut net);
    for frame in &frames {
        assert_eq!(pass(&mut net, HOST, frame), Verdict::Taken);
    }
    let shown = notes.take();
    let displaced: Vec<_> = shown.iter().filter(|(sight, ..)| *sight != Sight::Received(None)).collect();
    assert_eq!(displaced.len(), 1);
    assert_eq!((displaced[0].0, &displaced[0].3), (Sight::Dropped(DropReason::NeighQueuefull), &frames[0]));
}

#[test]
fn scope_and_filter_choose() {
    let mut net = Net::new().with_guest_known();
    let name = |net: &mut Net, port| {
        let notes = all(net);
        pass(net, port, b"who am I");
        notes.has_enough.store(true, Ordering::Relaxed);
        notes.take()[0].1
    };
    let host = name(&mut net, HOST);
    let by_port = watch(&mut net, Scope::Port(host), "", false, 9999);
    let by_filter = watch(&mut net, Scope::All, "host 20.0.0.9 and proto udp", false, 9999);
    pass(&mut net, GUEST, &from_guest("20.0.0.9").udp(b""));
    pass(&mut net, GUEST, &from_guest("20.0.0.9").tcp(b""));
    assert_eq!(by_port.sights(), [Sight::Sent, Sight::Sent]);
    assert_eq!(by_filter.sights(), [Sight::Received(None), Sight::Sent]);
}

#[test]
fn who_looks_away_is_forgotten_and_too_many_are_missed() {
    let mut net = Net::new().with_guest_known();
    assert!(!net.forwarder.is_watched());
    let notes = all(&mut net);
    assert!(net.forwarder.is_watched());
    for _ in 0..12_000 {
        pass(&mut net, GUEST, b"flood");
    }
    assert_eq!((notes.take().len(), *notes.missed.lock().unwrap()), (10_000, 2000));
    notes.has_enough.store(true, Ordering::Relaxed);
    assert!(!net.forwarder.is_watched());
    assert_eq!(Arc::strong_count(&notes), 1, "nothing is kept of it");
}
