//! What names a card and does not follow when it is taken.

use std::fmt;

use crate::addr::InterfaceName;

use super::{Observed, Record};

/// Something that an administrator should know before a card is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A rule looks at the device.
    Rule {
        /// Its priority.
        priority: u32,
        /// The device that it names.
        device: InterfaceName,
        /// What it will not see.
        host: InterfaceName,
    },
    /// An address has a limited life: somebody renews it.
    Leased {
        /// The address.
        address: String,
        /// Seconds that it is valid.
        seconds: u32,
        /// Where it will be.
        host: InterfaceName,
    },
    /// An address that the kernel renews for privacy.
    Temporary(String),
    /// A chain or rule of nftables names the device.
    Filter {
        /// The line of the ruleset.
        line: String,
        /// What it will not see.
        host: InterfaceName,
    },
}

/// What a take-over leaves behind. `filters` are the lines of the packet filter that name the card.
#[must_use]
pub fn warnings(record: &Record, observed: &Observed, filters: &[String]) -> Vec<Warning> {
    let (device, host) = (record.device.name, record.host);
    let rules = observed.rules.iter().filter(|rule| rule.device == device);
    let rules = rules.map(|rule| Warning::Rule { priority: rule.priority, device, host });
    let temporary = record.addresses.iter().filter(|address| address.is_temporary());
    let temporary = temporary.map(|address| Warning::Temporary(address.to_string()));
    let leased = record.addresses.iter().filter(|address| !address.is_temporary());
    let leased = leased
        .filter_map(|address| Some(Warning::Leased { address: address.to_string(), seconds: address.valid()?, host }));
    let filters = filters.iter().map(|line| Warning::Filter { line: line.clone(), host });
    rules.chain(leased).chain(temporary).chain(filters).collect()
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule { priority, device, host } => {
                write!(f, "the rule of priority {priority} names {device}, and will not see packets of {host}")
            }
            Self::Leased { address, seconds, host } => write!(
                f,
                "the address {address} is valid for {seconds} s: whoever renews it (a DHCP client) must do so on {host}"
            ),
            Self::Temporary(address) => {
                write!(f, "the address {address} is a temporary one; it stays, but as an ordinary one that runs out")
            }
            Self::Filter { line, host } => {
                write!(f, "nftables has \"{line}\", which will not match packets of {host}")
            }
        }
    }
}
