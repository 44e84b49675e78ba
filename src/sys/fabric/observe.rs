//! Looking at what a take-over depends on.

use std::fs;
use std::path::PathBuf;

use rtnetlink::packet_core::NlasIterator;

use crate::addr::{InterfaceName, Mac};
use crate::fabric::{Address, COPIED, Card, Device, DeviceRule, Neighbour, Observed, Place, Route, Settings};
use crate::sys::netlink::{Netlink, NetlinkError};

// include/uapi/linux/rtnetlink.h, if_link.h, if_arp.h and fib_rules.h
const GET_LINK: u16 = 18;
const GET_ADDRESS: u16 = 22;
const GET_ROUTE: u16 = 26;
const GET_NEIGHBOUR: u16 = 30;
const GET_RULE: u16 = 34;
const ADDRESS: u16 = 1;
const NAME: u16 = 3;
const LINK: u16 = 5;
const MASTER: u16 = 10;
const LINK_INFO: u16 = 18;
const INFO_KIND: u16 = 1;
const INFO_DATA: u16 = 2;
const VXLAN_LINK: u16 = 3;
const PERMANENT_ADDRESS: u16 = 54;
const ETHERNET: u16 = 1;
const INPUT_NAME: u16 = 3;
const PRIORITY: u16 = 6;
const OUTPUT_NAME: u16 = 17;

/// `AF_INET` and `AF_INET6`.
const FAMILIES: [u8; 2] = [2, 10];

/// Looks at a card, the tap and all that may hang on them.
pub(super) fn observe(
    netlink: &mut Netlink,
    device: InterfaceName,
    host: InterfaceName,
) -> Result<Observed, NetlinkError> {
    let mut observed = Observed {
        device: find(netlink, device)?,
        host: find(netlink, host)?,
        addresses: rows(netlink, GET_ADDRESS, 8)?.iter().filter_map(|row| Address::read(row)).collect(),
        routes: rows(netlink, GET_ROUTE, 12)?.iter().filter_map(|row| Route::read(row)).collect(),
        neighbours: rows(netlink, GET_NEIGHBOUR, 12)?.iter().filter_map(|row| Neighbour::read(row)).collect(),
        rules: Vec::new(),
    };
    let rules = rows(netlink, GET_RULE, 12)?;
    observed.rules = rules.iter().flat_map(|row| rules_of(row)).collect();
    Ok(observed)
}

/// A table of both families. One that the kernel does not have is empty.
fn rows(netlink: &mut Netlink, kind: u16, head: usize) -> Result<Vec<Vec<u8>>, NetlinkError> {
    let mut all = Vec::new();
    for family in FAMILIES {
        let mut body = vec![0; head];
        body[0] = family;
        let rows = netlink.raw_dump(kind, &body)?;
        all.extend(rows.into_iter().filter(|row| row.first() == Some(&family)));
    }
    Ok(all)
}

fn find(netlink: &mut Netlink, name: InterfaceName) -> Result<Option<Device>, NetlinkError> {
    let Some(link) = netlink.link(name)? else { return Ok(None) };
    let all = netlink.raw_dump(GET_LINK, &[0; 16])?;
    let word = |row: &[u8], at: usize| Some(u32::from_ne_bytes(row.get(at..at + 4)?.try_into().ok()?));
    let row = all.iter().find(|row| word(row, 4) == Some(link.index));
    let kind = row.and_then(|row| Some(u16::from_ne_bytes(row.get(2..4)?.try_into().ok()?)));
    let master = row.and_then(|row| attribute(row.get(16..)?, MASTER)).and_then(|value| word(&value, 0));
    Ok(Some(Device {
        place: Place { index: link.index, name },
        mac: link.mac,
        mtu: link.mtu,
        up: link.up,
        loopback: link.loopback,
        ethernet: kind == Some(ETHERNET),
        master,
        uppers: all.iter().filter_map(|row| upper(row, link.index)).collect(),
        address_generation: link.address_generation,
        settings: settings(name),
    }))
}

/// The Ethernet devices that are no taps.
pub(super) fn cards(netlink: &mut Netlink) -> Result<Vec<Card>, NetlinkError> {
    Ok(netlink.raw_dump(GET_LINK, &[0; 16])?.iter().filter_map(|row| card(row)).collect())
}

fn card(row: &[u8]) -> Option<Card> {
    let attributes = row.get(16..)?;
    let kind = attribute(attributes, LINK_INFO).and_then(|info| attribute(&info, INFO_KIND));
    let is_tap = kind.is_some_and(|kind| kind.strip_suffix(b"\0").unwrap_or(&kind) == b"tun");
    let ethernet = u16::from_ne_bytes(row.get(2..4)?.try_into().ok()?) == ETHERNET;
    let index = u32::from_ne_bytes(row.get(4..8)?.try_into().ok()?);
    let name = String::from_utf8(attribute(attributes, NAME)?).ok()?.trim_end_matches('\0').parse().ok()?;
    let mac = |kind| Some(Mac(attribute(attributes, kind)?.try_into().ok()?));
    let card = Card { place: Place { index, name }, mac: mac(ADDRESS)?, permanent: mac(PERMANENT_ADDRESS) };
    (ethernet && !is_tap).then_some(card)
}

/// The device of a row, if it is on top of the one of that index. The other end of a veth looks so, too.
fn upper(row: &[u8], index: u32) -> Option<InterfaceName> {
    let attributes = row.get(16..)?;
    let info = attribute(attributes, LINK_INFO)?;
    let kind = attribute(&info, INFO_KIND)?;
    let lower = match kind.strip_suffix(b"\0").unwrap_or(&kind) {
        b"veth" => None,
        b"vxlan" => attribute(&attribute(&info, INFO_DATA)?, VXLAN_LINK),
        _ => attribute(attributes, LINK),
    };
    let is_upper = lower? == index.to_ne_bytes();
    let name = String::from_utf8(attribute(attributes, NAME)?).ok()?;
    name.trim_end_matches('\0').parse().ok().filter(|_| is_upper)
}

fn attribute(bytes: &[u8], kind: u16) -> Option<Vec<u8>> {
    let found = NlasIterator::new(bytes).flatten().find(|attribute| attribute.kind() == kind)?;
    Some(found.value().to_vec())
}

fn rules_of(row: &[u8]) -> Vec<DeviceRule> {
    let attributes = row.get(12..).unwrap_or_default();
    let priority =
        attribute(attributes, PRIORITY).and_then(|value| value.try_into().ok()).map_or(0, u32::from_ne_bytes);
    let named = [INPUT_NAME, OUTPUT_NAME].into_iter().filter_map(|kind| attribute(attributes, kind));
    let names = named.filter_map(|name| String::from_utf8(name).ok()?.trim_end_matches('\0').parse().ok());
    names.map(|device| DeviceRule { priority, device }).collect()
}

/// What of the settings the kernel has for a device.
fn settings(device: InterfaceName) -> Settings {
    let value = |path: &&str| Some(fs::read_to_string(file(path, device)).ok()?.trim().to_owned());
    COPIED.iter().filter_map(|path| Some(((*path).to_owned(), value(path)?))).collect()
}

/// The file of a setting of a device.
pub(super) fn file(path: &str, device: InterfaceName) -> PathBuf {
    PathBuf::from("/proc/sys/net").join(path.replace('*', device.as_str()))
}
