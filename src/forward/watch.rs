//! Somebody looks at packets as they pass.

use crate::addr::{InstanceId, InterfaceName, PortId};
use crate::capture::Filter;
use crate::clock::Moment;
use crate::packet::Packet;

use super::bucket::TokenBucket;
use super::trace::Recorder;
use super::{DropReason, Forwarder, Rate};

/// Packets that one watch is shown by a worker: looking must not become the main thing that it does.
const RATE: Rate = Rate { per_second: 100_000, burst: 10_000 };

/// What became of a packet, as far as it is known where it is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// It came in; why it was dropped at once, if it was.
    Received(Option<DropReason>),
    /// It went out, as edited.
    Sent,
    /// It came in earlier and is dropped now.
    Dropped(DropReason),
}

/// A packet that is seen at a port.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// When.
    pub at: Moment,
    /// The port.
    pub port: InterfaceName,
    /// What is seen of it.
    pub sight: Sight,
    /// Bytes of the frame.
    pub length: usize,
    /// The frame's first bytes, as many as are wanted.
    pub data: &'a [u8],
}

/// Who is shown packets. It must not wait.
pub trait Watcher: Send {
    /// False once nobody looks any more.
    fn is_looking(&self) -> bool;

    /// Shows a packet.
    fn see(&mut self, seen: &Seen<'_>);

    /// A packet was not shown, since there were too many.
    fn miss(&mut self);
}

/// The ports that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All.
    All,
    /// One.
    Port(InterfaceName),
    /// Those of a routing instance.
    Instance(InstanceId),
}

/// What is looked for, and by whom.
pub struct Watch {
    /// At which ports.
    pub scope: Scope,
    /// Which packets.
    pub filter: Filter,
    /// Only what is dropped.
    pub drops_only: bool,
    /// Bytes that are wanted of each.
    pub snap_length: usize,
    /// Who looks.
    pub watcher: Box<dyn Watcher>,
}

/// The watches, and the packet that is on its way through the forwarder as it was before.
#[derive(Debug, Default)]
pub(super) struct Watches {
    watches: Vec<(Watch, TokenBucket, Staged)>,
    /// The packet's first bytes.
    head: Vec<u8>,
    length: usize,
    /// Why the packet was dropped.
    pub(super) reason: Option<DropReason>,
}

/// Whether a watch wants the packet that is on its way.
type Staged = bool;

impl<R: Recorder> Forwarder<R> {
    /// Shows packets from now on, until nobody looks any more.
    pub fn watch(&mut self, watch: Watch) {
        // Of a worker that has nothing to do, nobody asks who still looks.
        self.watches.watches.retain(|(watch, ..)| watch.watcher.is_looking());
        self.watches.watches.push((watch, TokenBucket::new(RATE), false));
    }

    /// True if somebody looks. Asked once for a batch; who does not look any more is forgotten.
    #[inline]
    pub fn is_watched(&mut self) -> bool {
        !self.watches.watches.is_empty() && self.has_watchers()
    }

    #[cold]
    fn has_watchers(&mut self) -> bool {
        self.watches.watches.retain(|(watch, ..)| watch.watcher.is_looking());
        !self.watches.watches.is_empty()
    }

    /// A packet has come in and is about to be processed. What becomes of it is shown by
    /// [`Forwarder::show_received`].
    pub fn stage(&mut self, ingress: PortId, packet: &Packet) {
        let Some(port) = self.ports.get(ingress) else { return };
        let Watches { watches, head, length, reason } = &mut self.watches;
        (*length, *reason) = (packet.length(), None);
        head.clear();
        for (watch, _, staged) in watches {
            *staged = watch.is_at(port.config.name, port.config.instance) && watch.filter.matches(packet.frame());
            if *staged {
                // As much as the most curious wants.
                let wanted = packet.length().min(watch.snap_length);
                head.extend_from_slice(packet.frame().get(head.len()..wanted).unwrap_or_default());
            }
        }
    }

    /// The packet that was staged has been processed.
    pub fn show_received(&mut self, ingress: PortId) {
        let Some(port) = self.ports.get(ingress) else { return };
        let (at, port) = (self.drops.now, port.config.name);
        let Watches { watches, head, length, reason } = &mut self.watches;
        for (watch, bucket, staged) in watches {
            if *staged && (reason.is_some() || !watch.drops_only) {
                let data = &head[..head.len().min(watch.snap_length)];
                watch.show(bucket, &Seen { at, port, sight: Sight::Received(*reason), length: *length, data });
            }
        }
    }

    /// A packet has gone out.
    pub fn show_sent(&mut self, egress: PortId, packet: &Packet) {
        self.show(egress, Sight::Sent, packet.frame());
    }

    /// A packet that is not on its way through the forwarder just now.
    pub(super) fn show(&mut self, port: PortId, sight: Sight, frame: &[u8]) {
        let Some(port) = self.ports.get(port) else { return };
        let (at, port, instance) = (self.drops.now, port.config.name, port.config.instance);
        for (watch, bucket, _) in &mut self.watches.watches {
            let is_meant = sight != Sight::Sent || !watch.drops_only;
            if is_meant && watch.is_at(port, instance) && watch.filter.matches(frame) {
                let data = &frame[..frame.len().min(watch.snap_length)];
                watch.show(bucket, &Seen { at, port, sight, length: frame.len(), data });
            }
        }
    }
}

impl Watch {
    fn is_at(&self, port: InterfaceName, instance: InstanceId) -> bool {
        match self.scope {
            Scope::All => true,
            Scope::Port(wanted) => wanted == port,
            Scope::Instance(wanted) => wanted == instance,
        }
    }

    fn show(&mut self, bucket: &mut TokenBucket, seen: &Seen<'_>) {
        if bucket.take(seen.at) { self.watcher.see(seen) } else { self.watcher.miss() }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watch({:?}, {:?}, {} bytes)", self.scope, self.filter.to_string(), self.snap_length)
    }
}
