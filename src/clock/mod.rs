//! Time as an argument: a point on a monotonic clock, and where the shell takes it from.

mod jitter;
mod moment;
mod utc;

pub use jitter::Jitter;
pub use moment::{Clock, ManualClock, Moment};
pub use utc::utc;
