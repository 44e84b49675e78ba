//! The rules by which gateways' subnets leave by their uplinks.
//!
//! Every lookup of the host walks the rules until one gives a route, so that what it costs grows with
//! the gateways. Few subnets are simply ruled one after the other, the narrowest first. Many hang in a
//! tree, by `goto` rules, which lead ahead only: a **section** stands for a network and has, at
//! priorities that follow each other, a place to arrive at, the lookups of its subnets, the ways to
//! the sections of narrower networks, and the way to the end. It is divided when it has more than
//! [`SECTION`] subnets.
//!
//! Where a section stands follows from its network alone, and what is in it from the subnets: there is
//! nothing to allocate or to remember, a restart finds the same, and a change touches what is near it.
//! Two sections may stand in one place. They are then walked together and stay right: networks of one
//! length do not overlap.
//!
//! While one set of rules takes the place of another both stand ([`crate::host::stages`]). No packet
//! gets lost in between: a section is reached by the same way in both, it looks at its own subnets
//! before it leads on, and what is nested stands before the tree.

use std::collections::BTreeSet;
use std::net::IpAddr;

use imbl::{OrdMap, OrdSet};

use crate::addr::{Family, Prefix};
use crate::host::{Mark, Rule, RuleAction};

/// Subnets of a family that are ruled one after the other.
const FLAT: usize = 32;
/// Subnets of a section that is not divided.
const SECTION: usize = 16;

/// Offset in the block of rule priorities of subnets without a section, the narrowest first.
const NARROWEST: u32 = 20;
/// Offset of the first section.
const SECTIONS: u32 = 150;
/// Offset of the rule behind all sections.
const END: u32 = Mark::RULE_PRIORITIES - 1;

/// Priorities of a section: to arrive at, ...
const PLACES: u32 = 4;
/// ... of its subnets, ...
const LOOKUPS: u32 = 1;
/// ... of the ways on, ...
const WAYS: u32 = 2;
/// ... and of the way to the end.
const LAST: u32 = 3;

/// Lengths of the networks that have sections, each with the number of places for them. That is a
/// prime (or one): networks at regular distances then do not fall on few places. There are most where
/// the subnets that people use have their sections.
const STOPS_V4: [(u8, u32); 7] = [(0, 1), (8, 31), (12, 61), (16, 101), (20, 157), (24, 61), (28, 13)];
/// As [`STOPS_V4`].
const STOPS_V6: [(u8, u32); 23] = [
    (0, 1),
    (8, 5),
    (12, 7),
    (16, 7),
    (24, 11),
    (32, 19),
    (36, 23),
    (40, 31),
    (44, 53),
    (48, 37),
    (52, 53),
    (56, 41),
    (60, 89),
    (64, 17),
    (72, 5),
    (80, 5),
    (88, 3),
    (96, 3),
    (104, 3),
    (112, 3),
    (116, 3),
    (120, 7),
    (124, 31),
];

/// The subnets that leave by uplinks, and their rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sources {
    v4: Subnets,
    v6: Subnets,
    /// How many subnets each rule is there for.
    uses: OrdMap<Rule, usize>,
}

impl Sources {
    /// Leads a subnet to a table, or leaves it alone; `rules` follow. `first` is the first priority of
    /// our block. Costs what changes, whatever else stands.
    pub(super) fn lead(&mut self, subnet: Prefix, table: Option<u32>, first: u32, rules: &mut OrdSet<Rule>) {
        let subnets = match subnet.family() {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        };
        if subnets.tables.get(&subnet).copied() == table {
            return;
        }
        let before = subnets.clone();
        subnets.set(subnet, table);
        let mut concerned = before.concerned(subnet);
        concerned.extend(subnets.concerned(subnet));
        for rule in concerned.iter().flat_map(|subnet| subnets.rules_of(*subnet, first)) {
            *self.uses.entry(rule).or_default() += 1;
            rules.insert(rule);
        }
        for rule in concerned.iter().flat_map(|subnet| before.rules_of(*subnet, first)) {
            match self.uses.get_mut(&rule) {
                Some(uses) if *uses > 1 => *uses -= 1,
                _ => {
                    self.uses.remove(&rule);
                    rules.remove(&rule);
                }
            }
        }
    }
}

/// The subnets of a family.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Subnets {
    /// The table that each looks up.
    tables: OrdMap<Prefix, u32>,
    /// Those that lie in no other.
    outermost: OrdSet<Prefix>,
}

