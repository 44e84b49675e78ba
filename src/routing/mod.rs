//! Per-network routing: next hops and routing instances.

mod next_hop;

pub use next_hop::{Hop, NextHop};
