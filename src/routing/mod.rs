//! Per-network routing: next hops and routing instances.

mod instance;
mod next_hop;

pub use instance::Instance;
pub use next_hop::{Hop, NextHop};
