//! Policy routing rules.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::rule::{RuleAction as Action, RuleAttribute, RuleFlags, RuleMessage};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::addr::{Family, Prefix};
use crate::host::{Rule, RuleAction};

use super::error::NetlinkError;
use super::route::address_family;
use super::socket::{Netlink, Request};

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
    /// # Errors
    /// The dump failed.
    pub fn rules(&mut self, family: Family) -> Result<Vec<RuleEntry>, NetlinkError> {
        let mut message = RuleMessage::default();
        message.header.family = address_family(family);
        let rows = self.dump(&RouteNetlinkMessage::GetRule(message))?;
        Ok(rows.into_iter().filter_map(read).collect())
    }
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
