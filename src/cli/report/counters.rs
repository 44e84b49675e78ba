//! What was counted.

use std::collections::BTreeMap;

use serde::Serialize;

/// Counters of a port; always `received = sent + answered + held + sum(dropped)`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counters {
    /// Packets that came in.
    pub received: u64,
    /// Their bytes.
    pub received_bytes: u64,
    /// Of the received: went out by some port.
    pub sent: u64,
    /// Of the received: were for the gateway itself.
    pub answered: u64,
    /// Of the received: wait for a MAC right now.
    pub held: u64,
    /// Of the received: dropped, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Packets that went out by this port.
    pub transmitted: u64,
    /// Their bytes.
    pub transmitted_bytes: u64,
}

impl Counters {
    /// Dropped for whatever reason.
    #[must_use]
    pub fn drops(&self) -> u64 {
        self.dropped.values().sum()
    }
}
