//! A kernel in memory, with the manners that the plans count on.

use std::net::IpAddr;

use super::message::{INET, INET6, Message};
use super::*;
use crate::addr::{InterfaceName, Mac};

pub(super) const ETH0: u32 = 2;
pub(super) const ETH1: u32 = 3;
pub(super) const VHOST0: u32 = 9;

/// The kernel, and what is on disk.
#[derive(Debug, Clone)]
pub(super) struct FakeSite {
    pub(super) seen: Observed,
    pub(super) journal: Option<Record>,
    pub(super) joined: bool,
    pub(super) shut: bool,
    /// Steps until one is refused.
    pub(super) patience: usize,
    /// The disk takes nothing more.
    pub(super) full: bool,
}

pub(super) fn name(text: &str) -> InterfaceName {
    text.parse().unwrap()
}

fn bytes(address: IpAddr) -> (u8, Vec<u8>) {
    match address {
        IpAddr::V4(v4) => (INET, v4.octets().to_vec()),
        IpAddr::V6(v6) => (INET6, v6.octets().to_vec()),
    }
}

/// An address on the card as the kernel shows it.
pub(super) fn address(text: &str, flags: u32, valid: u32) -> Address {
    let (ip, length) = text.split_once('/').unwrap();
    let (family, ip) = bytes(ip.parse().unwrap());
    let mut message = Message(vec![family, length.parse().unwrap(), 0, 0, 0, 0, 0, 0]);
    message.set_word(4, ETH0);
    let times = [valid, valid, 77, 78].map(u32::to_ne_bytes).concat();
    let message = message.with(1, &ip).with(2, &ip).with(3, b"eth0:1\0").with(6, &times).with(8, &flags.to_ne_bytes());
    Address::read(&message.0).unwrap()
}

/// A route: destination, table, metric, and hops as device and router.
pub(super) fn route(to: &str, table: u32, metric: u32, hops: &[(u32, Option<&str>)]) -> Route {
    let (ip, length) = to.split_once('/').unwrap();
    let (family, ip) = bytes(ip.parse().unwrap());
    let mut message = Message(vec![family, length.parse().unwrap(), 0, 0, 0, 3, 0, 1, 0, 0, 0, 0]);
    if length != "0" {
        message = message.with(1, &ip);
    }
    message = message.with(15, &table.to_ne_bytes()).with(6, &metric.to_ne_bytes());
    let router = |hop: &Option<&str>| hop.map(|hop| bytes(hop.parse().unwrap()).1);
    if let [(device, hop)] = hops {
        message = message.with(4, &device.to_ne_bytes());
        message = router(hop).into_iter().fold(message, |message, router| message.with(5, &router));
    } else {
        let mut all = Vec::new();
        for (device, hop) in hops {
            let attribute = router(hop).map(|router| Message(Vec::new()).with(5, &router).0).unwrap_or_default();
            let length = u16::try_from(8 + attribute.len()).unwrap();
            // A flag that tells how the hop stands, which must not come back.
            all.extend(
                [length.to_ne_bytes().to_vec(), vec![0x10, 0], device.to_ne_bytes().to_vec(), attribute].concat(),
            );
        }
        message = message.with(9, &all);
    }
    Route::read(&message.0).unwrap()
}

pub(super) fn device(index: u32, text: &str) -> Device {
    Device {
        place: Place { index, name: name(text) },
        mac: Mac([2, 0, 0, 0, 0, 5]),
        mtu: 1500,
        up: true,
        loopback: false,
        ethernet: true,
        master: None,
        uppers: Vec::new(),
        address_generation: Some(0),
        settings: [(IPV6_OFF.to_owned(), "0".to_owned())].into(),
    }
}

impl FakeSite {
    pub(super) fn new(addresses: Vec<Address>, routes: Vec<Route>) -> Self {
        let seen = Observed { device: Some(device(ETH0, "eth0")), addresses, routes, ..Observed::default() };
        Self { seen, journal: None, joined: false, shut: false, patience: usize::MAX, full: false }
    }

