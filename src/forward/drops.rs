//! The last dropped packets.

use crate::addr::{InterfaceName, PortId};
use crate::clock::Moment;

use super::trace::Recorder;
use super::{DropReason, Forwarder, Sight};

/// Packets that a worker remembers.
const KEPT: usize = 256;
/// Bytes that are remembered of each: the headers, whatever they are.
const HEAD: usize = 128;

/// A packet that was dropped, as it came in or waited.
#[derive(Debug, Clone)]
pub struct Dropped {
    /// When.
    pub at: Moment,
    /// The port whose account it is on: the one that it came in by.
    pub port: InterfaceName,
    /// Why.
    pub reason: DropReason,
    /// Bytes of the frame.
    pub length: usize,
    kept: usize,
    head: [u8; HEAD],
}

impl Dropped {
    /// The frame's first bytes.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head[..self.kept]
    }

    fn fill(&mut self, frame: &[u8]) {
        self.length = frame.len();
        self.kept = frame.len().min(HEAD);
        self.head[..self.kept].copy_from_slice(&frame[..self.kept]);
    }
}

/// The last dropped packets of a worker, oldest first, in memory of fixed size: a new one takes the place
/// of the oldest. Each has a number, counted from zero, by which a reader knows what it has missed.
#[derive(Debug)]
pub(super) struct DropLog {
    kept: Vec<Dropped>,
    /// Number of the next one.
    next: u64,
    /// The moment of what happens now.
    pub(super) now: Moment,
}

/// What a reader finds in a [`Forwarder`]'s memory of dropped packets.
#[derive(Debug, Clone, Default)]
pub struct LastDrops {
    /// The packets, oldest first.
    pub packets: Vec<Dropped>,
    /// Those that have made way for others before the reader came.
    pub missed: u64,
    /// What to ask for next time.
    pub next: u64,
}

impl DropLog {
    pub(super) fn new() -> Self {
        Self { kept: Vec::with_capacity(KEPT), next: 0, now: Moment::ORIGIN }
    }

    fn note(&mut self, port: InterfaceName, reason: DropReason, frame: &[u8]) {
        let at = self.now;
        let place = self.place(self.next);
        self.next += 1;
        match self.kept.get_mut(place) {
            Some(oldest) => {
                (oldest.at, oldest.port, oldest.reason) = (at, port, reason);
                oldest.fill(frame);
            }
            None => {
                let mut dropped = Dropped { at, port, reason, length: 0, kept: 0, head: [0; HEAD] };
                dropped.fill(frame);
                self.kept.push(dropped);
            }
        }
    }

    fn since(&self, number: u64) -> LastDrops {
        let oldest = self.next - self.kept.len() as u64;
        let first = number.clamp(oldest, self.next);
        LastDrops {
            packets: (first..self.next).map(|number| self.kept[self.place(number)].clone()).collect(),
            missed: first.saturating_sub(number),
            next: self.next,
        }
    }

    #[allow(clippy::cast_possible_truncation)] // less than KEPT
    fn place(&self, number: u64) -> usize {
        (number % KEPT as u64) as usize
    }
}

impl<R: Recorder> Forwarder<R> {
    /// What comes now happens at this moment, as far as it is not told another.
    pub fn at(&mut self, now: Moment) {
        self.drops.now = now;
    }

    /// The dropped packets from this number on, as far as they are remembered.
    #[must_use]
    pub fn last_drops(&self, since: u64) -> LastDrops {
        self.drops.since(since)
    }

    /// Remembers a packet that is dropped while it is processed, before it is written over. Counting is
    /// another's.
    #[cold]
    pub(super) fn note_refused(&mut self, ingress: PortId, reason: DropReason, frame: &[u8], now: Moment) {
        self.at(now);
        self.watches.reason = Some(reason);
        self.remember(ingress, reason, frame);
    }

    /// Remembers a packet that is dropped before or after it was processed. Counting is another's.
    #[cold]
    pub(super) fn note_drop(&mut self, ingress: PortId, reason: DropReason, frame: &[u8]) {
        self.show(ingress, Sight::Dropped(reason), frame);
        self.remember(ingress, reason, frame);
    }

    fn remember(&mut self, ingress: PortId, reason: DropReason, frame: &[u8]) {
        if let Some(port) = self.ports.get(ingress) {
            self.drops.note(port.config.name, reason, frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(log: &mut DropLog, number: u8) {
        log.now = Moment::from_nanos(number.into());
        log.note(InterfaceName::new("tap0").unwrap(), DropReason::IpTtl, &vec![number; usize::from(number)]);
    }

    #[test]
    fn the_last_ones_are_kept_and_the_others_counted() {
        let mut log = DropLog::new();
        assert_eq!((log.since(0).packets.len(), log.since(9).next), (0, 0), "nothing is there, whatever is asked for");
        for round in 0..3 {
            (0..=255).for_each(|number| note(&mut log, number));
            assert_eq!(log.since(0).missed, round * 256);
        }
        note(&mut log, 7);
        let all = log.since(0);
        assert_eq!((all.packets.len(), all.missed, all.next), (256, 513, 769));
        let moments = all.packets.iter().map(|dropped| dropped.at.as_nanos());
        assert!(moments.eq((1..=255).chain([7])), "oldest first");
        assert_eq!(log.since(all.next).packets.len(), 0);
        let new = log.since(767);
        assert_eq!((new.packets.len(), new.missed), (2, 0));
        assert_eq!((new.packets[0].head(), new.packets[0].length), (&[255; HEAD][..], 255));
        assert_eq!((new.packets[1].head(), new.packets[1].length), (&[7; 7][..], 7), "not the one before");
    }
}
