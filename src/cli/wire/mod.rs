//! Between the words of the command line, the wire and the reports. Wire types end here.

mod answer;
mod request;
mod services;

pub(super) use answer::*;
pub(super) use request::{add_gateway, add_network, add_port, add_route, add_uplink, drop_query, route_name};
