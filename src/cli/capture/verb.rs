//! What `vgw capture` does with its packets: lines, or a file.

use std::fs;
use std::io::BufWriter;
use std::path::Path;

use crate::cli::args::CaptureArguments;
use crate::cli::ask::ask;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::report::CaptureEnd;
use crate::cli::run::Form;
use crate::clock::Clock;

use super::{Bounds, File, Lines, Total, capture, request, stop_on_signals};

/// Captures to where it was asked for.
///
/// # Errors
/// What is wrong with the filter, why there is no capture, or why it cannot be written.
pub(in crate::cli) fn obey(
    given: &CaptureArguments,
    socket: &Path,
    form: Form,
    clock: &dyn Clock,
    console: &mut Console<'_>,
) -> Result<CaptureEnd, Failure> {
    let request = request(given)?;
    let (count, until) = (given.count, given.duration.map(|time| clock.now() + time));
    let bounds = Bounds { count, until, stop: stop_on_signals(), clock };
    let total = ask(socket, |daemon| match given.write.as_deref() {
        None => {
            let put = &mut |text: &str| console.put(text);
            capture(daemon, request, &bounds, &mut Lines { form, put, text: String::new() })
        }
        Some(path) if path == Path::new("-") => {
            let mut out = BufWriter::new(&mut console.out);
            capture(daemon, request, &bounds, &mut File::new(&mut out, given.snaplen))
        }
        Some(path) => {
            let mut file = BufWriter::new(fs::File::create(path).map_err(Failure::Output)?);
            capture(daemon, request, &bounds, &mut File::new(&mut file, given.snaplen))
        }
    })?;
    let Total { packets, lost } = total;
    Ok(CaptureEnd { packets, lost })
}
