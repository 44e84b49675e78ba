//! What of the kernel is the daemon's.

use serde::Serialize;

/// What of the kernel is the daemon's.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HostObjects {
    /// In the order in which they are made.
    pub objects: Vec<HostObject>,
}

/// Something in the kernel, or that should be there.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HostObject {
    /// What it is, as `ip` lists it.
    pub object: String,
    /// Why it is there.
    pub purpose: String,
    /// For whom.
    pub owners: Vec<String>,
    /// How it stands.
    pub state: ObjectState,
}

/// How an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ObjectState {
    /// As it should.
    InPlace,
    /// It should be there, and is not.
    Missing,
    /// It is there, but not as it should be.
    Differs,
    /// It bears the daemon's mark, and nothing calls for it.
    LeftOver,
    /// Something that a later daemon knows.
    Unknown,
}

/// What is to be done so that the kernel is as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HostDifference {
    /// In order.
    pub steps: Vec<Step>,
}

/// A change of the kernel.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Step {
    /// The command that would do it, of `ip` without that word.
    pub command: String,
    /// For whom.
    pub owners: Vec<String>,
}
