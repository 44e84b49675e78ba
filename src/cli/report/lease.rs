//! Leases of DHCP clients.

use serde::Serialize;

use crate::gateway::LeaseName;

/// What became of leases.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Leases {
    /// By family.
    pub leases: Vec<Lease>,
}

/// A lease that was recorded, or whose record was removed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Lease {
    /// The device.
    pub device: String,
    /// `ipv4` or `ipv6`.
    pub family: String,
    /// What became of it.
    pub outcome: LeaseOutcome,
}

impl Lease {
    /// The lease of that name.
    #[must_use]
    pub fn of(name: LeaseName, outcome: LeaseOutcome) -> Self {
        Self { device: name.device.to_string(), family: name.family.to_string(), outcome }
    }
}

/// What became of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LeaseOutcome {
    /// The daemon did not know of it.
    Added,
    /// It was another.
    Changed,
    /// The daemon knew it, and touched nothing.
    Unchanged,
    /// It has ended.
    Deleted,
    /// There was none.
    Absent,
    /// No daemon answers: it will find what was recorded when it starts.
    Recorded,
}
