//! What has happened.

use serde::{Serialize, Serializer};

use super::super::render::iso8601;

/// Events.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Events {
    /// How many of those asked for the daemon no longer has.
    pub lost: u64,
    /// Oldest first.
    pub events: Vec<Event>,
}

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Event {
    /// From 1 on, since the daemon has started.
    pub sequence: u64,
    /// When: microseconds since 1970; in JSON as ISO 8601 has it, in UTC.
    #[serde(serialize_with = "as_iso8601")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub time: u64,
    /// The kind of thing that it happened to.
    pub object: String,
    /// Its name.
    pub name: String,
    /// What happened.
    pub deed: String,
    /// Who asked for it, or what led to it.
    pub cause: String,
    /// The routing instance.
    pub instance: Option<String>,
    /// More of it.
    pub detail: Option<String>,
}

/// Events that were missed between others.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Gap {
    /// How many the daemon no longer had.
    pub lost: u64,
}

// serde's attribute calls it so.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn as_iso8601<S: Serializer>(micros: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&iso8601(*micros))
}
