//! A worker's queues, one of every port.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsRawFd;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use crate::addr::PortId;
use crate::engine::backlog::Backlog;
use crate::engine::device::{Device, DeviceError};
use crate::engine::transfer::Transfer;
use crate::packet::Batch;

/// A port's queue.
struct Queue {
    device: Box<dyn Device>,
    backlog: Backlog,
    /// True while the queue stands in the ready list.
    is_ready: bool,
    /// True since the device said that its interface is down or gone.
    is_lost: bool,
}

/// The queues by port, and which of them may have something to read.
#[derive(Default)]
pub(super) struct Queues {
    queues: Vec<Option<Queue>>,
    /// Served in turn, so that none starves the others.
    ready: VecDeque<PortId>,
}

impl Queues {
    /// Takes a port's queue in, in place of one that the port may have had. Port *n*'s events have
    /// token *n*.
    pub(super) fn open(&mut self, registry: &Registry, port: PortId, device: Box<dyn Device>) -> io::Result<()> {
        self.close(registry, port);
        let descriptor = device.as_fd().as_raw_fd();
        if self.queues.len() <= port.index() {
            self.queues.resize_with(port.index() + 1, || None);
        }
        self.queues[port.index()] = Some(Queue { device, backlog: Backlog::UNKNOWN, is_ready: false, is_lost: false });
        // What came before the registration gives no edge.
        self.mark_ready(port);
        registry.register(&mut SourceFd(&descriptor), Token(port.index()), Interest::READABLE)
    }

    /// Closes a port's queue, if it has one.
    pub(super) fn close(&mut self, registry: &Registry, port: PortId) {
        if let Some(queue) = self.queues.get_mut(port.index()).and_then(Option::take) {
            let descriptor = queue.device.as_fd().as_raw_fd();
            // It was registered unless that failed, and then there is nothing to undo.
            let _ = registry.deregister(&mut SourceFd(&descriptor));
        }
    }

    /// Takes note that a port's queue may have something to read.
    pub(super) fn mark_ready(&mut self, port: PortId) {
        if let Some(Some(queue)) = self.queues.get_mut(port.index())
            && !queue.is_ready
        {
            queue.is_ready = true;
            self.ready.push_back(port);
        }
    }

    /// Number of queues that may have something to read.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// The port whose turn it is.
    pub(super) fn turn(&self) -> Option<PortId> {
        self.ready.front().copied()
    }

    /// Leaves the port whose turn it is for later.
    pub(super) fn pass(&mut self) {
        if !self.ready.is_empty() {
            self.ready.rotate_left(1);
        }
    }

    /// Fills the batch from the queue whose turn it is; the batch is empty if there was nothing.
    pub(super) fn receive(&mut self, transfer: &mut dyn Transfer, batch: &mut Batch) -> Option<PortId> {
        batch.clear();
        let port = self.ready.pop_front()?;
        let queue = self.queues.get_mut(port.index())?.as_mut()?;
        let outcome = transfer.receive(&mut *queue.device, batch, queue.backlog.expected());
        queue.backlog = Backlog::seen(batch.len(), batch.bytes());
        if let Err(DeviceError::Refused(error)) = &outcome {
            tracing::debug!(?port, %error, "the kernel refused to hand over a packet");
        }
        queue.is_ready = match outcome {
            Ok(()) | Err(DeviceError::Refused(_)) => true,
            Err(DeviceError::WouldBlock) => false,
            // A socket says it once, before what was received earlier; a tap that is gone says it again.
            Err(DeviceError::Down) => !queue.is_lost,
        };
        queue.is_lost = matches!(outcome, Err(DeviceError::Down)) || queue.is_lost && batch.is_empty();
        if queue.is_ready {
            self.ready.push_back(port);
        }
        Some(port)
    }

    /// A port's queue, to send by.
    pub(super) fn device(&self, port: PortId) -> Option<&dyn Device> {
        Some(&*self.queues.get(port.index())?.as_ref()?.device)
    }

    /// The ports that have a queue, and whether their interface is down or gone.
    pub(super) fn ports(&self) -> impl Iterator<Item = (PortId, bool)> {
        let ports = (0..).map(PortId).zip(&self.queues);
        ports.filter_map(|(port, queue)| queue.as_ref().map(|queue| (port, queue.is_lost)))
    }
}
