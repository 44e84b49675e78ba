//! An address of a device, as the kernel shows it and takes it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::message::{INET, INET6, Line, Message};
use super::step::Place;

/// `struct ifaddrmsg` (include/uapi/linux/if_addr.h).
const HEAD: usize = 8;
const LENGTH: usize = 1;
const FLAGS_BYTE: usize = 2;
const INDEX: usize = 4;
const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
const LABEL: u16 = 3;
const CACHE_INFO: u16 = 6;
const FLAGS: u16 = 8;

const NODAD: u32 = 0x02;
const TEMPORARY: u32 = 0x01;
const NO_PREFIX_ROUTE: u32 = 0x200;
/// The flags that can be set; the others tell how the address stands.
const SETTABLE: u32 = NODAD | 0x04 | 0x10 | 0x100 | NO_PREFIX_ROUTE | 0x400;

/// An address with everything that belongs to it: network, peer, broadcast, label, scope, flags,
/// lifetimes, who put it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Line", try_from = "Line")]
pub struct Address(Message);

impl Address {
    /// Reads the body of an `RTM_NEWADDR`; `None` if it is no IP address.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let message = Message(body.to_vec());
        if body.len() < HEAD || ![INET, INET6].contains(&message.byte(0)) {
            return None;
        }
        let flags = message.number(HEAD, FLAGS).unwrap_or_else(|| message.byte(FLAGS_BYTE).into());
        let mut address = Self(message.without(HEAD, &[FLAGS]));
        // When it was made and last changed is not to be set.
        if let Some(place) = address.0.place(HEAD, CACHE_INFO) {
            address.0.set_word(place.start + 8, 0);
            address.0.set_word(place.start + 12, 0);
        }
        address.ip()?;
        Some(address.with_flags(flags & (SETTABLE | TEMPORARY)))
    }

    /// The message's body, with which the kernel makes it again.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.0
    }

    /// The index of its device.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.0.word(INDEX)
    }

    /// The address itself.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        let value = self.0.attribute(HEAD, LOCAL).or_else(|| self.0.attribute(HEAD, ADDRESS))?;
        ip(value)
    }

    /// Length of its network's prefix, bits.
    #[must_use]
    pub fn length(&self) -> u8 {
        self.0.byte(LENGTH)
    }

    /// True for IPv6.
    #[must_use]
    pub fn is_v6(&self) -> bool {
        self.0.byte(0) == INET6
    }

    /// True for one that the kernel makes and renews for privacy (RFC 8981).
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.is_v6() && self.flags() & TEMPORARY != 0
    }

    /// Seconds that it is valid from when it was read; `None` is for ever.
    #[must_use]
    pub fn valid(&self) -> Option<u32> {
        let place = self.0.place(HEAD, CACHE_INFO)?;
        Some(self.0.word(place.start + 4)).filter(|seconds| *seconds != u32::MAX)
    }

    /// What tells addresses of a device apart: family, address, length and peer.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let key = |address: &Self| {
            let peer = address.0.attribute(HEAD, ADDRESS).map(<[u8]>::to_vec);
            (address.ip(), address.length(), peer)
        };
        key(self) == key(other)
    }

    /// The same on another device. Its label, which begins with the device's name, follows.
    #[must_use]
    pub fn moved(&self, from: &Place, to: &Place) -> Self {
        let mut moved = self.clone();
        moved.0.set_word(INDEX, to.index);
        let Some(label) = self.0.attribute(HEAD, LABEL) else { return moved };
        let label = String::from_utf8_lossy(label);
        let Some(rest) = label.trim_end_matches('\0').strip_prefix(from.name.as_str()) else { return moved };
        if rest.is_empty() || rest.starts_with(':') {
            // IFNAMSIZ - 1 bytes are kept; the device's name alone always fits.
            let label = format!("{}{rest}", to.name);
            let label = if label.len() < 16 { label } else { to.name.to_string() };
            moved.0 = moved.0.without(HEAD, &[LABEL]).with(LABEL, &[label.as_bytes(), &[0]].concat()).sorted(HEAD);
        }
        moved
    }

    /// The same so many seconds later; `None` if it has run out.
    #[must_use]
    pub fn aged(&self, seconds: u32) -> Option<Self> {
        let mut aged = self.clone();
        let Some(place) = aged.0.place(HEAD, CACHE_INFO) else { return Some(aged) };
        for at in [place.start, place.start + 4] {
            let left = aged.0.word(at);
            if left != u32::MAX {
                aged.0.set_word(at, left.saturating_sub(seconds));
            }
        }
        (aged.0.word(place.start + 4) != 0).then_some(aged)
    }

    /// The same as it is put on a device while routes are moved: usable at once, and bringing none of
    /// its own.
    #[must_use]
    pub fn quiet(&self) -> Self {
        let nodad = if self.is_v6() { NODAD } else { 0 };
        self.with_flags(self.flags() & !TEMPORARY | nodad | NO_PREFIX_ROUTE)
    }

    /// The same with what [`Address::quiet`] sets as `other` has it.
    #[must_use]
    pub fn as_loud_as(&self, other: &Self) -> Self {
        let ours = NODAD | NO_PREFIX_ROUTE;
        self.with_flags(self.flags() & !ours | other.flags() & ours)
    }

    /// True if both have the same flags.
    #[must_use]
    pub fn has_flags_of(&self, other: &Self) -> bool {
        (self.flags() ^ other.flags()) & SETTABLE == 0
    }

    /// True if both are the same but for the time that is left.
    pub(super) fn is_unaltered(&self, other: &Self) -> bool {
        let timeless = |address: &Self| address.0.without(HEAD, &[CACHE_INFO]);
        self.valid().is_some() == other.valid().is_some() && timeless(self) == timeless(other)
    }

    fn flags(&self) -> u32 {
        self.0.number(HEAD, FLAGS).unwrap_or_default()
    }

    fn with_flags(&self, flags: u32) -> Self {
        let mut message = self.0.without(HEAD, &[FLAGS]).with(FLAGS, &flags.to_ne_bytes()).sorted(HEAD);
        if let Some(byte) = message.0.get_mut(FLAGS_BYTE) {
            *byte = flags.to_ne_bytes()[0];
        }
        Self(message)
    }
}

/// Reads an address's bytes.
pub(super) fn ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(bytes).into());
    }
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip() {
            Some(ip) => write!(f, "{ip}/{}", self.length()),
            None => f.write_str("an address"),
        }
    }
}

impl From<Address> for Line {
    fn from(address: Address) -> Self {
        Self { text: address.to_string(), message: address.0 }
    }
}

impl TryFrom<Line> for Address {
    type Error = String;

    fn try_from(line: Line) -> Result<Self, String> {
        line.as_one(Self::read)
    }
}
