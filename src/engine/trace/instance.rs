//! A packet's steps through a routing instance, in words.

use std::net::IpAddr;

use crate::addr::{InstanceName, InterfaceName, PortId};
use crate::forward::{Known, Passage, Step, Trace, Verdict as Decision};
use crate::packet::ETHERNET_HEADER;
use crate::routing::NextHop;

use super::cure;
use super::packet::protocol_name;
use super::view::{End, Place, TraceStep, Verdict};

/// Where a packet passes through.
pub(super) struct Passing<'a> {
    /// The port that it came in by.
    pub(super) ingress: InterfaceName,
    /// Its routing instance.
    pub(super) instance: &'a InstanceName,
    /// True for a port that the host is behind.
    pub(super) is_gateway: &'a dyn Fn(&InterfaceName) -> bool,
    /// The name of a port.
    pub(super) name: &'a dyn Fn(PortId) -> Option<InterfaceName>,
}

/// What comes out of an instance.
pub(super) enum Onward {
    /// This IP packet, by this port.
    Leaves(InterfaceName, Vec<u8>),
    /// Nothing more.
    Ends(Verdict),
}

impl Passing<'_> {
    /// The steps of a packet, the last one marked unless the packet goes on, and what comes of it.
    pub(super) fn tell(&self, trace: &Trace) -> (Vec<TraceStep>, Onward) {
        let mut steps: Vec<_> = trace.steps.iter().map(|step| self.step(step)).collect();
        let onward = self.onward(trace);
        if matches!(onward, Onward::Ends(_))
            && let Some(last) = steps.last_mut()
        {
            last.decides = true;
        }
        (steps, onward)
    }

    fn step(&self, step: &Step) -> TraceStep {
        let (port, text, facts) = match step {
            Step::Received { port, length, stations } => {
                let from = stations.map(|stations| format!(" from {}", stations.source)).unwrap_or_default();
                let stations = stations.iter().flat_map(|stations| {
                    [("source_mac", stations.source.to_string()), ("destination_mac", stations.destination.to_string())]
                });
                let facts = [("length", length.to_string())].into_iter().chain(stations).collect();
                (Some(*port), format!("in by {port}, a frame of {length} bytes{from}"), facts)
            }
            Step::Packet { source, destination, protocol, length } => {
                let name = protocol_name(*protocol);
                let facts = vec![
                    ("source", source.to_string()),
                    ("destination", destination.to_string()),
                    ("protocol", protocol.to_string()),
                    ("length", length.to_string()),
                ];
                (None, format!("{name} from {source} to {destination}, {length} bytes"), facts)
            }
            Step::Asks(service) => (
                None,
                format!("asks the gateway itself: {}", service.as_str()),
                vec![("service", service.as_str().into())],
            ),
            Step::Source { port, address, is_held } => {
                let says = match (is_held, (self.is_gateway)(port)) {
                    (_, true) => "not checked, since it comes from the host".to_owned(),
                    (true, false) => format!("an address of {port}"),
                    (false, false) => format!("not an address of {port}"),
                };
                let facts = vec![("address", address.to_string()), ("allowed", is_held.to_string())];
                (None, format!("source {address}: {says}"), facts)
            }
            Step::Own(address) => {
                (None, format!("{address} is the gateway's own address"), vec![("address", address.to_string())])
            }
            Step::Route { instance: _, matched, next_hop } => {
                self.route(matched.map(|prefix| prefix.to_string()), next_hop)
            }
            Step::Hop { port, neighbour, ways } => {
                let of = if *ways > 1 { format!(", one of {ways} ways, chosen by the flow") } else { String::new() };
                let facts =
                    vec![("port", port.to_string()), ("neighbour", neighbour.to_string()), ("ways", ways.to_string())];
                (None, format!("next hop: {} by {port}{of}", self.taker(port, *neighbour)), facts)
            }
            Step::HopLimit(value) => {
                let says = if *value > 1 { "" } else { ", used up" };
                (None, format!("TTL {value}{says}"), vec![("hop_limit", value.to_string())])
            }
            Step::Size { length, mtu, passage } => {
                let says = match passage {
                    Passage::Whole => "fits",
                    Passage::InPieces => "is cut",
                    Passage::TooBig => "too big, and not to be fragmented",
                };
                let facts = vec![("length", length.to_string()), ("mtu", mtu.to_string())];
                (None, format!("{length} bytes, MTU {mtu}: {says}"), facts)
            }
            Step::Neighbour { port, address, known } => {
                let who = self.taker(port, *address);
                let (says, mac) = match known {
                    Known::Fixed(mac) => (format!("neighbour {who} has {mac}"), Some(*mac)),
                    Known::Learned(mac) => (format!("neighbour {who} has {mac}, as learned"), Some(*mac)),
                    Known::Nothing => (format!("neighbour {who} is not known and is asked for"), None),
                };
                let mac = mac.map(|mac| ("mac", mac.to_string()));
                let facts = [("port", port.to_string()), ("address", address.to_string())].into_iter().chain(mac);
                (None, says, facts.collect())
            }
            Step::Crosses { port, matched } => {
                let route = matched.map(|prefix| ("prefix", prefix.to_string()));
                let facts = [("port", port.to_string())].into_iter().chain(route).collect();
                let route = matched.map(|prefix| format!("route {prefix}; ")).unwrap_or_default();
                (Some(*port), format!("{route}crosses to {port} as it is"), facts)
            }
            Step::Leaves { port, stations, hop_limit } => {
                let facts = vec![
                    ("port", port.to_string()),
                    ("destination_mac", stations.destination.to_string()),
                    ("hop_limit", hop_limit.to_string()),
                ];
                (Some(*port), format!("out by {port} to {}, TTL {hop_limit}", stations.destination), facts)
            }
        };
        let (place, at) = match port {
            Some(port) => (self.place(&port), port.to_string()),
            None => (Place::Instance, self.instance.to_string()),
        };
        TraceStep { place, at, kind: step.kind(), text, facts, decides: false }
    }

    fn route(
        &self,
        matched: Option<String>,
        next_hop: &NextHop<PortId>,
    ) -> (Option<InterfaceName>, String, Vec<(&'static str, String)>) {
        // A port that has no name any more has gone, and its routes with it in a moment.
        let shown = next_hop.resolve(|port| (self.name)(port)).to_string();
        let facts = matched.iter().map(|prefix| ("prefix", prefix.clone())).chain([("next_hop", shown.clone())]);
        let facts = facts.collect();
        match matched {
            Some(prefix) => (None, format!("route {prefix} {shown}"), facts),
            None => (None, "no route matches".to_owned(), facts),
        }
    }

    /// Who takes a packet on.
    fn taker(&self, port: &InterfaceName, neighbour: IpAddr) -> String {
        if (self.is_gateway)(port) { "the host".to_owned() } else { neighbour.to_string() }
    }

    fn place(&self, port: &InterfaceName) -> Place {
        if (self.is_gateway)(port) { Place::Tap } else { Place::Guest }
    }

    fn onward(&self, trace: &Trace) -> Onward {
        match trace.verdict {
            Decision::Forward(port) => self.leaves(port, trace.packet.frame()),
            Decision::Taken => match trace.steps.last() {
                Some(Step::Neighbour { port, address, known: Known::Nothing }) => Onward::Ends(Verdict {
                    end: End::Held,
                    at: port.to_string(),
                    reason: Some("NEIGH_FAILED"),
                    meaning: format!(
                        "it waits for {address} to answer behind {port}, and is dropped if it has not within three \
                         seconds"
                    ),
                    cure: Some(format!(
                        "let {address} send something, or see whether it answers ARP or neighbour solicitations"
                    )),
                }),
                // In pieces: the others go the way of the first.
                _ => match trace.emissions.first() {
                    Some(piece) => self.leaves(piece.port, piece.packet.frame()),
                    None => self.gone(),
                },
            },
            Decision::Answer => self.answered("the gateway itself answers"),
            Decision::Consumed => self.answered("it is for the gateway itself, which need not answer"),
            Decision::Drop(reason) | Decision::Reject(reason) => {
                let told =
                    if matches!(trace.verdict, Decision::Reject(_)) { "; its sender is told by ICMP" } else { "" };
                Onward::Ends(Verdict {
                    end: End::Dropped,
                    at: self.instance.to_string(),
                    reason: Some(reason.name()),
                    meaning: format!("{}{told}", reason.meaning()),
                    cure: cure::of_drop(reason).map(str::to_owned),
                })
            }
        }
    }

    fn leaves(&self, port: PortId, frame: &[u8]) -> Onward {
        match (self.name)(port) {
            Some(name) => Onward::Leaves(name, frame.get(ETHERNET_HEADER..).unwrap_or_default().to_vec()),
            None => self.gone(),
        }
    }

    fn answered(&self, meaning: &str) -> Onward {
        let (at, meaning) = (self.ingress.to_string(), meaning.to_owned());
        Onward::Ends(Verdict { end: End::Answered, at, reason: None, meaning, cure: None })
    }

    /// The port went while its packet was followed.
    fn gone(&self) -> Onward {
        let reason = crate::forward::DropReason::DevReady;
        let (at, meaning) = (self.instance.to_string(), reason.meaning().to_owned());
        Onward::Ends(Verdict { end: End::Dropped, at, reason: Some(reason.name()), meaning, cure: None })
    }
}
