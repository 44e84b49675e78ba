//! Uplinks that others have set up by hand or by another program, recognised so that they can be
//! taken over.
//!
//! Known are the layouts of oVirt's VDSM and the recipe that multi-homed hosts have been given for
//! twenty years: a table with a default route by one device, and rules that lead the packets from
//! that device's address, or from and to its network, there.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::addr::{Family, InterfaceAddress, InterfaceName, Prefix};
use crate::host::{ForeignRoute, ForeignRule, HostHop, HostRoute, Survey};

use super::lease::Attachment;
use super::spec::{Addressing, UplinkName, UplinkSpec};

/// Tables that are the kernel's own: unspecified, default, main and local.
const KERNEL_TABLES: [u32; 4] = [0, 253, 254, 255];

/// Somebody's uplink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How it was set up.
    pub layout: Layout,
    /// The uplink that would do the same.
    pub uplink: UplinkSpec,
    /// The table that it has now.
    pub table: u32,
    /// The rules that lead there.
    pub rules: Vec<ForeignRule>,
    /// The routes of the table.
    pub routes: Vec<ForeignRoute>,
    /// Why it cannot be taken over as it stands: something in it would be lost.
    pub hindrance: Option<String>,
}

/// Who sets uplinks up like that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layout {
    /// VDSM of oVirt 3.3 to 4.4: the table's number is the address
    /// (`lib/vdsm/network/sourceroute.py`).
    VdsmByAddress,
    /// VDSM of oVirt 4.4.8 and later: the table's number is the Adler-32 sum of the device's name
    /// (`lib/vdsm/network/nmstate/route.py`).
    VdsmByName,
    /// Somebody's `rt_tables` and `ip rule`.
    ByHand,
}

impl Layout {
    /// The name that users see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VdsmByAddress => "vdsm (table by address)",
            Self::VdsmByName => "vdsm (table by device name)",
            Self::ByHand => "rt_tables",
        }
    }
}

/// The uplinks in what was surveyed, by table. A table that no rule leads to, or that has no default
/// route by one router, is none. `is_taken` tells names that uplinks have already.
#[must_use]
pub fn recognise(survey: &Survey, is_taken: impl Fn(&UplinkName) -> bool) -> Vec<Found> {
    let mut tables: Vec<(u32, Family)> = survey
        .rules
        .iter()
        .map(|rule| (rule.table, rule.family))
        .filter(|(table, _)| !KERNEL_TABLES.contains(table))
        .collect();
    tables.sort_unstable();
    tables.dedup();
    let mut all: Vec<Found> = tables.into_iter().filter_map(|(table, family)| found(survey, table, family)).collect();
    let mut given = BTreeSet::new();
    for Found { uplink, table, .. } in &mut all {
        // Two tables may lead out by one device.
        let family = uplink.family();
        let free = |name: &UplinkName| !is_taken(name) && !given.contains(name);
        let names = names_of(uplink.device, family, *table);
        uplink.name = names.iter().find(|name| free(name)).or(names.last()).cloned().unwrap_or(uplink.name.clone());
        given.insert(uplink.name.clone());
    }
    all
}

fn found(survey: &Survey, table: u32, family: Family) -> Option<Found> {
    let rules: Vec<ForeignRule> =
        survey.rules.iter().filter(|rule| (rule.table, rule.family) == (table, family)).copied().collect();
    let in_table = |route: &&ForeignRoute| (route.key.table, route.key.prefix.family()) == (table, family);
    let routes: Vec<ForeignRoute> = survey.routes.iter().filter(in_table).cloned().collect();
    let (device, via) =
        routes.iter().filter(|route| route.key.prefix.is_default()).find_map(|default| {
            match *default.route.as_ref()?.hops.iter().collect::<Vec<_>>() {
                [HostHop { device, via: Some(via), .. }] => Some((*device, *via)),
                _ => None,
            }
        })?;
    let own = survey.addresses.iter().filter(|(name, _)| *name == device).map(|(_, address)| *address);
    // A router with a link-local address is on the link of every address.
    let is_near = |address: &InterfaceAddress| match is_link_local(via) {
        true => Family::of(address.address) == family && !is_link_local(address.address),
        false => address.network().contains(via),
    };
    let mut own: Vec<InterfaceAddress> = own.filter(is_near).collect();
    // Of several, the one that a rule names.
    own.sort_by_key(|address| !rules.iter().any(|rule| rule.from == Some(Prefix::host(address.address))));
    let address = *own.first()?;
    let name = names_of(device, family, table).into_iter().next()?;
    let attachment = Attachment { address, via };
    let hindrance = hindrance(survey, &rules, &routes, device, attachment);
    let layout = layout(table, device, address);
    Some(Found {
        layout,
        uplink: UplinkSpec { name, device, addressing: Addressing::Fixed(attachment), table: None },
        table,
        rules,
        routes,
        hindrance,
    })
}

