//! Addresses on links.

use std::net::IpAddr;

use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::{
    AddressAttribute, AddressHeaderFlags, AddressMessage, AddressProtocol, AddressScope,
};

use crate::addr::InterfaceAddress;

use super::error::NetlinkError;
use super::route::family_of;
use super::socket::Netlink;

/// An address on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressEntry {
    /// The link's index.
    pub link: u32,
    /// The address and its network.
    pub address: InterfaceAddress,
    /// Who put it there (`IFA_PROTO`); `None` if that was not said, or before kernel 5.18.
    pub protocol: Option<u8>,
}

impl Netlink {
    /// All addresses of all links.
    ///
    /// # Errors
    /// The dump failed.
    pub fn addresses(&mut self) -> Result<Vec<AddressEntry>, NetlinkError> {
        let rows = self.dump(&RouteNetlinkMessage::GetAddress(AddressMessage::default()))?;
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Adds an address, usable at once: without duplicate address detection, as nobody else can have
    /// it on a link of ours.
    ///
    /// # Errors
    /// `EEXIST` if it is there.
    pub fn add_address(&mut self, entry: &AddressEntry) -> Result<(), NetlinkError> {
        self.request(RouteNetlinkMessage::NewAddress(write(entry)), NLM_F_CREATE | NLM_F_EXCL).map(drop)
    }

    /// Takes an address off.
    ///
    /// # Errors
    /// `EADDRNOTAVAIL` if it is not there.
    pub fn delete_address(&mut self, entry: &AddressEntry) -> Result<(), NetlinkError> {
        self.request(RouteNetlinkMessage::DelAddress(write(entry)), 0).map(drop)
    }
}

fn write(entry: &AddressEntry) -> AddressMessage {
    let address = entry.address.address;
    let link_local = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
    let mut message = AddressMessage::default();
    message.header.family = family_of(address);
    message.header.prefix_len = entry.address.length();
    message.header.index = entry.link;
    message.header.flags = AddressHeaderFlags::Nodad;
    message.header.scope = if link_local { AddressScope::Link } else { AddressScope::Universe };
    message.attributes = vec![AddressAttribute::Local(address), AddressAttribute::Address(address)];
    let protocol = entry.protocol.map(|number| AddressAttribute::Protocol(AddressProtocol::from(number)));
    message.attributes.extend(protocol);
    message
}

fn read(message: RouteNetlinkMessage) -> Option<AddressEntry> {
    let RouteNetlinkMessage::NewAddress(message) = message else { return None };
    let (mut local, mut peer, mut protocol) = (None, None, None);
    for attribute in message.attributes {
        match attribute {
            AddressAttribute::Local(address) => local = Some(address),
            AddressAttribute::Address(address) => peer = Some(address),
            AddressAttribute::Protocol(value) => protocol = Some(u8::from(value)),
            _ => {}
        }
    }
    let address = InterfaceAddress::new(local.or(peer)?, message.header.prefix_len).ok()?;
    Some(AddressEntry { link: message.header.index, address, protocol })
}
