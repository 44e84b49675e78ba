//! The command line `vgw`: words, the daemon's answers, and how they look.
//!
//! [`args`] reads what was typed, [`run()`] asks the daemon, [`report`] is what it told as plain
//! values with stable JSON names, [`render`] shows those to people, [`failure`] is what went wrong.
//! [`demo`] builds a network on this machine and shows the gateway at work.

pub mod args;
mod ask;
mod capture;
mod complete;
mod console;
pub mod demo;
mod doctor;
mod entry;
pub mod failure;
mod lease;
pub mod render;
pub mod report;
mod run;
mod trace;
mod watch;
mod wire;

pub use args::Arguments;
pub use ask::ask;
pub use console::Console;
pub use entry::{Rescue, entry};
pub use failure::Failure;
pub use run::{Form, run};
