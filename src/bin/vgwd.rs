//! The daemon: wiring and signals.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;
use vgw::clock::Clock;
use vgw::config::AtStart;
use vgw::daemon::{Arguments, Fatal, Listeners, Service, start_logging};
use vgw::engine::{Engine, Handle, Leftover, ReloadError, Remains, Role, Settings, StartError};
use vgw::gateway::LeaseName;
use vgw::sys::fabric::{self, RescueError, Rescued};
use vgw::sys::kernel::TapSettings;
use vgw::sys::{
    Kept, LinuxPlatform, MonotonicClock, NamespaceLock, StateDirectory, given_descriptors, processor,
    raise_descriptor_limit, rights, sandbox,
};

/// Ended to make way for the next one, which is to be started at once (sysexits.h: `EX_TEMPFAIL`).
const MADE_WAY: u8 = 75;

fn main() -> ExitCode {
    // Before anything that may use the instructions in question, the log and the arguments included.
    if let Err(too_old) = processor::check() {
        return match writeln!(io::stderr(), "vgwd: {too_old}") {
            Ok(()) | Err(_) => ExitCode::FAILURE,
        };
    }
    // Before anything else is opened.
    let given = given_descriptors();
    let arguments = Arguments::parse();
    start_logging(&arguments);
    match run(&arguments, given) {
        Ok(code) => code,
        Err(fatal) => {
            fatal.lines().iter().for_each(|line| tracing::error!("{line}"));
            fatal.exit_code()
        }
    }
}

fn run(arguments: &Arguments, given: Vec<(String, OwnedFd)>) -> Result<ExitCode, Fatal> {
    // Signals are caught before anything exists that they could leave behind.
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1]).map_err(Fatal::Signals)?;
    rights::check()?;
    let state = StateDirectory::lock(&arguments.state_dir)?;
    let _namespace = NamespaceLock::take().map_err(Fatal::Namespace)?;
    // The host is reached again whatever the configuration says.
    let leftover = give_back(state.path());
    let config = arguments.configuration()?;
    config.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    raise_descriptor_limit();
    let listeners = Listeners::bind(&config)?;
    arguments.make_folder();
    let folders = arguments.folders(&config);
    sandbox::keep_needed(&folders.written, &config.read);
    let taps = TapSettings { queues: config.workers, queue_length: config.queue_length };
    let platform = LinuxPlatform::new(config.mark, state.path(), taps, config.io_uring, Kept::sort(given))?;
    let at_start = Arc::new(AtStart::of(&config, arguments.held()));
    let platform = platform.naming_tables_in(config.rt_tables.clone());
    let platform = platform.reading_leases_in(LeaseName::folder(&config.socket));
    // From here on only these files are reached, by whatever thread.
    sandbox::confine_files(&folders);
    let settings = Settings {
        spin: config.spin,
        mark: config.mark,
        declared: config.declared.clone(),
        audit_timeout: config.audit_timeout,
        check: config.check,
        fabric: config.fabric,
        leftover,
    };
    let clock: Arc<dyn Clock> = Arc::new(MonotonicClock);
    let engine = Engine::start(Box::new(platform), Arc::clone(&clock), settings).map_err(|error| match error {
        StartError::Misfit(misfit) => Fatal::Config(config.locate(&misfit).into()),
        other => Fatal::Start(other),
    })?;
    let servers = match listeners.serve(&engine.handle(), &at_start, &clock) {
        Ok(servers) => servers,
        Err(fatal) => {
            // The host gets back what it needs to be reached.
            engine.stop(Remains::Nothing).iter().for_each(|problem| tracing::error!("{problem}"));
            return Err(fatal);
        }
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), workers = config.workers, "ready");
    let service = Service::ready(&engine.handle())?;
    sandbox::confine(Role::Main);
    let signal = signals.forever().find(|signal| {
        if *signal == SIGHUP {
            service.reloading(|| reload(arguments, &at_start, &engine.handle()));
        }
        *signal != SIGHUP
    });
    let makes_way = signal == Some(SIGUSR1);
    let remains = if makes_way || config.keep { Remains::Everything } else { Remains::Nothing };
    service.stopping();
    engine.handle().events().close();
    // First nobody asks any more, then nothing of ours stands any more.
    servers.into_iter().for_each(vgw::api::Server::stop);
    let left = engine.stop(remains);
    if !left.is_empty() {
        return Err(Fatal::Remains(left.join("; ")));
    }
    match remains {
        Remains::Nothing => tracing::info!("stopped; nothing is left behind"),
        Remains::Everything => tracing::info!("stopped; everything is left to the next start"),
    }
    Ok(if makes_way { MADE_WAY.into() } else { ExitCode::SUCCESS })
}

/// Gives back what a daemon before us has taken of the host's. What is left of that keeps nothing else from starting.
fn give_back(state: &Path) -> Option<Leftover> {
    match fabric::restore(state) {
        Ok(Rescued::Restored { device, host, kept }) => {
            tracing::warn!(%device, interface = %host, "the host has its device back, which an earlier vgwd had taken");
            kept.map(|error| Leftover::Done(error.to_string()))
        }
        Ok(Rescued::Aside { why, path }) => {
            tracing::warn!(path = %path.display(), "what was written down of the fabric's device was put aside: {why}");
            None
        }
        Ok(Rescued::Nothing | Rescued::Forgotten { .. }) => None,
        Err(RescueError::Failed { record, failed }) => Some(Leftover::Card { record, reason: failed.to_string() }),
        Err(error) => Some(Leftover::Unread(error.to_string())),
    }
}

/// Reads the configuration again; a bad one leaves everything as it is.
fn reload(arguments: &Arguments, at_start: &AtStart, engine: &Handle) {
    let outcome = arguments.configuration().map_err(|errors| Fatal::Config(errors.since_start())).and_then(|config| {
        config.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        engine.reload(config.declared.clone(), config.audit_timeout).map_err(|error| match error {
            ReloadError::Misfit(misfit) => Fatal::Config(config.locate(&misfit).into()),
            ReloadError::Failure(failure) => Fatal::Reload(failure),
        })?;
        Ok(at_start.difference(&config))
    });
    match outcome {
        Ok(later) => {
            tracing::info!("configuration read again and applied");
            for field in later.into_iter().flat_map(|later| later.fields) {
                tracing::warn!("takes effect at the next start of vgwd: {}", field.key);
            }
        }
        Err(fatal) => {
            fatal.lines().iter().for_each(|line| tracing::error!("the configuration stays as it was: {line}"));
        }
    }
}
