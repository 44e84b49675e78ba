//! Captured packets.

use std::time::Duration;

use crate::api::generated::virtual_gateway as wire;
use crate::capture::line;
use crate::cli::report;
use crate::clock::utc;

use super::numbers::number;

/// A packet as it was seen at a port.
pub(in crate::cli) fn captured_packet(answer: &wire::CapturedPacket) -> report::CapturedPacket {
    let wire::CapturedPacket { time_ns, port, sight, reason, meaning: _, length, data } = answer;
    let length = number(*length);
    report::CapturedPacket {
        time: utc(Duration::from_nanos(number(*time_ns))),
        port: port.clone(),
        sight: match *sight {
            wire::Sight::SENT => report::Sight::Sent,
            wire::Sight::DROPPED => report::Sight::Dropped,
            _ => report::Sight::Received,
        },
        reason: reason.clone(),
        packet: line(data, usize::try_from(length).unwrap_or(usize::MAX)).to_string(),
        length,
    }
}
