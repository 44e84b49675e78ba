//! What the conductor needs of the system: the kernel, devices, and what is to be remembered.

use std::collections::{BTreeMap, BTreeSet};

use crossbeam_channel::Receiver;

use crate::addr::InterfaceName;
use crate::gateway::{Leases, PortSpec, Record, UplinkName};
use crate::host::Kernel;

use super::device::Device;
use super::fabric::FabricSite;
use super::memory::{PutAside, Recollection};
use super::role::Confine;
use super::sandbox::{Extent, Sandbox};
use super::transfer::Transfer;

/// A guest port's device, opened.
pub struct OpenPort {
    /// One queue for each worker.
    pub queues: Vec<Box<dyn Device>>,
    /// The largest IP packet that it takes, bytes.
    pub mtu: u32,
}

/// Why a guest port's device was not opened: one sentence that names what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no such interface to attach to; there may be one later.
    #[error("there is no interface {0} to attach to")]
    Absent(InterfaceName),
    /// Where it is to be there is something in the way.
    #[error("{reason}")]
    Unfit {
        /// What of the port does not fit there.
        field: &'static str,
        /// What is in the way, and what helps.
        reason: String,
    },
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// What DHCP clients' hooks have left, as far as it can be read.
#[derive(Debug, Clone, Default)]
pub struct FoundLeases {
    /// The leases.
    pub leases: Leases,
    /// What could not be read and why.
    pub problems: Vec<BadLease>,
}

/// A lease, or the folder of leases, that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct BadLease {
    /// The file, as it can be shown.
    pub file: String,
    /// Why not.
    pub reason: String,
}

/// The system as the engine sees it: the real one, or a stand-in whose devices are socket pairs.
pub trait Platform: Send {
    /// The host's links, routes, rules and settings.
    fn kernel(&mut self) -> &mut dyn Kernel;

    /// The queues of a tap that [`crate::host::Operation::AddLink`] has made, one for each worker;
    /// empty if it was not made since the last call.
    fn take_queues(&mut self, link: &InterfaceName) -> Vec<Box<dyn Device>>;

    /// False for a tap of ours whose queues were taken: who has closed them gets no others.
    fn has_queues(&self, _link: &InterfaceName) -> bool {
        true
    }

    /// True for a tap that was there before us: it is given back as it was found, which takes that
    /// nobody holds its queues any more.
    fn is_adopted(&self, link: &InterfaceName) -> bool;

    /// Opens a guest port's device: makes its tap and places it, or attaches to the interface.
    /// Undone by [`Platform::close_ports`], which goes before the port is opened anew.
    ///
    /// # Errors
    /// Why not; nothing is left behind.
    fn open_port(&mut self, spec: &PortSpec) -> Result<OpenPort, OpenError>;

    /// Those of these guests' ports whose tap is not with the guest any more: the guest's network namespace was
    /// removed, or is another one of the same name, or the tap was moved. Neither does the kernel tell of it.
    fn displaced(&self, _ports: &[&PortSpec]) -> BTreeSet<InterfaceName> {
        BTreeSet::new()
    }

    /// Guests' ports have gone, their queues are closed: what outlives them is removed, of all together.
    fn close_ports(&mut self, _ports: &[InterfaceName]) {}

    /// We end, and guests' ports still stand, with their queues closed: those that the next run cannot take up go.
    fn release_ports(&mut self) {}

    /// Of what a daemon before us has left of guests' ports, what serves these as it is waits for
    /// [`Platform::open_port`], and everything else goes. Once, at the start, before anything is settled.
    fn take_up(&mut self, _ports: &mut dyn Iterator<Item = &PortSpec>) {}

    /// True if packets may wait in queues that a daemon before us has left: they are read once everything
    /// stands.
    fn is_resuming(&self) -> bool {
        false
    }

    /// The best way to move packets that the system allows, once for each worker.
    fn transfers(&self) -> Vec<Box<dyn Transfer>>;

    /// A channel that offers a message when [`Kernel::has_news`] may have something to tell. It is offered,
    /// not queued: until it is taken nothing else happens, and what comes meanwhile is in that message.
    fn stirrings(&self) -> Receiver<()>;

    /// The uplinks' routing tables: what in them bears our mark is ours. True if others were claimed
    /// before, so that what was observed was sorted otherwise.
    fn claim_tables(&mut self, tables: &[u32]) -> bool;

    /// The leases of the host's devices as they are now.
    fn leases(&self) -> FoundLeases;

    /// The host's own devices, which can be taken in front of it; `None` where there are none.
    fn fabric(&mut self) -> Option<&mut dyn FabricSite> {
        None
    }

    /// What earlier runs have written down by [`Platform::remember`]. What cannot be read is kept out of the
    /// way.
    fn recollect(&mut self) -> Recollection;

    /// Writes down what has changed since this was last called with success; it is on the disk when this
    /// returns. The first time, and whenever there is a reason to write anew, `all` there is is written.
    ///
    /// # Errors
    /// One sentence; what was written down before is still there.
    fn remember(&mut self, change: &[Record], all: &dyn Fn() -> Vec<Record>) -> Result<(), String>;

    /// What [`Platform::recollect`] has kept out of the way, as long as it is there.
    fn put_aside(&self) -> Option<PutAside>;

    /// What confines a thread of the engine to its role.
    fn confinement(&self) -> Confine {
        |_| {}
    }

    /// How far what confines threads is in force.
    fn sandbox(&self) -> Sandbox {
        let nothing = || Extent::None("nothing was asked for".to_owned());
        Sandbox { landlock: nothing(), seccomp: nothing(), capabilities: nothing() }
    }

    /// The tables that uplinks had when they were last named, in an earlier run too.
    fn remembered_tables(&self) -> BTreeMap<UplinkName, u32>;

    /// Names the uplinks' tables for people, and remembers them for [`Platform::remembered_tables`].
    /// Costs nothing if nothing has changed.
    ///
    /// # Errors
    /// One sentence; routing works all the same.
    fn name_tables(&mut self, tables: &BTreeMap<UplinkName, u32>) -> Result<(), String>;
}

impl std::fmt::Debug for OpenPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenPort({} queues, mtu {})", self.queues.len(), self.mtu)
    }
}
