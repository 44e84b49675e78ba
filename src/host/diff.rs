//! From what is there to what is wanted, in an order that loses no packet that need not be lost.

use imbl::ordmap::DiffItem;
use imbl::{OrdMap, OrdSet, ordset};

use crate::addr::{Family, InterfaceAddress, InterfaceName};

use super::kernel::Observed;
use super::operation::Operation;
use super::state::{HostLink, HostRoute, HostState, Masquerade, RouteKey, Rule, Setting};

/// The changes that turn what is ours of `have` into `want`; empty when nothing differs.
///
/// The order is part of the contract. First everything that is added or changed, from the ground
/// up, so that traffic is invited last:
///
/// 1. links, down; their addresses; settings; links up (a route over a device that is down is
///    refused with `ENETDOWN`);
/// 2. routes outside table main, those on the link before those via a router, which the kernel
///    checks against them; what is masqueraded; then the rules that lead to these tables;
/// 3. routes of table main.
///
/// Then what is no longer wanted, in the reverse order, all links in one operation. A route that
/// keeps its key is replaced in place: there is no moment without it. Foreign objects never occur
/// in an operation.
#[must_use]
pub fn diff(want: &HostState, have: &Observed) -> Vec<Operation> {
    stages(want, have).concat()
}

/// [`diff()`] cut where the next step must not begin before the last has succeeded: taps are made
/// before anything leads to them, whole tables stand before rules and routes lead traffic there, and
/// nothing goes before what takes its place stands.
#[must_use]
pub fn stages(want: &HostState, have: &Observed) -> [Vec<Operation>; 5] {
    let (mut new_links, mut ground, mut invitations) = (vec![], vec![], vec![]);
    let (mut removals, mut old_links) = (vec![], vec![]);
    let differing = Differing::new(want, &have.ours);
    let masquerades = &differing.masquerades;
    differing.add_links(&mut new_links, &mut ground);
    differing.add_routes(have, |key| key.table != RouteKey::MAIN, &mut ground);
    ground.extend(masquerades.new.iter().map(|masquerade| Operation::AddMasquerade(**masquerade)));
    invitations.extend(differing.rules.new.iter().map(|rule| Operation::AddRule(**rule)));
    differing.add_routes(have, |key| key.table == RouteKey::MAIN, &mut invitations);
    differing.delete_routes(|key| key.table == RouteKey::MAIN, &mut removals);
    removals.extend(differing.rules.extra.iter().rev().map(|rule| Operation::DeleteRule(**rule)));
    removals.extend(masquerades.extra.iter().rev().map(|masquerade| Operation::DeleteMasquerade(**masquerade)));
    if have.spoiled_masquerades && want.masquerades.is_empty() {
        removals.push(Operation::ClearMasquerades);
    }
    differing.delete_routes(|key| key.table != RouteKey::MAIN, &mut removals);
    differing.delete_links(&mut removals, &mut old_links);
    [new_links, ground, invitations, removals, old_links]
}

/// What is to be and what is there, where they differ.
struct Differing<'a> {
    links: Changes<'a, InterfaceName, HostLink>,
    addresses: Members<'a, (InterfaceName, InterfaceAddress)>,
    routes: Changes<'a, RouteKey, HostRoute>,
    rules: Members<'a, Rule>,
    settings: Members<'a, Setting>,
    masquerades: Members<'a, Masquerade>,
}

/// The entries of a map that differ: key, wanted, there.
type Changes<'a, K, V> = Vec<(&'a K, Option<&'a V>, Option<&'a V>)>;

/// The members of a set that differ.
struct Members<'a, T> {
    new: Vec<&'a T>,
    extra: Vec<&'a T>,
}

impl<'a> Differing<'a> {
    fn new(want: &'a HostState, have: &'a HostState) -> Self {
        Self {
            links: changes(&want.links, &have.links),
            addresses: members(&want.addresses, &have.addresses),
            routes: changes(&want.routes, &have.routes),
            rules: members(&want.rules, &have.rules),
            settings: members(&want.settings, &have.settings),
            masquerades: members(&want.masquerades, &have.masquerades),
        }
    }

