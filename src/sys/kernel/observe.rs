//! Which of the things in the kernel are ours.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::addr::{InterfaceName, Prefix};
use crate::host::{HostHop, HostLink, HostRoute, Mark, Observed, RouteKey, Rule, Surroundings};
use crate::sys::netlink::{AddressEntry, Hop, Link, RouteEntry, RouteKind, RuleEntry};

/// Who connects the host to a network (`RTPROT_KERNEL` and `RTPROT_RA`, include/uapi/linux/rtnetlink.h):
/// the kernel with an address, and a router's announcement that a program has taken up.
const CONNECTING: [u8; 2] = [2, 9];

/// Everything that the kernel shows.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) links: Vec<Link>,
    pub(super) addresses: Vec<AddressEntry>,
    pub(super) routes: Vec<RouteEntry>,
    pub(super) rules: Vec<RuleEntry>,
}

/// How ours is told from theirs; [`Mark`] has the words.
#[derive(Debug)]
pub(super) struct Ownership<'a> {
    pub(super) mark: &'a Mark,
    pub(super) alike: Alike,
    /// Indices of links whose descriptors we hold.
    pub(super) held: BTreeSet<u32>,
    /// Tables of our uplinks.
    pub(super) claimed: &'a BTreeSet<u32>,
}

/// What all taps of ours have alike: [`HostLink::in_order`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Alike {
    pub(super) group: u32,
    /// Packets that wait in each queue.
    pub(super) queue_length: u32,
}

impl Alike {
    pub(super) fn has(self, group: u32, queue_length: u32, controller: Option<u32>) -> bool {
        group == self.group && queue_length == self.queue_length && controller.is_none()
    }
}

impl Ownership<'_> {
    /// True for a link of ours. What a daemon before us has left in our group is held or gone.
    pub(super) fn owns_link(&self, link: &Link) -> bool {
        self.held.contains(&link.index)
    }

    fn owns_rule(&self, entry: &RuleEntry) -> bool {
        entry.protocol == self.mark.protocol && !entry.special && self.mark.owns_priority(entry.rule.priority)
    }
}

/// Addresses on our taps tell by `IFA_PROTO`. Where the kernel has none (before 5.18) a link-local
/// one is ours, as the kernel was told to make none.
pub(super) fn owns_address(mark: &Mark, entry: &AddressEntry) -> bool {
    let link_local = matches!(entry.address.address, IpAddr::V6(v6) if v6.is_unicast_link_local());
    entry.protocol.map_or(link_local, |protocol| protocol == mark.protocol)
}

/// Sorts a snapshot into ours and theirs; the settings are left out.
pub(super) fn classify(snapshot: &Snapshot, ownership: &Ownership<'_>) -> Observed {
    let mut observed = Observed::default();
    let names: BTreeMap<u32, &Link> = snapshot.links.iter().map(|link| (link.index, link)).collect();
    let (our_links, foreign_links): (Vec<_>, Vec<_>) =
        snapshot.links.iter().partition(|link| ownership.owns_link(link));
    observed.foreign_links = foreign_links.iter().map(|link| (link.name, link.index)).collect();
    observed.ours.links = our_links.iter().map(|link| (link.name, host_link(link, ownership.alike))).collect();

    let our_indices: BTreeSet<u32> = our_links.iter().map(|link| link.index).collect();
    let addresses = snapshot.addresses.iter();
    let addresses = addresses.filter(|entry| our_indices.contains(&entry.link) && owns_address(ownership.mark, entry));
    observed.ours.addresses =
        addresses.filter_map(|entry| Some((names.get(&entry.link)?.name, entry.address))).collect();

    let our_rules = snapshot.rules.iter().filter(|entry| ownership.owns_rule(entry));
    observed.ours.rules = our_rules.map(|entry| entry.rule).collect();
    let mut tables: BTreeSet<u32> = ownership.claimed.clone();
    tables.extend(observed.ours.rules.iter().filter_map(Rule::table));
    let owns_table = |table: u32| ownership.mark.owns_table(table) || tables.contains(&table);
    let foreign_rules = snapshot.rules.iter().filter(|entry| !ownership.owns_rule(entry));
    let priorities = foreign_rules.clone().map(|entry| entry.rule.priority);
    observed.foreign_priorities = priorities.filter(|priority| ownership.mark.owns_priority(*priority)).collect();
    let foreign_tables = foreign_rules.filter_map(|entry| entry.rule.table());
    observed.foreign_tables = foreign_tables.filter(|table| *table != 0 && !owns_table(*table)).collect();

    // By prefix, the best metric first.
    let mut connected: BTreeMap<(Prefix, u32), InterfaceName> = BTreeMap::new();
    for entry in &snapshot.routes {
        let RouteKey { table, .. } = entry.key;
        let in_main = table == RouteKey::MAIN;
        let over_ours = !entry.hops.is_empty() && entry.hops.iter().all(|hop| our_indices.contains(&hop.link));
        let ours = entry.protocol == ownership.mark.protocol && if in_main { over_ours } else { owns_table(table) };
        match host_route(entry, &names) {
            Some(route) if ours && !observed.ours.routes.contains_key(&entry.key) => {
                observed.ours.routes.insert(entry.key, route);
            }
            _ => {
                if (in_main || owns_table(table)) && entry.kind != RouteKind::Local {
                    observed.foreign_routes.insert(entry.key);
                } else if !in_main && entry.protocol != ownership.mark.protocol {
                    // What a killed daemon left in a table that only its rules made ours is nobody's.
                    observed.foreign_tables.insert(table);
                }
                if in_main {
                    observed.surroundings.exit_devices.extend(exits(entry, &names, &our_indices));
                    if let Some((way, device)) = connection(entry, &names, &our_indices) {
                        // Of two that are alike the first acts.
                        connected.entry(way).or_insert(device);
                    }
                }
            }
        }
    }
    let mut all: BTreeMap<Prefix, InterfaceName> = BTreeMap::new();
    connected.into_iter().for_each(|((network, _), device)| _ = all.entry(network).or_insert(device));
    observed.surroundings.connected = all.into_iter().take(Surroundings::MOST_CONNECTED).collect();
    observed
}

