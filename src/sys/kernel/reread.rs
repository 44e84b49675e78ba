//! Looking at single things again.

use std::collections::{BTreeMap, BTreeSet};

use crate::addr::InterfaceName;
use crate::host::{Observed, Operation};
use crate::sys::netlink::Link;

use super::failed::Failed;
use super::linux::LinuxKernel;
use super::observe::{host_link, owns_address};

impl LinuxKernel {
    /// Reads anew the links, addresses and settings that operations were about. Routes and rules are
    /// not among it: the kernel cannot be asked for one of them by its key, and what it says of its
    /// making (`NLM_F_EXCL`) or deleting is exact.
    pub(super) fn look_at(&mut self, operations: &[Operation], state: &mut Observed) -> Result<(), Failed> {
        let names: BTreeSet<InterfaceName> = operations.iter().filter_map(interface).collect();
        let names: Vec<InterfaceName> = names.into_iter().collect();
        let mut links: BTreeMap<InterfaceName, Link> = BTreeMap::new();
        for (name, link) in names.iter().zip(self.netlink.links_named(&names)) {
            links.extend(link?.map(|link| (*name, link)));
        }
        let ours = &mut state.ours;
        for operation in operations {
            match operation {
                Operation::AddLink(name, _) | Operation::SetLink(name, _) => {
                    match links.get(name).filter(|link| self.is_held(link)) {
                        Some(link) => {
                            ours.links.insert(*name, host_link(link, self.alike()));
                        }
                        None => drop(ours.links.remove(name)),
                    }
                }
                Operation::Enable(setting) | Operation::Restore(setting) => {
                    let link = links.get(&setting.interface);
                    match link.map(|link| self.is_held_on(setting, link)).transpose()? {
                        Some(true) => drop(ours.settings.insert(*setting)),
                        _ => drop(ours.settings.remove(setting)),
                    }
                }
                _ => {}
            }
        }
        self.look_at_addresses(operations, &links, state)
    }

    fn look_at_addresses(
        &mut self,
        operations: &[Operation],
        links: &BTreeMap<InterfaceName, Link>,
        state: &mut Observed,
    ) -> Result<(), Failed> {
        let addresses = operations.iter().filter_map(|operation| match operation {
            Operation::AddAddress(name, address) | Operation::DeleteAddress(name, address) => Some((*name, *address)),
            _ => None,
        });
        let addresses: Vec<_> = addresses.collect();
        let on_links = addresses.iter().filter_map(|(name, address)| Some((links.get(name)?.index, *address)));
        let on_links: Vec<_> = on_links.collect();
        let mut there = BTreeSet::new();
        for (asked, entry) in on_links.iter().zip(self.netlink.addresses_on(&on_links)) {
            there.extend(entry?.filter(|entry| owns_address(&self.mark, entry)).map(|_| *asked));
        }
        for (name, address) in addresses {
            if links.get(&name).is_some_and(|link| there.contains(&(link.index, address))) {
                state.ours.addresses.insert((name, address));
            } else {
                state.ours.addresses.remove(&(name, address));
            }
        }
        Ok(())
    }
}

/// The interface that an operation is about, if it is one that can be asked for.
fn interface(operation: &Operation) -> Option<InterfaceName> {
    match operation {
        Operation::AddLink(name, _)
        | Operation::SetLink(name, _)
        | Operation::AddAddress(name, _)
        | Operation::DeleteAddress(name, _) => Some(*name),
        Operation::Enable(setting) | Operation::Restore(setting) => Some(setting.interface),
        _ => None,
    }
}
