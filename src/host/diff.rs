//! From what is there to what is wanted, in an order that loses no packet that need not be lost.

use std::collections::BTreeSet;

use imbl::ordmap::DiffItem;
use imbl::{OrdMap, OrdSet, ordset};

use crate::addr::{Family, InterfaceAddress, InterfaceName};

use super::kernel::Observed;
use super::operation::Operation;
use super::state::{HostLink, HostRoute, HostState, Masquerade, RouteKey, Rule, Setting};

/// The changes that turn what is ours of `have` into `want`, in order; empty when nothing differs.
/// [`Stages`] says what the order is. Foreign objects never occur in an operation.
#[must_use]
pub fn diff(want: &HostState, have: &Observed) -> Vec<Operation> {
    Stages::new(want, have).in_order().concat()
}

/// The changes, cut where the next step must not begin before the last has succeeded.
///
/// The order is part of the contract. Everything that is added or changed comes first, from the ground
/// up, so that traffic is invited last; then what is no longer wanted, in the reverse order. A tap is up
/// only while the rules of its subnets stand: a packet that comes out of it never finds a host in which
/// it would take another way. A route that keeps its key is replaced in place: there is no moment
/// without it, and nothing goes before what takes its place stands.
#[derive(Debug, Default)]
pub struct Stages {
    /// Taps are made; they are down.
    pub new_links: Vec<Operation>,
    /// What taps need before they come up, the uplinks' tables (routes on the link before those via a
    /// router, which the kernel checks against them), and what is masqueraded.
    pub ground: Vec<Operation>,
    /// The rules that lead to the tables.
    pub rules: Vec<Operation>,
    /// Taps come up, and get the routes that uplinks' tables have over them: a route over a device that
    /// is down is refused with `ENETDOWN`.
    pub openings: Vec<Operation>,
    /// Routes of table main.
    pub invitations: Vec<Operation>,
    /// Routes over taps go, from table main first, and what else the taps have.
    pub withdrawals: Vec<Operation>,
    /// Taps go, all in one operation.
    pub old_links: Vec<Operation>,
    /// The rules go, and what they led to.
    pub remains: Vec<Operation>,
}

impl Stages {
    /// What there is to do.
    #[must_use]
    pub fn new(want: &HostState, have: &Observed) -> Self {
        let differing = Differing::new(want, &have.ours);
        let rising = differing.rising();
        let is_over =
            |taps: &dyn Fn(&InterfaceName) -> bool, route: &HostRoute| route.hops.iter().any(|hop| taps(&hop.device));
        let waits = |route: &HostRoute| is_over(&|tap| rising.contains(tap), route);
        let is_over_tap = |route: &HostRoute| is_over(&|tap| have.ours.links.contains_key(tap), route);
        let in_main = |key: &RouteKey| key.table == RouteKey::MAIN;
        let mut stages = Self::default();
        differing.add_links(&mut stages.new_links, &mut stages.ground, &mut stages.openings);
        differing.add_routes(have, |key, route| !in_main(key) && !waits(route), &mut stages.ground);
        let masquerades = &differing.masquerades;
        stages.ground.extend(masquerades.new.iter().map(|masquerade| Operation::AddMasquerade(**masquerade)));
        differing.add_rules(&mut stages.rules);
        differing.add_routes(have, |key, route| !in_main(key) && waits(route), &mut stages.openings);
        differing.add_routes(have, |key, _| in_main(key), &mut stages.invitations);

        differing.delete_routes(|key, _| in_main(key), &mut stages.withdrawals);
        differing.delete_routes(|key, route| !in_main(key) && is_over_tap(route), &mut stages.withdrawals);
        differing.delete_links(&mut stages.withdrawals, &mut stages.old_links);
        differing.delete_rules(&mut stages.remains);
        let extra = masquerades.extra.iter().rev();
        stages.remains.extend(extra.map(|masquerade| Operation::DeleteMasquerade(**masquerade)));
        if have.spoiled_masquerades && want.masquerades.is_empty() {
            stages.remains.push(Operation::ClearMasquerades);
        }
        differing.delete_routes(|key, route| !in_main(key) && !is_over_tap(route), &mut stages.remains);
        stages
    }

    fn in_order(self) -> [Vec<Operation>; 8] {
        let Self { new_links, ground, rules, openings, invitations, withdrawals, old_links, remains } = self;
        [new_links, ground, rules, openings, invitations, withdrawals, old_links, remains]
    }
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

    /// The taps that are not up yet and shall be.
    fn rising(&self) -> BTreeSet<InterfaceName> {
        let is_rising = |want: &Option<&HostLink>, have: &Option<&HostLink>| {
            want.is_some_and(|want| want.up) && !have.is_some_and(|have| have.up)
        };
        self.links.iter().filter(|(_, want, have)| is_rising(want, have)).map(|(name, ..)| **name).collect()
    }

    fn add_links(&self, taps: &mut Vec<Operation>, ground: &mut Vec<Operation>, openings: &mut Vec<Operation>) {
        for (name, want, have) in &self.links {
            if let (Some(link), None) = (want, have) {
                taps.push(Operation::AddLink(**name, **link));
            }
        }
        ground.extend(self.addresses.new.iter().map(|(name, address)| Operation::AddAddress(*name, *address)));
        ground.extend(self.settings.new.iter().map(|setting| Operation::Enable(**setting)));
        for (name, want, have) in &self.links {
            if let Some(link) = want.filter(|link| have.is_some() || link.up) {
                openings.push(Operation::SetLink(**name, *link));
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

    /// First the rules that look something up, then those that lead to other rules, from the last to
    /// the first: each leads to what stands already, and passes over nothing that does not stand
    /// elsewhere.
    fn add_rules(&self, operations: &mut Vec<Operation>) {
        let (lookups, leading): (Vec<&Rule>, Vec<&Rule>) =
            self.rules.new.iter().copied().partition(|rule| rule.table().is_some());
        let ordered = lookups.into_iter().chain(leading.into_iter().rev());
        operations.extend(ordered.map(|rule| Operation::AddRule(*rule)));
    }

    /// The same backwards.
    fn delete_rules(&self, operations: &mut Vec<Operation>) {
        let (lookups, leading): (Vec<&Rule>, Vec<&Rule>) =
            self.rules.extra.iter().copied().partition(|rule| rule.table().is_some());
        let ordered = leading.into_iter().chain(lookups.into_iter().rev());
        operations.extend(ordered.map(|rule| Operation::DeleteRule(*rule)));
    }

    fn add_routes(&self, have: &Observed, of: impl Fn(&RouteKey, &HostRoute) -> bool, operations: &mut Vec<Operation>) {
        let wanted = self.routes.iter().filter_map(|(key, want, old)| Some((*key, (*want)?, *old)));
        let mut wanted: Vec<_> = wanted.filter(|(key, route, _)| of(key, route)).collect();
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

    fn delete_routes(&self, of: impl Fn(&RouteKey, &HostRoute) -> bool, operations: &mut Vec<Operation>) {
        let extra = self.routes.iter().rev().filter(|(_, want, _)| want.is_none());
        let extra = extra.filter_map(|(key, _, old)| Some((*key, (*old)?)));
        let mut extra: Vec<_> = extra.filter(|(key, route)| of(key, route)).collect();
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
