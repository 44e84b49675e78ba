//! Whom an operation is for: when the kernel refuses one, that is who pays for it.

use std::collections::BTreeSet;

use crate::addr::{Family, InterfaceName};
use crate::gateway::{Registry, UplinkName};
use crate::host::{HostRoute, Operation, RouteKey, Rule, Setting, SettingKind};

/// A thing of the registry that operations are for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// A gateway or a guest's port.
    Interface(InterfaceName),
    /// An uplink.
    Uplink(UplinkName),
}

/// The subjects of an operation. `registries` are the one that stands and the one that is to be:
/// what adds something is for something of the latter, what deletes for something of the former.
pub(super) fn concerned(operation: &Operation, registries: [&Registry; 2]) -> BTreeSet<Subject> {
    let interfaces = |names: &[InterfaceName]| names.iter().copied().map(Subject::Interface).collect();
    match operation {
        Operation::AddLink(name, _)
        | Operation::SetLink(name, _)
        | Operation::AddAddress(name, _)
        | Operation::DeleteAddress(name, _) => interfaces(&[*name]),
        Operation::DeleteLinks(names) => interfaces(names),
        Operation::AddRoute(key, route) | Operation::ReplaceRoute(key, route) | Operation::DeleteRoute(key, route) => {
            registries.into_iter().flat_map(|registry| of_route(registry, key, route)).collect()
        }
        Operation::AddRule(rule) | Operation::DeleteRule(rule) => {
            registries.into_iter().flat_map(|registry| of_rule(registry, rule)).collect()
        }
        Operation::AddMasquerade(masquerade) | Operation::DeleteMasquerade(masquerade) => {
            let announcers = registries.into_iter().flat_map(|registry| registry.announcers(&masquerade.subnet));
            announcers.map(Subject::Interface).collect()
        }
        Operation::ClearMasquerades => BTreeSet::new(),
        Operation::Enable(setting) | Operation::Restore(setting) => {
            registries.into_iter().flat_map(|registry| of_setting(registry, setting)).collect()
        }
    }
}

/// A route over gateways' taps is theirs, in whatever table; any other is its uplink's. The copy of a
/// connected network is for nobody: it follows what others do to the host, and nothing else needs it.
fn of_route(registry: &Registry, key: &RouteKey, route: &HostRoute) -> BTreeSet<Subject> {
    let hops = route.hops.iter().map(|hop| hop.device);
    let gateways: BTreeSet<_> =
        hops.filter(|device| registry.gateway(device).is_some()).map(Subject::Interface).collect();
    if !gateways.is_empty() {
        return gateways;
    }
    let is_copy = !route.hops.is_empty() && route.hops.iter().all(|hop| hop.via.is_none()) && route.source.is_none();
    if is_copy { BTreeSet::new() } else { of_table(registry, key.table) }
}

/// A rule is for the gateways whose subnet it leads away, or for its uplink. One that leads to other
/// rules is for nobody in particular: it must not be left out because one of many has failed.
fn of_rule(registry: &Registry, rule: &Rule) -> BTreeSet<Subject> {
    let Some(table) = rule.table() else { return BTreeSet::new() };
    let gateways: BTreeSet<_> = registry.announcers(&rule.from).map(Subject::Interface).collect();
    if gateways.is_empty() { of_table(registry, table) } else { gateways }
}

fn of_table(registry: &Registry, table: u32) -> BTreeSet<Subject> {
    let uplinks = registry.uplinks().filter(|uplink| uplink.table == table);
    uplinks.map(|uplink| Subject::Uplink(uplink.spec.name.clone())).collect()
}

/// A switch of a tap is its gateway's; one of the host's devices is for the gateways whose traffic
/// comes back by it.
fn of_setting(registry: &Registry, setting: &Setting) -> BTreeSet<Subject> {
    if registry.gateway(&setting.interface).is_some() {
        return BTreeSet::from([Subject::Interface(setting.interface)]);
    }
    let family = match setting.kind {
        SettingKind::ForwardV4 => Family::V4,
        SettingKind::ForwardV6 => Family::V6,
    };
    // An uplink carries one family; the other leaves as without one.
    let uses = |name: &UplinkName| {
        let uplink = registry.uplink(name).filter(|uplink| uplink.spec.family() == family);
        uplink.is_none_or(|uplink| uplink.spec.device == setting.interface)
    };
    let gateways = registry.gateways().map(|gateway| &gateway.spec);
    let users = gateways.filter(|spec| spec.has(family) && spec.uplink.as_ref().is_none_or(uses));
    users.map(|spec| Subject::Interface(spec.interface)).collect()
}
