//! Neighbours: who has an address on a link.

use std::net::IpAddr;

use rtnetlink::packet_core::NLM_F_CREATE;
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState,
};

use super::error::NetlinkError;
use super::route::family_of;
use super::socket::{Netlink, Request};

/// What the kernel knows of a neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Neighbour {
    /// It has answered, or needs no asking.
    Known,
    /// It is being asked.
    Asked,
    /// It has not answered.
    Silent,
}

impl Netlink {
    /// What is known of the neighbours of all links.
    ///
    /// # Errors
    /// The dump failed.
    pub fn neighbours(&mut self) -> Result<Vec<(u32, IpAddr, Neighbour)>, NetlinkError> {
        let rows = self.dump(&RouteNetlinkMessage::GetNeighbour(NeighbourMessage::default()))?;
        Ok(rows.into_iter().filter_map(read).collect())
    }
}

impl Request {
    /// Has the kernel find out who has an address, as if it had a packet for it (`NTF_USE`). A permanent
    /// entry is permanent no more after it (`__neigh_update` in net/core/neighbour.c).
    #[must_use]
    pub fn seek_neighbour(link: u32, address: IpAddr) -> Self {
        let mut message = NeighbourMessage::default();
        message.header.family = family_of(address);
        message.header.ifindex = link;
        message.header.flags = NeighbourFlags::Use;
        let address = match address {
            IpAddr::V4(v4) => NeighbourAddress::Inet(v4),
            IpAddr::V6(v6) => NeighbourAddress::Inet6(v6),
        };
        message.attributes = vec![NeighbourAttribute::Destination(address)];
        Self { message: RouteNetlinkMessage::NewNeighbour(message), flags: NLM_F_CREATE }
    }
}

pub(super) fn read(message: RouteNetlinkMessage) -> Option<(u32, IpAddr, Neighbour)> {
    let RouteNetlinkMessage::NewNeighbour(message) = message else { return None };
    let address = message.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::Destination(NeighbourAddress::Inet(v4)) => Some(IpAddr::V4(*v4)),
        NeighbourAttribute::Destination(NeighbourAddress::Inet6(v6)) => Some(IpAddr::V6(*v6)),
        _ => None,
    })?;
    let state = match message.header.state {
        NeighbourState::Failed => Neighbour::Silent,
        NeighbourState::Incomplete | NeighbourState::None | NeighbourState::Other(_) => Neighbour::Asked,
        _ => Neighbour::Known,
    };
    Some((message.header.ifindex, address, state))
}
