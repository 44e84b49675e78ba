//! The ports with what the forwarder keeps for each.

use std::net::IpAddr;

use crate::addr::{Mac, PortId, Prefix};
use crate::clock::Moment;
use crate::packet::{Ip, Stations, protocol};

use super::bucket::TokenBucket;
use super::martian::is_link_local;
use super::neighbour::Neighbours;
use super::{DropReason, Limits, PortConfig, PortCounters, PortRole};

/// A port and its state. It has its cache lines for itself, in the pairs that processors fetch: a
/// worker that counts must not slow down another one that happens to lie beside it.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Port {
    pub(super) config: PortConfig,
    pub(super) counters: PortCounters,
    pub(super) neighbours: Neighbours,
    /// Bounds the ICMP errors sent out by this port.
    pub(super) icmp: TokenBucket,
    /// When a router advertisement is to be sent unasked.
    pub(super) advertise_at: Option<Moment>,
    addresses: AddressSet,
    /// Those of our own addresses that lie in the port's networks; mostly none.
    own_among_them: Vec<IpAddr>,
}

impl Port {
    pub(super) fn new(config: PortConfig, limits: &Limits) -> Self {
        let (addresses, own_among_them) = networks(&config);
        Self {
            addresses,
            own_among_them,
            counters: PortCounters::default(),
            neighbours: Neighbours::new(limits.neighbours),
            icmp: TokenBucket::new(limits.icmp_port),
            advertise_at: None,
            config,
        }
    }

    pub(super) fn configure(&mut self, config: PortConfig) {
        (self.addresses, self.own_among_them) = networks(&config);
        self.config = config;
    }

    /// A copy to try packets on: nothing is counted yet, and nothing waits.
    pub(super) fn shadow(&self) -> Self {
        Self {
            config: self.config.clone(),
            counters: PortCounters::default(),
            neighbours: self.neighbours.shadow(),
            icmp: self.icmp.clone(),
            advertise_at: None,
            addresses: self.addresses.clone(),
            own_among_them: self.own_among_them.clone(),
        }
    }

    pub(super) fn is_guest(&self) -> bool {
        self.config.role == PortRole::Guest
    }

    /// True for an end of the fabric's crossing.
    #[inline]
    pub(super) fn is_fabric(&self) -> bool {
        matches!(self.config.role, PortRole::FabricWire(_) | PortRole::FabricHost(_))
    }

    /// True if the address lies behind the port: in one of its networks and not our own there.
    #[inline]
    pub(super) fn holds(&self, address: IpAddr) -> bool {
        self.addresses.contains(address) && !self.own_among_them.contains(&address)
    }

    /// Our link-local address on this port. A gateway has none: towards the host our MAC may be the
    /// tap's own, whose link-local address is the host's.
    pub(super) fn link_local(&self) -> Option<IpAddr> {
        self.is_guest().then(|| self.config.mac.link_local().into())
    }

    /// Checks who a frame is from and for.
    #[inline]
    pub(super) fn admit(&self, stations: &Stations) -> Result<(), DropReason> {
        let Stations { destination, source } = *stations;
        if !source.is_station() {
            return Err(DropReason::MacInvalidSource);
        }
        if self.is_guest() && (source == self.config.mac || self.config.peer_mac.is_some_and(|mac| mac != source)) {
            return Err(DropReason::MacSpoofed);
        }
        if destination != self.config.mac && !destination.is_multicast() {
            return Err(DropReason::Otherhost);
        }
        Ok(())
    }

    /// Checks where a packet says it is from; whether that shows who is behind the port. IPv6
    /// link-local senders may talk ICMPv6 to us.
    #[inline]
    pub(super) fn check_source(&self, ip: &Ip, is_for_us: bool) -> Result<bool, DropReason> {
        let is_own_talk =
            || is_for_us && ip.protocol == protocol::ICMPV6 && ip.source.is_ipv6() && is_link_local(ip.source);
        if !self.is_guest() {
            Ok(false)
        } else if self.holds(ip.source) {
            Ok(self.config.peer_mac.is_none())
        } else if is_own_talk() {
            Ok(false)
        } else {
            Err(DropReason::IpRpfilter)
        }
    }