impl Subnets {
    fn set(&mut self, subnet: Prefix, table: Option<u32>) {
        let is_nested = self.is_nested(subnet);
        match table {
            Some(table) => drop(self.tables.insert(subnet, table)),
            None => drop(self.tables.remove(&subnet)),
        }
        if is_nested {
            return;
        }
        let inside: Vec<Prefix> = self.inside(subnet).filter(|inner| *inner != subnet).collect();
        if table.is_some() {
            inside.iter().for_each(|inner| _ = self.outermost.remove(inner));
            self.outermost.insert(subnet);
        } else {
            self.outermost.remove(&subnet);
            let outermost: Vec<Prefix> = inside.into_iter().filter(|inner| !self.is_nested(*inner)).collect();
            self.outermost.extend(outermost);
        }
    }

    /// True if another subnet covers this one.
    fn is_nested(&self, subnet: Prefix) -> bool {
        let mut around = (0..subnet.length()).filter_map(|length| Prefix::new(subnet.address(), length).ok());
        around.any(|wider| self.tables.contains_key(&wider))
    }

    /// The subnets that this network covers. They sort by first address, then by length.
    fn inside(&self, network: Prefix) -> impl Iterator<Item = Prefix> {
        self.tables.range(network..).map(|(subnet, _)| *subnet).take_while(move |subnet| network.covers(subnet))
    }

    fn is_flat(&self) -> bool {
        self.tables.len() <= FLAT
    }

    /// True if a network has a section of its own that is not divided.
    fn is_undivided(&self, network: Prefix) -> bool {
        let inside = self.outermost.range(network..).take_while(|subnet| network.covers(subnet));
        inside.take(SECTION + 1).count() <= SECTION
    }

    /// The subnets whose rules may be others once this one comes or goes: it decides whether those inside
    /// it are nested, whether a section around it is divided, and whether there are sections at all.
    fn concerned(&self, subnet: Prefix) -> BTreeSet<Prefix> {
        if self.is_flat() {
            return self.tables.keys().copied().collect();
        }
        if self.is_nested(subnet) {
            return self.tables.get_key_value(&subnet).map(|(subnet, _)| *subnet).into_iter().collect();
        }
        let around = sections(subnet).map(|(network, _)| network).find(|network| self.is_undivided(*network));
        let beside = around.into_iter().flat_map(|network| {
            self.outermost.range(network..).copied().take_while(move |subnet| network.covers(subnet))
        });
        beside.chain(self.inside(subnet)).collect()
    }

    /// The rules that are there for a subnet, if it stands.
    fn rules_of(&self, subnet: Prefix, first: u32) -> Vec<Rule> {
        let Some(table) = self.tables.get(&subnet) else { return Vec::new() };
        let lookup = |priority| Rule { priority: first + priority, from: subnet, action: RuleAction::Lookup(*table) };
        if self.is_flat() || self.is_nested(subnet) {
            return vec![lookup(NARROWEST + u32::from(subnet.family().bits() - subnet.length()))];
        }
        let everything = match subnet.family() {
            Family::V4 => Prefix::DEFAULT_V4,
            Family::V6 => Prefix::DEFAULT_V6,
        };
        let rule = |priority, from, action| Rule { priority: first + priority, from, action };
        let goto = |priority| RuleAction::Goto(first + priority);
        let mut rules = vec![rule(END, everything, RuleAction::Nop)];
        let mut way = sections(subnet).peekable();
        while let Some((network, place)) = way.next() {
            // What comes to the first section comes to it without a way.
            if network != everything {
                rules.push(rule(place, everything, RuleAction::Nop));
            }
            rules.push(rule(place + LAST, everything, goto(END)));
            match way.peek() {
                Some((next, at)) if !self.is_undivided(network) => rules.push(rule(place + WAYS, *next, goto(*at))),
                _ => {
                    rules.push(lookup(place + LOOKUPS));
                    break;
                }
            }
        }
        rules
    }
}

/// The networks around a subnet that can have sections, the widest first, each with the offset of its
/// place.
fn sections(subnet: Prefix) -> impl Iterator<Item = (Prefix, u32)> {
    let stops: &[(u8, u32)] = match subnet.family() {
        Family::V4 => &STOPS_V4,
        Family::V6 => &STOPS_V6,
    };
    let mut next = SECTIONS;
    stops.iter().map_while(move |(length, places)| {
        let first = next;
        next += places * PLACES;
        let network = Prefix::new(subnet.address(), *length).ok().filter(|_| *length <= subnet.length())?;
        Some((network, first + number(network) % places * PLACES))
    })
}

/// The network's number among those of its length, as far as it matters for a place.
fn number(network: Prefix) -> u32 {
    let (bits, spare) = match network.address() {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32 - network.length()),
        IpAddr::V6(v6) => (v6.to_bits(), 128 - network.length()),
    };
    // The remainder by the number of places is taken of what is left; 2^32 - 5 is a prime.
    let number = bits.checked_shr(spare.into()).unwrap_or_default() % 4_294_967_291;
    u32::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests;
