//! Captured packets.

use serde::Serialize;

/// A packet as it was seen at a port.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CapturedPacket {
    /// When, UTC.
    pub time: String,
    /// The port.
    pub port: String,
    /// What was seen of it.
    pub sight: Sight,
    /// Why it was dropped.
    pub reason: Option<String>,
    /// What it was, in a line.
    pub packet: String,
    /// Bytes of the frame.
    pub length: u64,
}

/// What is seen of a packet at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// It came in.
    Received,
    /// It went out.
    Sent,
    /// It came in earlier and is dropped now.
    Dropped,
}

/// The end of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CaptureEnd {
    /// Packets that were told.
    pub packets: u64,
    /// Packets that were looked for and could not be kept.
    pub lost: u64,
}
