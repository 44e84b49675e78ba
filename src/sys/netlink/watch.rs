//! Hearing of what changes in the kernel, whoever changes it (the multicast groups of rtnetlink(7)).

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};

use rtnetlink::packet_core::{NetlinkBuffer, NetlinkMessage, NetlinkPayload, NlasIterator};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::sys::Socket;
use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rustix::net::sockopt::set_socket_recv_buffer_size_force;

use crate::addr::{InterfaceAddress, InterfaceName, Mac};

use super::address;
use super::error::NetlinkError;
use super::route::{self, RouteEntry};
use super::rule::{self, RuleEntry};
use super::socket::{DATAGRAM, HEADER};

/// `RTNLGRP_*` (include/uapi/linux/rtnetlink.h): links, and addresses, routes and rules of both families.
const GROUPS: [u32; 7] = [1, 5, 7, 8, 9, 11, 19];

// include/uapi/linux/rtnetlink.h, if_link.h and if.h
const NEW_LINK: u16 = 16;
const DELETED_LINK: u16 = 17;
const DELETED_ADDRESS: u16 = 21;
const DELETED_ROUTE: u16 = 25;
const DELETED_RULE: u16 = 33;
const ADDRESS: u16 = 1;
const NAME: u16 = 3;
const MTU: u16 = 4;
const CONTROLLER: u16 = 10;
const QUEUE_LENGTH: u16 = 13;
const GROUP: u16 = 27;
const UP: u32 = 1;

/// Bytes of notices that may wait, some thousand.
const WAITING: usize = 16 << 20;

/// A socket that is told of every change in the network namespace of the thread that opened it.
pub struct Watch {
    socket: Socket,
    datagram: Vec<u8>,
}

/// Something has changed, or was said again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A link is new or other than before, or gone. When one goes down, the kernel takes its IPv4
    /// routes away, of which it says nothing.
    Link(LinkStep),
    /// An address on a link is in use, or is gone. With the last one of a link the kernel takes IPv4
    /// routes away, of which it says nothing, and it refuses routes whose source is not in use.
    Address {
        /// The link's index.
        link: u32,
        /// The address.
        address: InterfaceAddress,
        /// It is gone.
        gone: bool,
    },
    /// A route is new or other than before, or gone.
    Route {
        /// The route.
        entry: RouteEntry,
        /// It is gone.
        gone: bool,
    },
    /// A rule is new, or gone.
    Rule {
        /// The rule.
        entry: RuleEntry,
        /// It is gone.
        gone: bool,
    },
}

/// What a link was at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkStep {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: InterfaceName,
    /// Its MAC address; zero for links that have none.
    pub mac: Mac,
    /// Largest packet, bytes.
    pub mtu: u32,
    /// Its device group.
    pub group: u32,
    /// Length of its transmit queue, packets.
    pub queue_length: u32,
    /// The index of the bridge, bond, VRF or the like that it belongs to.
    pub controller: Option<u32>,
    /// Administratively up.
    pub up: bool,
    /// It is gone.
    pub gone: bool,
}

impl Watch {
    /// Begins to listen.
    ///
    /// # Errors
    /// No descriptor or no memory left.
    pub fn open() -> Result<Self, NetlinkError> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.set_non_blocking(true)?;
        GROUPS.iter().try_for_each(|group| socket.add_membership(*group))?;
        if let Err(error) = set_socket_recv_buffer_size_force(&socket, WAITING) {
            tracing::debug!(%error, "netlink notices have little room");
        }
        Ok(Self { socket, datagram: Vec::with_capacity(DATAGRAM) })
    }

    /// What has been told since the last call, without what was done by the socket of this port;
    /// `None` if some of it was lost.
    pub fn heard(&mut self, own_port: u32) -> Option<Vec<Notice>> {
        let (mut notices, mut lost) = (Vec::new(), false);
        loop {
            self.datagram.clear();
            match self.socket.recv(&mut self.datagram, 0) {
                Ok(_) => notices.extend(read(&self.datagram, own_port)),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                // Said once for whatever did not fit; what came later is still there.
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => lost = true,
                Err(error) => {
                    tracing::warn!(%error, "cannot hear what changes in the kernel");
                    return None;
                }
            }
        }
        (!lost).then_some(notices)
    }
}

