//! Uplinks, and those that others have set up.

use serde::Serialize;

use super::Step;

/// The uplinks.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Uplinks {
    /// By name.
    pub uplinks: Vec<Uplink>,
}

/// An uplink.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Uplink {
    /// Its name.
    pub name: String,
    /// The host's device.
    pub device: String,
    /// The host's address on it; `null` without a lease.
    pub address: Option<String>,
    /// The router; `null` without a lease.
    pub via: Option<String>,
    /// `ipv4` or `ipv6`, if a DHCP client leases address and router.
    pub lease: Option<String>,
    /// Its routing table.
    pub table: u64,
    /// Gateways that use it.
    pub gateways: Vec<String>,
    /// From the configuration file.
    pub is_static: bool,
}

/// Uplinks that somebody else has set up.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Import {
    /// Nothing was done.
    pub dry_run: bool,
    /// By table.
    pub uplinks: Vec<ForeignUplink>,
}

/// An uplink that somebody else has set up.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ForeignUplink {
    /// How.
    pub layout: String,
    /// The name that it gets.
    pub name: String,
    /// The host's device.
    pub device: String,
    /// The host's address on it.
    pub address: String,
    /// The router.
    pub via: String,
    /// The table that it has, or had.
    pub foreign_table: u64,
    /// What was done, or would be.
    pub steps: Vec<Step>,
    /// Why it was not, or cannot be taken over.
    pub hindrance: Option<String>,
}
