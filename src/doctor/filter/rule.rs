//! Chains and rules.

use std::net::IpAddr;

use crate::addr::{Family, InterfaceName, Prefix};

/// All chains of all filters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Base chains and those that they jump to.
    pub chains: Vec<Chain>,
    /// The program `iptables` is there, and speaks to nf_tables.
    pub has_iptables: bool,
}

/// A chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Whose.
    pub language: Language,
    /// `ip`, `ip6`, `inet`; others do not see routed packets.
    pub family: String,
    /// The table that it is in.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Set for a chain that the kernel calls itself.
    pub base: Option<Base>,
    /// In order.
    pub rules: Vec<Rule>,
}

/// Whose a filter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// nf_tables; `nft` shows and changes it.
    Nftables,
    /// x_tables; `iptables-legacy` shows and changes it.
    Legacy,
}

/// Where the kernel calls a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// `prerouting`, `forward`, ...
    pub hook: String,
    /// What no rule has decided is dropped.
    pub drops: bool,
}

/// A rule: tests that all must hold, and what comes then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// As its program shows it.
    pub text: String,
    /// What it asks.
    pub tests: Vec<Test>,
    /// What it decides; `None` if it only counts or writes a log.
    pub verdict: Option<Verdict>,
}

/// What a rule asks of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Comes in by one of these devices, `*` at the end for any rest; or by none of them.
    Input(Vec<String>, bool),
    /// Goes out by one of these; or by none.
    Output(Vec<String>, bool),
    /// Comes from one of these networks; or from none.
    Source(Vec<Prefix>, bool),
    /// Goes to one of these; or to none.
    Destination(Vec<Prefix>, bool),
    /// Its connection is `new`, `established`, ...; or none of these.
    State(Vec<String>, bool),
    /// Its transport protocol by name; or none of these.
    Protocol(Vec<String>, bool),
    /// Its family.
    Family(Family),
    /// Something that cannot be judged here.
    Unknown,
}

/// What a rule decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This base chain lets it pass.
    Accept,
    /// It is dropped or refused.
    Drop,
    /// Another chain decides, and if it does not, the next rule.
    Jump(String),
    /// Another chain decides, and if it does not, the policy.
    Goto(String),
    /// The calling chain goes on.
    Return,
    /// Something that cannot be judged here.
    Unknown,
}

/// A packet, imagined: a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// Comes in by.
    pub input: InterfaceName,
    /// Goes out by; `None` before it is routed.
    pub output: Option<InterfaceName>,
    /// From.
    pub source: IpAddr,
    /// To.
    pub destination: IpAddr,
    /// It answers another one.
    pub established: bool,
}

impl Test {
    /// Whether it holds; `None` if that cannot be told.
    pub(super) fn holds(&self, packet: &Packet) -> Option<bool> {
        let named = |names: &[String], device: InterfaceName| names.iter().any(|name| is_named(name, device));
        let within = |networks: &[Prefix], address: IpAddr| networks.iter().any(|network| network.contains(address));
        Some(match self {
            Self::Input(names, negated) => named(names, packet.input) != *negated,
            Self::Output(names, negated) => named(names, packet.output?) != *negated,
            Self::Source(networks, negated) => within(networks, packet.source) != *negated,
            Self::Destination(networks, negated) => within(networks, packet.destination) != *negated,
            Self::State(states, negated) => {
                let state = if packet.established { "established" } else { "new" };
                states.iter().any(|one| one == state) != *negated
            }
            Self::Protocol(protocols, negated) => protocols.iter().any(|one| one == "udp" || one == "17") != *negated,
            Self::Family(family) => *family == Family::of(packet.source),
            Self::Unknown => return None,
        })
    }
}

/// True if a filter means this device: its name, or the beginning of it before a `*`.
fn is_named(pattern: &str, device: InterfaceName) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => device.as_str().starts_with(beginning),
        None => device.as_str() == pattern,
    }
}

impl Chain {
    /// True for a chain that sees routed packets of this family.
    pub(super) fn sees(&self, family: Family) -> bool {
        matches!((self.family.as_str(), family), ("inet", _) | ("ip", Family::V4) | ("ip6", Family::V6))
    }

    /// Where it is, in words.
    #[must_use]
    pub fn place(&self) -> String {
        let Self { language, family, table, name, .. } = self;
        match language {
            Language::Nftables => format!("nftables, table {family} {table}, chain {name}"),
            Language::Legacy if family == "ip6" => format!("ip6tables-legacy, table {table}, chain {name}"),
            Language::Legacy => format!("iptables-legacy, table {table}, chain {name}"),
        }
    }
}
