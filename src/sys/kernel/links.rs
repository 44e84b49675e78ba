//! Taps as links: made or adopted, and removed or given back.

use std::collections::{BTreeMap, BTreeSet};

use crate::addr::{InterfaceName, Mac};
use crate::host::HostLink;
use crate::sys::netlink::{ADDRESS_GENERATION_NONE, Link, LinkChange, NetlinkError, TapFacts};
use crate::sys::tap::{Tap, TapError};

use super::failed::Failed;
use super::linux::{Held, LinuxKernel};
use super::originals::FoundLink;

/// Packets that wait in a tap while its worker is busy. The driver's own 500 are few for a worker
/// that serves many taps; each costs eight bytes of kernel memory per queue all the time.
const QUEUE_LENGTH: u32 = 1000;

impl LinuxKernel {
    pub(super) fn add_link(&mut self, name: InterfaceName, link: &HostLink) -> Result<(), Failed> {
        let existing = self.netlink.link(name)?;
        if let (Some(held), Some(existing)) = (self.held.get(&name), &existing)
            && held.index == existing.index
        {
            return Ok(());
        }
        // What we held under this name was deleted by somebody.
        self.held.remove(&name);
        match existing {
            None => self.create(name, link),
            Some(existing) => self.adopt(&existing, link),
        }
    }

    fn create(&mut self, name: InterfaceName, link: &HostLink) -> Result<(), Failed> {
        // If anything fails the queues are closed, and the tap goes with them.
        let queues = Tap::create(name, self.queues)?;
        let index = self.existing_link(name)?.index;
        self.configure(index, link)?;
        self.held.insert(name, Held { index, adopted: false, queues });
        Ok(())
    }

    fn adopt(&mut self, existing: &Link, link: &HostLink) -> Result<(), Failed> {
        let name = existing.name;
        let facts = existing.tap.filter(|facts| facts.persistent && !facts.owned).ok_or(TapError::Foreign(name))?;
        if facts.queues > 0 {
            return Err(TapError::InUse(name).into());
        }
        let known = self.originals.links.get(&name).is_some_and(|found| found.index == existing.index);
        if !known {
            self.originals.links.insert(name, found(existing, facts));
            self.save_originals()?;
        }
        let queues = Tap::adopt(name, self.queues, facts.multi_queue).inspect_err(|_| {
            self.originals.links.remove(&name);
        })?;
        let down = LinkChange { up: Some(false), ..LinkChange::default() };
        if let Err(failed) = self.change(existing.index, &down).and_then(|()| self.configure(existing.index, link)) {
            drop(queues);
            self.give_back(existing)?;
            return Err(failed);
        }
        tracing::info!(interface = %name, "adopted an existing tap");
        self.held.insert(name, Held { index: existing.index, adopted: true, queues });
        Ok(())
    }

    /// Makes a tap that is down ours, our mark first.
    fn configure(&mut self, index: u32, link: &HostLink) -> Result<(), Failed> {
        let change = LinkChange {
            group: Some(self.mark.group),
            mac: Some(link.mac),
            mtu: Some(link.mtu),
            queue_length: Some(QUEUE_LENGTH),
            ..LinkChange::default()
        };
        self.change(index, &change)?;
        self.stop_address_generation(index)
    }

    pub(super) fn set_link(&mut self, name: InterfaceName, link: &HostLink) -> Result<(), Failed> {
        let existing = self.existing_link(name)?;
        let held = self.held.get(&name).is_some_and(|held| held.index == existing.index);
        if !held && existing.group != self.mark.group {
            return Err(TapError::Foreign(name).into());
        }
        let mac = (existing.mac != link.mac).then_some(link.mac);
        let mtu = (existing.mtu != link.mtu).then_some(link.mtu);
        if mac.is_some() || mtu.is_some() {
            self.change(existing.index, &LinkChange { mac, mtu, ..LinkChange::default() })?;
            // An MTU that was too small for IPv6 has taken its configuration away.
            self.stop_address_generation(existing.index)?;
        }
        if existing.up == link.up {
            return Ok(());
        }
        self.change(existing.index, &LinkChange { up: Some(link.up), ..LinkChange::default() })
    }

