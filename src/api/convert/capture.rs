//! Captured packets.

use std::time::Duration;

use crate::api::generated::virtual_gateway as wire;
use crate::clock::Moment;
use crate::engine::{CapturePort, CaptureRequest, CapturedPacket};
use crate::forward::Sight;

use super::Fault;
use super::read::{instance_name, interface_name};
use super::view::number;

/// More bytes than any frame has.
const ALL: i32 = 262_144;

/// Which packets are to be captured.
pub(crate) fn capture_request(request: wire::CaptureRequest) -> Result<CaptureRequest, Fault> {
    let wire::CaptureRequest { port, gateway, routing_instance, drops_only, filter, snap_length } = request;
    let scopes = [&port, &gateway, &routing_instance].into_iter().flatten().count();
    if scopes > 1 {
        return Err(Fault::new("port", "only one of port, gateway and routing_instance can be captured at"));
    }
    let snap_length = snap_length.unwrap_or(ALL);
    if !(1..=ALL).contains(&snap_length) {
        return Err(Fault::new("snap_length", format!("{snap_length} is not in 1..={ALL}")));
    }
    Ok(CaptureRequest {
        port: port.map(|name| interface_name("port", &name)).transpose()?,
        gateway: gateway.map(|name| interface_name("gateway", &name)).transpose()?,
        instance: routing_instance.map(|name| instance_name(&name)).transpose()?,
        drops_only,
        filter: filter.parse().map_err(|error| Fault::new("filter", error))?,
        snap_length: usize::try_from(snap_length).unwrap_or_default(),
    })
}

/// A port that is captured at.
pub(crate) fn capture_port(port: &CapturePort) -> wire::CapturePort {
    let CapturePort { name, instance } = port;
    let routing_instance = instance.as_ref().map(ToString::to_string).unwrap_or_default();
    wire::CapturePort { name: name.to_string(), routing_instance }
}

/// A packet. `epoch` is the wall clock at the origin of moments.
pub(crate) fn captured_packet(packet: CapturedPacket, epoch: Duration) -> wire::CapturedPacket {
    let CapturedPacket { at, port, sight, length, data } = packet;
    let (sight, reason) = match sight {
        Sight::Received(reason) => (wire::Sight::RECEIVED, reason),
        Sight::Sent => (wire::Sight::SENT, None),
        Sight::Dropped(reason) => (wire::Sight::DROPPED, Some(reason)),
    };
    wire::CapturedPacket {
        time_ns: number((epoch + (at - Moment::ORIGIN)).as_nanos()),
        port: port.to_string(),
        sight,
        reason: reason.map(|reason| reason.name().to_owned()),
        meaning: reason.map(|reason| reason.meaning().to_owned()),
        length: number(length),
        data: data.into(),
    }
}
