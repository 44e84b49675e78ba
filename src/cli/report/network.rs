//! Networks of compute services.

use serde::Serialize;

/// The networks of compute services.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Networks {
    /// By UUID.
    pub networks: Vec<Network>,
}

/// A network of compute services.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Network {
    /// Its UUID.
    pub id: String,
    /// The routing instance of its ports.
    pub instance: String,
    /// The addresses by which its guests know their gateway.
    pub gateways: Vec<String>,
    /// From the configuration file.
    pub is_static: bool,
}
