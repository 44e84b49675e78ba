//! The audit.

use serde::Serialize;

/// The audit.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Audit {
    /// How often a controller has connected.
    pub version: u64,
    /// The time that the next audit leaves for replay, milliseconds; none if audits are off.
    pub timeout_ms: Option<u64>,
    /// Soonest first.
    pub running: Vec<RunningAudit>,
}

/// A running audit.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunningAudit {
    /// Time left, milliseconds.
    pub remaining_ms: u64,
    /// What it would delete if it ended now.
    pub gateways: Vec<String>,
}
