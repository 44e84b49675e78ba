//! The log on standard error.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

use super::arguments::{Arguments, LogFormat};

/// Starts logging as the flags say; `VGW_LOG` may name targets more finely (`vgw::engine=trace`).
pub fn start_logging(arguments: &Arguments) {
    let level = match arguments.verbose {
        0 => "warn,vgw=info,vgwd=info",
        1 => "info,vgw=debug,vgwd=debug",
        _ => "debug,vgw=trace,vgwd=trace",
    };
    let filter = EnvFilter::try_from_env("VGW_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_target(false);
    match arguments.log_format {
        LogFormat::Text => builder.with_ansi(stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}
