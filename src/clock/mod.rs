//! Time as an argument: a point on a monotonic clock, and where the shell takes it from.

mod moment;

pub use moment::{Clock, ManualClock, Moment};
