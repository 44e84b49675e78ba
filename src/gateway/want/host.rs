//! What gateways and uplinks need of the host's kernel.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use imbl::ordmap::DiffItem;
use imbl::{OrdMap, OrdSet};

use crate::addr::{Family, InterfaceAddress, InterfaceName, Mac, Prefix, Weight};
use crate::gateway::registry::Changes;
use crate::gateway::{Attachment, GatewaySpec, Registry, Uplink};
use crate::host::{
    HostHop, HostLink, HostRoute, HostState, Masquerade, RouteKey, Rule, RuleAction, Setting, SettingKind,
    Surroundings, Translation,
};

use super::Basis;
use super::sources::Sources;

/// A tap's MTU, as the peer's.
const MTU: u32 = 1500;

/// Offset in the block of rule priorities of the uplinks' own addresses. Before the gateways': an
/// uplink's address may lie in a gateway's subnet, and the narrower source decides.
const UPLINK_RULES: u32 = 10;

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
pub(super) fn follow(
    (state, sources): (&mut HostState, &mut Sources),
    before: Basis<'_>,
    after: Basis<'_>,
    changes: &Changes<'_>,
) {
    let priority = after.0.mark().rule_priority;
    changes.gateways.iter().filter_map(|change| change.0).for_each(|spec| remove_tap(state, spec));
    changes.gateways.iter().filter_map(|change| change.1).for_each(|spec| add_tap(state, spec));
    // A table may pass from one uplink to another: what is old goes first.
    changes.uplinks.iter().filter_map(|change| change.0).for_each(|uplink| remove_uplink(state, uplink, priority));
    for uplink in changes.uplinks.iter().filter_map(|change| change.1) {
        add_uplink(state, uplink, priority);
        let networks = after.0.announced().map(|(subnet, _)| subnet).chain(after.1.connected.keys().copied());
        networks.for_each(|network| lead_back(state, uplink, network, after));
    }
    for network in differing(&before.1.connected, &after.1.connected) {
        after.0.uplinks().for_each(|uplink| lead_back(state, uplink, network, after));
    }
    let subnets = concerned_subnets(after.0, changes);
    for subnet in &subnets {
        lead(state, after, *subnet);
        sources.lead(*subnet, table_of(after.0, *subnet), priority, &mut state.rules);
    }
    masquerade(state, after.0, subnets);
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
    state.links.insert(spec.interface, HostLink { mac: Mac::GATEWAY, mtu: MTU, up: true, in_order: true });
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

/// The routes to a subnet, in table main and in the uplinks' tables.
fn lead(state: &mut HostState, basis: Basis<'_>, subnet: Prefix) {
    let registry = basis.0;
    let taps = registry.announcers_of(&subnet);
    put(&mut state.routes, main_route(subnet), taps.map(|taps| subnet_route(registry, subnet, taps)));
    for uplink in registry.uplinks() {
        lead_back(state, uplink, subnet, basis);
    }
}

/// The table that packets from a subnet look up, if they leave by an uplink; all gateways that announce
/// it name the same.
fn table_of(registry: &Registry, subnet: Prefix) -> Option<u32> {
    let gateway = registry.gateway(registry.announcers_of(&subnet)?.get_min()?)?;
    let uplink = registry.uplink(gateway.spec.uplink.as_ref()?)?;
    // An uplink carries one family; the other leaves by the main table.
    (uplink.spec.family() == subnet.family()).then_some(uplink.table)
}

/// Under which address packets of these subnets, and of those inside them, leave the host.
fn masquerade(state: &mut HostState, registry: &Registry, mut subnets: BTreeSet<Prefix>) {
    let overlapping: Vec<Prefix> =
        subnets.iter().flat_map(|subnet| registry.overlapping(*subnet)).map(|(prefix, _)| prefix).collect();
    subnets.extend(overlapping);
    for subnet in subnets {
        let first = Masquerade { subnet, to: Translation::Device };
        let old: Vec<_> = state.masquerades.range(first..).take_while(|old| old.subnet == subnet).copied().collect();
        let new: Vec<_> = translations(registry, subnet).into_iter().map(|to| Masquerade { subnet, to }).collect();
        old.iter().filter(|old| !new.contains(old)).for_each(|old| _ = state.masquerades.remove(old));
        state.masquerades.extend(new.into_iter().filter(|new| !old.contains(new)));
    }
}

/// How a subnet is masqueraded; not by itself if one around it is. By its uplink it leaves under the
/// uplink's address, by any other device, to another network that the host is connected to, under that
/// device's.
fn translations(registry: &Registry, subnet: Prefix) -> Vec<Translation> {
    let around = registry.overlapping(subnet).filter(|(other, gateway)| gateway.masquerade && other.covers(&subnet));
    let Some((widest, gateway)) = around.min_by_key(|(other, _)| other.length()) else { return Vec::new() };
    if widest != subnet {
        return Vec::new();
    }
    let uplink = gateway.uplink.as_ref().and_then(|name| registry.uplink(name));
    let uplink = uplink.filter(|uplink| uplink.spec.family() == subnet.family());
    let by_uplink =
        uplink.and_then(|uplink| Some(Translation::Uplink(uplink.spec.device, uplink.attachment()?.address.address)));
    [Translation::Device].into_iter().chain(by_uplink).collect()
}

/// The route in an uplink's table to a network that is near: a gateway's subnet, or one that the host
/// is connected to. Without it what a source rule leads there would go out by the uplink: an answer
/// from the uplink's address to a guest, a guest's packet to the next network of the host.
fn lead_back(state: &mut HostState, uplink: &Uplink, network: Prefix, (registry, surroundings): Basis<'_>) {
    let own = uplink.attachment().map(|attachment| attachment.address.network());
    // The uplink's own network stays on its link.
    let is_own = own.is_some_and(|own| network == own && !own.is_host());
    if network.family() == uplink.spec.family() && !is_own {
        let key = RouteKey { table: uplink.table, prefix: network, metric: metric(network.family()) };
        // As in table main, where a gateway's route has the better metric.
        let route = registry.announcers_of(&network).map(|taps| subnet_route(registry, network, taps));
        let connected = || surroundings.connected.get(&network).map(|device| on_link(*device));
        put(&mut state.routes, key, route.or_else(connected));
    }
}

fn on_link(device: InterfaceName) -> HostRoute {
    HostRoute { hops: BTreeSet::from([HostHop { device, via: None, weight: Weight::ONE }]), source: None }
}

fn put(routes: &mut OrdMap<RouteKey, HostRoute>, key: RouteKey, route: Option<HostRoute>) {
    match route {
        Some(route) if routes.get(&key) == Some(&route) => {}
        Some(route) => drop(routes.insert(key, route)),
        None => drop(routes.remove(&key)),
    }
}

/// The networks that are in one only, or with another device.
fn differing(
    before: &OrdMap<Prefix, InterfaceName>,
    after: &OrdMap<Prefix, InterfaceName>,
) -> impl Iterator<Item = Prefix> {
    before.diff(after).map(|difference| match difference {
        DiffItem::Add(network, _) | DiffItem::Update { new: (network, _), .. } | DiffItem::Remove(network, _) => {
            *network
        }
    })
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

fn ways_out((registry, Surroundings { exit_devices: exits, .. }): Basis<'_>) -> BTreeSet<Setting> {
    let mut settings = BTreeSet::new();
    for (uplink, family) in registry.ways_out() {
        let uplink = uplink.and_then(|name| registry.uplink(name));
        let kind = forwarding(family);
        match uplink.filter(|uplink| uplink.spec.family() == family) {
            Some(uplink) => _ = settings.insert(Setting { interface: uplink.spec.device, kind }),
            None => settings.extend(exits.iter().map(|device| Setting { interface: *device, kind })),
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
fn subnet_route(registry: &Registry, subnet: Prefix, taps: &OrdSet<InterfaceName>) -> HostRoute {
    // IPv6 makes one multipath route only of hops with a router; hops with nothing but a device
    // would become separate routes, of which the first takes all.
    let router = IpAddr::from(Mac::GATEWAY.link_local());
    let shared = taps.len() > 1;
    let via = (subnet.family() == Family::V6 && shared).then_some(router);
    // One alone has no share, and the kernel keeps none for it.
    let weight = |tap| if shared { registry.weight_of(tap) } else { Weight::ONE };
    HostRoute {
        hops: taps.iter().map(|tap| HostHop { device: *tap, via, weight: weight(tap) }).collect(),
        source: None,
    }
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
            hops: BTreeSet::from([HostHop { device: spec.device, via, weight: Weight::ONE }]),
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
    Some(Rule { priority: priority + UPLINK_RULES, from, action: RuleAction::Lookup(uplink.table) })
}
