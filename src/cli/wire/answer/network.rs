//! Networks.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;
use crate::cli::wire::services;

/// A network.
pub(in crate::cli) fn network(answer: wire::NetworkState) -> report::Network {
    let wire::NetworkState { id, routing_instance, gateways, is_static, dhcp, router_advertisements } = answer;
    report::Network {
        id,
        instance: routing_instance,
        gateways,
        dhcp: dhcp.map(services::network_dhcp),
        router_advertisements: router_advertisements.map(services::network_advertisements),
        is_static,
    }
}
