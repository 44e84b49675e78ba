//! Router advertisements: a guest learns its default router, the MTU and name servers, asked or not.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::addr::{Mac, PortId};
use crate::clock::Moment;
use crate::packet::nd::{self, RouterAdvertisement};
use crate::packet::{Ip, Packet, Stations};

use super::nd_reply::ALL_NODES;
use super::{DropReason, Forwarder, Origin, PortConfig, Recorder, Verdict};

/// How often guests are told without asking: a third of the time that they keep the router, so that
/// two in a row may be lost (RFC 4861, 6.2.1).
const INTERVAL: Duration = Duration::from_secs(nd::ROUTER_LIFETIME as u64 / 3);

impl<R: Recorder> Forwarder<R> {
    /// This forwarder is the one, of those that serve the same ports, that tells guests of their router
    /// without being asked.
    #[must_use]
    pub fn announcing(mut self) -> Self {
        self.announces = true;
        self
    }

    /// Answers a router solicitation.
    pub(super) fn answer_router_solicitation(
        &mut self,
        ingress: PortId,
        packet: &mut Packet,
        stations: &Stations,
        ip: &Ip,
        (source_mac, now): (Option<Mac>, Moment),
    ) -> Result<Verdict, DropReason> {
        let port = self.ports.get(ingress).ok_or(DropReason::DevReady)?;
        if port.config.advertisement.is_none() {
            return Err(DropReason::Ipv6NdiscRouter);
        }
        self.hear_solicitor(ingress, stations, ip, source_mac, now)?;
        let port = self.ports.get(ingress).ok_or(DropReason::DevReady)?;
        let advertisement = port.config.advertisement.as_deref().ok_or(DropReason::Ipv6NdiscRouter)?;
        let asker = match ip.source {
            IpAddr::V6(asker) if !asker.is_unspecified() => Some((asker, port.answer_mac(stations.source))),
            _ => None,
        };
        write(packet, &port.config, advertisement, asker);
        Ok(Verdict::Answer)
    }

    /// Tells a port's guest that we are its router no more (RFC 4861, 6.2.5), if it was told otherwise.
    /// Without room the guest finds out by itself.
    pub fn take_leave(&mut self, id: PortId) {
        let Some(port) = self.ports.get(id).filter(|_| self.announces && self.emissions.room() > 0) else { return };
        if let Some(told) = port.config.advertisement.as_deref() {
            let last = RouterAdvertisement { lifetime: 0, ..told.clone() };
            let mut packet = self.emissions.buffer();
            write(&mut packet, &port.config, &last, None);
            self.emissions.push(id, Origin::Own, packet);
        }
    }

    /// Sends what is due without being asked. What finds no room is due again.
    pub(super) fn announce(&mut self, now: Moment) {
        for port in self.ports.iter_mut().filter(|port| port.advertise_at.is_some_and(|due| due <= now)) {
            if self.emissions.room() == 0 {
                return;
            }
            port.advertise_at = port.config.advertisement.as_deref().map(|advertisement| {
                let mut packet = self.emissions.buffer();
                write(&mut packet, &port.config, advertisement, None);
                self.emissions.push(port.config.id, Origin::Own, packet);
                now + INTERVAL
            });
        }
    }
}

/// Writes an advertisement to who has asked, or to all.
fn write(packet: &mut Packet, port: &PortConfig, told: &RouterAdvertisement, asker: Option<(Ipv6Addr, Mac)>) {
    let (to, destination) = asker.unwrap_or((ALL_NODES, Mac::of_ipv6_multicast(ALL_NODES)));
    let stations = Stations { destination, source: port.mac };
    nd::write_router_advertisement(packet, stations, (port.mac.link_local(), to), told);
}
