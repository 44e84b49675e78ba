//! Links as somebody sees them who looks for a fault.

use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::link::{InfoPortKind, LinkAttribute, LinkFlags, LinkInfo, LinkMessage};

use crate::addr::{InterfaceName, Mac};
use crate::doctor::{Link, Switches};

use super::error::NetlinkError;
use super::socket::Netlink;

impl Netlink {
    /// All links, with their counters. Their switches are in files, and not looked at.
    ///
    /// # Errors
    /// The dump failed.
    pub fn situations(&mut self) -> Result<Vec<(InterfaceName, Link)>, NetlinkError> {
        let rows = self.dump(&RouteNetlinkMessage::GetLink(LinkMessage::default()))?;
        Ok(rows.into_iter().filter_map(read).collect())
    }
}

fn read(message: RouteNetlinkMessage) -> Option<(InterfaceName, Link)> {
    let RouteNetlinkMessage::NewLink(message) = message else { return None };
    let flags = message.header.flags;
    let (mut name, mut mac, mut mtu, mut queue_length) = (None, None, 0, 0);
    let (mut master, mut in_bridge, mut sent, mut dropped) = (None, false, 0, 0);
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(text) => name = InterfaceName::new(&text).ok(),
            LinkAttribute::Address(bytes) => mac = bytes.try_into().ok().map(Mac),
            LinkAttribute::Mtu(value) => mtu = value,
            LinkAttribute::TxQueueLen(value) => queue_length = value,
            LinkAttribute::Controller(index) => master = Some(index),
            LinkAttribute::LinkInfo(info) => in_bridge = info.contains(&LinkInfo::PortKind(InfoPortKind::Bridge)),
            LinkAttribute::Stats64(counters) => (sent, dropped) = (counters.tx_packets, counters.tx_dropped),
            _ => {}
        }
    }
    let link = Link {
        index: message.header.index,
        mac,
        mtu,
        up: flags.contains(LinkFlags::Up),
        carrier: flags.contains(LinkFlags::LowerUp),
        queue_length,
        bridge: master.filter(|_| in_bridge),
        sent,
        dropped,
        switches: Switches::default(),
    };
    Some((name?, link))
}