    /// Removes taps. Those that we made go all at once; adopted ones are given back.
    pub(super) fn delete_links(&mut self, names: &[InterfaceName]) -> Result<(), Failed> {
        let links = match names {
            [name] => self.netlink.link(*name)?.into_iter().collect(),
            _ => self.netlink.links()?,
        };
        let names: BTreeSet<InterfaceName> = names.iter().copied().collect();
        let ownership = self.ownership();
        let ours = links.into_iter().filter(|link| names.contains(&link.name) && ownership.owns_link(link));
        let (lasting, passing): (Vec<_>, Vec<_>) = ours.partition(|link| self.is_lasting(link));
        self.delete_all(&passing)?;
        for link in &lasting {
            // Its queues must be closed before it can be given back.
            self.held.remove(&link.name);
            self.give_back(link)?;
        }
        self.held.retain(|name, _| !names.contains(name));
        self.originals.settings.retain(|setting, _| !names.contains(&setting.interface));
        self.release_ipv6()?;
        self.save_originals()
    }

    /// True for a tap that was there before us.
    fn is_lasting(&self, link: &Link) -> bool {
        match self.held.get(&link.name) {
            Some(held) if held.index == link.index => held.adopted,
            _ => link.tap.is_some_and(|facts| facts.persistent),
        }
    }

    /// Deletes many links in one request: by a group that only they are in.
    fn delete_all(&mut self, links: &[Link]) -> Result<(), Failed> {
        let doomed: BTreeSet<u32> = links.iter().map(|link| link.index).collect();
        let group = self.mark.group.saturating_add(1);
        if doomed.len() > 1 {
            for index in &doomed {
                let change = LinkChange { group: Some(group), ..LinkChange::default() };
                unless_gone(self.netlink.change_link(*index, &change))?;
            }
            let members = self.netlink.links()?.into_iter().filter(|link| link.group == group);
            if members.map(|link| link.index).all(|index| doomed.contains(&index)) {
                return Ok(unless_gone(self.netlink.delete_link_group(group))?);
            }
            tracing::warn!(group, "foreign interfaces are in our second device group: ours are deleted one by one");
        }
        for index in doomed {
            unless_gone(self.netlink.delete_link(index))?;
        }
        Ok(())
    }

    /// Puts an adopted tap, whose queues are closed, back to what it was; our mark goes last. It is
    /// down meanwhile, so that the routes go that the kernel made while the tap had a carrier.
    fn give_back(&mut self, link: &Link) -> Result<(), Failed> {
        let name = link.name;
        let found = self.originals.links.get(&name).filter(|found| found.index == link.index).cloned();
        // Without a record, the state in which `ip tuntap add` leaves a tap.
        let found = found.unwrap_or_else(|| {
            let plain = Link { up: false, group: 0, ..link.clone() };
            self::found(&plain, link.tap.unwrap_or_default())
        });
        let change = LinkChange {
            mac: Some(Mac(found.mac)),
            mtu: Some(found.mtu),
            queue_length: Some(found.queue_length),
            up: Some(false),
            ..LinkChange::default()
        };
        self.change(link.index, &change)?;
        if let Some(mode) = found.address_generation {
            self.generate_addresses(link.index, mode)?;
        }
        if let Err(error) = Tap::give_back(name, found.multi_queue, found.offload_header, found.packet_info) {
            tracing::warn!(interface = %name, %error, "the adopted tap keeps our offload header");
        }
        let last = LinkChange { up: Some(found.up), group: Some(found.group), ..LinkChange::default() };
        self.change(link.index, &last)?;
        self.originals.links.remove(&name);
        self.save_originals()
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

    fn stop_address_generation(&mut self, index: u32) -> Result<(), Failed> {
        self.generate_addresses(index, ADDRESS_GENERATION_NONE)
    }

    fn generate_addresses(&mut self, index: u32, mode: u8) -> Result<(), Failed> {
        let change = LinkChange { address_generation: Some(mode), ..LinkChange::default() };
        match self.netlink.change_link(index, &change) {
            // No IPv6 on this host, or not with this MTU.
            Err(error) if error.errno == libc::EAFNOSUPPORT => Ok(()),
            other => Ok(other?),
        }
    }

    fn change(&mut self, index: u32, change: &LinkChange) -> Result<(), Failed> {
        Ok(self.netlink.change_link(index, change)?)
    }
}

fn unless_gone(result: Result<(), NetlinkError>) -> Result<(), NetlinkError> {
    result.or_else(|error| if error.is_gone() { Ok(()) } else { Err(error) })
}

fn found(link: &Link, facts: TapFacts) -> FoundLink {
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
