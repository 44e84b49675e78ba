//! The routing of the kernel in memory: our own rules and routes, and what it was told of others'.

use crate::addr::{Family, Prefix};
use crate::host::state::{HostHop, RouteKey, RuleAction, Setting, SettingKind};
use crate::host::way::{Fate, Flow, Matched, ReversePath, Stop, Switches, Way, WayRule};

use super::{FakeKernel, Inner};

/// The MTU of devices that are not ours.
const MTU: u32 = 1500;
/// The priority of the rule that looks up table main.
const MAIN_PRIORITY: u32 = 32766;

impl FakeKernel {
    /// Gives it somebody else's route of table main.
    pub fn lead(&self, prefix: Prefix, hop: HostHop) {
        self.lock().led.push((prefix, hop));
    }
}

impl Inner {
    pub(super) fn way(&self, flow: &Flow) -> Option<Way> {
        let ours = &self.state.ours;
        if !ours.links.contains_key(&flow.input) && !self.state.foreign_links.contains_key(&flow.input) {
            return None;
        }
        let (kind, reverse_path) = match Family::of(flow.source) {
            Family::V4 => (SettingKind::ForwardV4, Some(ReversePath::Off)),
            Family::V6 => (SettingKind::ForwardV6, None),
        };
        let forwards = ours.settings.contains(&Setting { interface: flow.input, kind });
        let switches = Switches { forwards, reverse_path };
        let nowhere = |stop| Way { switches, rule: None, matched: None, fate: Fate::Stopped(stop) };
        if !forwards {
            return Some(nowhere(Stop::ForwardingOff));
        }
        let rule = |priority, from, action| WayRule { priority, from, to: None, input: None, action, special: false };
        let of_family = ours.rules.iter().filter(|rule| rule.from.family() == Family::of(flow.source));
        let mut rules: Vec<_> = of_family.map(|ours| rule(ours.priority, Some(ours.from), ours.action)).collect();
        rules.push(rule(MAIN_PRIORITY, None, RuleAction::Lookup(RouteKey::MAIN)));
        let Some((rule, (prefix, table, hop))) = WayRule::leading(&rules, flow, |table| self.find(table, flow)) else {
            return Some(nowhere(Stop::NoRoute));
        };
        let fate = match hop {
            Some(HostHop { device, via, weight: _ }) => {
                Fate::Out { device, via, mtu: ours.links.get(&device).map_or(MTU, |link| link.mtu) }
            }
            None => Fate::Stopped(Stop::Unreachable),
        };
        Some(Way { switches, rule: Some(rule), matched: Some(Matched { table, prefix }), fate })
    }

    /// The narrowest route of a table.
    fn find(&self, table: u32, flow: &Flow) -> Option<(Prefix, u32, Option<HostHop>)> {
        let ours = self.state.ours.routes.iter().filter(|(key, _)| key.table == table);
        let ours = ours.map(|(key, route)| (key.prefix, route.hops.first().copied()));
        let led = self.led.iter().filter(|_| table == RouteKey::MAIN).map(|(prefix, hop)| (*prefix, Some(*hop)));
        let matching = ours.chain(led).filter(|(prefix, _)| prefix.contains(flow.destination));
        let (prefix, hop) = matching.max_by_key(|(prefix, _)| prefix.length())?;
        Some((prefix, table, hop))
    }
}
