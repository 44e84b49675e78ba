//! What gateways and uplinks need of the host's kernel.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use imbl::{OrdMap, OrdSet};

use crate::addr::{Family, InterfaceAddress, InterfaceName, Mac, Prefix};
use crate::gateway::registry::Changes;
use crate::gateway::{Attachment, GatewaySpec, Registry, Uplink};
use crate::host::{HostHop, HostLink, HostRoute, HostState, RouteKey, Rule, Setting, SettingKind};

use super::Basis;

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

/// Makes of the host's state that `before` calls for the one that `after` calls for.
pub(super) fn follow(state: &mut HostState, before: Basis<'_>, after: Basis<'_>, changes: &Changes<'_>) {
    let priority = after.0.mark().rule_priority;
    changes.gateways.iter().filter_map(|change| change.0).for_each(|spec| remove_tap(state, spec));
    changes.gateways.iter().filter_map(|change| change.1).for_each(|spec| add_tap(state, spec));
    // A table may pass from one uplink to another: what is old goes first.
    changes.uplinks.iter().filter_map(|change| change.0).for_each(|uplink| remove_uplink(state, uplink, priority));
    for uplink in changes.uplinks.iter().filter_map(|change| change.1) {
        add_uplink(state, uplink, priority);
        for (subnet, taps) in after.0.announced() {
            lead_back(state, uplink, subnet, Some(&subnet_route(subnet, taps)));
        }
    }
    concerned_subnets(after.0, changes).into_iter().for_each(|subnet| lead(state, after.0, subnet));
    switch_ways_out(state, before, after);
}

/// The subnets whose routes or rules may be others now: those of changed gateways and those of the
/// users of changed uplinks.
fn concerned_subnets(registry: &Registry, changes: &Changes<'_>) -> BTreeSet<Prefix> {
    let specs = changes.gateways.iter().flat_map(|(before, after)| [*before, *after]).flatten();
    let mut subnets: BTreeSet<Prefix> = specs.flat_map(|spec| &spec.subnets).copied().collect();
    if !changes.uplinks.is_empty() {
        let with_uplink = registry.gateways().filter(|gateway| gateway.spec.uplink.is_some());
        subnets.extend(with_uplink.flat_map(|gateway| &gateway.spec.subnets));
    }
    subnets
}

/// A gateway's tap with what lets packets pass.
fn add_tap(state: &mut HostState, spec: &GatewaySpec) {
    state.links.insert(spec.interface, HostLink { mac: Mac::GATEWAY, mtu: MTU, up: true });
    for family in spec.families() {
        state.settings.insert(Setting { interface: spec.interface, kind: forwarding(family) });
    }
    if spec.has(Family::V6) {
        state.addresses.extend(tap_address().map(|address| (spec.interface, address)));
    }
}

fn remove_tap(state: &mut HostState, spec: &GatewaySpec) {
    state.links.remove(&spec.interface);
    for family in spec.families() {
        state.settings.remove(&Setting { interface: spec.interface, kind: forwarding(family) });
    }
    if let Some(address) = tap_address() {
        state.addresses.remove(&(spec.interface, address));
    }
}

/// The routes to a subnet, in table main and in the uplinks' tables, and the rule that leads its
/// packets to its uplink.
fn lead(state: &mut HostState, registry: &Registry, subnet: Prefix) {
    let taps = registry.announcers_of(&subnet);
    let route = taps.map(|taps| subnet_route(subnet, taps));
    put(&mut state.routes, main_route(subnet), route.as_ref());
    for uplink in registry.uplinks() {
        lead_back(state, uplink, subnet, route.as_ref());
    }
    let priority = registry.mark().rule_priority + GATEWAY_RULES;
    let rule = |table| Rule { priority, from: subnet, table };
    let old: Vec<Rule> = state.rules.range(rule(0)..=rule(u32::MAX)).copied().collect();
    old.iter().for_each(|rule| _ = state.rules.remove(rule));
    let gateways = taps.into_iter().flatten().filter_map(|tap| registry.gateway(tap));
    let uplinks = gateways.filter_map(|gateway| registry.uplink(gateway.spec.uplink.as_ref()?));
    // An uplink carries one family; the other leaves by the main table.
    let uplinks = uplinks.filter(|uplink| uplink.spec.family() == subnet.family());
    state.rules.extend(uplinks.map(|uplink| rule(uplink.table)));
}

/// The route to a gateway's subnet in an uplink's table: without it an answer from the uplink's
/// address to a guest would leave by the uplink.
fn lead_back(state: &mut HostState, uplink: &Uplink, subnet: Prefix, route: Option<&HostRoute>) {
    let own = uplink.attachment().map(|attachment| attachment.address.network());
    // The uplink's own network stays on its link.
    let is_own = own.is_some_and(|own| subnet == own && !own.is_host());
    if subnet.family() == uplink.spec.family() && !is_own {
        let key = RouteKey { table: uplink.table, prefix: subnet, metric: metric(subnet.family()) };
        put(&mut state.routes, key, route);
    }
}

