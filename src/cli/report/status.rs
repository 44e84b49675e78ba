//! The daemon at a glance.

use serde::Serialize;

use super::{Audit, Gateway, Instance, Port, Uplink};

/// Everything at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// Time since it started, milliseconds.
    pub uptime_ms: u64,
    /// Number of threads that forward.
    pub workers: u64,
    /// The gateways, by interface.
    pub gateways: Vec<Gateway>,
    /// The guests' ports, by interface.
    pub ports: Vec<Port>,
    /// The uplinks, by name.
    pub uplinks: Vec<Uplink>,
    /// The routing instances, by name.
    pub instances: Vec<Instance>,
    /// The audit.
    pub audit: Audit,
    /// What others have undone and was put right; absent if the daemon does not tell.
    pub repairs: Option<Repairs>,
    /// Time until the configuration on trial is taken back, milliseconds.
    pub trial_ends_in_ms: Option<u64>,
    /// What needs somebody's eye, one sentence each.
    pub problems: Vec<String>,
    /// The same with ids and cures; absent if the daemon does not tell.
    pub problem_details: Option<Vec<Problem>>,
    /// The traffic of late; absent if the daemon does not tell.
    pub rates: Option<Rates>,
    /// The sandbox that the daemon runs in; absent if it does not tell.
    pub sandbox: Option<Vec<Confinement>>,
}

/// How far one means holds the daemon's threads to what they need.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Confinement {
    /// `landlock`, `seccomp` or `capabilities`.
    pub means: String,
    /// `all`, `part` or `none` of what the daemon asks for is in force.
    pub extent: String,
    /// Why not all.
    pub reason: Option<String>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Problem {
    /// Its kind, which stays the same from version to version.
    pub id: String,
    /// What is wrong.
    pub sentence: String,
    /// The command that cures it; words in capitals are to be filled in.
    pub cure: String,
}

/// Traffic during a time, of all interfaces or of one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rates {
    /// The time, milliseconds.
    pub over_ms: u64,
    /// Packets received.
    pub packets: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// Packets dropped.
    pub drops: u64,
    /// Packets sent; absent if the daemon does not tell.
    pub transmitted: Option<u64>,
    /// Bytes of those.
    pub transmitted_bytes: Option<u64>,
}

/// What was put right since the daemon has started.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Repairs {
    /// How many, by kind and occasion.
    pub counts: Vec<RepairCount>,
    /// Time since the last one, milliseconds.
    pub last_ms: Option<u64>,
}

/// Repairs of one kind on one occasion.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RepairCount {
    /// `link`, `address`, `route`, `rule` or `setting`.
    pub kind: String,
    /// `notice`, `check` or `request`.
    pub occasion: String,
    /// How many.
    pub count: u64,
}
