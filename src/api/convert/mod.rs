//! The one place where wire types and domain types meet. Wire structs are taken apart without `..`,
//! so that a new field cannot be forgotten here.

mod capture;
mod change;
mod compute_port;
mod configuration;
mod drops;
mod event;
mod fabric;
mod failure;
mod fault;
mod json;
mod read;
mod request;
mod routes;
mod trace;
mod view;
mod virtual_gateway_request;

pub(super) use capture::{capture_port, capture_request, captured_packet};
pub(super) use change::{change, foreign_uplink, host_object, host_step, identity, rehearsal};
pub(super) use compute_port::{compute_port, uuid};
pub(super) use configuration::{comparison, configuration, differences, not_applied, trial};
pub(super) use drops::{drop_count, drop_query, last_drops};
pub(super) use event::{events, since};
pub(super) use fabric::{fabric_deed, fabric_state, take_fabric};
pub(super) use failure::{Identity, refused};
pub(super) use fault::Fault;
pub(super) use json::{gateways_of_json, names_of_json};
pub(super) use read::{address, family, instance_name, interface_name};
pub(super) use routes::{after, changes as route_changes};
pub(super) use trace::{probe, ways};
pub(super) use view::{
    audit_state, gateway_state, instance_state, lookup, network_state, number, outcome, port_state, route_outcomes,
    route_state, status, uplink_state,
};
pub(super) use virtual_gateway_request::virtual_gateway_request;
