//! What is wrong.

use serde::Serialize;

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Diagnosis {
    /// What is wrong now, causes before what follows from them.
    pub findings: Vec<Finding>,
    /// What was wrong and cured.
    pub fixed: Vec<Fixed>,
    /// The checks that had something to look at and found nothing.
    pub in_order: Vec<String>,
    /// What could not be looked at, one sentence each.
    pub unseen: Vec<String>,
    /// What to tell routers outside, one line each.
    pub routes_outside: Vec<String>,
    /// All of it is for people's eyes.
    #[serde(skip)]
    pub verbose: bool,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// The check's name.
    pub id: String,
    /// `warning` or `failure`.
    pub severity: String,
    /// What it is about.
    pub subject: String,
    /// What was seen.
    pub evidence: Vec<String>,
    /// Commands that cure it, as a shell takes them.
    pub cure: Vec<String>,
    /// What to know before, or what to do instead.
    pub remark: Option<String>,
    /// `--fix` does it.
    pub fixable: bool,
}

/// What was done about a finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fixed {
    /// The check's name.
    pub id: String,
    /// What it was about.
    pub subject: String,
    /// A command that was run, or would be.
    pub command: String,
    /// True if it was not run, since only the commands were wanted.
    pub dry_run: bool,
    /// Why it failed.
    pub failure: Option<String>,
}
