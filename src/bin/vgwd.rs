//! The daemon: flags, logging, wiring, signals.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use vgw::api::Servers;
use vgw::cli::daemon::{Arguments, Fatal, start_logging};
use vgw::config::Config;
use vgw::engine::{Engine, Handle};
use vgw::sys::{LinuxPlatform, MonotonicClock, StateDirectory, check_rights, raise_descriptor_limit};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_logging(&arguments);
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fatal) => {
            tracing::error!("{fatal}");
            fatal.exit_code()
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Fatal> {
    // Signals are caught before anything exists that they could leave behind.
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(Fatal::Start)?;
    let config = arguments.configuration()?;
    check_rights()?;
    raise_descriptor_limit();
    let state = StateDirectory::lock(&arguments.state_dir)?;
    let workers = arguments.workers(&config);
    let platform = LinuxPlatform::new(config.mark, &state, workers)?;
    let engine = Engine::start(Box::new(platform), Arc::new(MonotonicClock), workers, &config)?;
    let servers = Servers::start(&engine.handle(), &arguments.listen(&config))?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), workers, "ready");
    for signal in signals.forever() {
        if signal == SIGHUP {
            reload(arguments, &engine.handle());
        } else {
            break;
        }
    }
    // Nobody asks any more, then nothing of ours stands any more.
    servers.stop();
    engine.stop();
    tracing::info!("stopped; nothing is left behind");
    Ok(())
}

/// Reads the configuration again; a bad one leaves everything as it is.
fn reload(arguments: &Arguments, engine: &Handle) {
    match arguments.configuration().map(|config: Config| engine.reload(config)) {
        Ok(Ok(())) => tracing::info!("configuration reloaded"),
        Ok(Err(error)) => tracing::error!("configuration not applied, the old one stays: {error}"),
        Err(error) => tracing::error!("configuration not reloaded, the old one stays: {error}"),
    }
}
