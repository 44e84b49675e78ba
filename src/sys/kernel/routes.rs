//! Routes and rules.

use std::collections::{BTreeMap, BTreeSet};

use crate::addr::{Family, InterfaceName};
use crate::host::{HostRoute, Operation, Outcome, RouteKey, Rule};
use crate::sys::netlink::{Hop, NetlinkError, Request, RouteEntry, RouteKind};

use super::failed::Failed;
use super::linux::{LinuxKernel, all, no_interface};
use super::observe::shadowed_rules;

type Outcomes = Vec<Result<Outcome, Failed>>;

impl LinuxKernel {
    pub(super) fn add_routes(&mut self, operations: &[Operation]) -> Outcomes {
        let entries = self.entries(operations);
        let requests = requests(&entries, Request::add_route);
        let mut outcomes = self.ask(operations.len(), requests, |_| None);
        for (outcome, entry) in outcomes.iter_mut().zip(entries) {
            *outcome = match (std::mem::replace(outcome, Ok(Outcome::Done)), entry) {
                (_, Err(failed)) => Err(failed),
                (Err(failed), Ok(entry)) if failed.errno == libc::EEXIST => self.unless_equal(&entry, failed),
                (outcome, Ok(_)) => outcome,
            };
        }
        outcomes
    }

    /// A route with the key of ours is no obstacle if it is ours.
    fn unless_equal(&mut self, entry: &RouteEntry, failed: Failed) -> Result<Outcome, Failed> {
        let hops =
            |entry: &RouteEntry| entry.hops.iter().map(|hop| (hop.link, hop.via, hop.weight)).collect::<BTreeSet<_>>();
        let equal = |there: &RouteEntry| {
            let same_way = hops(there) == hops(entry) && there.source == entry.source;
            there.key == entry.key && there.protocol == entry.protocol && there.kind == entry.kind && same_way
        };
        let there = self.netlink.routes_in(entry.key.prefix.family(), entry.key.table)?;
        if there.iter().any(equal) { Ok(Outcome::AlreadySo) } else { Err(failed) }
    }

    /// Replaces routes, each only if it is alone: of two with the same key the kernel would replace the
    /// first, whoever owns it. That needs a look at the table, since a foreign route beside ours
    /// shows in no acknowledgement.
    pub(super) fn replace_routes(&mut self, operations: &[Operation]) -> Outcomes {
        let foreign = match self.foreign_beside(operations) {
            Ok(foreign) => foreign,
            Err(failed) => return all(operations, &failed),
        };
        let mut entries = self.entries(operations);
        for entry in &mut entries {
            if entry.as_ref().is_ok_and(|entry| foreign.contains(&entry.key)) {
                let reason = "a foreign route with this key stands beside ours and might be replaced instead";
                *entry = Err(Failed::new(libc::EEXIST, reason.to_owned()));
            }
        }
        let requests = requests(&entries, Request::replace_route);
        let outcomes = self.ask(operations.len(), requests, |_| None);
        outcomes.into_iter().zip(entries).map(|(outcome, entry)| entry.and(outcome)).collect()
    }

    /// The keys among those of the operations that foreign routes have.
    fn foreign_beside(&mut self, operations: &[Operation]) -> Result<BTreeSet<RouteKey>, Failed> {
        let keys: BTreeSet<RouteKey> = operations.iter().filter_map(route_of).map(|(key, _)| *key).collect();
        let tables: BTreeSet<(Family, u32)> = keys.iter().map(|key| (key.prefix.family(), key.table)).collect();
        let mut foreign = BTreeSet::new();
        for (family, table) in tables {
            let there = self.netlink.routes_in(family, table)?.into_iter();
            let beside = there.filter(|entry| keys.contains(&entry.key));
            foreign.extend(beside.filter(|entry| entry.protocol != self.mark.protocol || entry.special).map(|e| e.key));
        }
        Ok(foreign)
    }

    pub(super) fn delete_routes(&mut self, operations: &[Operation]) -> Outcomes {
        let routes: Vec<(&RouteKey, &HostRoute)> = operations.iter().filter_map(route_of).collect();
        let indices = match self.indices(devices(&routes)) {
            Ok(indices) => indices,
            Err(failed) => return all(operations, &failed),
        };
        let mut gone = BTreeSet::new();
        let mut requests = Vec::new();
        for (number, (key, route)) in routes.into_iter().enumerate() {
            // The kernel took a hop, or the whole route, with its device.
            let mut standing = route.clone();
            standing.hops.retain(|hop| indices.contains_key(&hop.device));
            match self.entry(key, &standing, &indices) {
                Ok(entry) if route.hops.is_empty() || !standing.hops.is_empty() => {
                    requests.push((number, Request::delete_route(&entry)));
                }
                _ => drop(gone.insert(number)),
            }
        }
        let excused = |error: &NetlinkError| error.is_gone().then_some(Outcome::AlreadySo);
        let mut outcomes = self.ask(operations.len(), requests, excused);
        gone.into_iter().for_each(|number| outcomes[number] = Ok(Outcome::AlreadySo));
        outcomes
    }

