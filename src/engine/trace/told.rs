//! The words for a step through a routing instance.

use std::net::IpAddr;

use crate::addr::{InterfaceName, PortId, Prefix};
use crate::forward::{Known, Passage, Step};
use crate::packet::Stations;
use crate::routing::NextHop;

use super::instance::Passing;
use super::packet::protocol_name;

/// What is told of a step: a sentence for people, and facts for programs.
pub(super) struct Told {
    /// The port that it happens at; `None` in the midst of the instance.
    pub(super) port: Option<InterfaceName>,
    pub(super) text: String,
    pub(super) facts: Vec<(&'static str, String)>,
}

impl Told {
    fn new(text: String) -> Self {
        Self { port: None, text, facts: Vec::new() }
    }

    fn at(self, port: InterfaceName) -> Self {
        Self { port: Some(port), ..self }
    }

    fn fact(mut self, key: &'static str, value: impl ToString) -> Self {
        self.facts.push((key, value.to_string()));
        self
    }

    /// A fact, if there is one.
    fn known(self, key: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.fact(key, value),
            None => self,
        }
    }
}

impl Passing<'_> {
    /// What is told of a step.
    pub(super) fn told(&self, step: &Step) -> Told {
        match step {
            Step::Received { port, length, stations } => received(*port, *length, *stations),
            Step::Packet { source, destination, protocol, length } => {
                let name = protocol_name(*protocol);
                Told::new(format!("{name} from {source} to {destination}, {length} bytes"))
                    .fact("source", source)
                    .fact("destination", destination)
                    .fact("protocol", protocol)
                    .fact("length", length)
            }
            Step::Asks(service) => {
                let service = service.as_str();
                Told::new(format!("asks the gateway itself: {service}")).fact("service", service)
            }
            Step::Source { port, address, is_held } => {
                let says = match (is_held, (self.is_gateway)(port)) {
                    (_, true) => "not checked, since it comes from the host".to_owned(),
                    (true, false) => format!("an address of {port}"),
                    (false, false) => format!("not an address of {port}"),
                };
                Told::new(format!("source {address}: {says}")).fact("address", address).fact("allowed", is_held)
            }
            Step::Own(address) => Told::new(format!("{address} is the gateway's own address")).fact("address", address),
            Step::Route { instance: _, matched, next_hop } => self.route(*matched, next_hop),
            Step::Hop { port, neighbour, ways } => {
                let of = if *ways > 1 { format!(", one of {ways} ways, chosen by the flow") } else { String::new() };
                Told::new(format!("next hop: {} by {port}{of}", self.taker(port, *neighbour)))
                    .fact("port", port)
                    .fact("neighbour", neighbour)
                    .fact("ways", ways)
            }
            Step::HopLimit(value) => {
                let says = if *value > 1 { "" } else { ", used up" };
                Told::new(format!("TTL {value}{says}")).fact("hop_limit", value)
            }
            Step::Size { length, mtu, passage } => {
                let says = match passage {
                    Passage::Whole => "fits",
                    Passage::InPieces => "is cut",
                    Passage::TooBig => "too big, and not to be fragmented",
                };
                Told::new(format!("{length} bytes, MTU {mtu}: {says}")).fact("length", length).fact("mtu", mtu)
            }
            Step::Neighbour { port, address, known } => {
                let (says, mac) = match known {
                    Known::Fixed(mac) => (format!("has {mac}"), Some(mac)),
                    Known::Learned(mac) => (format!("has {mac}, as learned"), Some(mac)),
                    Known::Nothing => ("is not known and is asked for".to_owned(), None),
                };
                Told::new(format!("neighbour {} {says}", self.taker(port, *address)))
                    .fact("port", port)
                    .fact("address", address)
                    .known("mac", mac)
            }
            Step::Crosses { port, matched } => {
                let route = matched.map(|prefix| format!("route {prefix}; ")).unwrap_or_default();
                Told::new(format!("{route}crosses to {port} as it is"))
                    .at(*port)
                    .fact("port", port)
                    .known("prefix", *matched)
            }
            Step::Leaves { port, stations, hop_limit } => {
                Told::new(format!("out by {port} to {}, TTL {hop_limit}", stations.destination))
                    .at(*port)
                    .fact("port", port)
                    .fact("destination_mac", stations.destination)
                    .fact("hop_limit", hop_limit)
            }
        }
    }

    fn route(&self, matched: Option<Prefix>, next_hop: &NextHop<PortId>) -> Told {
        // A port that has no name any more has gone, and its routes with it in a moment.
        let shown = next_hop.resolve(|port| (self.name)(port)).to_string();
        let text = match matched {
            Some(prefix) => format!("route {prefix} {shown}"),
            None => "no route matches".to_owned(),
        };
        Told::new(text).known("prefix", matched).fact("next_hop", shown)
    }

    /// Who takes a packet on.
    fn taker(&self, port: &InterfaceName, neighbour: IpAddr) -> String {
        if (self.is_gateway)(port) { "the host".to_owned() } else { neighbour.to_string() }
    }
}

fn received(port: InterfaceName, length: usize, stations: Option<Stations>) -> Told {
    let from = stations.map(|stations| format!(" from {}", stations.source)).unwrap_or_default();
    Told::new(format!("in by {port}, a frame of {length} bytes{from}"))
        .at(port)
        .fact("length", length)
        .known("source_mac", stations.map(|stations| stations.source))
        .known("destination_mac", stations.map(|stations| stations.destination))
}
