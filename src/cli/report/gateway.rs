//! Gateways.

use serde::Serialize;

use super::{Counters, Rates};

/// The gateways.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Gateways {
    /// By interface.
    pub gateways: Vec<Gateway>,
}

/// A gateway.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Gateway {
    /// Its tap.
    pub interface: String,
    /// Its routing instance.
    pub instance: String,
    /// Subnets announced to the host.
    pub subnets: Vec<String>,
    /// What the instance reaches through it.
    pub routes: Vec<String>,
    /// The uplink its traffic leaves by.
    pub uplink: Option<String>,
    /// Its packets leave the host under another address.
    pub masquerade: bool,
    /// Those that did; none if the host cannot say.
    pub masqueraded: Option<Traffic>,
    /// Its share of the flows beside others.
    pub weight: u64,
    /// From the configuration file.
    pub is_static: bool,
    /// The connect version that confirmed it.
    pub version: u64,
    /// Time until a running audit deletes it, milliseconds.
    pub deleted_in_ms: Option<u64>,
    /// Its tap's traffic; received is what the host sent.
    pub counters: Counters,
    /// The same of late; absent if the daemon does not tell, or has it since just now.
    pub rates: Option<Rates>,
}

/// Packets and their bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Traffic {
    /// Packets.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
}
