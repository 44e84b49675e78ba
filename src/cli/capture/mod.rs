//! `vgw capture`, and the same as a program that Wireshark starts.

pub(super) mod extcap;
mod file;
mod lines;
mod session;

pub(super) use file::File;
pub(super) use lines::Lines;
pub(super) use session::{Bounds, Output, Total, capture, request, stop_on_signals};
