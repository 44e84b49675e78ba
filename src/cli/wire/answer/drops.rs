//! What was dropped.

use std::time::Duration;

use crate::api::generated::virtual_gateway as wire;
use crate::capture::line;
use crate::cli::report;
use crate::clock::utc;

use super::numbers::number;

/// How many packets were dropped.
pub(in crate::cli) fn drop_count(answer: wire::DropCount) -> report::DropCount {
    let wire::DropCount { port, routing_instance, reason, meaning, packets } = answer;
    report::DropCount { reason, meaning, port, instance: routing_instance, packets: number(packets) }
}

/// A packet that was dropped.
pub(in crate::cli) fn dropped_packet(answer: wire::DroppedPacket) -> report::DroppedPacket {
    let wire::DroppedPacket { time_ns, port, routing_instance, reason, length, head } = answer;
    let length = number(length);
    report::DroppedPacket {
        time: utc(Duration::from_nanos(number(time_ns))),
        port,
        instance: routing_instance,
        reason,
        packet: line(&head, usize::try_from(length).unwrap_or(usize::MAX)).to_string(),
        length,
    }
}
