//! The daemon as a service: whoever has started it hears how it stands.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::engine::{Caller, Handle, Role};
use crate::sys::{ServiceManager, Standing, sandbox};

use super::Fatal;

/// The service manager, and the thread that keeps its watchdog quiet.
#[derive(Debug)]
pub struct Service {
    manager: Arc<ServiceManager>,
    pulse: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Service {
    /// Tells that the daemon is ready. As long as it answers questions, the watchdog is told so: the
    /// conductor, and by way of it every worker.
    ///
    /// # Errors
    /// `NOTIFY_SOCKET` makes no sense, or there is no thread to be had.
    pub fn ready(engine: &Handle) -> Result<Self, Fatal> {
        let manager = Arc::new(ServiceManager::of_environment().map_err(Fatal::Service)?);
        tell(&manager, Standing::Ready);
        let pulse = manager.watchdog().map(|period| {
            let (end, ended) = bounded(0);
            let (manager, engine) = (Arc::clone(&manager), engine.clone());
            // A third: one that comes late does not end the daemon.
            let beat = move || {
                sandbox::confine(Role::Watcher);
                pulse(&manager, period / 3, &ended, || engine.status(&Caller::Configuration).is_ok());
            };
            thread::Builder::new().name("watchdog".to_owned()).spawn(beat).map(|thread| (end, thread))
        });
        Ok(Self { manager, pulse: pulse.transpose().map_err(Fatal::Service)? })
    }

    /// The configuration is read again while this runs.
    pub fn reloading<T>(&self, reload: impl FnOnce() -> T) -> T {
        tell(&self.manager, Standing::Reloading);
        let outcome = reload();
        tell(&self.manager, Standing::Ready);
        outcome
    }

    /// The daemon is ending. The watchdog hears nothing from here on: an end has a time limit of its own.
    pub fn stopping(self) {
        tell(&self.manager, Standing::Stopping);
        if let Some((end, thread)) = self.pulse {
            drop(end);
            if thread.join().is_err() {
                tracing::error!("the watchdog's thread panicked");
            }
        }
    }
}

/// Tells the watchdog each time the daemon has answered, until the end.
fn pulse(manager: &ServiceManager, interval: Duration, ended: &Receiver<()>, mut answers: impl FnMut() -> bool) {
    while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
        if answers() {
            tell(manager, Standing::Alive);
        }
    }
}

/// What cannot be told is no reason to end: the service manager finds out by itself.
fn tell(manager: &ServiceManager, standing: Standing) {
    let told: io::Result<()> = manager.tell(standing);
    if let Err(error) = told {
        tracing::warn!(%error, ?standing, "the service manager cannot be told");
    }
}
