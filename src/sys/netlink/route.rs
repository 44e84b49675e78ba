//! Routes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use rtnetlink::packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteNextHop, RouteScope, RouteType, RouteVia,
};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::addr::{Family, Prefix, Weight};
use crate::host::RouteKey;

use super::error::NetlinkError;
use super::socket::{Netlink, Request};

/// A route as the kernel has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteEntry {
    /// Table, destination and metric.
    pub key: RouteKey,
    /// Who made it (`rtm_protocol`).
    pub protocol: u8,
    /// What becomes of the packets.
    pub kind: RouteKind,
    /// The ways out.
    pub hops: Vec<Hop>,
    /// Preferred source address.
    pub source: Option<IpAddr>,
    /// True if it says more than the fields above can: a type of service, a next-hop object, an
    /// encapsulation. Not a route of ours then.
    pub special: bool,
}

/// What becomes of the packets of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteKind {
    /// They are sent on.
    Unicast,
    /// They are answered with "unreachable".
    Unreachable,
    /// They are dropped, refused or looked up elsewhere.
    Stop,
    /// They are the host's own, or go to many: the kernel's local and multicast routes.
    Local,
}

/// One way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// The device's index.
    pub link: u32,
    /// The router.
    pub via: Option<IpAddr>,
    /// Its share of the flows; 1 if there is no other way.
    pub weight: Weight,
}

