//! What was dropped.

use serde::Serialize;

/// How many packets were dropped.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Drops {
    /// All together.
    pub packets: u64,
    /// By routing instance, most first.
    pub instances: Vec<InstanceDrops>,
    /// By port and reason, most first.
    pub drops: Vec<DropCount>,
}

/// How many packets an instance's ports have dropped.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InstanceDrops {
    /// The routing instance.
    pub instance: String,
    /// How many.
    pub packets: u64,
}

/// How many packets a port has dropped for a reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DropCount {
    /// The reason's name.
    pub reason: String,
    /// What it means.
    pub meaning: String,
    /// The port that they came in by.
    pub port: String,
    /// Its routing instance.
    pub instance: String,
    /// How many.
    pub packets: u64,
}

/// The last packets that were dropped.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LastDrops {
    /// Oldest first.
    pub packets: Vec<DroppedPacket>,
}

/// A packet that was dropped.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DroppedPacket {
    /// When, UTC.
    pub time: String,
    /// The port that it came in by.
    pub port: String,
    /// The port's routing instance; absent if the port is gone.
    pub instance: Option<String>,
    /// Why.
    pub reason: String,
    /// What it was, in a line.
    pub packet: String,
    /// Bytes of the frame.
    pub length: u64,
}

/// Packets that nobody will be told of.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MissedDrops {
    /// How many.
    pub missed: u64,
}

impl Drops {
    /// Sums up what was counted.
    #[must_use]
    pub fn new(drops: Vec<DropCount>) -> Self {
        let mut instances: Vec<InstanceDrops> = Vec::new();
        for DropCount { instance, packets, .. } in &drops {
            match instances.iter_mut().find(|known| known.instance == *instance) {
                Some(known) => known.packets += packets,
                None => instances.push(InstanceDrops { instance: instance.clone(), packets: *packets }),
            }
        }
        instances.sort_by_key(|instance| std::cmp::Reverse(instance.packets));
        Self { packets: drops.iter().map(|drop| drop.packets).sum(), instances, drops }
    }
}
