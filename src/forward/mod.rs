//! What to do with a frame.

mod port;
mod verdict;

pub use port::{PortConfig, PortRole};
pub use verdict::{DropReason, Verdict};
