//! DHCP between a guest and its first hop (RFC 2131, RFC 2132): requests are read, replies written
//! over them.

mod options;
mod reply;
mod request;
#[cfg(test)]
pub(crate) mod tests;

use super::ip::{Ip, protocol};

pub use reply::{Lease, Reply, write_reply};
pub use request::{DhcpError, MessageKind, Request};

/// The server's UDP port.
pub const SERVER: u16 = 67;
/// The client's UDP port.
pub const CLIENT: u16 = 68;
/// The client's UDP port of DHCPv6 (RFC 8415, 7.2).
const CLIENT_V6: u16 = 546;

const ETHERNET: u8 = 1;
/// Bytes of the part with a fixed place: all but the options.
const FIXED: usize = 236;
/// What begins the options (RFC 2131, 3).
const COOKIE: [u8; 4] = [99, 130, 83, 99];
const UDP_HEADER: usize = 8;

/// Whose part of DHCP a packet plays, by its ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// A DHCP client.
    Client,
    /// A DHCP server or DHCPv6 server: whatever goes to a client's port, since clients do not look
    /// at the port that it comes from.
    Server,
}

/// Whose part of DHCP a packet plays; `None` for all other packets, and for later fragments, which
/// show no ports.
#[must_use]
#[inline]
pub fn speaker(frame: &[u8], ip: &Ip) -> Option<Speaker> {
    if ip.protocol != protocol::UDP || ip.is_later_fragment() {
        return None;
    }
    let [a, b, c, d] = *frame.get(ip.transport..ip.end)?.first_chunk::<4>()?;
    match (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]), ip.source.is_ipv4()) {
        (_, CLIENT, true) | (_, CLIENT_V6, false) => Some(Speaker::Server),
        (CLIENT, SERVER, true) => Some(Speaker::Client),
        _ => None,
    }
}
