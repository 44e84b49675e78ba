//! What gateways and uplinks need of the host's kernel.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use crate::addr::{Family, InterfaceAddress, InterfaceName, Mac, Prefix};
use crate::gateway::{GatewaySpec, Registry, Uplink};
use crate::host::{HostHop, HostLink, HostRoute, HostState, RouteKey, Rule, Setting, SettingKind};

/// A tap's MTU, as the peer's.
const MTU: u32 = 1500;

/// Offset in the block of rule priorities of the uplinks' own addresses. Before the gateways': an
/// uplink's address may lie in a gateway's subnet, and the narrower source decides.
const UPLINK_RULES: u32 = 10;
/// Offset of the gateways' subnets.
const GATEWAY_RULES: u32 = 20;

/// The metric of a route that stands behind every other.
const LAST_METRIC: u32 = u32::MAX;

/// The key of the host's route to a gateway's subnet.
pub(in crate::gateway) fn main_route(subnet: Prefix) -> RouteKey {
    RouteKey { table: RouteKey::MAIN, prefix: subnet, metric: metric(subnet.family()) }
}

/// The metric that the kernel stores for a route that is added without one (`IP6_RT_PRIO_USER`).
fn metric(family: Family) -> u32 {
    match family {
        Family::V4 => 0,
        Family::V6 => 1024,
    }
}

pub(super) fn host_state(registry: &Registry, exit_devices: &BTreeSet<InterfaceName>) -> HostState {
    let mut state = HostState::default();
    for gateway in registry.gateways() {
        let uplink = gateway.spec.uplink.as_ref().and_then(|name| registry.uplink(name));
        add_gateway(&mut state, &gateway.spec, uplink, exit_devices, registry.mark().rule_priority);
    }
    let subnets: Vec<_> = registry.announced().map(|(subnet, taps)| (subnet, subnet_route(subnet, taps))).collect();
    for (subnet, route) in &subnets {
        state.routes.insert(main_route(*subnet), route.clone());
    }
    for uplink in registry.uplinks() {
        add_uplink(&mut state, uplink, &subnets, registry.mark().rule_priority);
    }
    state
}

/// A gateway's tap with what lets packets pass, and the rules that lead them to its uplink.
fn add_gateway(
    state: &mut HostState,
    spec: &GatewaySpec,
    uplink: Option<&Uplink>,
    exit_devices: &BTreeSet<InterfaceName>,
    priority: u32,
) {
    state.links.insert(spec.interface, HostLink { mac: Mac::GATEWAY, mtu: MTU, up: true });
    for family in [Family::V4, Family::V6].into_iter().filter(|family| spec.has(*family)) {
        // An uplink carries one family; the other leaves by the main table.
        let uplink = uplink.filter(|uplink| uplink.spec.family() == family);
        let kind = match family {
            Family::V4 => SettingKind::ForwardV4,
            Family::V6 => SettingKind::ForwardV6,
        };
        state.settings.insert(Setting { interface: spec.interface, kind });
        match uplink {
            Some(uplink) => _ = state.settings.insert(Setting { interface: uplink.spec.device, kind }),
            None => state.settings.extend(exit_devices.iter().map(|device| Setting { interface: *device, kind })),
        }
        if let Some(Uplink { table, .. }) = uplink {
            let subnets = spec.subnets.iter().filter(|subnet| subnet.family() == family);
            let priority = priority + GATEWAY_RULES;
            state.rules.extend(subnets.map(|subnet| Rule { priority, from: *subnet, table: *table }));
        }
    }
    if spec.has(Family::V6) {
        state.addresses.extend(tap_address().map(|address| (spec.interface, address)));
    }
}

/// The address from which the host solicits neighbours on a tap; without a link-local one the
/// kernel keeps IPv6 off the interface. fe80::1/64, the same on every tap.
fn tap_address() -> Option<InterfaceAddress> {
    InterfaceAddress::new(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1).into(), 64).ok()
}

/// The route to a subnet over all taps that announce it.
fn subnet_route(subnet: Prefix, taps: &BTreeSet<InterfaceName>) -> HostRoute {
    // IPv6 makes one multipath route only of hops with a router; hops with nothing but a device
    // would become separate routes, of which the first takes all.
    let router = IpAddr::from(Mac::GATEWAY.link_local());
    let via = (subnet.family() == Family::V6 && taps.len() > 1).then_some(router);
    HostRoute { hops: taps.iter().map(|tap| HostHop { device: *tap, via }).collect(), source: None }
}

/// An uplink's table, and the rule for packets from its own address.
fn add_uplink(state: &mut HostState, uplink: &Uplink, subnets: &[(Prefix, HostRoute)], priority: u32) {
    let Uplink { spec, table, .. } = uplink;
    let family = spec.family();
    let key = |prefix, metric| RouteKey { table: *table, prefix, metric };
    let over = |via| HostRoute {
        hops: BTreeSet::from([HostHop { device: spec.device, via }]),
        source: Some(spec.address.address),
    };
    let default = match family {
        Family::V4 => Prefix::DEFAULT_V4,
        Family::V6 => Prefix::DEFAULT_V6,
    };
    // The gateways' subnets are here as well: without them an answer from the uplink's address to a
    // guest would leave by the uplink.
    for (subnet, route) in subnets.iter().filter(|(subnet, _)| subnet.family() == family) {
        state.routes.insert(key(*subnet, metric(family)), route.clone());
    }
    let network = spec.address.network();
    if !network.is_host() {
        state.routes.insert(key(network, metric(family)), over(None));
    }
    state.routes.insert(key(default, metric(family)), over(Some(spec.via)));
    // If the device goes down the kernel drops the routes above: then nothing must leave by the
    // main table's default instead.
    state.routes.insert(key(default, LAST_METRIC), HostRoute { hops: BTreeSet::new(), source: None });
    let from = Prefix::host(spec.address.address);
    state.rules.insert(Rule { priority: priority + UPLINK_RULES, from, table: *table });
}
