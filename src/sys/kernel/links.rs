//! Taps as links: made or adopted, and changed.

use std::collections::BTreeMap;

use crate::addr::InterfaceName;
use crate::host::{HostLink, Operation, Outcome};
use crate::sys::kept::KeptName;
use crate::sys::netlink::{ADDRESS_GENERATION_NONE, Link, LinkChange, NetlinkError, Request, TapFacts};
use crate::sys::tap::{Tap, TapError};

use super::failed::Failed;
use super::held::Held;
use super::linux::{LinuxKernel, no_interface};
use super::originals::FoundLink;

impl LinuxKernel {
    /// Makes taps, and adopts those that are there. What has to be told to the new ones is told to all
    /// of them together.
    pub(super) fn add_links(&mut self, operations: &[Operation]) -> Vec<Result<Outcome, Failed>> {
        let mut outcomes = Vec::with_capacity(operations.len());
        let mut made = Vec::new();
        for (number, operation) in operations.iter().enumerate() {
            let Operation::AddLink(name, link) = operation else { continue };
            outcomes.push(match self.make(*name, link) {
                Ok(Made::New(index, queues)) => {
                    made.push((number, *name, *link, index, queues));
                    Ok(Outcome::Done)
                }
                Ok(Made::Adopted) => Ok(Outcome::Done),
                Ok(Made::Before) => Ok(Outcome::AlreadySo),
                Err(failed) => Err(failed),
            });
        }
        let requests = made.iter().flat_map(|(number, _, link, index, _)| {
            self.configuration(*index, link, true).map(|request| (*number, request))
        });
        let configured = self.ask(operations.len(), requests.collect(), without_ipv6);
        for (number, name, _, index, queues) in made {
            match &configured[number] {
                Ok(_) => {
                    self.let_stay(name, &queues);
                    self.held.insert(name, Held::new(index, false, false, queues));
                }
                // With its queues the tap goes.
                Err(failed) => outcomes[number] = Err(failed.clone()),
            }
        }
        outcomes
    }

    /// Has a tap of ours outlive us: it stays, and so do its queues if somebody keeps them.
    pub(super) fn let_stay(&mut self, name: InterfaceName, queues: &[Tap]) {
        if let Some(Err(error)) = queues.first().map(|queue| queue.persist(name, true)) {
            tracing::warn!(interface = %name, %error, "the tap goes with this process");
        }
        let descriptors: Vec<_> = queues.iter().map(Tap::descriptor).collect();
        self.store.keep(&KeptName::Gateway(name), &descriptors);
    }

