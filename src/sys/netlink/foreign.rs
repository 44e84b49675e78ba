//! Other programs' rules, with what ours never have.

use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::rule::{RuleAction, RuleAttribute, RuleFlags, RuleMessage};

use crate::addr::{Family, InterfaceName, Prefix};
use crate::host::ForeignRule;

use super::error::NetlinkError;
use super::route::address_family;
use super::socket::{Netlink, Request};

impl Netlink {
    /// All rules of a family that look up a table, in the order in which they are asked.
    ///
    /// # Errors
    /// The dump failed.
    pub fn foreign_rules(&mut self, family: Family) -> Result<Vec<ForeignRule>, NetlinkError> {
        let mut message = RuleMessage::default();
        message.header.family = address_family(family);
        let rows = self.dump(&RouteNetlinkMessage::GetRule(message))?;
        Ok(rows.into_iter().filter_map(|row| read(row, family)).collect())
    }
}

impl Request {
    /// Deletes the first rule that has all of this. `ENOENT` if there is none.
    #[must_use]
    pub fn delete_foreign_rule(rule: &ForeignRule) -> Self {
        let ForeignRule { family, priority, from, to, input, table, protocol, special: _ } = rule;
        let mut message = RuleMessage::default();
        message.header.family = address_family(*family);
        message.header.action = RuleAction::ToTable;
        message.attributes = vec![
            RuleAttribute::Priority(*priority),
            RuleAttribute::Table(*table),
            RuleAttribute::Protocol((*protocol).into()),
        ];
        if let Some(from) = from {
            message.header.src_len = from.length();
            message.attributes.push(RuleAttribute::Source(from.address()));
        }
        if let Some(to) = to {
            message.header.dst_len = to.length();
            message.attributes.push(RuleAttribute::Destination(to.address()));
        }
        message.attributes.extend(input.map(|input| RuleAttribute::Iifname(input.to_string())));
        Self { message: RouteNetlinkMessage::DelRule(message), flags: 0 }
    }
}

pub(super) fn read(message: RouteNetlinkMessage, family: Family) -> Option<ForeignRule> {
    let RouteNetlinkMessage::NewRule(RuleMessage { header, attributes, .. }) = message else { return None };
    if header.action != RuleAction::ToTable {
        return None;
    }
    let (mut source, mut destination) = (None, None);
    let mut rule = ForeignRule {
        family,
        priority: 0,
        from: None,
        to: None,
        input: None,
        table: header.table.into(),
        protocol: 0,
        special: header.tos != 0 || header.flags.contains(RuleFlags::Invert),
    };
    for attribute in attributes {
        match attribute {
            RuleAttribute::Priority(value) => rule.priority = value,
            RuleAttribute::Table(value) => rule.table = value,
            RuleAttribute::Protocol(value) => rule.protocol = value.into(),
            RuleAttribute::Source(address) => source = Some(address),
            RuleAttribute::Destination(address) => destination = Some(address),
            RuleAttribute::Iifname(name) => match InterfaceName::new(&name) {
                Ok(name) => rule.input = Some(name),
                Err(_) => rule.special = true,
            },
            // Always shown; this is "none".
            RuleAttribute::SuppressPrefixLen(u32::MAX) => {}
            _ => rule.special = true,
        }
    }
    let prefix = |address, length| Prefix::new(address, length).ok();
    rule.from = source.and_then(|address| prefix(address, header.src_len));
    rule.to = destination.and_then(|address| prefix(address, header.dst_len));
    Some(rule)
}
