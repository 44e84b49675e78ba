//! Whether others have changed what was observed.

use std::collections::BTreeMap;

use crate::addr::{InterfaceAddress, InterfaceName};
use crate::host::{HostLink, Observed, RouteKey};
use crate::sys::netlink::{Link, LinkStep, Notice, RouteEntry, RouteKind, RuleEntry};

use super::linux::LinuxKernel;
use super::observe::is_link_local;

/// Who makes routes over a tap of ours without anybody's doing (`RTPROT_KERNEL` and `RTPROT_RA`,
/// include/uapi/linux/rtnetlink.h): the kernel with the tap's addresses, and a guest that plays
/// the router.
const UNASKED: [u8; 2] = [2, 9];

impl LinuxKernel {
    /// Judges what was heard since the last time. What we have done ourselves is known already; of
    /// what remains, everything counts that could make an observation come out otherwise.
    pub(super) fn hears_news(&mut self, known: &Observed) -> bool {
        let Some(notices) = self.hear() else {
            self.forget_gone(None);
            return true;
        };
        let mut links: BTreeMap<u32, Vec<LinkStep>> = BTreeMap::new();
        let mut news = None;
        for notice in &notices {
            match notice {
                Notice::Link(step) => links.entry(step.index).or_default().push(*step),
                Notice::Address { link, address, gone } => {
                    // Each is judged, as the links are.
                    let is_news = self.is_address_news(*link, *address, *gone, known);
                    news = is_news.then_some(notice).or(news);
                }
                _ if news.is_none() && self.is_news(notice, known) => news = Some(notice),
                _ => {}
            }
        }
        let mut changed = None;
        // Each is judged, though one would do: what it was last is kept for the next time.
        for steps in links.into_values() {
            if self.is_link_news(&steps, known) {
                changed = Some(steps);
            }
        }
        self.forget_gone(Some(&notices));
        let is_news = news.is_some() || changed.is_some();
        if is_news {
            tracing::debug!(?news, link = ?changed, "somebody else has changed the host");
        }
        is_news
    }

    /// What was told since the last time; `None` if some of it was lost.
    pub(super) fn hear(&mut self) -> Option<Vec<Notice>> {
        let notices = self.watch.heard(self.netlink.port());
        self.overruns += u64::from(notices.is_none());
        notices
    }

    /// Judges all that was told of one link, the oldest first.
    fn is_link_news(&mut self, steps: &[LinkStep], known: &Observed) -> bool {
        let Some(last) = steps.last() else { return false };
        let mut names = steps.iter().map(|step| step.name);
        let ours = names.rfind(|name| self.held.get(name).is_some_and(|held| held.index == last.index));
        if let Some((name, held)) = ours.and_then(|name| Some((name, self.held.get_mut(&name)?))) {
            let was_up = std::mem::replace(&mut held.up, last.up);
            let in_order = self.alike().has(last.group, last.queue_length, last.controller);
            let ended = HostLink { mac: last.mac, mtu: last.mtu, up: last.up, in_order };
            return !stayed(name, was_up, steps) || known.ours.links.get(&name) != Some(&ended);
        }
        let foreign = self.foreign.get(&last.index);
        self.fallen.extend(foreign.filter(|_| steps.iter().any(|step| step.gone || !step.up)).map(|(name, _)| *name));
        match foreign {
            // Nothing of what we do takes a foreign link up or down, not even for a moment.
            Some((name, up)) => steps.iter().any(|step| step.gone || step.name != *name || step.up != *up),
            // Gone before it was ever seen, or ours until a moment ago.
            None => !last.gone,
        }
    }

    fn is_news(&self, notice: &Notice, known: &Observed) -> bool {
        match notice {
            // Judged before, with what is remembered of them.
            Notice::Link(_) | Notice::Address { .. } => false,
            Notice::Route { entry, gone } => self.is_route_news(entry, *gone, known),
            Notice::Rule { entry, gone } => self.is_rule_news(entry, *gone, known),
        }
    }

