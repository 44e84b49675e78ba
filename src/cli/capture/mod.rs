//! `vgw capture`, and the same as a program that Wireshark starts; reading capture files again.

pub(super) mod extcap;
mod file;
mod frames;
mod lines;
mod session;
mod verb;

pub(super) use frames::frame;
pub(super) use verb::obey;

use file::File;
use lines::Lines;
use session::{Bounds, Output, Total, capture, request, stop_on_signals};
