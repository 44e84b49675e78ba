//! The words and options of `vgw`. Values are checked here, so that a mistake names its option and
//! nothing half-right is sent to the daemon.

mod arguments;
mod audit;
mod capture;
mod complete;
mod configuration;
mod demo;
mod doctor;
mod drops;
mod fabric;
mod gateway;
mod host;
mod import;
mod interface;
mod network;
mod port;
mod prefix;
mod route;
mod services;
mod trace;
mod uplink;
mod watch;

pub use arguments::{Arguments, DaemonVerb, Verb};
pub use audit::AuditVerb;
pub use capture::CaptureArguments;
pub use complete::CompleteArguments;
pub use configuration::{ApplyArguments, ConfigurationArguments};
pub use demo::DemoArguments;
pub use doctor::DoctorArguments;
pub use drops::DropsArguments;
pub use fabric::{FabricRestore, FabricTake, FabricVerb};
pub use gateway::{GatewayAdd, GatewayVerb};
pub use host::HostVerb;
pub use import::ImportArguments;
pub use interface::Interface;
pub use network::{NetworkAdd, NetworkVerb};
pub use port::{PortAdd, PortVerb};
pub use route::{Instance, InstanceVerb, RouteAdd, RouteDelete, RouteLoad, RouteLookup, RouteVerb};
pub use services::Services;
pub use trace::{Protocol, TraceArguments};
pub use uplink::{Lease, Release, Uplink, UplinkAdd, UplinkVerb};
pub use watch::{Column, EventsArguments, TopArguments};

#[cfg(test)]
mod tests;