    /// True if a station behind the port may say that an address is its own: one of the port's, an
    /// IPv6 link-local one that is not ours, or, in an answer, one that we have asked for.
    pub(super) fn may_claim(&self, address: IpAddr, is_answer: bool) -> bool {
        !self.is_guest()
            || self.holds(address)
            || address.is_ipv6() && is_link_local(address) && self.link_local() != Some(address)
            || is_answer && self.neighbours.knows(address)
    }

    /// True if a claim that is allowed makes a neighbour. On a gateway anybody may speak, so only
    /// those are kept that we have asked for.
    pub(super) fn keeps_neighbour(&self, address: IpAddr) -> bool {
        self.is_guest() || self.neighbours.knows(address)
    }

    /// The MAC that an answer to a frame from `source` goes to.
    pub(super) fn answer_mac(&self, source: Mac) -> Mac {
        self.config.peer_mac.unwrap_or(source)
    }
}

/// What lies behind a port, and what of it is ours.
fn networks(config: &PortConfig) -> (AddressSet, Vec<IpAddr>) {
    let networks = AddressSet::new(&config.addresses);
    let own = config.own_addresses.iter().copied().filter(|address| networks.contains(*address)).collect();
    (networks, own)
}

/// Networks, laid out for the question that every packet asks.
#[derive(Debug, Clone)]
struct AddressSet {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl AddressSet {
    fn new(prefixes: &[Prefix]) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for prefix in prefixes {
            let host_bits = u32::from(prefix.family().bits() - prefix.length());
            match prefix.address() {
                IpAddr::V4(network) => v4.push((network.to_bits(), u32::MAX.checked_shl(host_bits).unwrap_or(0))),
                IpAddr::V6(network) => v6.push((network.to_bits(), u128::MAX.checked_shl(host_bits).unwrap_or(0))),
            }
        }
        Self { v4, v6 }
    }

    #[inline]
    fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.v4.iter().any(|(network, mask)| address.to_bits() & mask == *network),
            IpAddr::V6(address) => self.v6.iter().any(|(network, mask)| address.to_bits() & mask == *network),
        }
    }
}

/// All ports, by index.
#[derive(Debug, Default)]
pub(super) struct Ports(Vec<Option<Box<Port>>>);

impl Ports {
    #[inline]
    pub(super) fn get(&self, id: PortId) -> Option<&Port> {
        self.0.get(id.index())?.as_deref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: PortId) -> Option<&mut Port> {
        self.0.get_mut(id.index())?.as_deref_mut()
    }

    pub(super) fn insert(&mut self, port: Port) {
        let index = port.config.id.index();
        if self.0.len() <= index {
            self.0.resize_with(index + 1, || None);
        }
        self.0[index] = Some(Box::new(port));
    }

    pub(super) fn remove(&mut self, id: PortId) -> Option<Box<Port>> {
        self.0.get_mut(id.index())?.take()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Port> {
        self.0.iter().flatten().map(Box::as_ref)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Port> {
        self.0.iter_mut().flatten().map(Box::as_mut)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_address_set_is_its_prefixes(v4: [u8; 4], v6: [u8; 16], l4 in 0u8..=32, l6 in 0u8..=128, flip in 0u8..128) {
            let (v4, v6) = (IpAddr::from(v4), IpAddr::from(v6));
            let prefixes = [Prefix::new(v4, l4).unwrap(), Prefix::new(v6, l6).unwrap()];
            let set = AddressSet::new(&prefixes);
            let near = |address: IpAddr| match address {
                IpAddr::V4(a) => IpAddr::V4((a.to_bits() ^ 1 << (flip % 32)).into()),
                IpAddr::V6(a) => IpAddr::V6((a.to_bits() ^ 1 << flip).into()),
            };
            for address in [v4, v6, near(v4), near(v6)] {
                prop_assert_eq!(set.contains(address), prefixes.iter().any(|p| p.contains(address)), "{}", address);
            }
        }
    }
}
