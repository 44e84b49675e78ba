//! Which way the host sends a packet that comes in, as the kernel tells it.

use std::fmt;
use std::net::IpAddr;

use crate::addr::{InterfaceName, Prefix};

use super::state::{RouteKey, RuleAction};

/// A packet as the kernel's routing sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// The device that it comes in by.
    pub input: InterfaceName,
    /// Where it says it is from.
    pub source: IpAddr,
    /// Where it is to go.
    pub destination: IpAddr,
    /// Its transport protocol.
    pub protocol: u8,
    /// Source and destination port, if it has them.
    pub ports: Option<(u16, u16)>,
}

/// What the host does with a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The switches of the device that it comes in by.
    pub switches: Switches,
    /// The rule that led to the route: the first that applies to the packet and looks up the table in
    /// which the route was found. The kernel names the table only. `None` if no rule could be found.
    pub rule: Option<WayRule>,
    /// The route that the packet matches; `None` if none does, or if none was looked for.
    pub matched: Option<Matched>,
    /// What becomes of it.
    pub fate: Fate,
}

/// What decides beside the routes whether a packet is forwarded that comes in by a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    /// What comes in there is forwarded.
    pub forwards: bool,
    /// How its source is checked; `None` for IPv6, which has no such switch.
    pub reverse_path: Option<ReversePath>,
}

/// `net.ipv4.conf.{all,IF}.rp_filter`, the greater of both (RFC 3704).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReversePath {
    /// 0: no check beside that for martians.
    Off,
    /// 1: the way back must lead out by the same device.
    Strict,
    /// 2: there must be a way back.
    Loose,
}

/// A route that a packet matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matched {
    /// Its table.
    pub table: u32,
    /// Its destination.
    pub prefix: Prefix,
}

/// What becomes of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It leaves.
    Out {
        /// The device.
        device: InterfaceName,
        /// The router that takes it on; `None` if its destination is on the link.
        via: Option<IpAddr>,
        /// The device's MTU, bytes.
        mtu: u32,
    },
    /// It is for the host itself, or for many.
    Local,
    /// It goes nowhere.
    Stopped(Stop),
}

/// Why the host does not send a packet on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The device that it came in by does not forward.
    ForwardingOff,
    /// Its source is not one that may come in by that device.
    ReversePath,
    /// No route matches.
    NoRoute,
    /// The route says unreachable.
    Unreachable,
    /// The route says prohibit.
    Prohibit,
    /// The route says blackhole.
    Blackhole,
    /// Anything else, in the kernel's words.
    Refused(String),
}

/// A rule, as far as it matters for which packets it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WayRule {
    /// Smaller is asked first.
    pub priority: u32,
    /// Only packets from there.
    pub from: Option<Prefix>,
    /// Only packets to there.
    pub to: Option<Prefix>,
    /// Only packets that come in by this device.
    pub input: Option<InterfaceName>,
    /// What it does.
    pub action: RuleAction,
    /// True if it selects by more than that, or does more. Taken as one that does not apply.
    pub special: bool,
}

impl WayRule {
    fn applies_to(&self, flow: &Flow) -> bool {
        !self.special
            && self.from.is_none_or(|from| from.contains(flow.source))
            && self.to.is_none_or(|to| to.contains(flow.destination))
            && self.input.is_none_or(|input| input == flow.input)
    }

    /// The rule that leads a packet to a table in which something is found, and what that is. The rules
    /// are in the order in which they are asked.
    pub fn leading<T>(rules: &[Self], flow: &Flow, mut find: impl FnMut(u32) -> Option<T>) -> Option<(Self, T)> {
        let mut from = 0;
        for rule in rules.iter().filter(|rule| rule.applies_to(flow)) {
            if rule.priority < from {
                continue;
            }
            match rule.action {
                RuleAction::Lookup(table) => {
                    if let Some(found) = find(table) {
                        return Some((*rule, found));
                    }
                }
                RuleAction::Goto(target) if rules.iter().any(|rule| rule.priority == target) => from = target,
                RuleAction::Goto(_) | RuleAction::Nop => {}
            }
        }
        None
    }
}

