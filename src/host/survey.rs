//! Policy routing that other programs have set up, whole enough to be taken over.

use std::collections::BTreeSet;
use std::fmt;

use crate::addr::{Family, InterfaceAddress, InterfaceName, Prefix};

use super::state::{HostRoute, RouteKey};

/// What stands in the host beside what is ours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survey {
    /// Addresses of the host's devices.
    pub addresses: BTreeSet<(InterfaceName, InterfaceAddress)>,
    /// Routes of all tables, the kernel's local and multicast ones left out.
    pub routes: Vec<ForeignRoute>,
    /// Rules that lead to tables other than the kernel's own, in the order in which they are asked.
    pub rules: Vec<ForeignRule>,
}

/// Somebody's route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignRoute {
    /// Its table, destination and metric.
    pub key: RouteKey,
    /// Where it leads; `None` if it says more than our words can: a type of service, a next-hop
    /// object, a drop in silence.
    pub route: Option<HostRoute>,
    /// Who made it (`rtm_protocol`).
    pub protocol: u8,
}

/// Somebody's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignRule {
    /// The family whose packets it is asked for.
    pub family: Family,
    /// Smaller is asked first.
    pub priority: u32,
    /// Only packets from there.
    pub from: Option<Prefix>,
    /// Only packets to there.
    pub to: Option<Prefix>,
    /// Only packets that come in by this device.
    pub input: Option<InterfaceName>,
    /// The table it looks up.
    pub table: u32,
    /// Who made it (`FRA_PROTOCOL`).
    pub protocol: u8,
    /// True if it selects or does more than the fields above can say.
    pub special: bool,
}

impl fmt::Display for ForeignRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.route {
            Some(route) => write!(f, "{}", self.key.leading(route)),
            None => write!(f, "{}", self.key),
        }
    }
}

impl fmt::Display for ForeignRule {
    /// As `ip rule` takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            Some(from) => write!(f, "from {from}")?,
            None => f.write_str("from all")?,
        }
        if let Some(to) = &self.to {
            write!(f, " to {to}")?;
        }
        if let Some(input) = &self.input {
            write!(f, " iif {input}")?;
        }
        write!(f, " lookup {} pref {}", self.table, self.priority)
    }
}