    fn add_links(&self, taps: &mut Vec<Operation>, rest: &mut Vec<Operation>) {
        for (name, want, have) in &self.links {
            if let (Some(link), None) = (want, have) {
                taps.push(Operation::AddLink(**name, **link));
            }
        }
        rest.extend(self.addresses.new.iter().map(|(name, address)| Operation::AddAddress(*name, *address)));
        rest.extend(self.settings.new.iter().map(|setting| Operation::Enable(**setting)));
        for (name, want, have) in &self.links {
            if let Some(link) = want.filter(|link| have.is_some() || link.up) {
                rest.push(Operation::SetLink(**name, *link));
            }
        }
    }

    fn delete_links(&self, rest: &mut Vec<Operation>, taps: &mut Vec<Operation>) {
        rest.extend(self.addresses.extra.iter().rev().map(|(name, address)| Operation::DeleteAddress(*name, *address)));
        rest.extend(self.settings.extra.iter().rev().map(|setting| Operation::Restore(**setting)));
        let doomed: Vec<_> = self.links.iter().filter(|(_, want, _)| want.is_none()).map(|(name, ..)| **name).collect();
        if !doomed.is_empty() {
            taps.push(Operation::DeleteLinks(doomed));
        }
    }

    fn add_routes(&self, have: &Observed, of: impl Fn(&RouteKey) -> bool, operations: &mut Vec<Operation>) {
        let wanted = self.routes.iter().filter_map(|(key, want, old)| Some((*key, (*want)?, *old)));
        let mut wanted: Vec<_> = wanted.filter(|(key, ..)| of(key)).collect();
        wanted.sort_by_key(|(_, route, _)| has_router(route));
        for (key, route, old) in wanted {
            match old {
                None => operations.push(Operation::AddRoute(*key, route.clone())),
                Some(old) if !have.foreign_routes.contains(key) => {
                    operations.push(Operation::ReplaceRoute(*key, route.clone()));
                    if is_put_beside(key, old, route) {
                        operations.push(Operation::DeleteRoute(*key, old.clone()));
                    }
                }
                // The kernel replaces the first of two with one key, whoever owns it.
                Some(old) => {
                    operations.push(Operation::DeleteRoute(*key, old.clone()));
                    operations.push(Operation::AddRoute(*key, route.clone()));
                }
            }
        }
    }

    fn delete_routes(&self, of: impl Fn(&RouteKey) -> bool, operations: &mut Vec<Operation>) {
        let extra = self.routes.iter().rev().filter(|(key, want, _)| want.is_none() && of(key));
        let mut extra: Vec<_> = extra.filter_map(|(key, _, old)| Some((*key, (*old)?))).collect();
        extra.sort_by_key(|(_, route)| !has_router(route));
        operations.extend(extra.into_iter().map(|(key, route)| Operation::DeleteRoute(*key, route.clone())));
    }
}

fn changes<'a, K: Ord, V: PartialEq>(want: &'a OrdMap<K, V>, have: &'a OrdMap<K, V>) -> Changes<'a, K, V> {
    let differing = have.diff(want).map(|difference| match difference {
        DiffItem::Add(key, new) => (key, Some(new), None),
        DiffItem::Update { old: (_, old), new: (key, new) } => (key, Some(new), Some(old)),
        DiffItem::Remove(key, old) => (key, None, Some(old)),
    });
    differing.collect()
}

fn members<'a, T: Ord>(want: &'a OrdSet<T>, have: &'a OrdSet<T>) -> Members<'a, T> {
    let mut members = Members { new: Vec::new(), extra: Vec::new() };
    for difference in have.diff(want) {
        match difference {
            ordset::DiffItem::Add(item) => members.new.push(item),
            ordset::DiffItem::Remove(item) => members.extra.push(item),
        }
    }
    members
}

fn has_router(route: &HostRoute) -> bool {
    route.hops.iter().any(|hop| hop.via.is_some())
}

/// True if the old route is still there when it has been replaced (`NLM_F_REPLACE`): in IPv6 a route
/// without a router does not take the place of one with routers but is put beside it
/// (`fib6_add_rt2node` looks for a route of the same kind).
pub(super) fn is_put_beside(key: &RouteKey, old: &HostRoute, new: &HostRoute) -> bool {
    key.prefix.family() == Family::V6 && has_router(old) && !has_router(new)
}

#[cfg(test)]
mod tests;
