//! `vgw trace`: what would become of a packet.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use crate::api::generated::virtual_gateway::{TracePacket, TraceRequest};

use super::args::{Protocol, TraceArguments};
use super::ask::ask;
use super::capture;
use super::failure::Failure;
use super::report::Trace;
use super::wire;

/// Asks the daemon at this socket.
///
/// # Errors
/// The frame cannot be read, or the daemon cannot tell.
pub(super) fn trace(given: &TraceArguments, socket: &Path) -> Result<Trace, Failure> {
    let request = request(given)?;
    ask(socket, |daemon| Ok(wire::trace(daemon.trace(request)?)))
}

fn request(given: &TraceArguments) -> Result<TraceRequest, Failure> {
    let name = |name: &crate::addr::InterfaceName| name.to_string();
    let frame = given.pcap.as_ref().map(|file| frame(file, given.frame.unwrap_or(1))).transpose()?;
    Ok(TraceRequest {
        port: given.port.as_ref().map(name),
        device: given.from_device.as_ref().map(name),
        packet: given.src.zip(given.dst).map(|(source, destination)| packet(given, source, destination)),
        frame,
        both_ways: Some(given.both_ways),
    })
}

fn packet(given: &TraceArguments, source: IpAddr, destination: IpAddr) -> TracePacket {
    TracePacket {
        source: source.to_string(),
        destination: destination.to_string(),
        protocol: match given.proto {
            Protocol::Icmp => None,
            Protocol::Number(number) => Some(number.into()),
        },
        source_port: given.sport.map(i32::from),
        destination_port: given.dport.map(i32::from),
        hop_limit: given.ttl.map(i32::from),
        length: given.length.map(i32::from),
        may_fragment: Some(given.may_fragment),
    }
}

/// The frame of that number in a capture file.
fn frame(file: &Path, number: usize) -> Result<Vec<u8>, Failure> {
    let unusable =
        |reason: String| Failure::Usage { field: "--pcap".to_owned(), reason: format!("{}: {reason}", file.display()) };
    let bytes = fs::read(file).map_err(|error| unusable(error.to_string()))?;
    capture::frame(&bytes, number).map(<[u8]>::to_vec).map_err(|error| unusable(error.to_string()))
}
