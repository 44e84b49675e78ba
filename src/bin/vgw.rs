//! The command line: wiring.
#![forbid(unsafe_code)]

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use vgw::cli::render::Style;
use vgw::cli::report::Restored;
use vgw::cli::{Console, entry};
use vgw::sys::fabric::{Rescued, rescue};
use vgw::sys::{MonotonicClock, ThisHost};

fn main() -> ExitCode {
    let (out, err) = (io::stdout(), io::stderr());
    let (out_style, err_style) = (Style::of(&out), Style::of(&err));
    let console = Console { out: &mut out.lock(), out_style, err: &mut err.lock(), err_style };
    let (words, clock, host) = (std::env::args_os(), Arc::new(MonotonicClock), &mut ThisHost::default());
    ExitCode::from(entry(words, clock, &restore, host, console))
}

fn restore(folder: &Path) -> Result<Restored, String> {
    let rescued = rescue(folder).map_err(|error| error.to_string())?;
    let nothing = Restored { device: None, aside: None, reason: None };
    Ok(match rescued {
        Rescued::Nothing => nothing,
        Rescued::Restored { device, .. } => Restored { device: Some(device.to_string()), ..nothing },
        Rescued::Aside { why, path } => {
            Restored { aside: Some(path.display().to_string()), reason: Some(why.to_string()), ..nothing }
        }
    })
}
