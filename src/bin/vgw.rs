//! The command line: wiring.
#![forbid(unsafe_code)]

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use vgw::cli::render::Style;
use vgw::cli::report::Restored;
use vgw::cli::{Console, entry};
use vgw::sys::fabric::{Rescued, forget, rescue};
use vgw::sys::{MonotonicClock, ThisHost};

fn main() -> ExitCode {
    let (out, err) = (io::stdout(), io::stderr());
    let (out_style, err_style) = (Style::of(&out), Style::of(&err));
    let console = Console { out: &mut out.lock(), out_style, err: &mut err.lock(), err_style };
    let (words, clock, host) = (std::env::args_os(), Arc::new(MonotonicClock), &mut ThisHost::default());
    ExitCode::from(entry(words, clock, &restore, host, console))
}

fn restore(folder: &Path, forgets: bool) -> Result<Restored, String> {
    let rescued = if forgets { forget(folder) } else { rescue(folder) };
    let rescued = rescued.map_err(|error| error.to_string())?;
    let nothing = Restored { device: None, forgotten: None, aside: None, reason: None };
    Ok(match rescued {
        Rescued::Nothing => nothing,
        Rescued::Restored { device, kept, .. } => {
            let reason = kept.map(|error| error.to_string());
            Restored { device: Some(device.to_string()), reason, ..nothing }
        }
        Rescued::Forgotten { device, path } => {
            let (forgotten, aside) = (Some(device.to_string()), Some(path.display().to_string()));
            Restored { forgotten, aside, ..nothing }
        }
        Rescued::Aside { why, path } => {
            Restored { aside: Some(path.display().to_string()), reason: Some(why.to_string()), ..nothing }
        }
    })
}