    fn is_route_news(&self, entry: &RouteEntry, gone: bool, known: &Observed) -> bool {
        if entry.protocol == self.mark.protocol {
            return !gone || known.ours.routes.contains_key(&entry.key);
        }
        let is_foreign = |index: &u32| self.foreign.contains_key(index);
        let over_ours = !entry.hops.is_empty() && !entry.hops.iter().any(|hop| is_foreign(&hop.link));
        if entry.kind == RouteKind::Local {
            return false;
        }
        // In place of ours, or beside it.
        if !gone && known.ours.routes.contains_key(&entry.key) {
            return true;
        }
        // These come and go with the link.
        if over_ours && UNASKED.contains(&entry.protocol) {
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
        !stands || leads_out && entry.hops.iter().any(|hop| is_foreign(&hop.link) && !self.is_exit(hop.link, known))
    }

    fn is_exit(&self, index: u32, known: &Observed) -> bool {
        known.surroundings.exit_devices.iter().any(|device| known.foreign_links.get(device) == Some(&index))
    }

    fn is_rule_news(&self, entry: &RuleEntry, gone: bool, known: &Observed) -> bool {
        if entry.protocol == self.mark.protocol {
            return true;
        }
        let Some(table) = entry.rule.table() else { return false };
        let is_ours = self.mark.owns_table(table) || known.ours.rules.iter().any(|rule| rule.table() == Some(table));
        !gone && table != 0 && !is_ours && !known.foreign_tables.contains(&table)
    }

    /// Remembers what the links were, by which the next steps of theirs are judged.
    pub(super) fn remember_links(&mut self, links: &[Link]) {
        let foreign = links.iter().filter(|link| !self.is_held(link));
        self.foreign = foreign.map(|link| (link.index, (link.name, link.up))).collect();
        for link in links {
            if let Some(held) = self.held.get_mut(&link.name).filter(|held| held.index == link.index) {
                held.up = link.up;
            }
        }
    }

    /// One that comes matters once, however often it is said again: every router advertisement renews
    /// an address.
    fn is_address_news(&mut self, link: u32, address: InterfaceAddress, gone: bool, known: &Observed) -> bool {
        let is_told_first = if gone {
            self.addresses.remove(&(link, address));
            self.fallen.extend(self.foreign.get(&link).map(|(name, _)| *name));
            true
        } else {
            self.addresses.insert((link, address))
        };
        is_told_first && self.foreign.contains_key(&link) || gone && self.is_held_address(link, address, known)
    }

    fn is_held_address(&self, index: u32, address: InterfaceAddress, known: &Observed) -> bool {
        let mut held = self.held.iter().filter(|(_, held)| held.index == index);
        held.any(|(name, _)| known.ours.addresses.contains(&(*name, address)))
    }
}

/// True if a link that we hold was under its name all the time and never went down. We take none
/// down that we hold, so that a step down before the last one up is somebody else's.
fn stayed(name: InterfaceName, mut was_up: bool, steps: &[LinkStep]) -> bool {
    steps.iter().all(|step| {
        let fell = std::mem::replace(&mut was_up, step.up) && !step.up;
        !fell && !step.gone && step.name == name
    })
}

#[cfg(test)]
mod tests {
    use crate::addr::{Mac, Weight};
    use crate::host::{HostHop, HostRoute, Mark};
    use crate::sys::netlink::Hop;

    use super::super::held::Held;
    use super::super::linux::TapSettings;
    use super::*;

    const OURS: u32 = 7;
    const THEIRS: u32 = 8;

    fn name(text: &str) -> InterfaceName {
        text.parse().unwrap()
    }

    fn step(up: bool) -> LinkStep {
        LinkStep {
            index: OURS,
            name: name("vgw1"),
            mac: Mac::GATEWAY,
            mtu: 1500,
            group: Mark::default().group,
            queue_length: TapSettings::default().queue_length,
            controller: None,
            up,
            gone: false,
        }
    }

    /// A kernel that holds vgw1, which is up or not yet; eth1 is somebody else's, and up.
    fn holding(up: bool) -> (tempfile::TempDir, LinuxKernel, Observed) {
        let state = tempfile::tempdir().unwrap();
        let mut kernel = LinuxKernel::new(Mark::default(), state.path(), 1).unwrap();
        kernel.held.insert(name("vgw1"), Held::new(OURS, false, up, Vec::new()));
        kernel.foreign.insert(THEIRS, (name("eth1"), true));
        let mut known = Observed::default();
        known.ours.links.insert(name("vgw1"), HostLink { mac: Mac::GATEWAY, mtu: 1500, up: true, in_order: true });
        (state, kernel, known)
    }