impl AsFd for Watch {
    /// Readable when there is something to hear.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// Each datagram holds one message.
pub(super) fn read(datagram: &[u8], own_port: u32) -> Option<Notice> {
    let header = NetlinkBuffer::new_checked(datagram).ok()?;
    if header.port_number() == own_port {
        return None;
    }
    let gone = matches!(header.message_type(), DELETED_LINK | DELETED_ADDRESS | DELETED_ROUTE | DELETED_RULE);
    if matches!(header.message_type(), NEW_LINK | DELETED_LINK) {
        return read_link(datagram.get(HEADER..)?, gone).map(Notice::Link);
    }
    let NetlinkPayload::InnerMessage(message) = NetlinkMessage::deserialize(datagram).ok()?.payload else {
        return None;
    };
    match message {
        RouteNetlinkMessage::NewAddress(message) | RouteNetlinkMessage::DelAddress(message) => {
            let entry = address::read(RouteNetlinkMessage::NewAddress(message))?;
            let is_told = gone || !entry.tentative;
            is_told.then_some(Notice::Address { link: entry.link, address: entry.address, gone })
        }
        RouteNetlinkMessage::NewRoute(message) | RouteNetlinkMessage::DelRoute(message) => {
            let entry = route::read(RouteNetlinkMessage::NewRoute(message))?;
            Some(Notice::Route { entry, gone })
        }
        RouteNetlinkMessage::NewRule(message) | RouteNetlinkMessage::DelRule(message) => {
            let entry = rule::read(RouteNetlinkMessage::NewRule(message))?;
            Some(Notice::Rule { entry, gone })
        }
        _ => None,
    }
}

/// Reads of a link what is of use, by hand: links tell of every step, with all that can be said of
/// them (`struct ifinfomsg` and its attributes, include/uapi/linux/rtnetlink.h).
fn read_link(body: &[u8], gone: bool) -> Option<LinkStep> {
    let number = |value: &[u8]| value.try_into().map_or(0, u32::from_ne_bytes);
    let word = |at: usize| Some(u32::from_ne_bytes(body.get(at..at + 4)?.try_into().ok()?));
    // Bridges speak of their ports in the same words, and say so in the first byte.
    if *body.first()? != 0 {
        return None;
    }
    let (index, flags) = (word(4)?, word(8)?);
    let (mut name, mut mac, mut mtu, mut group) = (None, Mac::ZERO, 0, 0);
    let (mut queue_length, mut controller) = (0, None);
    for attribute in NlasIterator::new(body.get(16..)?).flatten() {
        let value = attribute.value();
        match attribute.kind() {
            ADDRESS => mac = value.try_into().map_or(Mac::ZERO, Mac),
            NAME => {
                let text = std::str::from_utf8(value).ok()?;
                name = InterfaceName::new(text.trim_end_matches('\0')).ok();
            }
            MTU => mtu = number(value),
            GROUP => group = number(value),
            QUEUE_LENGTH => queue_length = number(value),
            CONTROLLER => controller = Some(number(value)).filter(|index| *index != 0),
            _ => {}
        }
    }
    Some(LinkStep { index, name: name?, mac, mtu, group, queue_length, controller, up: flags & UP != 0, gone })
}

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use std::thread::Builder;

    use rustix::net::sockopt::set_socket_recv_buffer_size;
    use rustix::thread::{UnshareFlags, unshare_unsafe};

    use crate::sys::netlink::{LinkChange, Netlink};

    use super::*;

    #[test]
    fn what_is_lost_is_told_once_and_what_came_later_is_heard() {
        let told = Builder::new().name("lab".into()).spawn(|| {
            // SAFETY: only the network namespace of this new thread changes; no memory is unshared.
            unsafe { unshare_unsafe(UnshareFlags::NEWNET) }.expect("a network namespace needs root");
            let (mut watch, mut netlink) = (Watch::open().unwrap(), Netlink::open().unwrap());
            let lo = netlink.index(InterfaceName::new("lo").unwrap()).unwrap();
            let mut flap = |times: u32| {
                for mtu in 0..times {
                    let change = LinkChange { mtu: Some(1000 + mtu), ..LinkChange::default() };
                    netlink.change_link(lo, &change).unwrap();
                }
            };
            flap(3);
            let other = u32::MAX;
            let before = watch.heard(other);
            set_socket_recv_buffer_size(&watch.socket, 1).unwrap();
            flap(100);
            let lost = watch.heard(other);
            let at_rest = (watch.heard(other), set_socket_recv_buffer_size(&watch.socket, 1 << 20));
            flap(2);
            (before, lost, at_rest.0, watch.heard(other))
        });
        let (before, lost, at_rest, after) = told.unwrap().join().unwrap();
        assert!(before.unwrap().len() >= 3);
        assert_eq!((lost, at_rest), (None, Some(vec![])));
        assert!(after.unwrap().len() >= 2);
    }

    #[test]
    fn a_link_is_told_with_all_that_can_be_set_of_ours() {
        let mut body = vec![0; 16];
        body[4] = 7;
        body[8] = 1;
        body.extend([8, 0, 13, 0, 1, 2, 3, 4]);
        body.extend([9, 0, 3, 0, b'v', b'g', b'w', b'1', 0, 0, 0, 0]);
        body.extend([10, 0, 1, 0, 2, 0, 0, 0, 0, 9, 0, 0]);
        body.extend([8, 0, 4, 0]);
        body.extend(1400u32.to_ne_bytes());
        body.extend([8, 0, 27, 0]);
        body.extend(20_100u32.to_ne_bytes());
        body.extend([8, 0, 10, 0, 5, 0, 0, 0]);
        let name = InterfaceName::new("vgw1").unwrap();
        let mac = Mac([2, 0, 0, 0, 0, 9]);
        let queue_length = u32::from_ne_bytes([1, 2, 3, 4]);
        let controller = Some(5);
        let step =
            LinkStep { index: 7, name, mac, mtu: 1400, group: 20_100, queue_length, controller, up: true, gone: false };
        assert_eq!(read_link(&body, false), Some(step));
        assert_eq!(read_link(&body[..20], false), None);
        body[0] = 7;
        assert_eq!(read_link(&body, false), None, "a bridge's port");
    }
}
