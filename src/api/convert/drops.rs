//! What was dropped.

use crate::api::generated::virtual_gateway as wire;
use crate::api::text::shown;
use crate::engine::{DropCountView, DropQuery, DroppedView, LastDropsView};
use crate::forward::DropReason;

use super::Fault;
use super::read::{instance_name, interface_name};
use super::view::number;

/// Which dropped packets are asked for.
pub(crate) fn drop_query(query: wire::DropQuery) -> Result<DropQuery, Fault> {
    let wire::DropQuery { port, routing_instance, reason } = query;
    Ok(DropQuery {
        port: port.map(|name| interface_name("port", &name)).transpose()?,
        instance: routing_instance.map(|name| instance_name(&name)).transpose()?,
        reason: reason.map(|name| drop_reason(&name)).transpose()?,
    })
}

/// Reads a drop reason's name, in any case.
fn drop_reason(name: &str) -> Result<DropReason, Fault> {
    let known = DropReason::ALL.into_iter().find(|reason| reason.name().eq_ignore_ascii_case(name));
    known.ok_or_else(|| Fault::new("reason", format!("'{}' is not a drop reason", shown(name))))
}

/// How many packets were dropped.
pub(crate) fn drop_count(view: DropCountView) -> wire::DropCount {
    let DropCountView { port, instance, reason, packets } = view;
    wire::DropCount {
        port: port.to_string(),
        routing_instance: instance.map(|name| name.to_string()).unwrap_or_default(),
        reason: reason.name().to_owned(),
        meaning: reason.meaning().to_owned(),
        packets: number(packets),
    }
}

/// The last packets that were dropped.
pub(crate) fn last_drops(view: LastDropsView) -> wire::LastDrops {
    let LastDropsView { packets, missed, next } = view;
    let packet = |DroppedView { time, instance, packet }: DroppedView| wire::DroppedPacket {
        time_ns: number(time.as_nanos()),
        port: packet.port.to_string(),
        routing_instance: instance.map(|name| name.to_string()),
        reason: packet.reason.name().to_owned(),
        length: number(packet.length),
        head: packet.head().to_vec(),
    };
    wire::LastDrops {
        packets: packets.into_iter().map(packet).collect(),
        missed: number(missed),
        positions: next.into_iter().map(number).collect(),
    }
}