impl Netlink {
    /// All routes of all tables of a family.
    ///
    /// # Errors
    /// The dump failed.
    pub fn routes(&mut self, family: Family) -> Result<Vec<RouteEntry>, NetlinkError> {
        let mut message = RouteMessage::default();
        message.header.address_family = address_family(family);
        let rows = self.dump(&RouteNetlinkMessage::GetRoute(message))?;
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// All routes of one table of a family; none if there is no such table.
    ///
    /// # Errors
    /// The dump failed.
    pub fn routes_in(&mut self, family: Family, table: u32) -> Result<Vec<RouteEntry>, NetlinkError> {
        let mut message = RouteMessage::default();
        message.header.address_family = address_family(family);
        message.attributes.push(RouteAttribute::Table(table));
        match self.dump(&RouteNetlinkMessage::GetRoute(message)) {
            Ok(rows) => Ok(rows.into_iter().filter_map(read).filter(|entry| entry.key.table == table).collect()),
            Err(error) if error.errno == libc::ENOENT => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Adds a route; as [`Request::add_route`].
    ///
    /// # Errors
    /// As there.
    pub fn add_route(&mut self, entry: &RouteEntry) -> Result<(), NetlinkError> {
        self.one(Request::add_route(entry)).map(drop)
    }
}

impl Request {
    /// Adds a route. `EEXIST` if there is one with this key, whoever made it; `ENETDOWN` if a device is
    /// down; `ENETUNREACH` if a router is not on its link.
    #[must_use]
    pub fn add_route(entry: &RouteEntry) -> Self {
        Self { message: RouteNetlinkMessage::NewRoute(write(entry)), flags: NLM_F_CREATE | NLM_F_EXCL }
    }

    /// Replaces the first route with this key, whoever made it, or adds it. Errors as those of
    /// [`Request::add_route`], `EEXIST` excepted.
    #[must_use]
    pub fn replace_route(entry: &RouteEntry) -> Self {
        Self { message: RouteNetlinkMessage::NewRoute(write(entry)), flags: NLM_F_CREATE | NLM_F_REPLACE }
    }

    /// Deletes the first route that has this key, protocol, kind and these ways out. `ESRCH` if there
    /// is none.
    #[must_use]
    pub fn delete_route(entry: &RouteEntry) -> Self {
        let mut message = write(entry);
        // Any scope; another value must be equal to that of the route.
        message.header.scope = RouteScope::NoWhere;
        Self { message: RouteNetlinkMessage::DelRoute(message), flags: 0 }
    }
}

pub(super) fn address_family(family: Family) -> AddressFamily {
    match family {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    }
}

pub(super) fn family_of(address: IpAddr) -> AddressFamily {
    address_family(Family::of(address))
}

fn write(entry: &RouteEntry) -> RouteMessage {
    let RouteEntry { key, protocol, kind, hops, source, special: _ } = entry;
    let mut message = RouteMessage::default();
    let header = &mut message.header;
    header.address_family = address_family(key.prefix.family());
    header.destination_prefix_length = key.prefix.length();
    header.table = u8::try_from(key.table).unwrap_or(RouteHeader::RT_TABLE_UNSPEC);
    header.protocol = (*protocol).into();
    header.kind = if *kind == RouteKind::Unicast { RouteType::Unicast } else { RouteType::Unreachable };
    // As iproute2 does: what is reached without a router is on the link.
    let on_link = matches!(hops[..], [Hop { via: None, .. }]);
    header.scope = if on_link { RouteScope::Link } else { RouteScope::Universe };
    let attributes = &mut message.attributes;
    attributes.push(RouteAttribute::Table(key.table));
    if !key.prefix.is_default() {
        attributes.push(RouteAttribute::Destination(key.prefix.address().into()));
    }
    if key.metric != 0 {
        attributes.push(RouteAttribute::Priority(key.metric));
    }
    attributes.extend(source.map(|source| RouteAttribute::PrefSource(source.into())));
    match hops[..] {
        [Hop { link, via, weight: _ }] => {
            attributes.push(RouteAttribute::Oif(link));
            attributes.extend(via.map(|via| router(via, key.prefix.family())));
        }
        [] => {}
        _ => attributes
            .push(RouteAttribute::MultiPath(hops.iter().map(|hop| next_hop(hop, key.prefix.family())).collect())),
    }
    message
}

fn next_hop(hop: &Hop, family: Family) -> RouteNextHop {
    let mut next_hop = RouteNextHop::default();
    next_hop.interface_index = hop.link;
    next_hop.hops = hop.weight.hops();
    next_hop.attributes.extend(hop.via.map(|via| router(via, family)));
    next_hop
}

/// The router's address; one of the other family needs an attribute that says so.
fn router(via: IpAddr, family: Family) -> RouteAttribute {
    match via {
        _ if Family::of(via) == family => RouteAttribute::Gateway(via.into()),
        IpAddr::V4(v4) => RouteAttribute::Via(RouteVia::Inet(v4)),
        IpAddr::V6(v6) => RouteAttribute::Via(RouteVia::Inet6(v6)),
    }
}

pub(super) fn read(message: RouteNetlinkMessage) -> Option<RouteEntry> {
    let RouteNetlinkMessage::NewRoute(RouteMessage { header, attributes, .. }) = message else { return None };
    let (mut destination, mut metric, mut table, mut source) = (None, 0, u32::from(header.table), None);
    let (mut single, mut hops) = (Hop { link: 0, via: None, weight: Weight::ONE }, Vec::new());
    let mut special = header.tos != 0 || header.source_prefix_length != 0 || header.flags.contains(RouteFlags::Onlink);
    for attribute in &attributes {
        match attribute {
            RouteAttribute::Destination(address) => destination = ip(address),
            RouteAttribute::Priority(value) => metric = *value,
            RouteAttribute::Table(value) => table = *value,
            RouteAttribute::PrefSource(address) => source = ip(address),
            RouteAttribute::Oif(index) => single.link = *index,
            RouteAttribute::MultiPath(next_hops) => {
                let hop = |hop: &RouteNextHop| Hop {
                    link: hop.interface_index,
                    via: via(&hop.attributes),
                    weight: Weight::from_hops(hop.hops),
                };
                hops = next_hops.iter().map(hop).collect();
            }
            RouteAttribute::NhId(_)
            | RouteAttribute::Encap(_)
            | RouteAttribute::Source(_)
            | RouteAttribute::Realm(_) => special = true,
            RouteAttribute::Metrics(metrics) => special |= !metrics.is_empty(),
            _ => {}
        }
    }
    let kind = match header.kind {
        RouteType::Unicast => RouteKind::Unicast,
        RouteType::Unreachable => RouteKind::Unreachable,
        RouteType::BlackHole | RouteType::Prohibit | RouteType::Throw => RouteKind::Stop,
        _ => RouteKind::Local,
    };
    // IPv6 shows its routes that lead nowhere over the loopback device.
    if kind == RouteKind::Unicast && hops.is_empty() && single.link != 0 {
        single.via = via(&attributes);
        hops.push(single);
    }
    let any = match header.address_family {
        AddressFamily::Inet => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        AddressFamily::Inet6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => return None,
    };
    let prefix = Prefix::new(destination.unwrap_or(any), header.destination_prefix_length).ok()?;
    let key = RouteKey { table, prefix, metric };
    Some(RouteEntry { key, protocol: header.protocol.into(), kind, hops, source, special })
}

fn via(attributes: &[RouteAttribute]) -> Option<IpAddr> {
    attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Gateway(address) => ip(address),
        RouteAttribute::Via(RouteVia::Inet(v4)) => Some(IpAddr::V4(*v4)),
        RouteAttribute::Via(RouteVia::Inet6(v6)) => Some(IpAddr::V6(*v6)),
        _ => None,
    })
}

pub(super) fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(v4) => Some(IpAddr::V4(*v4)),
        RouteAddress::Inet6(v6) => Some(IpAddr::V6(*v6)),
        _ => None,
    }
}
