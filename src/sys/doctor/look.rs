//! [`ThisHost`]: gathers what the checks judge.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;

use rustix::thread::{CapabilitySet, capabilities};

use crate::addr::{Family, InterfaceName, Prefix};
use crate::doctor::filter::Filter;
use crate::doctor::{Facts, Host, Link, Order, Refusal, Route, questions};
use crate::host::{Mark, RouteKey};
use crate::sys::netlink::{Netlink, NetlinkError, RouteEntry, RouteKind};
use crate::sys::tap::DEVICE_NODE;

use super::files::Files;
use super::probe::Probe;
use super::{iptables, nftables, ways};

/// The machine, as the network namespace of the calling thread shows it.
#[derive(Debug, Default)]
pub struct ThisHost {
    files: Files,
}

impl Host for ThisHost {
    fn look(&mut self, order: &Order) -> Facts {
        let mut unseen = Vec::new();
        let mut facts = Facts {
            told: order.told.clone(),
            mark: order.mark,
            missing_rights: missing_rights(),
            tun: self.tun(),
            links: BTreeMap::new(),
            reverse_path_all: self.files.number("ipv4/conf/all/rp_filter").and_then(|n| n.try_into().ok()).unwrap_or(0),
            forwards_v6: self.files.number("ipv6/conf/all/forwarding").is_some_and(|value| value != 0),
            addresses: BTreeSet::new(),
            routes: Vec::new(),
            rules: Vec::new(),
            ways: Vec::new(),
            routers: BTreeMap::new(),
            filter: self.filter(&mut unseen),
            bridge_filters: self.files.bridge_filters(),
            conntrack: self.files.conntrack(),
            networkd: self.files.networkd(),
            network_manager: self.files.network_manager(),
            peer: order.peer,
            unseen,
        };
        if let Err(error) = self.network(order, &mut facts) {
            facts.unseen.push(format!("links, routes and rules cannot be read: {error}"));
        }
        if let Err(error) = try_out(order, &mut facts) {
            let why = match error.kind() {
                std::io::ErrorKind::InvalidInput => {
                    "the kernel takes no packets for it; Linux 5.18 and later do".into()
                }
                std::io::ErrorKind::PermissionDenied => "it needs root's rights".into(),
                _ => error.to_string(),
            };
            facts.unseen.push(format!("no packets were sent to try the ways: {why}"));
        }
        if let Err(error) = ways::back(&mut facts) {
            facts.unseen.push(format!("the ways back cannot be looked up: {error}"));
        }
        facts
    }
}

impl ThisHost {
    fn tun(&self) -> Option<String> {
        let opened = OpenOptions::new().read(true).write(true).open(self.files.path(DEVICE_NODE));
        match opened {
            // Who may not open it learns nothing of whether the daemon can.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => None,
            opened => opened.err().map(|error| format!("{DEVICE_NODE} cannot be opened: {error}; no tap can be made")),
        }
    }

    fn filter(&self, unseen: &mut Vec<String>) -> Filter {
        let legacy = self.files.legacy_programs();
        let mut chains = Vec::new();
        for listed in std::iter::once(nftables::list()).chain(legacy.into_iter().map(iptables::list)) {
            match listed {
                Ok(more) => chains.extend(more),
                Err(why) => unseen.push(why),
            }
        }
        Filter { chains, has_iptables: iptables::speaks_nf_tables() }
    }

    /// Reads links, addresses, routes and rules, and asks where packets of the gateways go.
    fn network(&self, order: &Order, facts: &mut Facts) -> Result<(), NetlinkError> {
        let mut netlink = Netlink::open()?;
        let mut names = BTreeMap::new();
        for (name, link) in netlink.situations()? {
            names.insert(link.index, name);
            let switches = self.files.switches(name);
            facts.links.insert(name, Link { switches, ..link });
        }
        for entry in netlink.addresses()? {
            facts.addresses.extend(names.get(&entry.link).map(|name| (*name, entry.address)));
        }
        for family in [Family::V4, Family::V6] {
            facts.routes.extend(main_routes(&mut netlink, family, &order.mark, &names)?);
            facts.rules.extend(
                netlink
                    .foreign_rules(family)?
                    .into_iter()
                    .filter(|rule| rule.protocol != order.mark.protocol || !order.mark.owns_priority(rule.priority)),
            );
        }
        let Ok(told) = &order.told else { return Ok(()) };
        let near: Vec<Prefix> = facts.addresses.iter().map(|(_, address)| address.network()).collect();
        facts.ways = ways::out(&mut netlink, questions(told, &near), facts);
        for way in &facts.ways {
            if let Err(Refusal::Other(why)) = &way.out {
                facts.unseen.push(format!("the way of {} cannot be looked up: {why}", way.question.gateway));
            }
        }
        facts.routers = ways::routers(&mut netlink, told, facts)?;
        Ok(())
    }
}

/// Others' routes of table main.
fn main_routes(
    netlink: &mut Netlink,
    family: Family,
    mark: &Mark,
    names: &BTreeMap<u32, InterfaceName>,
) -> Result<Vec<Route>, NetlinkError> {
    let entries = netlink.routes_in(family, RouteKey::MAIN)?;
    let theirs = entries.into_iter().filter(|entry| entry.protocol != mark.protocol && entry.kind != RouteKind::Local);
    let route = |entry: RouteEntry| {
        let hop = entry.hops.first();
        let device = hop.and_then(|hop| names.get(&hop.link)).copied();
        let via = hop.and_then(|hop| hop.via);
        Route { prefix: entry.key.prefix, metric: entry.key.metric, protocol: entry.protocol, device, via }
    };
    Ok(theirs.map(route).collect())
}

/// Sends packets, if that is wanted and there is a way to try.
fn try_out(order: &Order, facts: &mut Facts) -> std::io::Result<()> {
    if facts.ways.is_empty() || (!order.probe && order.peer.is_none()) {
        return Ok(());
    }
    let mut probe = Probe::open()?;
    let (ways, links) = (&mut facts.ways, &facts.links);
    if order.probe {
        probe.try_out(ways, links)?;
    }
    order.peer.map_or(Ok(()), |peer| probe.ask(peer, ways, links))
}

fn missing_rights() -> Vec<&'static str> {
    let held = capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective);
    let needed = [(CapabilitySet::NET_ADMIN, "CAP_NET_ADMIN"), (CapabilitySet::NET_RAW, "CAP_NET_RAW")];
    needed.into_iter().filter(|(right, _)| !held.contains(*right)).map(|(_, name)| name).collect()
}
