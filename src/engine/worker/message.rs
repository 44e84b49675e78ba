//! What a worker is told and what it answers.

use std::sync::Arc;

use crossbeam_channel::Sender;

use crate::addr::{InstanceId, Mac, PortId};
use crate::engine::device::Device;
use crate::engine::shared;
use crate::forward::{Entry, LastDrops, Learned, PortConfig, PortCounters, Trace, Watch};
use crate::routing::Instance;

/// What a worker is told.
pub(in crate::engine) enum Message {
    /// A port and this worker's queue of it; replaces a queue the port may have had.
    Attach(PortConfig, Box<dyn Device>),
    /// A port's new configuration.
    Configure(PortConfig),
    /// A port's queue is closed; the port awaits another.
    Close(PortId),
    /// A port is gone; its queue is closed.
    Detach(PortId),
    /// A new or changed instance.
    Publish(Arc<Instance>),
    /// An instance is gone.
    Withdraw(InstanceId),
    /// Another worker has learned a neighbour.
    Learned(Learned),
    /// Answer when everything before this is done.
    Barrier(Sender<()>),
    /// Say what you have counted.
    Report(Sender<Vec<PortReport>>),
    /// Say what these packets would come to if they came in now.
    Trace(Vec<Entry>, Sender<Vec<Trace>>),
    /// Show packets as they pass.
    Watch(Watch),
    /// Say which packets you have dropped from this number on, with your own number.
    LastDrops(usize, u64, Sender<(usize, LastDrops)>),
    /// Everything stands: queues are read from now on.
    Open,
    /// End.
    Stop,
}

/// What a worker knows of a port.
pub(in crate::engine) struct PortReport {
    pub(in crate::engine) port: PortId,
    pub(in crate::engine) counters: PortCounters,
    /// A guest's MAC, if one was learned.
    pub(in crate::engine) learned: Option<Mac>,
    /// The device said that its interface is down or gone, and nothing else since.
    pub(in crate::engine) lost: bool,
}

/// The way to a worker.
pub(in crate::engine) type Link = shared::Link<Message>;
