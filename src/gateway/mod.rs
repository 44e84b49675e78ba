//! The product: what was asked for, the audit window, and what follows from both.

mod announced;
mod applied;
mod audit;
mod audits;
mod difference;
mod fabric;
#[cfg(test)]
mod fixtures;
mod import;
mod lease;
mod limits;
mod offers;
mod plan;
mod refusal;
mod registry;
mod reserved;
mod saved;
mod service;
mod sharing;
mod spec;
#[cfg(test)]
mod steps;
mod want;

pub use applied::Applied;
pub use audit::{Audit, Timer};
pub use audits::{Auditee, Audits};
pub use difference::{Difference, FieldDifference};
pub use fabric::{FABRIC, Fabric, FabricEnd, FabricNames};
pub use import::{Found, Layout, recognise};
pub use lease::{Attachment, LeaseError, LeaseName, Leases, Waiting};
pub use limits::Limits;
pub use plan::Plan;
pub use refusal::Refusal;
pub use registry::{Declared, Element, Gateway, Misfit, Network, Owner, Port, Registry, Route, Standing, Uplink};
pub use saved::{BadJournal, Journal, Key, Record, Saved, State, Thing, Unfit};
pub use service::{AdvertisementSpec, DhcpSpec, DomainName, LeaseTime};
pub use spec::{
    Addressing, ComputePort, GatewaySpec, GuestSpec, NetworkSpec, PortKind, PortSpec, StaticRoute, UplinkName,
    UplinkSpec,
};
pub use want::{InstanceWant, Origin, PortWant, RouteWant, ToldNetworks, Want};