    fn make(&mut self, name: InterfaceName, link: &HostLink) -> Result<Made, Failed> {
        if let Some(held) = self.held.get(&name).map(|held| held.index) {
            let existing = self.netlink.link(name)?;
            if existing.is_some_and(|existing| existing.index == held) {
                return Ok(Made::Before);
            }
            // What we held under this name was deleted by somebody, or renamed: then it goes, since it
            // would stay when its queues are closed.
            let renamed = self.netlink.link_at(held)?.filter(|link| link.ours);
            self.delete_all(renamed.as_slice(), &[])?;
            self.forget(name);
        }
        match Tap::create(name, self.queues) {
            Ok(queues) => Ok(Made::New(self.netlink.index(name)?, queues)),
            Err(TapError::InUse(_)) => {
                let existing = self.netlink.link(name)?.ok_or_else(|| no_interface(name))?;
                if self.was_let_go(&existing) {
                    self.delete_all(&[existing], &[])?;
                    let queues = Tap::create(name, self.queues)?;
                    return Ok(Made::New(self.netlink.index(name)?, queues));
                }
                self.adopt(&existing, link).map(|()| Made::Adopted)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn adopt(&mut self, existing: &Link, link: &HostLink) -> Result<(), Failed> {
        let name = existing.name;
        let facts = existing.tap.filter(|facts| facts.persistent && !facts.owned).ok_or(TapError::Foreign(name))?;
        if facts.queues > 0 {
            return Err(TapError::InUse(name).into());
        }
        if existing.controller.is_some() {
            return Err(TapError::Controlled(name).into());
        }
        if !self.is_known(existing) {
            self.originals.links.insert(name, found(existing, facts));
            self.save_originals()?;
        }
        let queues = match Tap::adopt(name, self.queues, facts.multi_queue) {
            Ok(queues) => queues,
            Err(error) => {
                self.let_be(name, &error);
                return Err(error.into());
            }
        };
        let down = LinkChange { up: Some(false), ..LinkChange::default() };
        if let Err(failed) = self.change(existing.index, &down).and_then(|()| self.configure(existing.index, link)) {
            drop(queues);
            self.give_back(existing)?;
            return Err(failed);
        }
        tracing::info!(interface = %name, "adopted an existing tap");
        self.held.insert(name, Held::new(existing.index, true, false, queues));
        Ok(())
    }

    /// Leaves a tap that could not be adopted as it was found: to open it changes its header, and what fails may
    /// have been the step after that.
    fn let_be(&mut self, name: InterfaceName, error: &TapError) {
        let Some(found) = self.originals.links.remove(&name) else { return };
        if matches!(error, TapError::InUse(_) | TapError::Foreign(_)) {
            // It was not opened.
            return;
        }
        if let Err(error) = Tap::give_back(name, found.multi_queue, found.offload_header, found.packet_info) {
            tracing::warn!(interface = %name, %error, "a tap that is not adopted keeps our offload header");
        }
    }

    /// What a tap that is down is told to be ours, our mark first; one that was `made` by us is told so.
    fn configuration(&self, index: u32, link: &HostLink, made: bool) -> [Request; 2] {
        let change = LinkChange {
            group: Some(self.mark.group),
            ours: made,
            mac: Some(link.mac),
            mtu: Some(link.mtu),
            queue_length: Some(self.queue_length),
            ..LinkChange::default()
        };
        [Request::change_link(index, &change), stop_address_generation(index)]
    }

    /// Makes a tap that is down ours.
    fn configure(&mut self, index: u32, link: &HostLink) -> Result<(), Failed> {
        let requests = self.configuration(index, link, false).map(|request| (0, request));
        self.ask(1, requests.into(), without_ipv6).pop().unwrap_or(Ok(Outcome::Done)).map(drop)
    }

    /// Changes taps: only what differs.
    pub(super) fn set_links(&mut self, operations: &[Operation]) -> Vec<Result<Outcome, Failed>> {
        let links = operations.iter().filter_map(|operation| match operation {
            Operation::SetLink(name, link) => Some((*name, *link)),
            _ => None,
        });
        let links: Vec<(InterfaceName, HostLink)> = links.collect();
        let names: Vec<InterfaceName> = links.iter().map(|(name, _)| *name).collect();
        let mut requests = Vec::new();
        let mut refused = BTreeMap::new();
        for (number, (existing, (name, link))) in self.netlink.links_named(&names).into_iter().zip(&links).enumerate() {
            match existing {
                Ok(Some(existing)) if self.is_held(&existing) => {
                    let altered = self.alterations(&existing, link);
                    requests.extend(altered.into_iter().map(|request| (number, request)));
                }
                Ok(Some(_)) => drop(refused.insert(number, TapError::Foreign(*name).into())),
                Ok(None) => drop(refused.insert(number, no_interface(*name))),
                Err(error) => drop(refused.insert(number, error.into())),
            }
        }
        let mut outcomes = self.ask(operations.len(), requests, without_ipv6);
        refused.into_iter().for_each(|(number, failed)| outcomes[number] = Err(failed));
        outcomes
    }

    /// What makes of an existing tap the wanted one.
    fn alterations(&self, existing: &Link, link: &HostLink) -> Vec<Request> {
        let mut changes = Vec::new();
        let (group, queue_length) = (self.mark.group, self.queue_length);
        // Whatever it belongs to takes its own with it when it lets go of the tap: MAC, MTU, and a bond takes it down.
        let freed = existing.controller.is_some();
        if freed {
            changes.push(LinkChange { freed, ..LinkChange::default() });
        }
        if existing.group != group {
            changes.push(LinkChange { group: Some(group), ..LinkChange::default() });
        }
        if existing.queue_length != queue_length {
            changes.push(LinkChange { queue_length: Some(queue_length), ..LinkChange::default() });
        }
        let mac = (freed || existing.mac != link.mac).then_some(link.mac);
        let mtu = (freed || existing.mtu != link.mtu).then_some(link.mtu);
        if mac.is_some() || mtu.is_some() {
            changes.push(LinkChange { mac, mtu, ..LinkChange::default() });
            // An MTU that was too small for IPv6 has taken its configuration away.
            changes.push(LinkChange { address_generation: Some(ADDRESS_GENERATION_NONE), ..LinkChange::default() });
        }
        if freed || existing.up != link.up {
            changes.push(LinkChange { up: Some(link.up), ..LinkChange::default() });
        }
        changes.iter().map(|change| Request::change_link(existing.index, change)).collect()
    }

    /// True for a tap of which is written down what it was before us.
    pub(super) fn is_known(&self, link: &Link) -> bool {
        self.originals.links.get(&link.name).is_some_and(|found| found.index == link.index)
    }

    /// True for a link of ours.
    pub(super) fn is_held(&self, link: &Link) -> bool {
        self.held.get(&link.name).is_some_and(|held| held.index == link.index)
    }

    pub(super) fn change(&mut self, index: u32, change: &LinkChange) -> Result<(), Failed> {
        Ok(self.netlink.change_link(index, change)?)
    }

    /// Drops what is known about links that are gone, or were given back just before we were killed.
    pub(super) fn forget_links_gone(&mut self, links: &[Link]) {
        let ours: BTreeMap<InterfaceName, u32> = {
            let ownership = self.ownership();
            let ours = links.iter().filter(|link| ownership.owns_link(link));
            ours.map(|link| (link.name, link.index)).collect()
        };
        self.originals.links.retain(|name, found| ours.get(name) == Some(&found.index));
    }
}

/// How a name came to be a tap of ours.
enum Made {
    /// Made, and not yet configured.
    New(u32, Vec<Tap>),
    Adopted,
    /// It was held already.
    Before,
}

fn stop_address_generation(index: u32) -> Request {
    let change = LinkChange { address_generation: Some(ADDRESS_GENERATION_NONE), ..LinkChange::default() };
    Request::change_link(index, &change)
}

/// No IPv6 on this host, or not with this MTU: nothing to be configured.
pub(super) fn without_ipv6(error: &NetlinkError) -> Option<Outcome> {
    (error.errno == libc::EAFNOSUPPORT).then_some(Outcome::Done)
}

pub(super) fn found(link: &Link, facts: TapFacts) -> FoundLink {
    FoundLink {
        index: link.index,
        mac: link.mac.0,
        mtu: link.mtu,
        up: link.up,
        group: link.group,
        queue_length: link.queue_length,
        address_generation: link.address_generation,
        multi_queue: facts.multi_queue,
        offload_header: facts.offload_header,
        packet_info: facts.packet_info,
    }
}