/// What an uplink of ours would not do in the place of these.
fn hindrance(
    survey: &Survey,
    rules: &[ForeignRule],
    routes: &[ForeignRoute],
    device: InterfaceName,
    Attachment { address, via: router }: Attachment,
) -> Option<String> {
    let (host, network) = (Prefix::host(address.address), address.network());
    let is_own = |rule: &&ForeignRule| {
        let by = rule.input.is_none_or(|input| input == device);
        let from_it = rule.to.is_none() && (rule.from == Some(host) || rule.from == Some(network));
        let to_it = rule.from.is_none() && rule.to == Some(network);
        !rule.special && by && (from_it || to_it)
    };
    if let Some(rule) = rules.iter().find(|rule| !is_own(rule)) {
        return Some(match rule.special {
            true => format!("rule {rule} selects or does more than an uplink's"),
            false => format!("rule {rule} is not for the device's own address or network"),
        });
    }
    let mut others =
        survey.addresses.iter().filter(|(name, other)| *name == device && other.address != address.address);
    let is_wide = rules.iter().find(|rule| rule.from == Some(network) && network != host);
    if let (Some(rule), Some((_, other))) = (is_wide, others.find(|(_, other)| network.contains(other.address))) {
        return Some(format!("rule {rule} is also for {}, which would leave by table main", other.address));
    }
    let is_connected = |device: InterfaceName, prefix: &Prefix| {
        survey.addresses.iter().any(|(name, address)| *name == device && address.network() == *prefix)
    };
    let is_usual = |ForeignRoute { key, route, .. }: &&ForeignRoute| {
        let Some(HostRoute { hops, .. }) = route else { return false };
        match *hops.iter().collect::<Vec<_>>() {
            [] => key.prefix.is_default(),
            [HostHop { device: by, via, .. }] => match via {
                None => is_connected(*by, &key.prefix) || key.prefix == host,
                // VDSM's way to say that the network is on the link.
                Some(via) if *via == address.address => key.prefix == network,
                Some(via) => key.prefix.is_default() && *by == device && *via == router,
            },
            _ => false,
        }
    };
    let unusual = routes.iter().find(|route| !is_usual(route));
    unusual.map(|route| format!("route {route} would be lost"))
}

fn layout(table: u32, device: InterfaceName, address: InterfaceAddress) -> Layout {
    match address.address {
        IpAddr::V4(v4) if table == v4.to_bits() => Layout::VdsmByAddress,
        _ if table == adler32(device.as_str().as_bytes()) => Layout::VdsmByName,
        _ => Layout::ByHand,
    }
}

/// What the uplink may be called, the best first: as its device, if that can be, or as its table. IPv6
/// has one of its own.
fn names_of(device: InterfaceName, family: Family, table: u32) -> Vec<UplinkName> {
    let suffix = if family == Family::V6 { "-v6" } else { "" };
    let names = [format!("{device}{suffix}"), format!("table-{table}{suffix}")];
    names.iter().filter_map(|name| UplinkName::new(name).ok()).collect()
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

/// The Adler-32 checksum (RFC 1950, 8.2).
fn adler32(bytes: &[u8]) -> u32 {
    const PRIME: u32 = 65_521;
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % PRIME;
        (a, (b + a) % PRIME)
    });
    b << 16 | a
}

#[cfg(test)]
mod tests;
