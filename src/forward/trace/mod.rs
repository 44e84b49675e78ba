//! The way of one packet, told step by step by the code that all packets take.
//!
//! [`Forwarder`](super::Forwarder) notes its steps with a [`Recorder`]. That of the packet path,
//! [`Silent`], is nothing: the compiler leaves no trace of it. That of a trace, [`Steps`], writes them
//! down, in a copy of the forwarder made for it.

mod recorder;
mod shadow;
mod step;
pub(super) mod steps;

pub use recorder::{Recorder, Silent, Steps};
pub use shadow::{Entry, Load, Trace};
pub use step::{Known, Passage, Service, Step};
