//! What a client sends.

use std::net::Ipv4Addr;

use arrayvec::ArrayVec;

use crate::addr::Mac;
use crate::packet::checksum::pseudo_header;
use crate::packet::{Checksum, Ip, Packet};

use super::options::{self, code, options};
use super::{COOKIE, ETHERNET, FIXED, UDP_HEADER};

const BOOT_REQUEST: u8 = 1;
const BOOT_REPLY: u8 = 2;

/// What a client wants (RFC 2132, 9.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// Looks for a server.
    Discover,
    /// Takes what was offered, or asks whether it may keep what it has.
    Request,
    /// Somebody else has the address.
    Decline,
    /// Does not need the address any more.
    Release,
    /// Has an address and asks for all else.
    Inform,
}

/// A client's message that has passed every check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What it wants.
    pub kind: MessageKind,
    /// The transaction, repeated in the reply.
    pub transaction: [u8; 4],
    /// The flags, repeated in the reply; see [`Request::wants_broadcast`].
    pub flags: [u8; 2],
    /// The address that the client has; unspecified if it has none.
    pub client: Ipv4Addr,
    /// The client's MAC.
    pub mac: Mac,
    /// The address that it would like.
    pub requested: Option<Ipv4Addr>,
    /// The server that it has chosen.
    pub server: Option<Ipv4Addr>,
    /// The longest message that it takes, bytes of the whole IP packet.
    pub largest: Option<u16>,
    /// Its identifier, which the reply repeats (RFC 6842).
    pub identifier: ArrayVec<u8, 255>,
}

/// What is wrong with a client's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DhcpError {
    /// The UDP checksum is wrong.
    #[error("wrong checksum")]
    Checksum,
    /// It is cut short, not about Ethernet, without a known message type, or an option is malformed.
    #[error("malformed message or option")]
    Malformed,
    /// It came by a relay, or claims so.
    #[error("relay fields are set")]
    Relayed,
    /// It is a server's message.
    #[error("a server's message")]
    Server,
}

impl Request {
    /// Reads and checks a client's message.
    ///
    /// # Errors
    /// The first thing found wrong.
    ///
    /// # Panics
    /// If `ip` was not read from this packet, or is a fragment.
    pub fn parse(packet: &Packet, ip: &Ip) -> Result<Self, DhcpError> {
        let message = payload(packet, ip)?;
        let Some((fixed, behind)) = message.split_first_chunk::<FIXED>() else { return Err(DhcpError::Malformed) };
        let area = behind.strip_prefix(&COOKIE).ok_or(DhcpError::Malformed)?;
        match fixed[0] {
            BOOT_REQUEST => {}
            BOOT_REPLY => return Err(DhcpError::Server),
            _ => return Err(DhcpError::Malformed),
        }
        if fixed[1..3] != [ETHERNET, 6] {
            return Err(DhcpError::Malformed);
        }
        if fixed[3] != 0 || fixed[24..28] != [0; 4] {
            return Err(DhcpError::Relayed);
        }
        let mut mac = Mac::ZERO;
        mac.0.copy_from_slice(&fixed[28..34]);
        let mut request = Self {
            kind: MessageKind::Discover,
            transaction: [fixed[4], fixed[5], fixed[6], fixed[7]],
            flags: [fixed[10], fixed[11]],
            client: Ipv4Addr::new(fixed[12], fixed[13], fixed[14], fixed[15]),
            mac,
            requested: None,
            server: None,
            largest: None,
            identifier: ArrayVec::new(),
        };
        let mut seen = Seen::default();
        request.take(area, &mut seen)?;
        // Options may go on where the boot file's and the server's names would stand (RFC 2132, 9.3).
        if seen.overload & 1 != 0 {
            request.take(&fixed[108..], &mut seen)?;
        }
        if seen.overload & 2 != 0 {
            request.take(&fixed[44..108], &mut seen)?;
        }
        request.kind = seen.kind.ok_or(DhcpError::Malformed)?;
        Ok(request)
    }

    /// True if the client cannot take a unicast reply yet (RFC 2131, 4.1).
    #[must_use]
    pub fn wants_broadcast(&self) -> bool {
        self.flags[0] & 0x80 != 0
    }

    fn take(&mut self, area: &[u8], seen: &mut Seen) -> Result<(), DhcpError> {
        for option in options(area) {
            let (code, value) = option.map_err(|options::Malformed| DhcpError::Malformed)?;
            match code {
                code::KIND => set(&mut seen.kind, kind(value)?)?,
                code::OVERLOAD => match value {
                    // Once, and not in the fields that it is about.
                    [overload @ 1..=3] if seen.overload == 0 => seen.overload = *overload,
                    _ => return Err(DhcpError::Malformed),
                },
                code::REQUESTED_ADDRESS => set(&mut self.requested, address(value)?)?,
                code::SERVER => set(&mut self.server, address(value)?)?,
                code::LARGEST => set(&mut self.largest, number(value)?)?,
                code::IDENTIFIER if self.identifier.is_empty() && !value.is_empty() => {
                    self.identifier.try_extend_from_slice(value).map_err(|_| DhcpError::Malformed)?;
                }
                code::IDENTIFIER => return Err(DhcpError::Malformed),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What is read on the way and not kept.
#[derive(Debug, Default)]
struct Seen {
    kind: Option<MessageKind>,
    overload: u8,
}

/// The UDP payload, of the length that UDP gives.
#[allow(clippy::cast_possible_truncation)] // a length inside a frame
fn payload<'a>(packet: &'a Packet, ip: &Ip) -> Result<&'a [u8], DhcpError> {
    let datagram = &packet.frame()[ip.transport..ip.end];
    let Some(header) = datagram.first_chunk::<UDP_HEADER>() else { return Err(DhcpError::Malformed) };
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    if length < UDP_HEADER || packet.offload.segmentation.is_some() {
        return Err(DhcpError::Malformed);
    }
    let datagram = datagram.get(..length).ok_or(DhcpError::Malformed)?;
    // What the sender left open or did not compute cannot be wrong.
    let is_given = packet.offload.checksum == Checksum::None && header[6..8] != [0; 2];
    let pseudo = pseudo_header(ip.source, ip.destination, ip.protocol, length as u32);
    if is_given && pseudo.bytes(datagram).folded() != 0xffff {
        return Err(DhcpError::Checksum);
    }
    Ok(&datagram[UDP_HEADER..])
}

fn kind(value: &[u8]) -> Result<MessageKind, DhcpError> {
    match value {
        [1] => Ok(MessageKind::Discover),
        [3] => Ok(MessageKind::Request),
        [4] => Ok(MessageKind::Decline),
        [7] => Ok(MessageKind::Release),
        [8] => Ok(MessageKind::Inform),
        [2 | 5 | 6] => Err(DhcpError::Server),
        _ => Err(DhcpError::Malformed),
    }
}

fn address(value: &[u8]) -> Result<Ipv4Addr, DhcpError> {
    <[u8; 4]>::try_from(value).map(Ipv4Addr::from).map_err(|_| DhcpError::Malformed)
}

fn number(value: &[u8]) -> Result<u16, DhcpError> {
    <[u8; 2]>::try_from(value).map(u16::from_be_bytes).map_err(|_| DhcpError::Malformed)
}

/// Keeps the value of an option; one that comes twice would be the pieces of one (RFC 3396), and of
/// the wrong length then.
fn set<T>(place: &mut Option<T>, value: T) -> Result<(), DhcpError> {
    if place.is_some() {
        return Err(DhcpError::Malformed);
    }
    *place = Some(value);
    Ok(())
}
