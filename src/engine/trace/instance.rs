//! A packet's steps through a routing instance, in words.

use crate::addr::{InstanceName, InterfaceName, PortId};
use crate::forward::{DropReason, Known, Step, Trace, Verdict};
use crate::packet::ETHERNET_HEADER;

use super::cure;
use super::told::Told;
use super::view::{Place, TraceEnd, TraceStep, TraceVerdict};

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
    Ends(TraceVerdict),
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
        let Told { port, text, facts } = self.told(step);
        let (place, at) = match port {
            Some(port) => (self.place(&port), port.to_string()),
            None => (Place::Instance, self.instance.to_string()),
        };
        TraceStep { place, at, kind: step.kind(), text, facts, decides: false }
    }

    fn place(&self, port: &InterfaceName) -> Place {
        if (self.is_gateway)(port) { Place::Tap } else { Place::Guest }
    }

    fn onward(&self, trace: &Trace) -> Onward {
        match trace.verdict {
            Verdict::Forward(port) => self.leaves(port, trace.packet.frame()),
            Verdict::Taken => match trace.steps.last() {
                Some(Step::Neighbour { port, address, known: Known::Nothing }) => Onward::Ends(TraceVerdict {
                    end: TraceEnd::Held,
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
                // In pieces: the others go the way of the first. Only a guest may have to be asked for its MAC
                // once more before, and what it gets is followed no further.
                _ => match trace.emissions.first() {
                    Some(piece) => self.leaves(piece.port, piece.packet.frame()),
                    None => self.gone(),
                },
            },
            Verdict::Answer => self.answered("the gateway itself answers"),
            Verdict::Consumed => self.answered("it is for the gateway itself, which need not answer"),
            Verdict::Drop(reason) | Verdict::Reject(reason) => {
                let told =
                    if matches!(trace.verdict, Verdict::Reject(_)) { "; its sender is told by ICMP" } else { "" };
                Onward::Ends(TraceVerdict {
                    end: TraceEnd::Dropped,
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
        Onward::Ends(TraceVerdict { end: TraceEnd::Answered, at, reason: None, meaning, cure: None })
    }

    /// The port went while its packet was followed.
    fn gone(&self) -> Onward {
        let reason = DropReason::DevReady;
        let (at, meaning) = (self.instance.to_string(), reason.meaning().to_owned());
        Onward::Ends(TraceVerdict { end: TraceEnd::Dropped, at, reason: Some(reason.name()), meaning, cure: None })
    }
}
