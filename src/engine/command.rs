//! What is asked of the conductor, and what it answers.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crossbeam_channel::Sender;

use super::capture::{Capture, CaptureRequest};
use super::change::Change;
use super::drops::{DropCountView, DropQuery, LastDropsView};
use super::fabric::{FabricDeed, FabricView, TakeFabric};
use super::lifecycle::Remains;
use super::platform::OpenError;
use super::routes::{RouteChanges, RouteOutcomes};
use super::trace::{Probe, TraceView};
use super::view::{ComparisonView, ImportView, LookupView, ObjectView, RehearsalView, RouteView, StatusView, StepView};
use crate::addr::{InstanceName, InterfaceName, Prefix, Uuid};
use crate::fabric;
use crate::gateway::{Applied, ComputePort, Declared, Difference, GatewaySpec, LeaseName, Misfit, Refusal};
use crate::host::KernelError;

/// Who asks, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A client of the compatible API.
    Thrift(Peer),
    /// A client of its REST form.
    Rest(Peer),
    /// A reader of the metrics.
    Metrics(Peer),
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

/// The other end of a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// The user whose socket it is, as the kernel vouches for it; `None` is one of another host.
    pub uid: Option<u32>,
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
    /// What is asked for does not fit where it is to be.
    #[error("{reason}")]
    Unfit {
        /// What of it does not.
        field: &'static str,
        /// Why not, and what helps.
        reason: String,
    },
    /// A configuration is on trial for so much longer.
    #[error(
        "a configuration is on trial for {} s more: 'vgw confirm' keeps it, 'vgw rollback' takes it back",
        .0.as_secs()
    )]
    OnTrial(Duration),
    /// There is nothing to confirm or to take back.
    #[error("no configuration is on trial")]
    NoTrial,
    /// The host's device cannot be taken or given back as things are.
    #[error(transparent)]
    Fabric(fabric::Refusal),
    /// A step of taking or giving back the host's device failed.
    #[error(transparent)]
    FabricStep(fabric::Failed),
    /// The daemon is stopping.
    #[error("the daemon is stopping")]
    Stopping,
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Unfit { field, reason } => Self::Unfit { field, reason },
            OpenError::Absent(_) | OpenError::Failed(_) => Self::Device(error.to_string()),
        }
    }
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
    /// [`super::Handle::compare`].
    Compare(Box<Declared>, Reply<Result<ComparisonView, ReloadError>>),
    /// [`super::Handle::apply`].
    Apply {
        /// What the configuration defines.
        declared: Box<Declared>,
        /// The audit's timer.
        timeout: Option<Duration>,
        /// The time to confirm it.
        confirm: Option<Duration>,
        /// The answer's way.
        reply: Reply<Result<Vec<Difference>, ReloadError>>,
    },
    /// [`super::Handle::confirm`].
    Confirm(Reply<Result<(), Failure>>),
    /// [`super::Handle::roll_back`].
    RollBack(Reply<Result<(), Failure>>),
    /// [`super::Handle::change`].
    Change(Change, Reply<Result<Applied, Failure>>),
    /// [`super::Handle::rehearse`].
    Rehearse(Change, Reply<Result<RehearsalView, Failure>>),
    /// [`super::Engine::stop`].
    Stop(Remains, Reply<Vec<String>>),
    /// [`super::Handle::status`].
    Status(Reply<StatusView>),
    /// [`super::Handle::routes`].
    Routes(InstanceName, Reply<Result<Vec<RouteView>, Failure>>),
    /// [`super::Handle::routes_after`].
    RoutesAfter(InstanceName, Option<Prefix>, usize, Reply<Result<Vec<RouteView>, Failure>>),
    /// [`super::Handle::change_routes`].
    ChangeRoutes(RouteChanges, Reply<Result<RouteOutcomes, Failure>>),
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
    /// [`super::Handle::trace`].
    Trace(Probe, Reply<Result<TraceView, Failure>>),
    /// [`super::Handle::take_fabric`].
    TakeFabric(TakeFabric, Reply<Result<FabricDeed, Failure>>),
    /// [`super::Handle::confirm_fabric`].
    ConfirmFabric(Reply<Result<FabricView, Failure>>),
    /// [`super::Handle::give_fabric_back`].
    GiveFabricBack(bool, Reply<Result<FabricDeed, Failure>>),
    /// [`super::Handle::fabric`].
    Fabric(Reply<FabricView>),
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
            Self::Thrift(peer) => write!(f, "thrift {peer}"),
            Self::Rest(peer) => write!(f, "rest {peer}"),
            Self::Metrics(peer) => write!(f, "metrics {peer}"),
            Self::Unix { uid, pid } => write!(f, "uid {uid} pid {pid}"),
            Self::Configuration => f.write_str("configuration"),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.uid {
            Some(uid) => write!(f, "{} uid {uid}", self.address),
            None => write!(f, "{}", self.address),
        }
    }
}
