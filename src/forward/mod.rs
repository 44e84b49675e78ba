//! What to do with a frame.

mod arp_reply;
mod bucket;
mod counters;
mod crossing;
mod dhcp_reply;
mod drops;
mod emission;
mod forwarder;
mod icmp_reply;
mod instances;
mod limits;
mod local;
mod martian;
mod nd_reply;
mod neighbour;
mod port;
mod ports;
mod reason;
mod refusal;
mod resolution;
mod router_advertisement;
#[cfg(test)]
mod tests;
mod trace;
mod transit;
mod verdict;
mod watch;

pub use counters::PortCounters;
pub use drops::{Dropped, LastDrops};
pub use emission::{Emission, Learned, NeighbourView};
pub use forwarder::Forwarder;
pub use limits::{Limits, Rate};
pub use port::{PortConfig, PortRole};
pub use reason::DropReason;
pub use trace::{Entry, Known, Load, Passage, Recorder, Service, Silent, Step, Steps, Trace};
pub use verdict::{Origin, Verdict};
pub use watch::{Scope, Seen, Sight, Watch, Watcher};