/// The link in our words.
pub(super) fn host_link(link: &Link, alike: Alike) -> HostLink {
    let in_order = alike.has(link.group, link.queue_length, link.controller);
    HostLink { mac: link.mac, mtu: link.mtu, up: link.up, in_order }
}

/// The route in our words, if they can say it.
pub(super) fn host_route(entry: &RouteEntry, names: &BTreeMap<u32, &Link>) -> Option<HostRoute> {
    if entry.special || !matches!(entry.kind, RouteKind::Unicast | RouteKind::Unreachable) {
        return None;
    }
    let hop = |hop: &Hop| Some(HostHop { device: names.get(&hop.link)?.name, via: hop.via, weight: hop.weight });
    Some(HostRoute { hops: entry.hops.iter().map(hop).collect::<Option<_>>()?, source: entry.source })
}

/// The devices by which a foreign route leads out. Every device with IPv6 has a link-local route,
/// which leads nowhere that a router could forward to.
fn exits(entry: &RouteEntry, names: &BTreeMap<u32, &Link>, ours: &BTreeSet<u32>) -> Vec<InterfaceName> {
    if entry.kind != RouteKind::Unicast || is_link_local(&entry.key.prefix) {
        return Vec::new();
    }
    let links = entry.hops.iter().filter(|hop| !ours.contains(&hop.link)).filter_map(|hop| names.get(&hop.link));
    links.filter(|link| !link.loopback).map(|link| link.name).collect()
}

/// The network that a foreign route connects the host to, with its metric and its device.
fn connection(
    entry: &RouteEntry,
    names: &BTreeMap<u32, &Link>,
    ours: &BTreeSet<u32>,
) -> Option<((Prefix, u32), InterfaceName)> {
    let RouteEntry { key, kind: RouteKind::Unicast, hops, special: false, .. } = entry else { return None };
    let [Hop { link, via: None, .. }] = hops[..] else { return None };
    if !CONNECTING.contains(&entry.protocol) || ours.contains(&link) || is_link_local(&key.prefix) {
        return None;
    }
    let link = names.get(&link).filter(|link| !link.loopback)?;
    Some(((key.prefix, key.metric), link.name))
}

/// True if no router forwards to it.
pub(super) fn is_link_local(prefix: &Prefix) -> bool {
    match prefix.address() {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_multicast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_multicast(),
    }
}

/// Our rules that cannot be deleted: a foreign rule that selects by more, but bears our protocol
/// number, stands before them, and the kernel would delete that one (`rule_find` takes what a
/// request does not say for "any").
pub(super) fn shadowed_rules(rules: &[RuleEntry], mark: &Mark) -> BTreeSet<Rule> {
    let mut special = BTreeSet::new();
    let mut shadowed = BTreeSet::new();
    for entry in rules.iter().filter(|entry| entry.protocol == mark.protocol) {
        if entry.special {
            special.insert(entry.rule);
        } else if special.contains(&entry.rule) {
            shadowed.insert(entry.rule);
        }
    }
    shadowed
}

#[cfg(test)]
mod tests;
