//! A route, as the kernel shows it and takes it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::addr::Prefix;

use super::address::ip;
use super::message::{INET, INET6, Line, Message};
use super::step::Place;

/// `struct rtmsg` (include/uapi/linux/rtnetlink.h).
const HEAD: usize = 12;
const DESTINATION_LENGTH: usize = 1;
const SOURCE_LENGTH: usize = 2;
const TOS: usize = 3;
const TABLE_BYTE: usize = 4;
const PROTOCOL: usize = 5;
const SCOPE: usize = 6;
const KIND: usize = 7;
const FLAGS: usize = 8;
const DESTINATION: u16 = 1;
const SOURCE: u16 = 2;
const DEVICE: u16 = 4;
const GATEWAY: u16 = 5;
const PRIORITY: u16 = 6;
const PREFERRED_SOURCE: u16 = 7;
const MULTIPATH: u16 = 9;
const CACHE_INFO: u16 = 12;
const TABLE: u16 = 15;
const VIA: u16 = 18;
const EXPIRES: u16 = 23;
const NEXT_HOP_OBJECT: u16 = 30;

/// `struct rtnexthop`: length, flags, weight, index; attributes follow.
const HOP: usize = 8;
const HOP_FLAGS: usize = 2;
const HOP_INDEX: usize = 4;

const CLONED: u32 = 0x200;
/// `RTNH_F_PERVASIVE` and `RTNH_F_ONLINK`, which can be set; the others tell how a hop stands.
const SETTABLE: u32 = 0x02 | 0x04;

const LOCAL_TABLE: u32 = 255;
const MAIN_TABLE: u32 = 254;
const BY_KERNEL: u8 = 2;
const UNICAST: u8 = 1;

/// Ticks in a second, as the kernel tells of time to programs (`USER_HZ`).
const TICKS: u32 = 100;

/// A route of any table with everything that belongs to it: metrics, source, hops, lifetime, who put
/// it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Line", try_from = "Line")]
pub struct Route(Message);

/// What tells groups of routes apart that may replace one another: family, table, destination, source,
/// type of service, metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    family: u8,
    table: u32,
    destination: (u8, Vec<u8>),
    source: (u8, Vec<u8>),
    tos: u8,
    metric: u32,
}

