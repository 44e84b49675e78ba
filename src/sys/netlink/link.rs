//! Links: network interfaces.

use rtnetlink::packet_core::{DefaultNla, NLA_F_NESTED, Nla};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::link::{
    AfSpecInet, AfSpecInet6, AfSpecUnspec, InfoData, InfoKind, InfoTun, LinkAttribute, LinkExtentMask, LinkFlags,
    LinkInfo, LinkMessage,
};

use crate::addr::{InterfaceName, Mac};

use super::error::NetlinkError;
use super::socket::{Netlink, Request};
use super::united::united;

/// `IFLA_INET_CONF` (include/uapi/linux/if_link.h).
const INET_CONF: u16 = 1;
/// `IPV4_DEVCONF_FORWARDING` (include/uapi/linux/ip.h).
const DEVCONF_FORWARDING: u16 = 1;
/// `IN6_ADDR_GEN_MODE_NONE`: the kernel makes no link-local address of its own.
pub const ADDRESS_GENERATION_NONE: u8 = 1;

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its index, the identity that no renaming changes.
    pub index: u32,
    /// Its name.
    pub name: InterfaceName,
    /// Its MAC address; zero for links that have none.
    pub mac: Mac,
    /// Largest packet, bytes.
    pub mtu: u32,
    /// Administratively up.
    pub up: bool,
    /// It is up, and its wire is there (`IFF_LOWER_UP`).
    pub carrier: bool,
    /// The loopback interface.
    pub loopback: bool,
    /// Device group.
    pub group: u32,
    /// It bears our own alias: we have made it.
    pub ours: bool,
    /// Length of the transmit queue, packets.
    pub queue_length: u32,
    /// The index of the bridge, bond, VRF or the like that it belongs to.
    pub controller: Option<u32>,
    /// How the kernel makes IPv6 link-local addresses; `None` without IPv6.
    pub address_generation: Option<u8>,
    /// `net.ipv4.conf.IF.forwarding`.
    pub forwarding_v4: bool,
    /// Set for a tap.
    pub tap: Option<TapFacts>,
}

/// What the tun driver says about a tap (`tun_fill_info` in drivers/net/tun.c).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TapFacts {
    /// Stays when the last descriptor is closed.
    pub persistent: bool,
    /// Belongs to a user or a group.
    pub owned: bool,
    /// `IFF_MULTI_QUEUE`; cannot be changed.
    pub multi_queue: bool,
    /// `IFF_VNET_HDR`.
    pub offload_header: bool,
    /// Not `IFF_NO_PI`.
    pub packet_info: bool,
    /// Descriptors attached; known of multi-queue taps only.
    pub queues: u32,
}

/// The alias (`ip link show`) of the taps that we have made; one that was there before us gets none.
const ALIAS: &str = "vgw";

/// Changes of a link; `None` leaves as is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkChange {
    /// See [`Link::mac`].
    pub mac: Option<Mac>,
    /// See [`Link::mtu`].
    pub mtu: Option<u32>,
    /// See [`Link::up`].
    pub up: Option<bool>,
    /// Whether its wire is there, of a tap (kernel 5.0).
    pub carrier: Option<bool>,
    /// See [`Link::group`].
    pub group: Option<u32>,
    /// It gets our alias: see [`Link::ours`].
    pub ours: bool,
    /// See [`Link::queue_length`].
    pub queue_length: Option<u32>,
    /// It belongs to nothing any more: see [`Link::controller`].
    pub freed: bool,
    /// See [`Link::address_generation`].
    pub address_generation: Option<u8>,
    /// See [`Link::forwarding_v4`].
    pub forwarding_v4: Option<bool>,
}

impl Netlink {
    /// All links with a name that [`InterfaceName`] takes.
    ///
    /// Among thousands of links, where dozens come and go in a second, no reading of them is consistent. Then it is
    /// what was seen at several: nothing that stood all the time is missing in all of them. What has come or gone
    /// meanwhile may be missing or too much, of which a [`Watch`](super::Watch) hears.
    ///
    /// # Errors
    /// The dump failed.
    pub fn links(&mut self) -> Result<Vec<Link>, NetlinkError> {
        let readings = || self.dump_once(&RouteNetlinkMessage::GetLink(query()));
        united("links", readings, read, |link| link.index)
    }

    /// The link of that name; `None` if there is none.
    ///
    /// # Errors
    /// Anything but "no such link".
    pub fn link(&mut self, name: InterfaceName) -> Result<Option<Link>, NetlinkError> {
        self.links_named(&[name]).pop().unwrap_or(Ok(None))
    }

