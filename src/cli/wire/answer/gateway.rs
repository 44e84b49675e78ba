//! Gateways.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

use super::numbers::{self, number};

/// A gateway.
pub(in crate::cli) fn gateway(answer: wire::GatewayState) -> report::Gateway {
    let wire::GatewayState {
        interface_name,
        routing_instance,
        subnets,
        routes,
        uplink,
        is_static,
        version,
        deleted_in_ms,
        counters,
        masquerade,
        weight,
        masqueraded,
        rates,
    } = answer;
    report::Gateway {
        interface: interface_name,
        instance: routing_instance,
        subnets,
        routes,
        uplink,
        masquerade: masquerade.unwrap_or(false),
        masqueraded: masqueraded
            .map(|wire::Traffic { packets, bytes }| report::Traffic { packets: number(packets), bytes: number(bytes) }),
        weight: numbers::weight(weight),
        is_static,
        version: number(version),
        deleted_in_ms: deleted_in_ms.map(number),
        counters: numbers::counters(counters),
        rates: rates.map(numbers::rates),
    }
}
