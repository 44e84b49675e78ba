//! From what is there to what is wanted, in an order that loses no packet that need not be lost.

use std::collections::BTreeSet;

use crate::addr::Family;

use super::kernel::Observed;
use super::operation::Operation;
use super::state::{HostRoute, HostState, RouteKey};

/// The changes that turn what is ours of `have` into `want`; empty when nothing differs.
///
/// The order is part of the contract. First everything that is added or changed, from the ground
/// up, so that traffic is invited last:
///
/// 1. links, down; their addresses; settings; links up (a route over a device that is down is
///    refused with `ENETDOWN`);
/// 2. routes outside table main, those on the link before those via a router, which the kernel
///    checks against them; then the rules that lead to these tables;
/// 3. routes of table main.
///
/// Then what is no longer wanted, in the reverse order, all links in one operation. A route that
/// keeps its key is replaced in place: there is no moment without it. Foreign objects never occur
/// in an operation.
#[must_use]
pub fn diff(want: &HostState, have: &Observed) -> Vec<Operation> {
    let mut operations = Vec::new();
    add_links(want, &have.ours, &mut operations);
    add_routes(want, have, |key| key.table != RouteKey::MAIN, &mut operations);
    operations.extend(want.rules.difference(&have.ours.rules).map(|rule| Operation::AddRule(*rule)));
    add_routes(want, have, |key| key.table == RouteKey::MAIN, &mut operations);
    delete_routes(want, &have.ours, |key| key.table == RouteKey::MAIN, &mut operations);
    operations.extend(extra(&have.ours.rules, &want.rules).map(|rule| Operation::DeleteRule(*rule)));
    delete_routes(want, &have.ours, |key| key.table != RouteKey::MAIN, &mut operations);
    delete_links(want, &have.ours, &mut operations);
    operations
}

fn add_links(want: &HostState, have: &HostState, operations: &mut Vec<Operation>) {
    let missing = want.links.iter().filter(|(name, _)| !have.links.contains_key(name));
    operations.extend(missing.map(|(name, link)| Operation::AddLink(*name, *link)));
    let addresses = want.addresses.difference(&have.addresses);
    operations.extend(addresses.map(|(name, address)| Operation::AddAddress(*name, *address)));
    operations.extend(want.settings.difference(&have.settings).map(|setting| Operation::Enable(*setting)));
    let unfinished = want.links.iter().filter(|(name, link)| match have.links.get(name) {
        Some(existing) => existing != *link,
        None => link.up,
    });
    operations.extend(unfinished.map(|(name, link)| Operation::SetLink(*name, *link)));
}

fn delete_links(want: &HostState, have: &HostState, operations: &mut Vec<Operation>) {
    let addresses = extra(&have.addresses, &want.addresses);
    operations.extend(addresses.map(|(name, address)| Operation::DeleteAddress(*name, *address)));
    operations.extend(extra(&have.settings, &want.settings).map(|setting| Operation::Restore(*setting)));
    let doomed: Vec<_> = have.links.keys().filter(|name| !want.links.contains_key(name)).copied().collect();
    if !doomed.is_empty() {
        operations.push(Operation::DeleteLinks(doomed));
    }
}

fn add_routes(want: &HostState, have: &Observed, of: impl Fn(&RouteKey) -> bool, operations: &mut Vec<Operation>) {
    let mut differing: Vec<_> =
        want.routes.iter().filter(|(key, route)| of(key) && have.ours.routes.get(key) != Some(*route)).collect();
    differing.sort_by_key(|(_, route)| has_router(route));
    for (key, route) in differing {
        match have.ours.routes.get(key) {
            None => operations.push(Operation::AddRoute(*key, route.clone())),
            Some(old) if can_replace(key, old, route, have) => {
                operations.push(Operation::ReplaceRoute(*key, route.clone()));
            }
            Some(old) => {
                operations.push(Operation::DeleteRoute(*key, old.clone()));
                operations.push(Operation::AddRoute(*key, route.clone()));
            }
        }
    }
}

fn delete_routes(want: &HostState, have: &HostState, of: impl Fn(&RouteKey) -> bool, operations: &mut Vec<Operation>) {
    let mut extra: Vec<_> =
        have.routes.iter().rev().filter(|(key, _)| of(key) && !want.routes.contains_key(key)).collect();
    extra.sort_by_key(|(_, route)| !has_router(route));
    operations.extend(extra.into_iter().map(|(key, route)| Operation::DeleteRoute(*key, route.clone())));
}

/// What `have` holds beyond `want`, last first.
fn extra<'a, T: Ord>(have: &'a BTreeSet<T>, want: &'a BTreeSet<T>) -> impl Iterator<Item = &'a T> {
    have.iter().rev().filter(|item| !want.contains(item))
}

fn has_router(route: &HostRoute) -> bool {
    route.hops.iter().any(|hop| hop.via.is_some())
}

/// True if `NLM_F_REPLACE` exchanges exactly the old route for the new one.
///
/// It does not if a foreign route has the same key: the kernel replaces the first of the two,
/// whoever owns it. And in IPv6 a route without a router does not take the place of one with
/// routers but is put beside it (`fib6_add_rt2node` looks for a route of the same kind).
fn can_replace(key: &RouteKey, old: &HostRoute, new: &HostRoute, have: &Observed) -> bool {
    let beside = key.prefix.family() == Family::V6 && has_router(old) && !has_router(new);
    !beside && !have.foreign_routes.contains(key)
}

#[cfg(test)]
mod tests;
