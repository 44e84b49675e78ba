//! [`LinuxKernel`]: reads what is there, carries out single operations.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use crate::addr::{Family, InterfaceAddress, InterfaceName};
use crate::host::{HostRoute, Kernel, KernelError, Mark, Observed, Operation, RouteKey, Rule};
use crate::sys::netlink::{AddressEntry, Hop, Link, Netlink, RouteEntry, RouteKind};
use crate::sys::sysctl::Ipv6Switches;
use crate::sys::tap::Tap;

use super::failed::Failed;
use super::observe::{Ownership, Snapshot, classify, shadowed_rules};
use super::originals::Originals;

/// The kernel of the network namespace in which it was made. To be used in that namespace only:
/// taps and IPv6 switches are those of the calling thread's.
///
/// What a killed daemon left behind (rules, routes, settings, adopted taps) is ours in
/// [`Kernel::observe`] as before, but nobody holds the queues of such a tap. A daemon therefore
/// begins with the difference to the empty state.
#[derive(Debug)]
pub struct LinuxKernel {
    pub(super) mark: Mark,
    pub(super) queues: usize,
    pub(super) netlink: Netlink,
    pub(super) switches: Ipv6Switches,
    pub(super) originals: Originals,
    pub(super) held: BTreeMap<InterfaceName, Held>,
    claimed: BTreeSet<u32>,
    shadowed: BTreeSet<Rule>,
}

/// A link of ours while we run.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) index: u32,
    /// It was there before us and stays after us.
    pub(super) adopted: bool,
    /// Its queues until they are taken.
    pub(super) queues: Vec<Tap>,
}

impl LinuxKernel {
    /// A kernel whose taps have `queues` queues each. What must be given back, even by the next
    /// daemon, is kept in `state_directory`.
    ///
    /// # Errors
    /// No netlink socket, or the directory or its file cannot be used.
    pub fn new(mark: Mark, state_directory: &Path, queues: usize) -> Result<Self, KernelError> {
        Self::open(mark, state_directory, queues).map_err(|failed| failed.during(&"start"))
    }

