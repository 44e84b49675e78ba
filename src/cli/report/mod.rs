//! What `vgw` tells, as plain values: the JSON is made from them by their field names, which are a
//! promise (a change that breaks a reader raises the schema's number), and the tables by
//! [`super::render`].

mod audit;
mod capture;
mod configuration;
mod counters;
mod demo;
mod doctor;
mod drops;
mod event;
mod fabric;
mod form;
mod gateway;
mod host;
mod lease;
mod network;
mod outcome;
mod port;
mod route;
mod status;
mod top;
mod trace;
mod uplink;
mod version;

pub use audit::{Audit, RunningAudit};
pub use capture::{CaptureEnd, CapturedPacket, Sight};
pub use configuration::{Check, Comparison, ConfigurationApplied, Difference, FieldDifference, Trial, TrialEnd};
pub use counters::Counters;
pub use demo::{Demo, DemoFinding, DemoHint, DemoStep, EndedDemo, EndedDemos, KeptDemo};
pub use doctor::{Diagnosis, Finding, Fixed};
pub use drops::{DropCount, DroppedPacket, Drops, InstanceDrops, LastDrops, MissedDrops};
pub use event::{Event, Events, Gap};
pub use fabric::{Fabric, FabricDeed, Restored};
pub(in crate::cli) use form::plain;
pub use form::{Report, to_json};
pub use gateway::{Gateway, Gateways, Traffic};
pub use host::{HostDifference, HostObject, HostObjects, ObjectState, Step};
pub use lease::{Lease, LeaseOutcome, Leases};
pub use network::{Network, NetworkAdvertisements, NetworkDhcp, Networks};
pub use outcome::{Deed, Outcome, Rehearsal};
pub use port::{Dhcp, Guest, Port, Ports, RouterAdvertisements};
pub use route::{Hop, Instance, Instances, Lookup, NextHop, Route, Routes, RoutesChanged};
pub use status::{Confinement, Problem, Rates, RepairCount, Repairs, Status};
pub use top::{Busy, Top};
pub use trace::{Trace, TraceOutcome, TraceStep, TraceVerdict, Way};
pub use uplink::{ForeignUplink, Import, Uplink, Uplinks};
pub use version::Version;

#[cfg(test)]
mod schemas;
