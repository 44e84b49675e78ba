//! The host's device that is taken in front of it.

use serde::Serialize;

/// How it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fabric {
    /// `absent`, `unconfirmed`, `held` or `giving-back`.
    pub state: &'static str,
    /// The device.
    pub device: Option<String>,
    /// The host's tap in its place.
    pub interface: Option<String>,
    /// The MAC address of both.
    pub mac: Option<String>,
    /// Milliseconds until it is given back unless it is confirmed.
    pub left_ms: Option<u64>,
    /// The addresses that were moved.
    pub addresses: Vec<String>,
    /// The routes that were moved.
    pub routes: Vec<String>,
    /// The permanent neighbours that were moved.
    pub neighbours: Vec<String>,
}

/// What was done to a device, or would be.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FabricDeed {
    /// Nothing was done.
    pub dry_run: bool,
    /// The steps, in order.
    pub steps: Vec<String>,
    /// What names the device and does not follow.
    pub warnings: Vec<String>,
    /// How it stands now.
    pub fabric: Fabric,
}

/// What a rescue without the daemon came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Restored {
    /// The device that the host has again; absent if there was nothing to give back.
    pub device: Option<String>,
    /// The device that is given back no more, as asked.
    pub forgotten: Option<String>,
    /// Where what was written down is now, if it was not to be acted on.
    pub aside: Option<String>,
    /// Why it was not; with a device, why what was written down is still there.
    pub reason: Option<String>,
}
