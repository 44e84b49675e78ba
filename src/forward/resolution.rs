//! Finding out, keeping and telling the MACs of neighbours.

use std::net::{IpAddr, Ipv4Addr};

use crate::addr::{Family, Mac, PortId, Prefix};
use crate::clock::Moment;
use crate::packet::arp::{ArpMessage, ArpOperation};
use crate::packet::icmp::Problem;
use crate::packet::{Ip, Packet, Stations, nd};

use super::icmp_reply::DUMMY_V4;
use super::neighbour::{Due, FORGET_AFTER, Held, PROBE_INTERVAL, Resolution};
use super::refusal::Refusal;
use super::{DropReason, Forwarder, Origin, PortRole, Recorder, Verdict};

impl<R: Recorder> Forwarder<R> {
    /// Takes over a neighbour's MAC that another worker learned.
    pub fn learn(&mut self, port: PortId, address: IpAddr, mac: Mac, now: Moment) {
        self.at(now);
        self.confirm(port, address, mac, now);
    }

    /// Asks for the guests behind a port whose MACs are not known, before there is anything to send to them.
    /// `station` is the MAC of the one that the device itself knows to be there.
    pub fn greet(&mut self, id: PortId, station: Option<Mac>, now: Moment) {
        self.at(now);
        let Some(port) = self.ports.get(id).filter(|port| port.is_guest() && port.config.peer_mac.is_none()) else {
            return;
        };
        let hosts = port.config.addresses.iter().filter(|prefix| prefix.is_host());
        let hosts: Vec<IpAddr> = hosts.map(Prefix::address).collect();
        for address in hosts {
            if let Some(mac) = station {
                self.confirm(id, address, mac, now);
            } else if self.ports.get_mut(id).and_then(|port| port.neighbours.begin(address, now)) == Some(true) {
                self.wake_by(now + PROBE_INTERVAL);
                self.ask(id, address, None);
            }
        }
    }

