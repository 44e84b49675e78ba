//! What is asked of a trace, and what it shows.

use crate::addr::InterfaceName;
use crate::forward::Load;

/// A packet that is only imagined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Where it comes in.
    pub at: Where,
    /// The packet; one that comes in by a device of the host is [`Load::Ip`].
    pub load: Load,
    /// The answer to it is followed too, from where it ended.
    pub both_ways: bool,
}

/// Where a packet comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// By a port or a gateway of ours, from who is behind it.
    Port(InterfaceName),
    /// By a device of the host, from outside.
    Device(InterfaceName),
}

/// A packet's way, and that of the answer if it was asked for and the packet arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceView {
    /// One or two ways.
    pub ways: Vec<WayView>,
}

/// The way of one packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayView {
    /// The packet in words.
    pub packet: String,
    /// Its steps, in order.
    pub steps: Vec<TraceStep>,
    /// How it ended.
    pub verdict: Verdict,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceStep {
    /// What kind of place it is taken at.
    pub place: Place,
    /// The place's name: a port, a routing instance, a device.
    pub at: String,
    /// What happens, for programs: `received`, `source`, `route`, `rule` and so on.
    pub kind: &'static str,
    /// What happens, for people: one line.
    pub text: String,
    /// What is known of it, for programs.
    pub facts: Vec<(&'static str, String)>,
    /// True for the step that decided what became of the packet.
    pub decides: bool,
}

/// The kinds of places on a packet's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A guest's port.
    Guest,
    /// A routing instance.
    Instance,
    /// A gateway's tap.
    Tap,
    /// The host's IP stack.
    Host,
    /// A device of the host.
    Uplink,
}

/// How a packet ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What became of it.
    pub end: End,
    /// Where: the port or device that it leaves by, or where it was stopped.
    pub at: String,
    /// The reason's name if it does not arrive, such as `IP_RPFILTER`.
    pub reason: Option<&'static str>,
    /// What that means, a sentence without a full stop.
    pub meaning: String,
    /// What can be done about it.
    pub cure: Option<String>,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It leaves, to a guest or to the outside.
    Forwarded,
    /// The gateway itself answers it, or takes it in.
    Answered,
    /// It is for the host itself.
    Delivered,
    /// It waits for a neighbour to answer, and is dropped if none does.
    Held,
    /// It is dropped.
    Dropped,
}

impl Place {
    /// Its name for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Instance => "instance",
            Self::Tap => "tap",
            Self::Host => "host",
            Self::Uplink => "uplink",
        }
    }
}

impl End {
    /// Its name for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::Answered => "answered",
            Self::Delivered => "delivered",
            Self::Held => "held",
            Self::Dropped => "dropped",
        }
    }
}
