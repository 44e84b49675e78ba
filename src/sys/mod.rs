//! Every hand-written system call and all configuration of the kernel; the only `unsafe` code.

pub mod kernel;
pub mod netlink;
pub mod rights;
mod sysctl;
mod tap;

pub use tap::{Tap, TapError};
