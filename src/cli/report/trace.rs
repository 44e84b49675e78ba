//! The way of a packet.

use std::collections::BTreeMap;

use serde::Serialize;

/// The way of a packet, and that of its answer if it was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Trace {
    /// One or two.
    pub ways: Vec<Way>,
}

/// The way of one packet.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Way {
    /// The packet in words.
    pub packet: String,
    /// In order.
    pub steps: Vec<TraceStep>,
    /// How it ends.
    pub verdict: TraceVerdict,
}

/// One step of a packet.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TraceStep {
    /// `guest`, `instance`, `tap`, `host` or `uplink`.
    pub place: String,
    /// The place's name.
    pub at: String,
    /// What happens, for programs.
    pub kind: String,
    /// What happens, for people.
    pub text: String,
    /// What is known of it.
    pub facts: BTreeMap<String, String>,
    /// It decided what became of the packet.
    pub decides: bool,
}

/// How a packet's way ends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TraceVerdict {
    /// What becomes of the packet.
    pub outcome: TraceOutcome,
    /// The port or device that it leaves by, or where it was stopped.
    pub at: String,
    /// The reason's name if it does not arrive.
    pub reason: Option<String>,
    /// What that means.
    pub meaning: String,
    /// What can be done about it.
    pub cure: Option<String>,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TraceOutcome {
    /// It leaves, to a guest or to the outside.
    Forwarded,
    /// The gateway itself answers it or takes it in.
    Answered,
    /// It is for the host itself.
    Delivered,
    /// It waits for a neighbour to answer, and is dropped if none does.
    Held,
    /// It is dropped.
    Dropped,
    /// Something that a later daemon knows.
    Unknown,
}

impl Trace {
    /// True if all packets arrive, as far as that is known.
    #[must_use]
    pub fn arrives(&self) -> bool {
        self.ways.iter().all(|way| match way.verdict.outcome {
            TraceOutcome::Forwarded | TraceOutcome::Answered | TraceOutcome::Delivered => true,
            TraceOutcome::Held | TraceOutcome::Dropped | TraceOutcome::Unknown => false,
        })
    }
}
