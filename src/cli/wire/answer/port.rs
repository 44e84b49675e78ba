//! Ports.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

use super::numbers::{self, number};

/// A port.
pub(in crate::cli) fn port(answer: wire::PortState) -> report::Port {
    let wire::PortState {
        name,
        routing_instance,
        attached,
        guest,
        addresses,
        gateways,
        mac,
        mtu,
        is_static,
        counters,
        weight,
        compute_id,
        network,
        deleted_in_ms,
        dhcp,
        router_advertisements,
        rates,
    } = answer;
    report::Port {
        interface: name,
        instance: routing_instance,
        attached,
        guest: guest.map(|wire::Guest { netns, name, addresses: _ }| report::Guest { netns, name }),
        addresses,
        gateways,
        mac,
        mtu: number(mtu),
        weight: numbers::weight(weight),
        dhcp: dhcp.map(self::dhcp),
        router_advertisements: router_advertisements.map(self::router_advertisements),
        is_static,
        compute_id,
        network,
        deleted_in_ms: deleted_in_ms.map(number),
        counters: numbers::counters(counters),
        rates: rates.map(numbers::rates),
    }
}

fn dhcp(answer: wire::DhcpState) -> report::Dhcp {
    let wire::DhcpState { address, router, dns, host_name, domain, lease_time } = answer;
    report::Dhcp { address, router, dns, host_name, domain, lease_time: number(lease_time) }
}

fn router_advertisements(answer: wire::RouterAdvertisementState) -> report::RouterAdvertisements {
    let wire::RouterAdvertisementState { network, autonomous, dns } = answer;
    report::RouterAdvertisements { network, autonomous, dns }
}
