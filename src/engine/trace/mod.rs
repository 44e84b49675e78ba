//! Why a packet does, or does not, arrive: its way through the instances, as the forwarder itself tells
//! it, and through the host, as the kernel does.

mod cure;
mod host;
mod instance;
mod packet;
mod told;
mod view;
mod walk;

pub use packet::{Imagined, Impossible};
pub use view::{Place, Probe, TraceEnd, TraceStep, TraceVerdict, TraceView, WayView, Where};