    fn is_news(was_up: bool, steps: &[LinkStep]) -> bool {
        let (_state, mut kernel, known) = holding(was_up);
        kernel.is_link_news(steps, &known)
    }

    #[test]
    fn a_tap_that_fell_is_news_even_when_it_is_up_again() {
        assert!(!is_news(false, &[step(false), step(false), step(true)]), "our own raising");
        assert!(!is_news(true, &[step(true)]));
        assert!(is_news(true, &[step(false), step(true)]));
        assert!(is_news(false, &[step(false), step(true), step(false), step(true)]));
        assert!(is_news(true, &[step(false)]));
    }

    #[test]
    fn a_fall_is_seen_across_two_hearings() {
        let (_state, mut kernel, known) = holding(false);
        assert!(!kernel.is_link_news(&[step(false), step(true)], &known));
        assert!(kernel.is_link_news(&[step(false), step(true)], &known));
    }

    #[test]
    fn a_tap_that_is_not_as_we_made_it_is_news() {
        assert!(is_news(true, &[LinkStep { mtu: 1400, ..step(true) }]));
        assert!(is_news(true, &[LinkStep { group: 0, ..step(true) }]));
        assert!(is_news(true, &[LinkStep { queue_length: 7, ..step(true) }]));
        assert!(is_news(true, &[LinkStep { controller: Some(5), ..step(true) }]));
        assert!(is_news(true, &[LinkStep { mac: Mac([2, 0, 0, 0, 0, 9]), ..step(true) }]));
        assert!(is_news(true, &[LinkStep { gone: true, ..step(true) }]));
        assert!(is_news(true, &[LinkStep { name: name("other"), ..step(true) }, step(true)]));
        let unmade = LinkStep { mac: Mac([2, 0, 0, 0, 0, 9]), ..step(false) };
        assert!(!is_news(false, &[unmade, step(false), step(true)]), "on the way to what we made it");
    }

    #[test]
    fn a_foreign_link_that_fell_or_has_another_name_is_news() {
        let theirs = LinkStep { index: THEIRS, name: name("eth1"), ..step(true) };
        assert!(!is_news(true, &[theirs, LinkStep { mtu: 1400, ..theirs }]));
        assert!(is_news(true, &[LinkStep { up: false, ..theirs }, theirs]));
        assert!(is_news(true, &[LinkStep { name: name("wan0"), ..theirs }]));
    }

    #[test]
    fn a_foreign_route_over_our_tap_is_news_unless_nobody_asked_for_it() {
        let (_state, kernel, mut known) = holding(true);
        let key = |prefix: &str| RouteKey { table: RouteKey::MAIN, prefix: prefix.parse().unwrap(), metric: 0 };
        let way =
            HostRoute { hops: [HostHop { device: name("vgw1"), via: None, weight: Weight::ONE }].into(), source: None };
        known.ours.routes.insert(key("10.1.0.0/24"), way);
        known.foreign_routes.insert(key("10.2.0.0/24"));
        let hears = |prefix: &str, protocol: u8, gone: bool| {
            let hops = vec![Hop { link: OURS, via: None, weight: Weight::ONE }];
            let kind = RouteKind::Unicast;
            let entry = RouteEntry { key: key(prefix), protocol, kind, hops, source: None, special: false };
            kernel.is_news(&Notice::Route { entry, gone }, &known)
        };
        let (kernels, statics) = (UNASKED[0], 4);
        assert!(hears("10.1.0.0/24", statics, false), "in place of ours");
        assert!(hears("10.2.0.0/24", statics, true), "what stood in our way is gone");
        assert!(!hears("10.2.0.0/24", statics, false), "known");
        assert!(!hears("10.3.0.0/24", kernels, false));
        assert!(!hears("10.2.0.0/24", kernels, true));
    }
}
