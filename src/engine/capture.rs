//! Packets on their way to somebody who looks at them.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::addr::{InstanceName, InterfaceName};
use crate::capture::Filter;
use crate::clock::Moment;
use crate::forward::{Scope, Seen, Sight, Watch, Watcher};
use crate::gateway::Refusal;

use super::command::Failure;
use super::conductor::Conductor;
use super::shared::Room;

/// Packets that wait for the reader, at most.
const WAITING: usize = 8192;
/// Bytes of those, at most.
const WAITING_BYTES: usize = 4 << 20;
/// Bytes after which a reader is given what there is.
const BATCH_BYTES: usize = 1 << 20;

/// Which packets are to be captured, and how much of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaptureRequest {
    /// At this port only.
    pub port: Option<InterfaceName>,
    /// At the tap of this gateway only.
    pub gateway: Option<InterfaceName>,
    /// At the ports of this routing instance only.
    pub instance: Option<InstanceName>,
    /// Only those that are dropped.
    pub drops_only: bool,
    /// Only those that it matches.
    pub filter: Filter,
    /// Bytes of each that are kept.
    pub snap_length: usize,
}

/// A port that is captured at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturePort {
    /// Its name.
    pub name: InterfaceName,
    /// Its routing instance.
    pub instance: Option<InstanceName>,
}

/// A packet as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturedPacket {
    /// When.
    pub at: Moment,
    /// Where.
    pub port: InterfaceName,
    /// What became of it.
    pub sight: Sight,
    /// Bytes of the frame.
    pub length: usize,
    /// Those that were kept.
    pub data: Box<[u8]>,
}

/// A running capture. It ends when it is dropped: the workers find nobody looking.
#[derive(Debug)]
pub struct Capture {
    /// The ports that there were when it began; others may come.
    pub ports: Vec<CapturePort>,
    /// The wall clock at [`Moment::ORIGIN`], since 1970-01-01 00:00 UTC.
    pub epoch: Duration,
    packets: Receiver<CapturedPacket>,
    room: Arc<Room>,
}

/// A worker's end.
struct Sink {
    packets: Sender<CapturedPacket>,
    room: Arc<Room>,
}

impl Capture {
    /// Waits at most so long for packets and returns those that are there, oldest of each worker first.
    /// `None` if there will be no more: the daemon stops.
    #[must_use]
    pub fn wait(&self, patience: Duration) -> Option<Vec<CapturedPacket>> {
        let mut packets = match self.packets.recv_timeout(patience) {
            Ok(first) => vec![first],
            Err(RecvTimeoutError::Timeout) => return Some(Vec::new()),
            Err(RecvTimeoutError::Disconnected) => return None,
        };
        let mut bytes = packets[0].data.len();
        while bytes < BATCH_BYTES
            && let Ok(packet) = self.packets.try_recv()
        {
            bytes += packet.data.len();
            packets.push(packet);
        }
        self.room.leave(bytes);
        packets.sort_by_key(|packet| packet.at);
        Some(packets)
    }

    /// Packets that were looked for and are not shown, since the reader is too slow or there are too many.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.room.lost()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.room.end();
    }
}

impl Watcher for Sink {
    fn is_looking(&self) -> bool {
        !self.room.has_ended()
    }

    fn see(&mut self, seen: &Seen<'_>) {
        let Seen { at, port, sight, length, data } = *seen;
        let has_room = self.room.enter(data.len());
        let packet = || CapturedPacket { at, port, sight, length, data: data.into() };
        if has_room && self.packets.try_send(packet()).is_ok() {
            return;
        }
        if has_room {
            self.room.leave(data.len());
        }
        self.miss();
    }

    fn miss(&mut self) {
        self.room.miss();
    }
}

impl Conductor {
    /// Has the workers show packets.
    pub(super) fn capture(&self, request: CaptureRequest) -> Result<Capture, Failure> {
        let CaptureRequest { port, gateway, instance, drops_only, filter, snap_length } = request;
        if let Some(name) = gateway.filter(|name| self.plan.registry().gateway(name).is_none()) {
            return Err(Refusal::NotFound { kind: "gateway", name: name.to_string() }.into());
        }
        let port = port.or(gateway);
        if let Some(name) = port.filter(|name| self.dataplane.port(name).is_none()) {
            return Err(Refusal::NotFound { kind: "port", name: name.to_string() }.into());
        }
        let scope = match (port, &instance) {
            (Some(port), _) => Scope::Port(port),
            (None, Some(name)) => {
                let id = self.dataplane.instance_id(name);
                Scope::Instance(id.ok_or_else(|| Refusal::UnknownInstance(name.clone()))?)
            }
            (None, None) => Scope::All,
        };
        let room = Arc::new(Room::new(WAITING_BYTES));
        let (sender, packets) = bounded(WAITING);
        self.dataplane.watch(|| Watch {
            scope,
            filter: filter.clone(),
            drops_only,
            snap_length,
            watcher: Box::new(Sink { packets: sender.clone(), room: Arc::clone(&room) }),
        });
        let mut ports = self.dataplane.ports();
        ports.retain(|(name, of)| port.is_none_or(|port| port == *name) && (instance.is_none() || *of == instance));
        let ports = ports.into_iter().map(|(name, instance)| CapturePort { name, instance }).collect();
        let epoch = self.clock.time_of_day().saturating_sub(self.clock.now() - Moment::ORIGIN);
        Ok(Capture { ports, epoch, packets, room })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Sink, Capture) {
        let room = Arc::new(Room::new(WAITING_BYTES));
        let (sender, packets) = bounded(WAITING);
        let capture = Capture { ports: Vec::new(), epoch: Duration::ZERO, packets, room: Arc::clone(&room) };
        (Sink { packets: sender, room }, capture)
    }

    fn show(sink: &mut Sink, count: usize, data: &[u8]) {
        let port = InterfaceName::new("tap0").unwrap();
        for number in 0..count {
            let at = Moment::from_nanos(number as u64);
            sink.see(&Seen { at, port, sight: Sight::Sent, length: data.len(), data });
        }
    }

    #[test]
    fn what_a_slow_reader_does_not_take_is_counted_and_holds_nobody_up() {
        for (size, fit) in [(1, WAITING), (64 << 10, 64)] {
            let (mut sink, capture) = pair();
            show(&mut sink, 10_000, &vec![7; size]);
            assert_eq!(capture.lost(), 10_000 - fit as u64, "{size} bytes each");
            let mut taken = 0;
            while let Some(packets) = capture.wait(Duration::ZERO).filter(|packets| !packets.is_empty()) {
                assert!(packets.iter().map(|packet| packet.data.len()).sum::<usize>() <= BATCH_BYTES);
                taken += packets.len();
            }
            assert_eq!(taken, fit);
            // There is room again.
            show(&mut sink, fit, &vec![7; size]);
            assert_eq!(capture.lost(), 10_000 - fit as u64, "{size} bytes each");
        }
    }

    #[test]
    fn a_capture_ends_with_either_side() {
        let (sink, capture) = pair();
        assert!(sink.is_looking());
        assert_eq!(capture.wait(Duration::ZERO), Some(Vec::new()));
        drop(sink);
        assert_eq!(capture.wait(Duration::ZERO), None);
        let (sink, capture) = pair();
        drop(capture);
        assert!(!sink.is_looking());
    }
}
