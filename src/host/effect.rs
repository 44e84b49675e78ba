//! What a change does to what was observed before it.

use super::kernel::Observed;
use super::operation::Operation;
use super::state::HostLink;

impl Observed {
    /// Takes in that the kernel has carried out an operation. What the kernel does on its own besides
    /// is not covered: with a link it takes away all that hangs on it, which [`diff()`](super::diff())
    /// never leaves to it.
    pub fn note(&mut self, operation: &Operation) {
        let ours = &mut self.ours;
        match operation {
            Operation::AddLink(name, link) => {
                // One that was there is adopted.
                self.foreign_links.remove(name);
                if !ours.links.contains_key(name) {
                    ours.links.insert(*name, HostLink { up: false, ..*link });
                }
            }
            Operation::SetLink(name, link) => drop(ours.links.insert(*name, *link)),
            Operation::DeleteLinks(names) => names.iter().for_each(|name| _ = ours.links.remove(name)),
            Operation::AddAddress(name, address) => drop(ours.addresses.insert((*name, *address))),
            Operation::DeleteAddress(name, address) => drop(ours.addresses.remove(&(*name, *address))),
            Operation::AddRoute(key, route) | Operation::ReplaceRoute(key, route) => {
                ours.routes.insert(*key, route.clone());
            }
            Operation::DeleteRoute(key, route) => {
                if ours.routes.get(key) == Some(route) {
                    ours.routes.remove(key);
                }
            }
            Operation::AddRule(rule) => drop(ours.rules.insert(*rule)),
            Operation::DeleteRule(rule) => drop(ours.rules.remove(rule)),
            Operation::Enable(setting) => drop(ours.settings.insert(*setting)),
            Operation::Restore(setting) => drop(ours.settings.remove(setting)),
            Operation::AddMasquerade(masquerade) => {
                // A table that somebody has changed is made anew.
                self.spoiled_masquerades = false;
                ours.masquerades.insert(*masquerade);
            }
            Operation::DeleteMasquerade(masquerade) => drop(ours.masquerades.remove(masquerade)),
            Operation::ClearMasquerades => {
                self.spoiled_masquerades = false;
                ours.masquerades.clear();
            }
        }
    }
}
