//! Threads and who owns what: one conductor owns the registry and the kernel; each worker owns a
//! forwarder and its queue of every port.

mod alarm;
mod audits;
mod backlog;
mod capture;
mod change;
mod command;
mod concern;
mod conductor;
mod dataplane;
mod device;
mod drops;
mod events;
mod fabric;
mod handle;
mod import;
mod inventory;
mod knowledge;
mod leases;
mod lifecycle;
mod log;
mod memory;
mod party;
mod platform;
mod ports;
mod problem;
mod rates;
mod reconcile;
mod requests;
mod role;
mod routes;
mod sandbox;
mod schedule;
mod service;
mod settle;
mod shared;
mod status;
mod trace;
mod transfer;
mod trial;
mod turns;
mod view;
mod vigil;
mod vital;
mod worker;

pub use backlog::Backlog;
pub use capture::{Capture, CapturePort, CaptureRequest, CapturedPacket};
pub use change::Change;
pub use command::{AddGateways, AddPorts, Caller, Command, Failure, Peer, ReloadError, Reply};
pub use device::{Access, Device, DeviceError};
pub use drops::{DropCountView, DropQuery, DroppedView, LastDropsView};
pub use events::{Cause, Deed, Event, Events, EventsView, Happening};
pub use fabric::{FabricDeed, FabricSite, FabricView, HeldView, Leftover, Queues, TakeFabric};
pub use handle::Handle;
pub use lifecycle::{Engine, Remains, Settings, StartError};
pub use memory::{PutAside, Recollection};
pub use party::Party;
pub use platform::{BadLease, FoundLeases, OpenError, OpenPort, Platform};
pub use problem::Problem;
pub use rates::{Rates, Traffic};
pub use role::{Confine, Role};
pub use routes::{RouteChanges, RouteOutcomes};
pub use sandbox::{Extent, Sandbox};
pub use shared::Since;
pub use trace::{Imagined, Impossible, Place, Probe, TraceEnd, TraceStep, TraceVerdict, TraceView, WayView, Where};
pub use transfer::{Departure, Direct, Transfer};
pub use view::{
    AuditView, ComparisonView, ComputeView, Counters, GatewayView, ImportView, InstanceView, LookupView, NetworkView,
    ObjectState, ObjectView, PortView, ProcessUse, RehearsalView, RepairCount, RepairsView, RouteView, StatusView,
    StepView, UplinkView,
};

pub use crate::gateway::Applied;
