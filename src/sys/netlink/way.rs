//! Asking for the way of one packet, as `ip route get` does, and for the rules that may lead it.

use std::net::IpAddr;

use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::route::{RouteAttribute, RouteFlags, RouteMessage};
use rtnetlink::packet_route::rule::{RuleAction as Action, RuleAttribute, RuleFlags, RuleMessage};

use crate::addr::{Family, InterfaceName, Prefix};
use crate::host::{Flow, RuleAction, WayRule};

use super::error::NetlinkError;
use super::route::{self, RouteEntry, address_family};
use super::socket::{Netlink, Request};

/// Protocols that the kernel takes for a lookup (`rtm_getroute_parse_ip_proto` in net/ipv4/fib_frontend.c).
const PROTOCOLS: [u8; 4] = [1, 6, 17, 58];

/// What is asked of a packet's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// The route that it matches (`RTM_F_FIB_MATCH`).
    Match,
    /// The one way that it takes.
    Choice,
}

impl Netlink {
    /// The way of a packet that comes in by the link of this index.
    ///
    /// # Errors
    /// What the kernel does with the packet if it does not send it on: `ENETUNREACH` no route,
    /// `EHOSTUNREACH` an unreachable one or no forwarding, `EACCES` prohibited, `EINVAL` a blackhole or
    /// a source that may not come in there (before 6.14 `EXDEV`). Or why it could not be asked.
    pub fn way(&mut self, link: u32, flow: &Flow, aspect: Aspect) -> Result<Option<RouteEntry>, NetlinkError> {
        let family = Family::of(flow.destination);
        let mut message = RouteMessage::default();
        let header = &mut message.header;
        header.address_family = address_family(family);
        header.destination_prefix_length = family.bits();
        header.source_prefix_length = family.bits();
        header.flags = match (aspect, family) {
            // Without the second flag IPv4 names table main, whichever it was; IPv6 knows no such flag.
            (Aspect::Match, Family::V4) => RouteFlags::FibMatch | RouteFlags::LookupTable,
            (Aspect::Match, Family::V6) => RouteFlags::FibMatch,
            (Aspect::Choice, _) => RouteFlags::empty(),
        };
        message.attributes = vec![
            RouteAttribute::Destination(flow.destination.into()),
            RouteAttribute::Source(flow.source.into()),
            RouteAttribute::Iif(link),
        ];
        if PROTOCOLS.contains(&flow.protocol) {
            message.attributes.push(RouteAttribute::IpProto(flow.protocol));
            if let Some((source, destination)) = flow.ports {
                message.attributes.extend([RouteAttribute::Sport(source), RouteAttribute::Dport(destination)]);
            }
        }
        let rows = self.one(Request { message: RouteNetlinkMessage::GetRoute(message), flags: 0 })?;
        Ok(rows.into_iter().find_map(route::read))
    }

    /// All rules of a family, in the order in which they are asked.
    ///
    /// # Errors
    /// The dump failed.
    pub fn way_rules(&mut self, family: Family) -> Result<Vec<WayRule>, NetlinkError> {
        let mut message = RuleMessage::default();
        message.header.family = address_family(family);
        let rows = self.dump(&RouteNetlinkMessage::GetRule(message))?;
        Ok(rows.into_iter().filter_map(read).collect())
    }
}

pub(super) fn read(message: RouteNetlinkMessage) -> Option<WayRule> {
    let RouteNetlinkMessage::NewRule(RuleMessage { header, attributes, .. }) = message else { return None };
    let (mut table, mut target) = (u32::from(header.table), 0);
    let mut rule = WayRule {
        priority: 0,
        from: None,
        to: None,
        input: None,
        action: RuleAction::Nop,
        special: header.tos != 0 || header.flags.contains(RuleFlags::Invert),
    };
    let prefix = |address: IpAddr, length| Prefix::new(address, length).ok();
    for attribute in attributes {
        match attribute {
            RuleAttribute::Priority(value) => rule.priority = value,
            RuleAttribute::Table(value) => table = value,
            RuleAttribute::Goto(value) => target = value,
            RuleAttribute::Source(address) => rule.from = prefix(address, header.src_len),
            RuleAttribute::Destination(address) => rule.to = prefix(address, header.dst_len),
            RuleAttribute::Iifname(name) => match InterfaceName::new(&name) {
                Ok(name) => rule.input = Some(name),
                Err(_) => rule.special = true,
            },
            // Always shown; this is "none".
            RuleAttribute::SuppressPrefixLen(u32::MAX) | RuleAttribute::Protocol(_) => {}
            _ => rule.special = true,
        }
    }
    rule.action = match header.action {
        Action::ToTable => RuleAction::Lookup(table),
        Action::Goto => RuleAction::Goto(target),
        Action::Nop => RuleAction::Nop,
        _ => {
            rule.special = true;
            RuleAction::Nop
        }
    };
    Some(rule)
}
