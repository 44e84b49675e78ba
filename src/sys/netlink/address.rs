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
use super::socket::{Netlink, Request};
use super::united::united;

/// An address on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressEntry {
    /// The link's index.
    pub link: u32,
    /// The address and its network.
    pub address: InterfaceAddress,
    /// Who put it there (`IFA_PROTO`); `None` if that was not said, or before kernel 5.18.
    pub protocol: Option<u8>,
    /// Not in use yet: the kernel still looks whether somebody else has it (RFC 4862, 5.4).
    pub tentative: bool,
}

impl Netlink {
    /// All addresses of all links.
    ///
    /// # Errors
    /// The dump failed.
    pub fn addresses(&mut self) -> Result<Vec<AddressEntry>, NetlinkError> {
        let readings = || self.dump_once(&RouteNetlinkMessage::GetAddress(AddressMessage::default()));
        united("addresses", readings, read, |entry| (entry.link, entry.address))
    }

    /// Asks for IPv6 addresses on links; who put each there, `None` where it is not.
    ///
    /// # Errors
    /// Anything but "no such address".
    pub fn addresses_on(
        &mut self,
        asked: &[(u32, InterfaceAddress)],
    ) -> Vec<Result<Option<AddressEntry>, NetlinkError>> {
        let request = |(link, address): &(u32, InterfaceAddress)| {
            let mut message = AddressMessage::default();
            message.header.family = family_of(address.address);
            message.header.index = *link;
            message.attributes = vec![AddressAttribute::Local(address.address)];
            Request { message: RouteNetlinkMessage::GetAddress(message), flags: 0 }
        };
        let answers = self.ask(asked.iter().map(request).collect()).into_iter().zip(asked);
        let answers = answers.map(|(answer, (link, address))| match answer {
            Ok(rows) => {
                Ok(rows.into_iter().filter_map(read).find(|entry| (entry.link, entry.address) == (*link, *address)))
            }
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(error),
        });
        answers.collect()
    }

    /// Adds an address; as [`Request::add_address`].
    ///
    /// # Errors
    /// As there.
    pub fn add_address(&mut self, entry: &AddressEntry) -> Result<(), NetlinkError> {
        self.one(Request::add_address(entry)).map(drop)
    }
}

impl Request {
    /// Adds an address, usable at once: without duplicate address detection, as nobody else can have
    /// it on a link of ours. `EEXIST` if it is there.
    #[must_use]
    pub fn add_address(entry: &AddressEntry) -> Self {
        Self { message: RouteNetlinkMessage::NewAddress(write(entry)), flags: NLM_F_CREATE | NLM_F_EXCL }
    }

    /// Takes an address off. `EADDRNOTAVAIL` if it is not there.
    #[must_use]
    pub fn delete_address(entry: &AddressEntry) -> Self {
        Self { message: RouteNetlinkMessage::DelAddress(write(entry)), flags: 0 }
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

pub(super) fn read(message: RouteNetlinkMessage) -> Option<AddressEntry> {
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
    let tentative = message.header.flags.contains(AddressHeaderFlags::Tentative);
    Some(AddressEntry { link: message.header.index, address, protocol, tentative })
}
