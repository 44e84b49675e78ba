//! Whether others have changed what was observed.

use std::collections::BTreeMap;

use crate::addr::InterfaceAddress;
use crate::host::{Observed, RouteKey};
use crate::sys::netlink::{Link, Notice, RouteEntry, RouteKind, RuleEntry};

use super::linux::LinuxKernel;
use super::observe::is_link_local;

impl LinuxKernel {
    /// Judges what was heard since the last time. What we have done ourselves is known already; of
    /// what remains, everything counts that could make an observation come out otherwise.
    pub(super) fn hears_news(&mut self, known: &Observed) -> bool {
        let Some(notices) = self.watch.heard(self.netlink.port()) else { return true };
        // A link tells of every step; only where it ended counts.
        let mut links: BTreeMap<u32, &Notice> = BTreeMap::new();
        for notice in &notices {
            if let Notice::Link { index, .. } = notice {
                links.insert(*index, notice);
            }
        }
        let rest = notices.iter().filter(|notice| !matches!(notice, Notice::Link { .. }));
        let news = links.into_values().chain(rest).find(|notice| self.is_news(notice, known));
        if let Some(news) = news {
            tracing::debug!(?news, "somebody else has changed the host");
        }
        news.is_some()
    }

    fn is_news(&self, notice: &Notice, known: &Observed) -> bool {
        match notice {
            Notice::Link { index, name, up, gone } => {
                let held = self.held.get(name).is_some_and(|held| held.index == *index);
                match (held, self.foreign.get(index)) {
                    (true, _) => *gone || known.ours.links.get(name).is_none_or(|link| link.up != *up),
                    (false, Some(was_up)) => *gone || was_up != up,
                    // Gone before it was ever seen, or ours until a moment ago.
                    (false, None) => !*gone,
                }
            }
            Notice::AddressGone { link, address } => {
                self.foreign.contains_key(link) || self.is_held_address(*link, *address, known)
            }
            Notice::Route { entry, gone } => self.is_route_news(entry, *gone, known),
            Notice::Rule { entry, gone } => self.is_rule_news(entry, *gone, known),
        }
    }

    fn is_route_news(&self, entry: &RouteEntry, gone: bool, known: &Observed) -> bool {
        if entry.protocol == self.mark.protocol {
            return !gone || known.ours.routes.contains_key(&entry.key);
        }
        // The kernel's own over links of ours, which come and go with them.
        let is_foreign = entry.hops.is_empty() || entry.hops.iter().any(|hop| self.foreign.contains_key(&hop.link));
        if entry.kind == RouteKind::Local || !is_foreign {
            return false;
        }
        let stands = known.foreign_routes.contains(&entry.key);
        if gone {
            return stands;
        }
        if entry.key.table != RouteKey::MAIN {
            return !stands && !known.foreign_tables.contains(&entry.key.table);
        }
        let leads_out = entry.kind == RouteKind::Unicast && !is_link_local(&entry.key.prefix);
        !stands || leads_out && entry.hops.iter().any(|hop| !self.is_exit(hop.link, known))
    }

    fn is_exit(&self, index: u32, known: &Observed) -> bool {
        known.exit_devices.iter().any(|device| known.foreign_links.get(device) == Some(&index))
    }

    fn is_rule_news(&self, entry: &RuleEntry, gone: bool, known: &Observed) -> bool {
        if entry.protocol == self.mark.protocol {
            return true;
        }
        let table = entry.rule.table;
        let is_ours = self.mark.owns_table(table) || known.ours.rules.iter().any(|rule| rule.table == table);
        !gone && table != 0 && !is_ours && !known.foreign_tables.contains(&table)
    }

    /// Remembers the links that are not ours, and whether they were up.
    pub(super) fn remember_foreign(&mut self, links: &[Link]) {
        let foreign = links.iter().filter(|link| !self.owns(link));
        self.foreign = foreign.map(|link| (link.index, link.up)).collect();
    }

    fn is_held_address(&self, index: u32, address: InterfaceAddress, known: &Observed) -> bool {
        let mut held = self.held.iter().filter(|(_, held)| held.index == index);
        held.any(|(name, _)| known.ours.addresses.contains(&(*name, address)))
    }
}
