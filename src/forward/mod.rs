//! What to do with a frame.

mod counters;
mod emission;
mod forwarder;
mod limits;
mod port;
mod reason;
mod verdict;

pub use counters::PortCounters;
pub use emission::{Emission, Learned, NeighbourView};
pub use forwarder::Forwarder;
pub use limits::{Limits, Rate};
pub use port::{PortConfig, PortRole};
pub use reason::DropReason;
pub use verdict::{Origin, Verdict};
