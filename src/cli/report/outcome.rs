//! What became of a request.

use serde::Serialize;

use super::Step;

/// What a request did.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outcome {
    /// `gateway`, `port`, `uplink`, `route` or `network`.
    pub object: &'static str,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub outcome: Deed,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It is new.
    Added,
    /// It stood and was changed.
    Changed,
    /// It stood exactly so.
    Unchanged,
    /// It is gone.
    Deleted,
}

/// What a change would come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rehearsal {
    /// `gateway`, `port`, `uplink`, `route` or `network`.
    pub object: &'static str,
    /// Its name.
    pub name: String,
    /// What would become of it.
    pub outcome: Deed,
    /// What would be done, in order.
    pub steps: Vec<Step>,
}