    /// The links of these names, each as [`Netlink::link`].
    pub fn links_named(&mut self, names: &[InterfaceName]) -> Vec<Result<Option<Link>, NetlinkError>> {
        let request = |name: &InterfaceName| {
            let mut message = query();
            message.attributes.push(LinkAttribute::IfName(name.to_string()));
            Request { message: RouteNetlinkMessage::GetLink(message), flags: 0 }
        };
        let answers = self.ask(names.iter().map(request).collect()).into_iter().zip(names);
        let answers = answers.map(|(answer, name)| match answer {
            // A link can be found by an alternative name too.
            Ok(rows) => Ok(rows.into_iter().filter_map(read).find(|link| link.name == *name)),
            Err(error) if error.errno == libc::ENODEV => Ok(None),
            Err(error) => Err(error),
        });
        answers.collect()
    }

    /// The link of that index; `None` if there is none, or if its name is none for us.
    ///
    /// # Errors
    /// Anything but "no such link".
    pub fn link_at(&mut self, index: u32) -> Result<Option<Link>, NetlinkError> {
        let mut message = query();
        message.header.index = index;
        match self.one(Request { message: RouteNetlinkMessage::GetLink(message), flags: 0 }) {
            Ok(rows) => Ok(rows.into_iter().find_map(read)),
            Err(error) if error.errno == libc::ENODEV => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// True if there is a link of that index.
    ///
    /// # Errors
    /// Anything but "no such link".
    pub fn has_link(&mut self, index: u32) -> Result<bool, NetlinkError> {
        let mut message = query();
        message.header.index = index;
        match self.one(Request { message: RouteNetlinkMessage::GetLink(message), flags: 0 }) {
            Ok(_) => Ok(true),
            Err(error) if error.errno == libc::ENODEV => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Changes a link; as [`Request::change_link`].
    ///
    /// # Errors
    /// As there.
    pub fn change_link(&mut self, index: u32, change: &LinkChange) -> Result<(), NetlinkError> {
        self.one(Request::change_link(index, change)).map(drop)
    }
}

impl Request {
    /// Changes a link. `ENODEV` if it is gone; what the kernel does not like. Earlier parts of the
    /// change may be done then.
    #[must_use]
    pub fn change_link(index: u32, change: &LinkChange) -> Self {
        let LinkChange { mac, mtu, up, carrier, group, ours, queue_length, freed, address_generation, forwarding_v4 } =
            *change;
        let mut message = LinkMessage::default();
        message.header.index = index;
        if let Some(up) = up {
            message.header.change_mask = LinkFlags::Up;
            message.header.flags = if up { LinkFlags::Up } else { LinkFlags::empty() };
        }
        let mut families = Vec::new();
        if let Some(on) = forwarding_v4 {
            families.push(AfSpecUnspec::Inet(vec![forwarding(on)]));
        }
        if let Some(mode) = address_generation {
            families.push(AfSpecUnspec::Inet6(vec![AfSpecInet6::AddrGenMode(mode.into())]));
        }
        let attributes = &mut message.attributes;
        attributes.extend(mac.map(|mac| LinkAttribute::Address(mac.0.to_vec())));
        attributes.extend(mtu.map(LinkAttribute::Mtu));
        attributes.extend(carrier.map(|carrier| LinkAttribute::Carrier(carrier.into())));
        attributes.extend(group.map(LinkAttribute::Group));
        attributes.extend(ours.then(|| LinkAttribute::IfAlias(ALIAS.to_owned())));
        attributes.extend(queue_length.map(LinkAttribute::TxQueueLen));
        attributes.extend(freed.then_some(LinkAttribute::Controller(0)));
        if !families.is_empty() {
            attributes.push(LinkAttribute::AfSpecUnspec(families));
        }
        Self { message: RouteNetlinkMessage::SetLink(message), flags: 0 }
    }

    /// Deletes a link. `ENODEV` if it is gone. The answer comes some 15 ms after the link is gone for
    /// everybody: the kernel first waits until nobody in it can have it in hand.
    #[must_use]
    pub fn delete_link(index: u32) -> Self {
        let mut message = LinkMessage::default();
        message.header.index = index;
        Self { message: RouteNetlinkMessage::DelLink(message), flags: 0 }
    }

    /// Deletes all links of a group, whosever they are. Taking them together saves the kernel a wait
    /// for each. `ENODEV` if the group has no member.
    #[must_use]
    pub fn delete_link_group(group: u32) -> Self {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::Group(group));
        Self { message: RouteNetlinkMessage::DelLink(message), flags: 0 }
    }
}

fn query() -> LinkMessage {
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]));
    message
}

