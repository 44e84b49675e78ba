//! Specifications from short text, for this room's tests.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::addr::{Family, Prefix, Weight};
use crate::routing::{Hop, NextHop};

use super::{Addressing, Attachment, GatewaySpec, Leases, PortKind, PortSpec, StaticRoute, UplinkSpec};

/// Parses text that the test knows to be good.
pub(super) fn good<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

/// Parses words.
pub(super) fn set<T: FromStr + Ord>(words: &str) -> BTreeSet<T> {
    words.split_whitespace().map(good).collect()
}

pub(super) fn gateway(interface: &str, instance: &str, subnets: &str) -> GatewaySpec {
    GatewaySpec {
        interface: good(interface),
        instance: good(instance),
        subnets: set(subnets),
        routes: BTreeSet::new(),
        uplink: None,
        masquerade: false,
        weight: Weight::ONE,
    }
}

impl GatewaySpec {
    pub(super) fn with_routes(self, routes: &str) -> Self {
        Self { routes: set(routes), ..self }
    }

    pub(super) fn by_uplink(self, uplink: &str) -> Self {
        Self { uplink: Some(good(uplink)), ..self }
    }

    pub(super) fn masqueraded(self) -> Self {
        Self { masquerade: true, ..self }
    }

    pub(super) fn weighing(self, weight: &str) -> Self {
        Self { weight: good(weight), ..self }
    }
}

pub(super) fn port(name: &str, instance: &str, addresses: &str, gateways: &str) -> PortSpec {
    PortSpec {
        name: good(name),
        instance: good(instance),
        kind: PortKind::Tap(None),
        addresses: set(addresses),
        mac: None,
        gateways: set(gateways),
        mtu: None,
        weight: Weight::ONE,
        dhcp: None,
        host_name: None,
        router_advertisements: None,
    }
}

pub(super) fn uplink(name: &str, device: &str, address: &str, via: &str) -> UplinkSpec {
    let addressing = Addressing::Fixed(Attachment { address: good(address), via: good(via) });
    UplinkSpec { name: good(name), device: good(device), addressing, table: None }
}

/// An uplink whose IPv4 address is leased.
pub(super) fn leased_uplink(name: &str, device: &str) -> UplinkSpec {
    UplinkSpec { name: good(name), device: good(device), addressing: Addressing::Leased(Family::V4), table: None }
}

/// Leases as `NAME ADDRESS via ROUTER`.
pub(super) fn leases(lines: &[&str]) -> Leases {
    let lease = |line: &&str| match line.split(' ').collect::<Vec<_>>()[..] {
        [name, address, "via", via] => (good(name), Attachment { address: good(address), via: good(via) }),
        _ => panic!("{line}"),
    };
    lines.iter().map(lease).collect()
}

impl UplinkSpec {
    pub(super) fn with_table(self, table: u32) -> Self {
        Self { table: Some(table), ..self }
    }
}

/// A route over one port; `gateway` may be empty.
pub(super) fn route(instance: &str, prefix: &str, port: &str, gateway: &str) -> StaticRoute {
    let hop = Hop { port: good(port), gateway: (!gateway.is_empty()).then(|| good(gateway)), weight: Weight::ONE };
    StaticRoute { instance: good(instance), prefix: good::<Prefix>(prefix), next_hop: NextHop::group([hop]) }
}
