//! What is asked of the conductor, and what it answers.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crossbeam_channel::Sender;

use crate::addr::{InstanceName, InterfaceName, Uuid};
use crate::gateway::{Applied, ComputePort, Declared, GatewaySpec, LeaseName, Misfit, Refusal};
use crate::host::KernelError;

use super::capture::{Capture, CaptureRequest};
use super::change::Change;
use super::drops::{DropCountView, DropQuery, LastDropsView};
use super::view::{ImportView, LookupView, ObjectView, RehearsalView, RouteView, StatusView, StepView};

/// Who asks, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A client of the compatible API.
    Thrift(SocketAddr),
    /// A client of its REST form.
    Rest(SocketAddr),
    /// A client of the Unix socket, as the kernel vouches for it (`SO_PEERCRED`).
    Unix {
        /// User id.
        uid: u32,
        /// Process id.
        pid: i32,
    },
    /// The configuration file, read at start or again.
    Configuration,
}

/// Gateways to add or change, each judged by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddGateways {
    /// The good elements of the request, in order.
    pub specs: Vec<GatewaySpec>,
    /// Names of elements that were refused before they came here: they count as seen by the audit,
    /// so that a client's slip on replay does not cost it the gateway that stands.
    pub seen: Vec<InterfaceName>,
    /// The request cannot name an uplink: a gateway that stands keeps the one it has. A controller's
    /// replay must not undo what an administrator has set.
    pub keep_uplinks: bool,
}

/// Ports of a compute service to add, change or confirm, each judged by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddPorts {
    /// The good elements of the request, in order.
    pub ports: Vec<ComputePort>,
    /// Ports whose elements were refused before they came here: they count as seen by the audit.
    pub seen: Vec<Uuid>,
}

/// Why a request was not carried out; everything is as before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It does not fit beside what stands.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The kernel refused a step; the request was rolled back whole.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// A port's device could not be opened.
    #[error("{0}")]
    Device(String),
    /// The daemon is stopping.
    #[error("the daemon is stopping")]
    Stopping,
}

/// Why another configuration was not applied; everything is as before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReloadError {
    /// An element does not fit beside what stands.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// It fits, but could not be carried out.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The answer's way back.
pub type Reply<T> = Sender<T>;

/// Everything that the conductor can be asked. [`super::Handle`] has a method for each, and says
/// there what it means.
#[derive(Debug)]
pub enum Command {
    /// [`super::Handle::add_gateways`].
    AddGateways(AddGateways, Reply<Vec<Result<Applied, Failure>>>),
    /// [`super::Handle::delete_gateways`].
    DeleteGateways(Vec<InterfaceName>, Reply<Vec<Result<Applied, Failure>>>),
    /// [`super::Handle::connect`].
    Connect(Reply<()>),
    /// [`super::Handle::set_audit_timeout`].
    SetAuditTimeout(i32, Reply<()>),
    /// [`super::Handle::add_ports`].
    AddPorts(AddPorts, Reply<Vec<Result<Applied, Failure>>>),
    /// [`super::Handle::delete_compute_port`].
    DeleteComputePort(Uuid, Reply<Result<Applied, Failure>>),
    /// [`super::Handle::connect_ports`].
    ConnectPorts(Reply<()>),
    /// [`super::Handle::reload`].
    Reload(Box<Declared>, Option<Duration>, Reply<Result<(), ReloadError>>),
    /// [`super::Handle::change`].
    Change(Change, Reply<Result<Applied, Failure>>),
    /// [`super::Handle::rehearse`].
    Rehearse(Change, Reply<Result<RehearsalView, Failure>>),
    /// [`super::Engine::stop`].
    Stop(Reply<Vec<String>>),
    /// [`super::Handle::status`].
    Status(Reply<StatusView>),
    /// [`super::Handle::routes`].
    Routes(InstanceName, Reply<Result<Vec<RouteView>, Failure>>),
    /// [`super::Handle::lookup`].
    Lookup(InstanceName, IpAddr, Reply<Result<LookupView, Failure>>),
    /// [`super::Handle::inventory`].
    Inventory(Reply<Result<Vec<ObjectView>, Failure>>),
    /// [`super::Handle::import`].
    Import {
        /// Only these devices' uplinks; empty is all.
        devices: Vec<InterfaceName>,
        /// Nothing is done.
        dry: bool,
        /// The answer's way.
        reply: Reply<Result<Vec<ImportView>, Failure>>,
    },
    /// [`super::Handle::read_lease`].
    ReadLease(LeaseName, Reply<Result<Applied, Failure>>),
    /// [`super::Handle::drops`].
    Drops(DropQuery, Reply<Result<Vec<DropCountView>, Failure>>),
    /// [`super::Handle::last_drops`].
    LastDrops(DropQuery, Vec<u64>, Reply<Result<LastDropsView, Failure>>),
    /// [`super::Handle::capture`].
    Capture(CaptureRequest, Reply<Result<Capture, Failure>>),
    /// [`super::Handle::difference`].
    Difference(Reply<Result<Vec<StepView>, Failure>>),
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thrift(address) => write!(f, "thrift {address}"),
            Self::Rest(address) => write!(f, "rest {address}"),
            Self::Unix { uid, pid } => write!(f, "uid {uid} pid {pid}"),
            Self::Configuration => f.write_str("configuration"),
        }
    }
}
