//! Configurations: checked, compared, applied.

use serde::Serialize;

use super::{Deed, Step};

/// A configuration that is good by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// The files that it was read from.
    pub files: Vec<String>,
    /// How many gateways it defines.
    pub gateways: u64,
    /// How many ports.
    pub ports: u64,
    /// How many uplinks.
    pub uplinks: u64,
    /// How many static routes.
    pub routes: u64,
    /// How many networks of compute services.
    pub networks: u64,
    /// What is accepted but hardly meant so, one sentence each.
    pub warnings: Vec<String>,
}

/// What another configuration would come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    /// What it has differently from the one that stands.
    pub differences: Vec<Difference>,
    /// What would be done, in order.
    pub steps: Vec<Step>,
}

/// An element that only one of two configurations has, or that they have differently.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Difference {
    /// `gateway`, `port`, `uplink`, `route`, `network` or `limits`; `start` for keys that are read at start
    /// only and take effect at the next start of the daemon.
    pub kind: String,
    /// Its name; empty for `limits` and `start`.
    pub name: String,
    /// What becomes of it; absent if a later daemon does something that is not known here.
    pub deed: Option<Deed>,
    /// The keys that differ.
    pub fields: Vec<FieldDifference>,
}

/// A key that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FieldDifference {
    /// As the configuration file spells it.
    pub key: String,
    /// What it was.
    pub before: Option<String>,
    /// What it is to be.
    pub after: Option<String>,
}

/// A configuration that was applied.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConfigurationApplied {
    /// What it has changed.
    pub differences: Vec<Difference>,
    /// It is taken back after this time, milliseconds, unless it is confirmed.
    pub confirm_within_ms: Option<u64>,
    /// It is not the file that the daemon reads when it starts.
    pub lasts_until_restart: bool,
}

/// A trial that somebody has ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Trial {
    /// How.
    pub ended: TrialEnd,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TrialEnd {
    /// The configuration stays.
    Confirmed,
    /// What stood before is back.
    RolledBack,
}
