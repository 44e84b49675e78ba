//! Policy routing rules.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::rule::{RuleAction as Action, RuleAttribute, RuleFlags, RuleMessage};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::addr::{Family, Prefix};
use crate::host::{Rule, RuleAction};

use super::error::NetlinkError;
use super::route::address_family;
use super::socket::{DUMP_ATTEMPTS, Netlink, Request};

/// A rule as the kernel has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleEntry {
    /// Priority, source and action, the last as far as it can be said. The table is 0 for a rule that
    /// leads to none.
    pub rule: Rule,
    /// Who made it (`FRA_PROTOCOL`).
    pub protocol: u8,
    /// True if it selects or does more than the fields above can say. Not a rule of ours then.
    pub special: bool,
}

impl Netlink {
    /// All rules of a family, in the order in which they are asked.
    ///
    /// The kernel goes on with a dump by counting (`dump_rules` in net/core/fib_rules.c): if somebody deletes a rule
    /// meanwhile it leaves another one out, and does not say so. So they are read until that has come to the same
    /// twice. Where others change rules all the time, one that was seen in any reading is there.
    ///
    /// # Errors
    /// The dump failed.
    pub fn rules(&mut self, family: Family) -> Result<Vec<RuleEntry>, NetlinkError> {
        let mut message = RuleMessage::default();
        message.header.family = address_family(family);
        let message = RouteNetlinkMessage::GetRule(message);
        agreed(|| Ok(self.dump(&message)?.into_iter().filter_map(read).collect()))
    }
}

/// So many rules come at once, and are of one moment: `NLMSG_GOODSIZE` has room for more.
const AT_ONCE: usize = 24;

/// What several readings come to.
fn agreed(mut read: impl FnMut() -> Result<Vec<RuleEntry>, NetlinkError>) -> Result<Vec<RuleEntry>, NetlinkError> {
    let mut last = read()?;
    if last.len() <= AT_ONCE {
        return Ok(last);
    }
    let key = |entry: &RuleEntry| (entry.rule, entry.protocol, entry.special);
    let mut seen = BTreeMap::new();
    for _ in 1..DUMP_ATTEMPTS {
        let next = read()?;
        if next == last {
            return Ok(next);
        }
        seen.extend(last.iter().map(|entry| (key(entry), *entry)));
        last = next;
    }
    last.iter().for_each(|entry| _ = seen.remove(&key(entry)));
    // Where they stood is not known: before ours, as far as that keeps ours from being deleted.
    let (special, plain): (Vec<_>, Vec<_>) = seen.into_values().partition(|entry| entry.special);
    Ok([special, last, plain].concat())
}

impl Request {
    /// Adds a rule. `EEXIST` if there is the same with the same protocol; where a `goto` leads does not
    /// count (`rule_exists` in net/core/fib_rules.c).
    #[must_use]
    pub fn add_rule(rule: &Rule, protocol: u8) -> Self {
        Self { message: RouteNetlinkMessage::NewRule(write(rule, protocol)), flags: NLM_F_CREATE | NLM_F_EXCL }
    }

    /// Deletes the first rule that has this priority, source, action, table and protocol; again, where
    /// a `goto` leads does not count. It may select by
    /// more than that: the kernel takes what is not said for "any" (`rule_find` in
    /// net/core/fib_rules.c). `ENOENT` if there is none.
    #[must_use]
    pub fn delete_rule(rule: &Rule, protocol: u8) -> Self {
        Self { message: RouteNetlinkMessage::DelRule(write(rule, protocol)), flags: 0 }
    }
}

fn write(rule: &Rule, protocol: u8) -> RuleMessage {
    let Rule { priority, from, action } = *rule;
    let mut message = RuleMessage::default();
    message.header.family = address_family(from.family());
    message.header.src_len = from.length();
    message.attributes = vec![RuleAttribute::Priority(priority), RuleAttribute::Protocol(protocol.into())];
    // A rule without an action would fail every lookup that comes to it.
    message.header.action = match action {
        RuleAction::Lookup(_) => Action::ToTable,
        RuleAction::Goto(_) => Action::Goto,
        RuleAction::Nop => Action::Nop,
    };
    message.attributes.extend(match action {
        RuleAction::Lookup(table) => Some(RuleAttribute::Table(table)),
        RuleAction::Goto(target) => Some(RuleAttribute::Goto(target)),
        RuleAction::Nop => None,
    });
    if !from.is_default() {
        message.attributes.push(RuleAttribute::Source(from.address()));
    }
    message
}

pub(super) fn read(message: RouteNetlinkMessage) -> Option<RuleEntry> {
    let RouteNetlinkMessage::NewRule(RuleMessage { header, attributes, .. }) = message else { return None };
    let (mut priority, mut table, mut protocol, mut source) = (0, u32::from(header.table), 0, None);
    let mut special = header.tos != 0 || header.dst_len != 0 || header.flags.contains(RuleFlags::Invert);
    let mut target = 0;
    for attribute in attributes {
        match attribute {
            RuleAttribute::Priority(value) => priority = value,
            RuleAttribute::Table(value) => table = value,
            RuleAttribute::Goto(value) => target = value,
            RuleAttribute::Protocol(value) => protocol = u8::from(value),
            RuleAttribute::Source(address) => source = Some(address),
            // Always shown; this is "none".
            RuleAttribute::SuppressPrefixLen(u32::MAX) => {}
            _ => special = true,
        }
    }
    let action = match header.action {
        Action::ToTable => RuleAction::Lookup(table),
        Action::Goto => RuleAction::Goto(target),
        Action::Nop => RuleAction::Nop,
        _ => {
            special = true;
            RuleAction::Nop
        }
    };
    let any = match header.family {
        AddressFamily::Inet => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        AddressFamily::Inet6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => return None,
    };
    let from = Prefix::new(source.unwrap_or(any), header.src_len).ok()?;
    Some(RuleEntry { rule: Rule { priority, from, action }, protocol, special })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(priority: u32, special: bool) -> RuleEntry {
        let rule = Rule { priority, from: Prefix::DEFAULT_V4, action: RuleAction::Lookup(9) };
        RuleEntry { rule, protocol: 201, special }
    }

    /// The priorities that readings come to, each of which leaves one out, and how many were made.
    fn told(left_out: &[u32]) -> (Vec<u32>, usize) {
        let (mut made, all) = (0, 0..100);
        let rules = agreed(|| {
            let without = left_out[made.min(left_out.len() - 1)];
            made += 1;
            Ok(all.clone().filter(|number| *number != without).map(|number| entry(number, number == 7)).collect())
        });
        (rules.unwrap().iter().map(|entry| entry.rule.priority).collect(), made)
    }

    #[test]
    fn a_rule_that_a_reading_leaves_out_is_there() {
        let whole: Vec<u32> = (0..100).collect();
        assert_eq!(told(&[u32::MAX]), (whole.clone(), 2));
        assert_eq!(told(&[40, u32::MAX]), (whole.clone(), 3));
        let (mut rules, made) = told(&[40, 7, 50, 60, 7]);
        assert_eq!((rules[0], rules.len(), made), (7, 100, DUMP_ATTEMPTS), "what others select by comes first");
        rules.sort_unstable();
        assert_eq!(rules, whole);
    }

    #[test]
    fn few_rules_are_read_once() {
        let mut made = 0;
        let rules = agreed(|| {
            made += 1;
            Ok(vec![entry(made, false)])
        });
        assert_eq!(rules, Ok(vec![entry(1, false)]));
    }
}
