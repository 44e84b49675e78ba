//! The command line: wiring.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use vgw::cli::render::Style;
use vgw::cli::{Console, entry};
use vgw::sys::{MonotonicClock, ThisHost};

fn main() -> ExitCode {
    let (out, err) = (io::stdout(), io::stderr());
    let (out_style, err_style) = (Style::of(&out), Style::of(&err));
    let console = Console { out: &mut out.lock(), out_style, err: &mut err.lock(), err_style };
    ExitCode::from(entry(std::env::args_os(), Arc::new(MonotonicClock), &mut ThisHost::default(), console))
}
