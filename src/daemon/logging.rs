//! The log: on standard error, or in the journal where that is the same.

use std::io::{IsTerminal, stderr};
use std::path::Path;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::arguments::{Arguments, LogFormat};
use super::journal::{self, Journal};
use super::lines::Lines;

/// Starts logging as the flags say; `VGW_LOG` may name targets more finely (`vgw::engine=trace`). As
/// text, and if standard error leads to the journal, it goes there with its fields.
pub fn start_logging(arguments: &Arguments) {
    let level = match arguments.verbose {
        0 => "warn,vgw=info,vgwd=info",
        1 => "info,vgw=debug,vgwd=debug",
        _ => "debug,vgw=trace,vgwd=trace",
    };
    let filter = EnvFilter::try_from_env("VGW_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let registry = tracing_subscriber::registry().with(filter);
    let has_colours = arguments.log_format == LogFormat::Text && stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(Lines { has_colours }).with_target(false);
    match (arguments.log_format, journal()) {
        (LogFormat::Json, _) => registry.with(lines.json().flatten_event(true)).init(),
        (LogFormat::Text, Some(journal)) => registry.with(journal).init(),
        (LogFormat::Text, None) => registry.with(lines.with_ansi(has_colours)).init(),
    }
}

/// The journal that standard error leads to; without its socket, text there does as well.
fn journal() -> Option<Journal> {
    journal::is_stderr().then(|| Journal::connect(Path::new(journal::SOCKET)).ok()).flatten()
}
