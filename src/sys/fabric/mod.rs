//! The host's own network card, taken and given back: the kernel's side.

mod ingress;
mod journal;
mod observe;
mod perform;
mod rescue;

pub use journal::JournalFile;
pub use perform::LinuxSite;
pub use rescue::{RescueError, Rescued, forget, rescue, restore};