fn put(routes: &mut OrdMap<RouteKey, HostRoute>, key: RouteKey, route: Option<&HostRoute>) {
    match route {
        Some(route) if routes.get(&key) == Some(route) => {}
        Some(route) => drop(routes.insert(key, route.clone())),
        None => drop(routes.remove(&key)),
    }
}

/// The switches of the host's devices by which gateways' traffic comes back.
fn switch_ways_out(state: &mut HostState, before: Basis<'_>, after: Basis<'_>) {
    let (old, new) = (ways_out(before), ways_out(after));
    let is_a_taps = |setting: &Setting| {
        let gateway = after.0.gateway(&setting.interface);
        gateway.is_some_and(|gateway| gateway.spec.families().any(|family| forwarding(family) == setting.kind))
    };
    for setting in old.difference(&new).filter(|setting| !is_a_taps(setting)) {
        state.settings.remove(setting);
    }
    for setting in &new {
        if !state.settings.contains(setting) {
            state.settings.insert(*setting);
        }
    }
}

fn ways_out((registry, exit_devices): Basis<'_>) -> BTreeSet<Setting> {
    let mut settings = BTreeSet::new();
    for (uplink, family) in registry.ways_out() {
        let uplink = uplink.and_then(|name| registry.uplink(name));
        let kind = forwarding(family);
        match uplink.filter(|uplink| uplink.spec.family() == family) {
            Some(uplink) => _ = settings.insert(Setting { interface: uplink.spec.device, kind }),
            None => settings.extend(exit_devices.iter().map(|device| Setting { interface: *device, kind })),
        }
    }
    settings
}

fn forwarding(family: Family) -> SettingKind {
    match family {
        Family::V4 => SettingKind::ForwardV4,
        Family::V6 => SettingKind::ForwardV6,
    }
}

/// The address from which the host solicits neighbours on a tap; without a link-local one the
/// kernel keeps IPv6 off the interface. fe80::1/64, the same on every tap.
fn tap_address() -> Option<InterfaceAddress> {
    InterfaceAddress::new(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1).into(), 64).ok()
}

/// The route to a subnet over all taps that announce it.
fn subnet_route(subnet: Prefix, taps: &OrdSet<InterfaceName>) -> HostRoute {
    // IPv6 makes one multipath route only of hops with a router; hops with nothing but a device
    // would become separate routes, of which the first takes all.
    let router = IpAddr::from(Mac::GATEWAY.link_local());
    let via = (subnet.family() == Family::V6 && taps.len() > 1).then_some(router);
    HostRoute { hops: taps.iter().map(|tap| HostHop { device: *tap, via }).collect(), source: None }
}

/// An uplink's table, apart from the gateways' subnets, and the rule for packets from its own address.
/// Without a lease it leads nowhere.
fn add_uplink(state: &mut HostState, uplink: &Uplink, priority: u32) {
    let Uplink { spec, table, .. } = uplink;
    let family = spec.family();
    let key = |prefix, metric| RouteKey { table: *table, prefix, metric };
    let default = match family {
        Family::V4 => Prefix::DEFAULT_V4,
        Family::V6 => Prefix::DEFAULT_V6,
    };
    if let Some(Attachment { address, via }) = uplink.attachment() {
        let over = |via| HostRoute {
            hops: BTreeSet::from([HostHop { device: spec.device, via }]),
            source: Some(address.address),
        };
        let network = address.network();
        if !network.is_host() {
            state.routes.insert(key(network, metric(family)), over(None));
        }
        state.routes.insert(key(default, metric(family)), over(Some(via)));
    }
    // If the device goes down the kernel drops the routes above: then nothing must leave by the
    // main table's default instead.
    state.routes.insert(key(default, LAST_METRIC), HostRoute { hops: BTreeSet::new(), source: None });
    state.rules.extend(own_rule(uplink, priority));
}

/// Takes an uplink's whole table away.
fn remove_uplink(state: &mut HostState, uplink: &Uplink, priority: u32) {
    let first = RouteKey { table: uplink.table, prefix: Prefix::DEFAULT_V4, metric: 0 };
    let routes = state.routes.range(first..).map(|(key, _)| *key).take_while(|key| key.table == uplink.table);
    routes.collect::<Vec<_>>().iter().for_each(|key| drop(state.routes.remove(key)));
    own_rule(uplink, priority).map(|rule| state.rules.remove(&rule));
}

fn own_rule(uplink: &Uplink, priority: u32) -> Option<Rule> {
    let from = Prefix::host(uplink.attachment()?.address.address);
    Some(Rule { priority: priority + UPLINK_RULES, from, table: uplink.table })
}