    /// The process is killed: the tap goes with all that is on it.
    pub(super) fn kill(&mut self) {
        self.joined = false;
        self.seen.host = None;
        self.seen.addresses.retain(|address| address.index() != VHOST0);
        self.seen.routes.retain(|route| !route.uses(VHOST0));
    }

    fn place(&self, side: Side) -> Place {
        self.seen.place(side).unwrap()
    }

    fn add(&mut self, address: Address) {
        let index = address.index();
        if self.seen.addresses.iter().any(|other| other.index() == index && other.is_same(&address)) {
            return;
        }
        // IPv4 addresses are shown first. Of each family a new one is put last, or first for IPv6.
        let first_v6 = self.seen.addresses.iter().position(Address::is_v6);
        self.seen.addresses.insert(first_v6.unwrap_or(self.seen.addresses.len()), address);
    }

    fn put(&mut self, route: Route, how: Put) {
        if self.seen.routes.iter().any(|other| other.is_same(&route)) {
            return;
        }
        let group = |other: &Route| other.key() == route.key();
        let first = self.seen.routes.iter().position(group);
        let last = self.seen.routes.iter().rposition(group);
        match (how, first, last) {
            (Put::Replace, Some(first), _) => self.seen.routes[first] = route,
            (Put::Prepend, Some(first), _) => self.seen.routes.insert(first, route),
            (Put::Append, _, Some(last)) => self.seen.routes.insert(last + 1, route),
            _ => self.seen.routes.push(route),
        }
    }
}

impl Site for FakeSite {
    fn observe(&mut self, _: InterfaceName, _: InterfaceName) -> Result<Observed, SiteError> {
        Ok(self.seen.clone())
    }

    fn cards(&mut self) -> Result<Vec<Card>, SiteError> {
        let card = |device: &Device| Card { place: device.place, mac: device.mac, permanent: None };
        Ok(self.seen.device.iter().map(card).collect())
    }

    fn now(&self) -> u64 {
        100
    }

    fn perform(&mut self, step: &Step, record: &Record) -> Result<(), SiteError> {
        self.patience = self.patience.checked_sub(1).ok_or_else(|| SiteError("no".to_owned()))?;
        let card = record.device;
        if self.full && matches!(step, Step::Write(_) | Step::Forget) {
            return Err(SiteError("no space left on device".to_owned()));
        }
        match step {
            Step::Write(_) => self.journal = Some(record.clone()),
            Step::Make => self.seen.host = Some(device(VHOST0, record.host.as_str())),
            Step::Join => self.joined = true,
            Step::Part => self.joined = false,
            Step::Shut => {
                assert!(self.joined, "nobody hears the wire");
                self.shut = true;
            }
            Step::Open => self.shut = false,
            Step::AddAddress(side, address) => {
                let quiet = *side == Side::Host || address.is_v6();
                let address = if quiet { address.quiet() } else { address.clone() };
                self.add(address.moved(&card, &self.place(*side)));
            }
            Step::SetAddress(address) => {
                let same = |other: &&mut Address| other.index() == card.index && other.is_same(address);
                *self.seen.addresses.iter_mut().find(same).unwrap() = address.clone();
            }
            Step::DeleteAddress(side, address) => {
                let index = self.place(*side).index;
                self.seen.addresses.retain(|other| other.index() != index || other.ip() != address.ip());
            }
            Step::PutRoute(side, route, how) => self.put(route.moved(&card, &self.place(*side)), *how),
            Step::DeleteRoute(side, route) => {
                let route = route.moved(&card, &self.place(*side));
                self.seen.routes.retain(|other| !other.is_same(&route));
            }
            Step::Ipv6(on) => {
                let settings = &mut self.seen.device.as_mut().unwrap().settings;
                settings.insert(IPV6_OFF.to_owned(), if *on { "0" } else { "1" }.to_owned());
            }
            Step::Remove => self.kill(),
            Step::Forget => self.journal = None,
            Step::Set(..) | Step::Raise(_) | Step::Renew | Step::Generation(_) => {}
            Step::AddNeighbour(..) | Step::DeleteNeighbour(..) => {}
        }
        Ok(())
    }
}