impl fmt::Display for WayRule {
    /// As `ip rule` lists it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: from ", self.priority)?;
        match &self.from {
            Some(from) => write!(f, "{from}")?,
            None => f.write_str("all")?,
        }
        if let Some(to) = &self.to {
            write!(f, " to {to}")?;
        }
        if let Some(input) = &self.input {
            write!(f, " iif {input}")?;
        }
        match self.action {
            RuleAction::Lookup(table) => write!(f, " lookup {}", table_name(table)),
            RuleAction::Goto(target) => write!(f, " goto {target}"),
            RuleAction::Nop => f.write_str(" nop"),
        }
    }
}

/// A routing table as `ip` names it.
#[must_use]
pub fn table_name(table: u32) -> String {
    match table {
        253 => "default".to_owned(),
        RouteKey::MAIN => "main".to_owned(),
        255 => "local".to_owned(),
        _ => table.to_string(),
    }
}

impl ReversePath {
    /// The switch's value in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Strict => "strict",
            Self::Loose => "loose",
        }
    }
}

impl Stop {
    /// Its name for programs; where the forwarder has the same case, the same.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ForwardingOff => "FORWARDING_OFF",
            Self::ReversePath => "IP_RPFILTER",
            Self::NoRoute => "IP_INNOROUTES",
            Self::Unreachable => "ROUTE_UNREACHABLE",
            Self::Prohibit => "ROUTE_PROHIBIT",
            Self::Blackhole => "ROUTE_DISCARD",
            Self::Refused(_) => "KERNEL_REFUSED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(priority: u32, from: &str, action: RuleAction) -> WayRule {
        let from = (from != "all").then(|| from.parse().unwrap());
        WayRule { priority, from, to: None, input: None, action, special: false }
    }

    fn led(rules: &[WayRule], tables: &[u32]) -> Option<u32> {
        let (source, destination) = ("192.168.1.5".parse().unwrap(), "8.8.8.8".parse().unwrap());
        let flow = Flow { input: "vgw1".parse().unwrap(), source, destination, protocol: 1, ports: None };
        let (rule, table) = WayRule::leading(rules, &flow, |table| tables.contains(&table).then_some(table))?;
        assert_eq!(rule.action, RuleAction::Lookup(table));
        Some(rule.priority)
    }

    #[test]
    fn the_first_rule_whose_table_knows_leads() {
        use RuleAction::{Goto, Lookup, Nop};
        let rules = [
            rule(0, "all", Lookup(255)),
            rule(10, "192.168.2.0/24", Lookup(7)),
            rule(20, "192.168.1.0/24", Lookup(7)),
            rule(30, "192.168.0.0/16", Lookup(7)),
            rule(32766, "all", Lookup(254)),
        ];
        assert_eq!(led(&rules, &[7, 254]), Some(20));
        assert_eq!(led(&rules, &[254]), Some(32766));
        assert_eq!(led(&rules, &[]), None);
        assert_eq!(led(&rules, &[255]), Some(0));
        let passed = [rules[0], rule(5, "all", Goto(25)), rules[2], rule(25, "all", Nop), rules[3]];
        assert_eq!(led(&passed, &[7]), Some(30), "what is passed over is not asked");
        let nowhere = [rule(5, "all", Goto(26)), rules[2]];
        assert_eq!(led(&nowhere, &[7]), Some(20), "a goto without a target is passed by");
        let special = [WayRule { special: true, ..rules[2] }, rules[3]];
        assert_eq!(led(&special, &[7]), Some(30));
        let elsewhere = [WayRule { input: Some("vgw2".parse().unwrap()), ..rules[2] }, rules[3]];
        assert_eq!(led(&elsewhere, &[7]), Some(30));
        let there = [WayRule { to: Some("9.0.0.0/8".parse().unwrap()), ..rules[2] }, rules[3]];
        assert_eq!(led(&there, &[7]), Some(30));
    }

    #[test]
    fn rules_are_listed_as_ip_lists_them() {
        let mut one = rule(5210, "192.168.1.0/24", RuleAction::Lookup(1000));
        assert_eq!(one.to_string(), "5210: from 192.168.1.0/24 lookup 1000");
        one.input = Some("vgw1".parse().unwrap());
        assert_eq!(one.to_string(), "5210: from 192.168.1.0/24 iif vgw1 lookup 1000");
        assert_eq!(rule(32766, "all", RuleAction::Lookup(254)).to_string(), "32766: from all lookup main");
    }
}
