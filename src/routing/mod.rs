//! Per-network routing: next hops, routes and routing instances.

mod instance;
mod next_hop;
mod next_hops;
mod rib;

pub use instance::Instance;
pub use next_hop::{Hop, NextHop};
pub use rib::Rib;