    /// True while a MAC is asked for that is not known.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.ports.iter().any(|port| port.neighbours.is_asking())
    }

    /// True for a gateway's port.
    #[must_use]
    pub fn is_gateway(&self, id: PortId) -> bool {
        self.ports.get(id).is_some_and(|port| port.config.role == PortRole::Gateway)
    }

    /// Does what time asks for: repeats requests, gives up on neighbours, forgets old ones; tells guests
    /// of their router.
    pub fn tick(&mut self, now: Moment) {
        self.at(now);
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        let due: Vec<_> = self.ports.iter_mut().map(|port| (port.config.id, port.neighbours.due(now))).collect();
        self.announce(now);
        let deadlines = self.ports.iter().flat_map(|port| [port.neighbours.next_deadline(), port.advertise_at]);
        self.deadline = deadlines.flatten().min();
        for (port, due) in due {
            for due in due {
                match due {
                    Due::Ask(address, mac) => self.ask(port, address, mac),
                    Due::Failed(held) => held.into_iter().for_each(|held| self.fail(held, now)),
                }
            }
        }
    }

    /// When [`Forwarder::tick`] has something to do next; it may turn out to be nothing.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.deadline
    }

    /// A packet has shown who is behind a port.
    #[inline]
    pub(super) fn observe(&mut self, id: PortId, address: IpAddr, mac: Mac, now: Moment) {
        if let Some(port) = self.ports.get_mut(id)
            && !port.neighbours.refresh(address, mac, now)
            && self.confirm(id, address, mac, now)
        {
            self.share(id, address, mac);
        }
    }

    /// ARP or neighbour discovery has told who is behind a port. The other workers are told even
    /// if it is nothing new: it may be the answer to a question of theirs.
    pub(super) fn told(&mut self, id: PortId, address: IpAddr, mac: Mac, now: Moment) {
        if self.confirm(id, address, mac, now) {
            self.share(id, address, mac);
        }
    }

    /// Takes a MAC as true unless one is configured, and sends what waited for it. True if it is
    /// worth telling.
    fn confirm(&mut self, id: PortId, address: IpAddr, mac: Mac, now: Moment) -> bool {
        let Some(port) = self.ports.get_mut(id).filter(|port| port.config.peer_mac.is_none()) else { return false };
        if !mac.is_station() || mac == port.config.mac {
            return false;
        }
        let confirmed = port.neighbours.confirm(address, mac, now);
        self.wake_by(now + FORGET_AFTER);
        for held in confirmed.released {
            self.release(held, id, mac, now);
        }
        confirmed.is_news
    }

    /// The MAC of a neighbour; asks again for one that has not been confirmed for long.
    #[inline]
    pub(super) fn resolve(&mut self, id: PortId, address: IpAddr, now: Moment) -> Option<Mac> {
        match self.ports.get_mut(id)?.neighbours.resolve(address, now) {
            Resolution::Known(mac) => Some(mac),
            Resolution::Stale(mac) => {
                self.wake_by(now + PROBE_INTERVAL);
                self.ask(id, address, Some(mac));
                Some(mac)
            }
            Resolution::Unknown => None,
        }
    }

    /// Keeps a packet until its neighbour's MAC is known; the caller gets an empty buffer for it.
    pub(super) fn hold(
        &mut self,
        ingress: PortId,
        packet: &mut Packet,
        ip: &Ip,
        (egress, neighbour): (PortId, IpAddr),
        now: Moment,
    ) -> Result<Verdict, DropReason> {
        let port = self.ports.get_mut(egress).ok_or(DropReason::RoutePort)?;
        if self.held >= self.limits.held {
            // No room for the packet, but its neighbour is asked for: whoever fills the room for all
            // must not keep others from being resolved.
            if port.neighbours.begin(neighbour, now).ok_or(DropReason::NeighCreatefail)? {
                self.wake_by(now + PROBE_INTERVAL);
                self.ask(egress, neighbour, None);
            }
            return Err(DropReason::NeighQueuefull);
        }
        let buffers = &mut self.emissions;
        let take = || Held { ingress, ip: *ip, packet: std::mem::replace(packet, buffers.buffer()) };
        let waiting = port.neighbours.hold(neighbour, self.limits.held_per_neighbour, now, take);
        let waiting = waiting.ok_or(DropReason::NeighCreatefail)?;
        self.held += 1;
        if let Some(displaced) = waiting.displaced {
            self.drop_held(displaced, DropReason::NeighQueuefull);
        }
        if waiting.is_first {
            self.wake_by(now + PROBE_INTERVAL);
            self.ask(egress, neighbour, None);
        }
        Ok(Verdict::Taken)
    }

    /// Sends a packet that has waited.
    fn release(&mut self, held: Held, egress: PortId, mac: Mac, now: Moment) {
        self.held -= 1;
        let Held { ingress, ip, mut packet } = held;
        match self.resume(ingress, &mut packet, &ip, (egress, mac)) {
            Ok(Verdict::Forward(port)) => return self.emissions.push(port, Origin::Transit(ingress), packet),
            // In pieces, which settle for it.
            Ok(_) => {}
            Err(Refusal::Silent(reason)) => self.drop_settled(ingress, reason, &packet),
            Err(Refusal::Told(reason, problem)) => {
                return self.reject(Held { ingress, ip, packet }, reason, problem, now);
            }
        }
        self.emissions.recycle(packet);
    }

    /// Drops a packet whose neighbour did not answer, and tells its sender (RFC 1812, 5.2.7.1).
    fn fail(&mut self, held: Held, now: Moment) {
        self.held -= 1;
        self.reject(held, DropReason::NeighFailed, Problem::AddressUnreachable, now);
    }

    /// Drops a packet that waited, with an ICMP error if that is allowed.
    fn reject(&mut self, held: Held, reason: DropReason, problem: Problem, now: Moment) {
        let Held { ingress, ip, mut packet } = held;
        self.drop_settled(ingress, reason, &packet);
        if self.emissions.room() > 0 && self.write_problem(ingress, &mut packet, &ip, problem, now) {
            self.emissions.push(ingress, Origin::Own, packet);
        } else {
            self.emissions.recycle(packet);
        }
    }

    pub(super) fn drop_held(&mut self, held: Held, reason: DropReason) {
        self.held -= 1;
        self.drop_settled(held.ingress, reason, &held.packet);
        self.emissions.recycle(held.packet);
    }

    /// Asks who has an address: everybody, or the station that had it. Not sent while too many
    /// frames wait; it is repeated in a second.
    fn ask(&mut self, id: PortId, address: IpAddr, known: Option<Mac>) {
        if self.emissions.room() == 0 {
            return;
        }
        let Some(port) = self.ports.get(id) else { return };
        let source = port.config.mac;
        let mut packet = self.emissions.buffer();
        match address {
            IpAddr::V4(target) => {
                let stations = Stations { destination: known.unwrap_or(Mac::BROADCAST), source };
                let message = ArpMessage {
                    operation: ArpOperation::Request,
                    sender_mac: source,
                    sender: self.arp_sender(id),
                    target_mac: Mac::ZERO,
                    target,
                };
                message.write(&mut packet, stations);
            }
            IpAddr::V6(target) => {
                let group = nd::solicited_node(target);
                let (to, mac) = known.map_or((group, Mac::of_ipv6_multicast(group)), |mac| (target, mac));
                let stations = Stations { destination: mac, source };
                nd::write_solicitation(&mut packet, stations, (source.link_local(), to), target);
            }
        }
        self.emissions.push(id, Origin::Own, packet);
    }

    /// Who asks by ARP: our address on the port, else any of the instance's.
    fn arp_sender(&self, id: PortId) -> Ipv4Addr {
        let port = self.ports.get(id);
        let on_port = port.into_iter().flat_map(|port| &port.config.own_addresses).copied().find(IpAddr::is_ipv4);
        let instance = || self.instances.own_address(port?.config.instance, Family::V4);
        match on_port.or_else(instance) {
            Some(IpAddr::V4(address)) => address,
            _ => DUMMY_V4,
        }
    }

    pub(super) fn wake_by(&mut self, moment: Moment) {
        self.deadline = Some(self.deadline.map_or(moment, |deadline| deadline.min(moment)));
    }
}
