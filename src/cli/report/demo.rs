//! The demonstration.

use serde::Serialize;

use super::Status;

/// A demonstration that held, step by step.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Demo {
    /// The steps in their order; every one has held.
    pub steps: Vec<DemoStep>,
    /// What was left standing, if that was asked for.
    pub kept: Option<KeptDemo>,
}

/// A step of the demonstration.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DemoStep {
    /// What it shows.
    pub title: String,
    /// Why it is taken.
    pub why: String,
    /// What was done, as one would type it.
    pub commands: Vec<String>,
    /// What held.
    pub held: Vec<DemoFinding>,
    /// What programs printed, a line each.
    pub output: Vec<String>,
}

/// Something that held.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DemoFinding {
    /// What it is.
    pub what: String,
    /// What was measured; empty if nothing was.
    pub measured: String,
}

/// A demonstration that stays.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KeptDemo {
    /// How to explore it.
    pub explore: Vec<DemoHint>,
    /// What stands.
    pub status: Status,
}

/// A command to explore with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DemoHint {
    /// The command.
    pub command: String,
    /// What it shows.
    pub about: String,
}

/// Demonstrations that were kept, and have been ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EndedDemos {
    /// By process.
    pub ended: Vec<EndedDemo>,
}

/// A demonstration that has been ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EndedDemo {
    /// What the names of its namespaces began with.
    pub name: String,
    /// The namespaces that were deleted.
    pub namespaces: Vec<String>,
}
