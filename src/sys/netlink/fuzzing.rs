//! What is made of the kernel's messages, for fuzz targets: without a socket.

use std::net::{IpAddr, SocketAddr};

use rtnetlink::packet_core::{NetlinkHeader, NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::RouteNetlinkMessage;

use crate::addr::Family;
use crate::host::{ForeignRule, WayRule};

use super::address::{self, AddressEntry};
use super::error::NetlinkError;
use super::link::{self, Link};
use super::neighbour::{self, Neighbour};
use super::route::{self, RouteEntry};
use super::rule::{self, RuleEntry};
use super::socket::{Request, answers};
use super::watch::Notice;
use super::{diag, foreign, watch, way};

/// The rows of answers, read in each way that there is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rows {
    /// Links.
    pub links: Vec<Link>,
    /// Addresses.
    pub addresses: Vec<AddressEntry>,
    /// Routes.
    pub routes: Vec<RouteEntry>,
    /// Rules as ours may be.
    pub rules: Vec<RuleEntry>,
    /// Rules as others' may be.
    pub foreign: Vec<ForeignRule>,
    /// Rules that may lead a packet.
    pub ways: Vec<WayRule>,
    /// Neighbours.
    pub neighbours: Vec<(u32, IpAddr, Neighbour)>,
}

/// Reads a datagram as the answers to four requests, of which each may have failed.
pub fn rows(datagram: &[u8]) -> [Result<Rows, NetlinkError>; 4] {
    answers(datagram).map(|answer| answer.map(|rows| read(&rows)))
}

fn read(messages: &[RouteNetlinkMessage]) -> Rows {
    let all = || messages.iter().cloned();
    Rows {
        links: all().filter_map(link::read).collect(),
        addresses: all().filter_map(address::read).collect(),
        routes: all().filter_map(route::read).collect(),
        rules: all().filter_map(rule::read).collect(),
        foreign: all().filter_map(|row| foreign::read(row, Family::V4)).collect(),
        ways: all().filter_map(way::read).collect(),
        neighbours: all().filter_map(neighbour::read).collect(),
    }
}

/// Reads a datagram as a notice.
pub fn notice(datagram: &[u8], own_port: u32) -> Option<Notice> {
    watch::read(datagram, own_port)
}

/// Reads a datagram as the answer about a connection.
pub fn user(datagram: &[u8], own: SocketAddr, other: SocketAddr) -> Option<u32> {
    diag::read(datagram, own, other).ok().flatten()
}

/// A row as it is written by a request and read again.
pub fn rewritten(request: Request) -> Rows {
    let payload = NetlinkPayload::from(request.message);
    let mut message = NetlinkMessage::new(NetlinkHeader::default(), payload);
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    match NetlinkMessage::deserialize(&bytes).map(|message| message.payload) {
        Ok(NetlinkPayload::InnerMessage(row)) => read(&[row]),
        _ => Rows::default(),
    }
}
