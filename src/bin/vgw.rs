//! The command line.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use vgw::cli::render::Style;
use vgw::cli::{Console, entry};
use vgw::clock::{Clock, Moment};

fn main() -> ExitCode {
    let (out, err) = (io::stdout(), io::stderr());
    let (out_style, err_style) = (Style::of(&out), Style::of(&err));
    let console = Console { out: &mut out.lock(), out_style, err: &mut err.lock(), err_style };
    ExitCode::from(entry(std::env::args_os(), Arc::new(SinceStart::new()), console))
}

/// The time since the program started, for the demonstration's measurements.
struct SinceStart(Instant);

#[expect(clippy::disallowed_methods, reason = "the program's only clock; the library is handed it")]
impl SinceStart {
    fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SinceStart {
    fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}