/// `IFLA_INET_CONF` with one value. The crate's own request type leaves out values of zero.
fn forwarding(on: bool) -> AfSpecInet {
    let mut value = Vec::with_capacity(8);
    value.extend(8u16.to_ne_bytes());
    value.extend(DEVCONF_FORWARDING.to_ne_bytes());
    value.extend(u32::from(on).to_ne_bytes());
    AfSpecInet::Other(DefaultNla::new(INET_CONF | NLA_F_NESTED, value))
}

pub(super) fn read(message: RouteNetlinkMessage) -> Option<Link> {
    let RouteNetlinkMessage::NewLink(message) = message else { return None };
    let flags = message.header.flags;
    let (mut name, mut mac, mut mtu, mut group, mut queue_length) = (None, Mac::ZERO, 0, 0, 0);
    let (mut address_generation, mut forwarding_v4, mut tap, mut ours) = (None, false, None, false);
    let mut controller = None;
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(text) => name = InterfaceName::new(&text).ok(),
            LinkAttribute::Address(bytes) => mac = bytes.try_into().map_or(Mac::ZERO, Mac),
            LinkAttribute::Mtu(value) => mtu = value,
            LinkAttribute::Group(value) => group = value,
            LinkAttribute::IfAlias(alias) => ours = alias == ALIAS,
            LinkAttribute::TxQueueLen(value) => queue_length = value,
            LinkAttribute::Controller(index) => controller = Some(index).filter(|index| *index != 0),
            LinkAttribute::LinkInfo(info) => tap = read_tap(&info),
            LinkAttribute::AfSpecUnspec(families) => (forwarding_v4, address_generation) = read_families(&families),
            _ => {}
        }
    }
    Some(Link {
        index: message.header.index,
        name: name?,
        mac,
        mtu,
        up: flags.contains(LinkFlags::Up),
        carrier: flags.contains(LinkFlags::LowerUp),
        loopback: flags.contains(LinkFlags::Loopback),
        group,
        ours,
        queue_length,
        controller,
        address_generation,
        forwarding_v4,
        tap,
    })
}

fn read_families(families: &[AfSpecUnspec]) -> (bool, Option<u8>) {
    let (mut forwarding_v4, mut address_generation) = (false, None);
    for family in families {
        match family {
            AfSpecUnspec::Inet(items) => {
                forwarding_v4 |= items.iter().any(|item| matches!(item, AfSpecInet::DevConf(c) if c.forwarding != 0));
            }
            AfSpecUnspec::Inet6(items) => {
                let mode = items.iter().find_map(|item| match item {
                    AfSpecInet6::AddrGenMode(mode) => Some(u8::from(mode)),
                    _ => None,
                });
                address_generation = address_generation.or(mode);
            }
            _ => {}
        }
    }
    (forwarding_v4, address_generation)
}

/// Reads `IFLA_INFO_DATA` of kind `tun`: attributes `IFLA_TUN_*` of include/uapi/linux/if_link.h.
fn read_tap(info: &[LinkInfo]) -> Option<TapFacts> {
    const IFF_TAP: u32 = 2;
    if !info.contains(&LinkInfo::Kind(InfoKind::Tun)) {
        return None;
    }
    let mut facts = TapFacts::default();
    let mut mode = 0;
    let data = info.iter().find_map(|item| match item {
        LinkInfo::Data(InfoData::Tun(data)) => Some(data),
        _ => None,
    })?;
    for item in data {
        let InfoTun::Other(attribute) = item else { continue };
        let mut bytes = vec![0; attribute.value_len()];
        attribute.emit_value(&mut bytes);
        let value = match bytes[..] {
            [byte] => u32::from(byte),
            [a, b, c, d] => u32::from_ne_bytes([a, b, c, d]),
            _ => continue,
        };
        match attribute.kind() {
            1 | 2 => facts.owned = true,
            3 => mode = value,
            4 => facts.packet_info = value != 0,
            5 => facts.offload_header = value != 0,
            6 => facts.persistent = value != 0,
            7 => facts.multi_queue = value != 0,
            8 | 9 => facts.queues += value,
            _ => {}
        }
    }
    (mode == IFF_TAP).then_some(facts)
}
