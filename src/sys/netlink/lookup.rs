//! Where the kernel would send a packet.

use std::net::IpAddr;

use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::route::{RouteAttribute, RouteFlags, RouteMessage};

use crate::addr::Family;

use super::error::NetlinkError;
use super::route::{RouteKind, address_family, read};
use super::socket::{Netlink, Request};

/// Where a packet would go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The device's index.
    pub link: u32,
    /// The router.
    pub via: Option<IpAddr>,
    /// The table whose route it is.
    pub table: u32,
}

impl Netlink {
    /// Asks what the kernel would do with a packet that comes in by a link: rules, tables, and for IPv4 the
    /// forwarding switch and the reverse path too (`inet_rtm_getroute`). No packet is sent.
    ///
    /// # Errors
    /// `EXDEV` if the reverse path is another one, `ENETUNREACH` or `EHOSTUNREACH` without a way.
    pub fn look_up(&mut self, source: IpAddr, destination: IpAddr, input: u32) -> Result<Found, NetlinkError> {
        let family = Family::of(source);
        let mut message = RouteMessage::default();
        message.header.address_family = address_family(family);
        message.header.source_prefix_length = family.bits();
        message.header.destination_prefix_length = family.bits();
        if family == Family::V4 {
            // IPv6 always tells the table, and refuses to be asked for it.
            message.header.flags = RouteFlags::LookupTable;
        }
        message.attributes = vec![
            RouteAttribute::Destination(destination.into()),
            RouteAttribute::Source(source.into()),
            RouteAttribute::Iif(input),
        ];
        let rows = self.one(Request { message: RouteNetlinkMessage::GetRoute(message), flags: 0 })?;
        let entry = rows.into_iter().find_map(read).filter(|entry| entry.kind == RouteKind::Unicast);
        let entry = entry.ok_or_else(|| NetlinkError::new(libc::ENETUNREACH))?;
        let hop = entry.hops.first().ok_or_else(|| NetlinkError::new(libc::ENETUNREACH))?;
        Ok(Found { link: hop.link, via: hop.via, table: entry.key.table })
    }
}