    fn open(mark: Mark, state_directory: &Path, queues: usize) -> Result<Self, Failed> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map_err(|error| Failed::file("cannot read the boot id", &error))?;
        let unusable = |error: io::Error| Failed::file(&format!("cannot use {}", state_directory.display()), &error);
        let mut kernel = Self {
            mark,
            queues,
            netlink: Netlink::open()?,
            switches: Ipv6Switches::default(),
            originals: Originals::load(state_directory, boot.trim()).map_err(unusable)?,
            held: BTreeMap::new(),
            claimed: BTreeSet::new(),
            shadowed: BTreeSet::new(),
        };
        // Held by taps that went with a killed daemon.
        kernel.release_ipv6()?;
        kernel.save_originals()?;
        Ok(kernel)
    }

    /// Names the tables of the uplinks, which are ours beside the block of [`Mark`].
    pub fn claim_tables(&mut self, tables: BTreeSet<u32>) {
        self.claimed = tables;
    }

    /// Hands over the queues of a tap that [`Operation::AddLink`] made or adopted; once. An adopted
    /// tap made for a single queue has one, others as many as were asked for.
    pub fn take_queues(&mut self, name: &InterfaceName) -> Option<Vec<Tap>> {
        let queues = std::mem::take(&mut self.held.get_mut(name)?.queues);
        (!queues.is_empty()).then_some(queues)
    }

    /// True for a tap of ours that was there before us.
    #[must_use]
    pub fn is_adopted(&self, name: &InterfaceName) -> bool {
        self.held.get(name).is_some_and(|held| held.adopted)
    }

    pub(super) fn ownership(&self) -> Ownership<'_> {
        let held = self.held.values().map(|held| held.index).collect();
        Ownership { mark: &self.mark, held, claimed: &self.claimed }
    }

    pub(super) fn existing_link(&mut self, name: InterfaceName) -> Result<Link, Failed> {
        self.netlink.link(name)?.ok_or_else(|| Failed::new(libc::ENODEV, format!("there is no interface {name}")))
    }

    pub(super) fn save_originals(&mut self) -> Result<(), Failed> {
        self.originals.save().map_err(|error| Failed::file("cannot save what must be given back", &error))
    }

    fn look(&mut self) -> Result<Observed, Failed> {
        let snapshot = Snapshot {
            links: self.netlink.links()?,
            addresses: self.netlink.addresses()?,
            routes: [self.netlink.routes(Family::V4)?, self.netlink.routes(Family::V6)?].concat(),
            rules: [self.netlink.rules(Family::V4)?, self.netlink.rules(Family::V6)?].concat(),
        };
        let mut observed = classify(&snapshot, &self.ownership());
        observed.ours.settings = self.held_settings(&snapshot.links)?;
        self.forget_links_gone(&snapshot.links);
        self.shadowed = shadowed_rules(&snapshot.rules, &self.mark);
        self.save_originals()?;
        Ok(observed)
    }

    fn carry_out(&mut self, operation: &Operation) -> Result<(), Failed> {
        match operation {
            Operation::AddLink(name, link) => self.add_link(*name, link),
            Operation::SetLink(name, link) => self.set_link(*name, link),
            Operation::DeleteLinks(names) => self.delete_links(names),
            Operation::AddAddress(name, address) => self.add_address(*name, *address),
            Operation::DeleteAddress(name, address) => self.delete_address(*name, *address),
            Operation::AddRoute(key, route) => self.add_route(key, route),
            Operation::ReplaceRoute(key, route) => {
                let entry = self.route_entry(key, route)?;
                Ok(self.netlink.replace_route(&entry)?)
            }
            Operation::DeleteRoute(key, route) => self.delete_route(key, route),
            Operation::AddRule(rule) => match self.netlink.add_rule(rule, self.mark.protocol) {
                // The kernel compares the protocol too: it is ours.
                Err(error) if error.errno == libc::EEXIST => Ok(()),
                other => Ok(other?),
            },
            Operation::DeleteRule(rule) => self.delete_rule(rule),
            Operation::Enable(setting) => self.enable(setting),
            Operation::Restore(setting) => self.restore(setting),
        }
    }

    fn add_address(&mut self, name: InterfaceName, address: InterfaceAddress) -> Result<(), Failed> {
        let link = self.index(name)?;
        let entry = AddressEntry { link, address, protocol: Some(self.mark.protocol) };
        match self.netlink.add_address(&entry) {
            Err(error) if error.errno == libc::EEXIST => Ok(()),
            other => Ok(other?),
        }
    }

    fn delete_address(&mut self, name: InterfaceName, address: InterfaceAddress) -> Result<(), Failed> {
        let Some(link) = self.index_if_any(name)? else { return Ok(()) };
        match self.netlink.delete_address(&AddressEntry { link, address, protocol: None }) {
            Err(error) if error.is_gone() => Ok(()),
            other => Ok(other?),
        }
    }

    fn add_route(&mut self, key: &RouteKey, route: &HostRoute) -> Result<(), Failed> {
        let entry = self.route_entry(key, route)?;
        match self.netlink.add_route(&entry) {
            Err(error) if error.errno == libc::EEXIST => {
                let equal = |there: &RouteEntry| {
                    let hops = |entry: &RouteEntry| entry.hops.iter().map(|h| (h.link, h.via)).collect::<BTreeSet<_>>();
                    let same_way = hops(there) == hops(&entry) && there.source == entry.source;
                    there.key == *key && there.protocol == entry.protocol && there.kind == entry.kind && same_way
                };
                let there = self.netlink.routes(key.prefix.family())?;
                if there.iter().any(equal) { Ok(()) } else { Err(error.into()) }
            }
            other => Ok(other?),
        }
    }

    fn delete_route(&mut self, key: &RouteKey, route: &HostRoute) -> Result<(), Failed> {
        let mut standing = route.clone();
        for hop in &route.hops {
            // The kernel took the hop, or the whole route, with the device.
            if self.index_if_any(hop.device)?.is_none() {
                standing.hops.remove(hop);
            }
        }
        if standing.hops.is_empty() && !route.hops.is_empty() {
            return Ok(());
        }
        let entry = self.route_entry(key, &standing)?;
        match self.netlink.delete_route(&entry) {
            Err(error) if error.is_gone() => Ok(()),
            other => Ok(other?),
        }
    }

    fn delete_rule(&mut self, rule: &Rule) -> Result<(), Failed> {
        if self.shadowed.contains(rule) {
            let reason = "a foreign rule with our protocol number stands before it and would be deleted instead";
            return Err(Failed::new(libc::EBUSY, reason.to_owned()));
        }
        match self.netlink.delete_rule(rule, self.mark.protocol) {
            Err(error) if error.is_gone() => Ok(()),
            other => Ok(other?),
        }
    }

    fn route_entry(&mut self, key: &RouteKey, route: &HostRoute) -> Result<RouteEntry, Failed> {
        let kind = if route.hops.is_empty() { RouteKind::Unreachable } else { RouteKind::Unicast };
        let mut hops = Vec::with_capacity(route.hops.len());
        for hop in &route.hops {
            hops.push(Hop { link: self.index(hop.device)?, via: hop.via });
        }
        Ok(RouteEntry { key: *key, protocol: self.mark.protocol, kind, hops, source: route.source, special: false })
    }

    fn index(&mut self, name: InterfaceName) -> Result<u32, Failed> {
        self.index_if_any(name)?.ok_or_else(|| Failed::new(libc::ENODEV, format!("there is no interface {name}")))
    }

    /// The index of a link. A tap that we hold keeps its own as long as it lives.
    fn index_if_any(&mut self, name: InterfaceName) -> Result<Option<u32>, Failed> {
        match self.held.get(&name) {
            Some(held) => Ok(Some(held.index)),
            None => Ok(self.netlink.link(name)?.map(|link| link.index)),
        }
    }
}

impl Kernel for LinuxKernel {
    fn observe(&mut self) -> Result<Observed, KernelError> {
        self.look().map_err(|failed| failed.during(&"observe"))
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), KernelError> {
        self.carry_out(operation).map_err(|failed| failed.during(operation))
    }
}
