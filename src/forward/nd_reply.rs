//! Neighbour discovery: proxy towards guests, answer to everything towards the host.

use std::net::{IpAddr, Ipv6Addr};

use crate::addr::{Mac, PortId};
use crate::clock::Moment;
use crate::packet::nd::{self, AdvertisementFlags, NdMessage};
use crate::packet::{Ip, Packet, Stations};

use super::{DropReason, Forwarder, Recorder, Verdict};

/// ff02::1.
pub(super) const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

impl<R: Recorder> Forwarder<R> {
    /// Learns from a neighbour discovery message and answers it.
    pub(super) fn answer_neighbour_discovery(
        &mut self,
        ingress: PortId,
        packet: &mut Packet,
        stations: &Stations,
        ip: &Ip,
        now: Moment,
    ) -> Result<Verdict, DropReason> {
        let message = nd::parse(packet, ip)?;
        let port = self.ports.get(ingress).ok_or(DropReason::DevReady)?;
        match message {
            NdMessage::RouterSolicitation { source_mac } => {
                self.answer_router_solicitation(ingress, packet, stations, ip, (source_mac, now))
            }
            NdMessage::Router => Err(DropReason::Ipv6NdiscRouter),
            NdMessage::Advertisement { target, target_mac } => {
                let mac = target_mac.unwrap_or(stations.source);
                if mac != stations.source || !port.may_claim(target.into(), true) {
                    return Err(DropReason::Ipv6NdiscSpoofed);
                }
                if port.keeps_neighbour(target.into()) {
                    self.told(ingress, target.into(), mac, now);
                }
                Ok(Verdict::Consumed)
            }
            NdMessage::Solicitation { target, source_mac } => {
                self.hear_solicitor(ingress, stations, ip, source_mac, now)?;
                self.answer_solicitation(ingress, packet, stations, ip, target)
            }
        }
    }

    /// Judges who solicits, and learns the MAC that it names.
    pub(super) fn hear_solicitor(
        &mut self,
        ingress: PortId,
        stations: &Stations,
        ip: &Ip,
        source_mac: Option<Mac>,
        now: Moment,
    ) -> Result<(), DropReason> {
        let port = self.ports.get(ingress).ok_or(DropReason::DevReady)?;
        let is_honest = source_mac.is_none_or(|mac| mac == stations.source)
            && (ip.source.is_unspecified() || port.may_claim(ip.source, false));
        if !is_honest {
            return Err(DropReason::Ipv6NdiscSpoofed);
        }
        if let Some(mac) = source_mac
            && port.keeps_neighbour(ip.source)
        {
            self.told(ingress, ip.source, mac, now);
        }
        Ok(())
    }

    fn answer_solicitation(
        &self,
        ingress: PortId,
        packet: &mut Packet,
        stations: &Stations,
        ip: &Ip,
        target: Ipv6Addr,
    ) -> Result<Verdict, DropReason> {
        let port = self.ports.get(ingress).ok_or(DropReason::DevReady)?;
        let is_ours = self.is_ours(port, target.into());
        // Without a source it asks whether the address is taken: only ours are (RFC 4862, 5.4).
        let asker = match ip.source {
            IpAddr::V6(asker) if !asker.is_unspecified() => Some(asker),
            _ => None,
        };
        if !is_ours && (asker.is_none() || !self.stands_in_for(port, target.into())) {
            return Err(DropReason::Ipv6NdiscNsOtherhost);
        }
        let mac = port.config.mac;
        let (to, to_mac) = match asker {
            Some(asker) => (asker, port.answer_mac(stations.source)),
            None => (ALL_NODES, Mac::of_ipv6_multicast(ALL_NODES)),
        };
        // RFC 4861, 7.2.8: a proxy does not override.
        let flags = AdvertisementFlags { router: is_ours, solicited: asker.is_some(), overriding: is_ours };
        let back = Stations { destination: to_mac, source: mac };
        // An answer for another comes from ourselves; the host knows nothing better than the
        // address it asked for.
        let from = if is_ours || !port.is_guest() { target } else { mac.link_local() };
        nd::write_advertisement(packet, back, (from, to), target, flags);
        Ok(Verdict::Answer)
    }
}
