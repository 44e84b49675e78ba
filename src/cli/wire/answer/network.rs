//! Networks.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

/// A network.
pub(in crate::cli) fn network(answer: wire::NetworkState) -> report::Network {
    let wire::NetworkState { id, routing_instance, gateways, is_static } = answer;
    report::Network { id, instance: routing_instance, gateways, is_static }
}
