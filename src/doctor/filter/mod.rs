//! Packet filters, as far as their rules can be read: nftables', and iptables' of both kinds.

mod judge;
mod rule;

pub use judge::{Culprit, Opinion};
pub use rule::{Base, Chain, Filter, Language, Packet, Rule, Test, Verdict};

#[cfg(test)]
mod tests;
