//! What was moved, and what it was.

use serde::{Deserialize, Serialize};

use crate::addr::{InterfaceName, Mac};

use super::observed::{Device, Observed};
use super::step::{Place, Side};
use super::{Address, IPV6_OFF, Neighbour, Route, Settings};

/// How far things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The card is being taken.
    Taking,
    /// It is held.
    Held,
    /// It is being given back.
    GivingBack,
}

/// Everything that is needed to give the card back, as if it stood on the card now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// How far things are.
    pub phase: Phase,
    /// The card.
    pub device: Place,
    /// The tap's name.
    pub host: InterfaceName,
    /// The card's MAC address, and the tap's.
    pub mac: Mac,
    /// The MTU of both, bytes.
    pub mtu: u32,
    /// When this was read, in seconds since the machine has started: what has a limited life is
    /// shorter-lived later.
    pub read_at: u64,
    /// The addresses, in order.
    pub addresses: Vec<Address>,
    /// The routes by the card, and those by other devices whose source is one of the addresses: they
    /// go when the address does.
    pub routes: Vec<Route>,
    /// The permanent neighbours.
    pub neighbours: Vec<Neighbour>,
    /// The card's settings.
    pub settings: Settings,
    /// How the kernel makes the card's link-local addresses; `None` without IPv6.
    pub address_generation: Option<u8>,
}

impl Record {
    /// What is to be moved from a card to a tap of that name.
    #[must_use]
    pub fn of(device: &Device, host: InterfaceName, observed: &Observed, now: u64) -> Self {
        let mut record = Self {
            phase: Phase::Taking,
            device: device.place,
            host,
            mac: device.mac,
            mtu: device.mtu,
            read_at: now,
            addresses: Vec::new(),
            routes: Vec::new(),
            neighbours: Vec::new(),
            settings: device.settings.clone(),
            address_generation: device.address_generation,
        };
        record.read(device.place, observed, now);
        record
    }

    /// Takes in what others have changed at the tap while the card is held. False if it is as before.
    pub fn refresh(&mut self, observed: &Observed, now: u64) -> bool {
        let Some(host) = observed.place(Side::Host) else { return false };
        let before = self.clone();
        self.read(host, observed, now);
        for address in &mut self.addresses {
            // What we have set to move it is not what it shall have.
            if let Some(known) = before.addresses.iter().find(|known| known.is_same(address)) {
                *address = address.as_loud_as(known);
            }
        }
        let same = before.addresses.len() == self.addresses.len()
            && before.routes.len() == self.routes.len()
            && before.neighbours == self.neighbours
            && before.addresses.iter().zip(&self.addresses).all(|(one, other)| one.is_unaltered(other))
            && before.routes.iter().zip(&self.routes).all(|(one, other)| one.is_same(other));
        if same {
            *self = before;
        }
        !same
    }

    /// The record as it has to be for giving back: with what others have changed at the tap as long as the
    /// card is held, and with what has run out left out otherwise.
    pub fn catch_up(&mut self, observed: &Observed, now: u64, is_held: bool) {
        if is_held && !self.is_cut_off(observed, now) {
            self.refresh(observed, now);
        } else {
            *self = self.aged(now);
        }
    }

    /// True if the tap is gone or down, or was down since this was read. The kernel takes a device's routes
    /// and its IPv6 addresses when it goes down, those of IPv4 without a word (`fib_disable_ip`), and brings
    /// nothing back: no address of the tap brings a route. It may have been too short to be seen; then
    /// addresses without one of the networks that they had tell.
    #[must_use]
    pub fn is_cut_off(&self, observed: &Observed, now: u64) -> bool {
        let Some(host) = &observed.host else { return true };
        let place = host.place;
        let known = self.aged(now);
        let lost = |is_v6: bool| {
            let own = known.routes.iter().filter(|route| route.is_v6() == is_v6 && route.uses(self.device.index));
            let (networks, others): (Vec<&Route>, Vec<&Route>) = own.partition(|route| route.is_by_kernel());
            let telling = if networks.is_empty() { others } else { networks };
            let is_there = |route: &&Route| {
                let moved = route.moved(&self.device, &place);
                observed.routes.iter().any(|other| other.is_same(&moved))
            };
            !telling.is_empty() && !telling.iter().any(is_there)
        };
        let mut v4 = known.addresses.iter().filter(|address| !address.is_v6());
        let stands = |address: &Address| {
            let on = observed.addresses.iter().filter(|other| other.index() == place.index);
            on.into_iter().any(|other| other.moved(&place, &self.device).is_same(address))
        };
        // Addresses of IPv4 stay; who takes one away takes its routes deliberately.
        let v4_lost = lost(false) && v4.all(stands);
        let v6_lost = host.settings.get(IPV6_OFF).is_some_and(|off| off == "0") && lost(true);
        !host.up || v4_lost || v6_lost
    }

    fn read(&mut self, from: Place, observed: &Observed, now: u64) {
        let device = self.device;
        let on = observed.addresses.iter().filter(|address| address.index() == from.index);
        self.addresses = on.map(|address| address.moved(&from, &device)).collect();
        let is_ours = |route: &&Route| {
            let source = route.preferred_source();
            route.uses(from.index) || source.is_some() && self.addresses.iter().any(|address| address.ip() == source)
        };
        self.routes = observed.routes.iter().filter(is_ours).map(|route| route.moved(&from, &device)).collect();
        let on = observed.neighbours.iter().filter(|neighbour| neighbour.index() == from.index);
        self.neighbours = on.map(|neighbour| neighbour.moved(&device)).collect();
        self.read_at = now;
    }

    /// The record at a later time: what has run out is no longer in it.
    #[must_use]
    pub fn aged(&self, now: u64) -> Self {
        let seconds = u32::try_from(now.saturating_sub(self.read_at)).unwrap_or(u32::MAX);
        Self {
            addresses: self.addresses.iter().filter_map(|address| address.aged(seconds)).collect(),
            routes: self.routes.iter().filter_map(|route| route.aged(seconds)).collect(),
            read_at: now,
            ..self.clone()
        }
    }

    /// True if the card had IPv6.
    #[must_use]
    pub fn has_ipv6(&self) -> bool {
        self.settings.get(IPV6_OFF).is_some_and(|off| off == "0")
    }
}
