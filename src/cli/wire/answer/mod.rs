//! Answers to reports.

mod audit;
mod capture;
mod configuration;
mod drops;
mod event;
mod fabric;
mod gateway;
mod host;
mod network;
mod numbers;
mod outcome;
mod port;
mod route;
mod status;
mod trace;
mod uplink;

pub(in crate::cli) use audit::audit;
pub(in crate::cli) use capture::captured_packet;
pub(in crate::cli) use configuration::difference;
pub(in crate::cli) use drops::{drop_count, dropped_packet};
pub(in crate::cli) use event::event;
pub(in crate::cli) use fabric::{fabric, fabric_deed};
pub(in crate::cli) use gateway::gateway;
pub(in crate::cli) use host::{host_object, step};
pub(in crate::cli) use network::network;
pub(in crate::cli) use numbers::number;
pub(in crate::cli) use outcome::{lease_outcome, outcome};
pub(in crate::cli) use port::port;
pub(in crate::cli) use route::{add_up, instance, lookup, route};
pub(in crate::cli) use status::status;
pub(in crate::cli) use trace::trace;
pub(in crate::cli) use uplink::{foreign_uplink, uplink};