    pub(super) fn add_rules(&mut self, operations: &[Operation]) -> Outcomes {
        let rules = operations.iter().filter_map(rule_of);
        let requests = rules.map(|rule| Request::add_rule(rule, self.mark.protocol)).enumerate().collect();
        // The kernel compares the protocol too: one that exists is ours.
        self.ask(operations.len(), requests, |error| (error.errno == libc::EEXIST).then_some(Outcome::AlreadySo))
    }

    /// Deletes rules, as far as the kernel would take no other for them. That needs a look at all
    /// rules: a request cannot say "without further selectors".
    pub(super) fn delete_rules(&mut self, operations: &[Operation]) -> Outcomes {
        let rules: Vec<Rule> = operations.iter().filter_map(rule_of).copied().collect();
        let families: BTreeSet<Family> = rules.iter().map(|rule| rule.from.family()).collect();
        let mut there = Vec::new();
        for family in families {
            match self.netlink.rules(family) {
                Ok(found) => there.extend(found),
                Err(error) => return all(operations, &error.into()),
            }
        }
        let shadowed = shadowed_rules(&there, &self.mark);
        let mut requests: Vec<(usize, Request)> = Vec::new();
        for (number, rule) in rules.iter().enumerate().filter(|(_, rule)| !shadowed.contains(rule)) {
            requests.push((number, Request::delete_rule(rule, self.mark.protocol)));
        }
        let excused = |error: &NetlinkError| error.is_gone().then_some(Outcome::AlreadySo);
        let mut outcomes = self.ask(operations.len(), requests, excused);
        for (outcome, _) in outcomes.iter_mut().zip(&rules).filter(|(_, rule)| shadowed.contains(rule)) {
            let reason = "a foreign rule with our protocol number stands before it and would be deleted instead";
            *outcome = Err(Failed::new(libc::EBUSY, reason.to_owned()));
        }
        outcomes
    }

    /// The routes of operations in the kernel's words.
    fn entries(&mut self, operations: &[Operation]) -> Vec<Result<RouteEntry, Failed>> {
        let routes: Vec<(&RouteKey, &HostRoute)> = operations.iter().filter_map(route_of).collect();
        match self.indices(devices(&routes)) {
            Ok(indices) => routes.iter().map(|(key, route)| self.entry(key, route, &indices)).collect(),
            Err(failed) => operations.iter().map(|_| Err(failed.clone())).collect(),
        }
    }

    fn entry(
        &self,
        key: &RouteKey,
        route: &HostRoute,
        indices: &BTreeMap<InterfaceName, u32>,
    ) -> Result<RouteEntry, Failed> {
        let kind = if route.hops.is_empty() { RouteKind::Unreachable } else { RouteKind::Unicast };
        let mut hops = Vec::with_capacity(route.hops.len());
        for hop in &route.hops {
            let link = indices.get(&hop.device).ok_or_else(|| no_interface(hop.device))?;
            hops.push(Hop { link: *link, via: hop.via, weight: hop.weight });
        }
        Ok(RouteEntry { key: *key, protocol: self.mark.protocol, kind, hops, source: route.source, special: false })
    }
}

fn requests(entries: &[Result<RouteEntry, Failed>], request: impl Fn(&RouteEntry) -> Request) -> Vec<(usize, Request)> {
    let entries = entries.iter().enumerate().filter_map(|(number, entry)| Some((number, entry.as_ref().ok()?)));
    entries.map(|(number, entry)| (number, request(entry))).collect()
}

fn route_of(operation: &Operation) -> Option<(&RouteKey, &HostRoute)> {
    match operation {
        Operation::AddRoute(key, route) | Operation::ReplaceRoute(key, route) | Operation::DeleteRoute(key, route) => {
            Some((key, route))
        }
        _ => None,
    }
}

fn rule_of(operation: &Operation) -> Option<&Rule> {
    match operation {
        Operation::AddRule(rule) | Operation::DeleteRule(rule) => Some(rule),
        _ => None,
    }
}

fn devices(routes: &[(&RouteKey, &HostRoute)]) -> impl Iterator<Item = InterfaceName> {
    routes.iter().flat_map(|(_, route)| &route.hops).map(|hop| hop.device)
}