impl Route {
    /// Reads the body of an `RTM_NEWROUTE`; `None` if it is no IP route, or one that the kernel makes
    /// by itself with an address.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let message = Message(body.to_vec());
        if body.len() < HEAD || ![INET, INET6].contains(&message.byte(0)) || message.word(FLAGS) & CLONED != 0 {
            return None;
        }
        // The kernel shows the time that is left in one form, and takes it in another.
        let expires = message.attribute(HEAD, CACHE_INFO).and_then(|value| value.get(8..12));
        let expires = expires.and_then(|ticks| ticks.try_into().ok()).map_or(0, i32::from_ne_bytes);
        let mut message = message.without(HEAD, &[CACHE_INFO]);
        if let Ok(ticks) = u32::try_from(expires)
            && ticks > 0
        {
            message = message.with(EXPIRES, &ticks.div_ceil(TICKS).to_ne_bytes());
        }
        message.set_word(FLAGS, message.word(FLAGS) & SETTABLE);
        let mut route = Self(message.sorted(HEAD));
        for hop in route.hop_places() {
            route.0.0[hop + HOP_FLAGS] &= SETTABLE.to_ne_bytes()[0];
        }
        let is_the_kernels =
            route.table() == LOCAL_TABLE && route.0.byte(PROTOCOL) == BY_KERNEL && route.0.byte(KIND) != UNICAST;
        (!is_the_kernels).then_some(route)
    }

    /// The message's body, with which the kernel makes it again.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.0
    }

    /// True for IPv6.
    #[must_use]
    pub fn is_v6(&self) -> bool {
        self.0.byte(0) == INET6
    }

    /// Its routing table.
    #[must_use]
    pub fn table(&self) -> u32 {
        self.0.number(HEAD, TABLE).unwrap_or_else(|| self.0.byte(TABLE_BYTE).into())
    }

    /// Who put it there (`rtm_protocol`).
    #[must_use]
    pub fn protocol(&self) -> u8 {
        self.0.byte(PROTOCOL)
    }

    /// True if the kernel put it there, as it does with an address.
    #[must_use]
    pub fn is_by_kernel(&self) -> bool {
        self.protocol() == BY_KERNEL
    }

    /// The number of the next hop object that it leads to, if it does.
    #[must_use]
    pub fn next_hop_object(&self) -> Option<u32> {
        self.0.number(HEAD, NEXT_HOP_OBJECT)
    }

    /// The address that packets by it get.
    #[must_use]
    pub fn preferred_source(&self) -> Option<IpAddr> {
        self.0.attribute(HEAD, PREFERRED_SOURCE).and_then(ip)
    }

    /// Seconds after which it goes from when it was read; `None` is never.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        self.0.number(HEAD, EXPIRES)
    }

    /// True if any of its hops leaves by that device.
    #[must_use]
    pub fn uses(&self, index: u32) -> bool {
        self.devices().any(|device| device == index)
    }

    /// True if all of it is on the link: there is no router that another route has to lead to.
    #[must_use]
    pub fn is_on_link(&self) -> bool {
        !self.has_gateway()
    }

    /// True for table main.
    #[must_use]
    pub fn is_in_main(&self) -> bool {
        self.table() == MAIN_TABLE
    }

    /// Where it leads to.
    #[must_use]
    pub fn destination(&self) -> Option<Prefix> {
        let address = match self.0.attribute(HEAD, DESTINATION) {
            Some(bytes) => ip(bytes)?,
            None if self.is_v6() => Ipv6Addr::UNSPECIFIED.into(),
            None => Ipv4Addr::UNSPECIFIED.into(),
        };
        Prefix::new(address, self.0.byte(DESTINATION_LENGTH)).ok()
    }

    /// The routers by a device that it leads to.
    #[must_use]
    pub fn routers(&self, index: u32) -> Vec<IpAddr> {
        let single = self.0.attribute(HEAD, GATEWAY).filter(|_| self.0.number(HEAD, DEVICE) == Some(index));
        let hops = self.hop_places().into_iter().filter(|hop| self.0.word(hop + HOP_INDEX) == index);
        let hops = hops.filter_map(|hop| self.hop_attribute(hop, GATEWAY));
        single.into_iter().chain(hops).filter_map(ip).collect()
    }

    /// Greater is nearer: a router must be in reach by a route that is nearer than the one it is for
    /// (`rtm_scope`).
    #[must_use]
    pub fn scope(&self) -> u8 {
        self.0.byte(SCOPE)
    }

    /// The same with each hop by one device leading by another.
    #[must_use]
    pub fn moved(&self, from: &Place, to: &Place) -> Self {
        let mut moved = self.clone();
        let places = self.0.place(HEAD, DEVICE).map(|place| place.start).into_iter();
        for at in places.chain(self.hop_places().into_iter().map(|hop| hop + HOP_INDEX)) {
            if moved.0.word(at) == from.index {
                moved.0.set_word(at, to.index);
            }
        }
        moved
    }

    /// The same so many seconds later; `None` if it has run out.
    #[must_use]
    pub fn aged(&self, seconds: u32) -> Option<Self> {
        let mut aged = self.clone();
        let Some(place) = aged.0.place(HEAD, EXPIRES) else { return Some(aged) };
        let left = aged.0.word(place.start).saturating_sub(seconds);
        aged.0.set_word(place.start, left);
        (left != 0).then_some(aged)
    }

    /// True if both are the same but for the time that is left.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let timeless = |route: &Self| route.0.without(HEAD, &[EXPIRES]);
        timeless(self) == timeless(other)
    }

    pub(super) fn key(&self) -> Key {
        let bytes = |kind| self.0.attribute(HEAD, kind).unwrap_or_default().to_vec();
        Key {
            family: self.0.byte(0),
            table: self.table(),
            destination: (self.0.byte(DESTINATION_LENGTH), bytes(DESTINATION)),
            source: (self.0.byte(SOURCE_LENGTH), bytes(SOURCE)),
            tos: self.0.byte(TOS),
            metric: self.0.number(HEAD, PRIORITY).unwrap_or_default(),
        }
    }

    /// True if the kernel puts it in the place of the one with its key, and of no other. IPv6 keeps
    /// routes on the link side by side, one for each device.
    pub(super) fn is_replaceable(&self) -> bool {
        !self.is_v6() || self.has_gateway()
    }

    /// True if this one has several hops and one of them is by a device of the other's.
    pub(super) fn shares_a_hop(&self, other: &Self) -> bool {
        !self.hop_places().is_empty() && self.devices().any(|device| other.uses(device))
    }

    fn has_gateway(&self) -> bool {
        let single = [GATEWAY, VIA].iter().any(|kind| self.0.attribute(HEAD, *kind).is_some());
        let in_hop = |hop: usize| [GATEWAY, VIA].iter().any(|kind| self.hop_attribute(hop, *kind).is_some());
        single || self.hop_places().into_iter().any(in_hop)
    }

    /// An attribute of the hop that begins there.
    fn hop_attribute(&self, hop: usize, kind: u16) -> Option<&[u8]> {
        let end = hop + usize::from(u16::from_ne_bytes([self.0.byte(hop), self.0.byte(hop + 1)]));
        let bytes = self.0.0.get(..end)?;
        let (_, place) = super::message::attributes(bytes, hop + HOP).find(|(found, _)| *found == kind)?;
        Some(&bytes[place])
    }

    fn devices(&self) -> impl Iterator<Item = u32> {
        let hops = self.hop_places().into_iter().map(|hop| self.0.word(hop + HOP_INDEX));
        self.0.number(HEAD, DEVICE).into_iter().chain(hops)
    }

    /// Where each hop of several begins.
    fn hop_places(&self) -> Vec<usize> {
        let Some(place) = self.0.place(HEAD, MULTIPATH) else { return Vec::new() };
        let (mut at, mut places) = (place.start, Vec::new());
        while at + HOP <= place.end {
            places.push(at);
            let length = usize::from(u16::from_ne_bytes([self.0.byte(at), self.0.byte(at + 1)]));
            if length < HOP {
                break;
            }
            at += length.next_multiple_of(4);
        }
        places
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.attribute(HEAD, DESTINATION).and_then(ip) {
            Some(ip) => write!(f, "{ip}/{}", self.0.byte(DESTINATION_LENGTH))?,
            None => f.write_str("default")?,
        }
        if let Some(ip) = self.0.attribute(HEAD, SOURCE).and_then(ip) {
            write!(f, " from {ip}/{}", self.0.byte(SOURCE_LENGTH))?;
        }
        if let Some(gateway) = self.0.attribute(HEAD, GATEWAY).and_then(ip) {
            write!(f, " via {gateway}")?;
        }
        let hops = self.hop_places().len();
        if hops > 0 {
            write!(f, " by {hops} hops")?;
        }
        if let Some(metric) = self.0.number(HEAD, PRIORITY) {
            write!(f, " metric {metric}")?;
        }
        if let Some(source) = self.preferred_source() {
            write!(f, " src {source}")?;
        }
        match self.table() {
            MAIN_TABLE => Ok(()),
            table => write!(f, " table {table}"),
        }
    }
}

impl From<Route> for Line {
    fn from(route: Route) -> Self {
        Self { text: route.to_string(), message: route.0 }
    }
}

impl TryFrom<Line> for Route {
    type Error = String;

    fn try_from(line: Line) -> Result<Self, String> {
        line.as_one(Self::read)
    }
}
