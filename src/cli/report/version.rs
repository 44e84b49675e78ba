//! Which `vgw` this is.

use serde::Serialize;

/// The version of the command line, not of a daemon.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Version {
    /// As Cargo.toml has it.
    pub version: &'static str,
}
