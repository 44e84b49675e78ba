//! Start and stop, in order.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Sender, bounded, unbounded};

use crate::clock::Clock;
use crate::fabric::Wanted;
use crate::gateway::{Declared, FabricNames, Misfit, Plan, Registry, State};
use crate::host::{KernelError, Mark, Mirror, Repairs, Surroundings};

use super::command::{Caller, Command};
use super::conductor::Conductor;
use super::dataplane::Dataplane;
use super::events::{Cause, Deed, Events, Happening, Recorder};
use super::fabric::{Leftover, Upkeep};
use super::handle::Handle;
use super::memory::Memory;
use super::platform::Platform;
use super::rates::Sample;
use super::role::Role;
use super::vigil::Vigil;
use super::vital::Vital;
use super::worker;

/// What the engine starts from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a worker looks for more packets before it sleeps, while they come one after the
    /// other; zero is never.
    pub spin: Duration,
    /// How our own things in the kernel are recognised.
    pub mark: Mark,
    /// What the configuration file defines.
    pub declared: Declared,
    /// The audits' timer, for gateways until a controller sets another; `None` switches audits off.
    pub audit_timeout: Option<Duration>,
    /// How often everything is checked, whether or not the kernel told of a change; `None` is never.
    pub check: Option<Duration>,
    /// The host's device that is taken in front of the host.
    pub fabric: Option<Wanted>,
    /// What an earlier daemon has left of such a device.
    pub leftover: Option<Leftover>,
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What the configuration defines does not fit beside what the host has.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The kernel could not be observed.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// No thread or descriptor to be had.
    #[error("cannot start threads: {0}")]
    Threads(#[from] io::Error),
}

/// What a run leaves on the host when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remains {
    /// Nothing: it is as it was before.
    Nothing,
    /// Taps, routes and rules, for the next run to take up. The host's own device, if it was taken, is given back:
    /// the host needs it while nobody forwards.
    Everything,
}

/// The running engine. Stopping it removes everything of ours from the kernel.
#[derive(Debug)]
pub struct Engine {
    commands: Sender<(Caller, Command)>,
    events: Events,
    conductor: JoinHandle<()>,
}

impl Engine {
    /// Starts workers and conductor and brings the kernel in line with the configuration; what an earlier
    /// run has left and is wanted still stays as it is. A static gateway that the kernel refuses does not keep the
    /// others from standing: it is logged, shown as a problem and tried again at the next change.
    ///
    /// # Errors
    /// Nothing has been changed then.
    pub fn start(
        mut platform: Box<dyn Platform>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Result<Self, StartError> {
        let mirror = observe(&mut *platform)?;
        let mut nothing = Registry::new(settings.declared.limits, settings.mark);
        nothing.remember_tables(platform.remembered_tables());
        if let Some(Wanted { device, interface }) = settings.fabric {
            nothing.reserve_fabric(FabricNames { wire: device, host: interface });
        }
        let mut registry = nothing.clone();
        registry.reload(&settings.declared, mirror.seen())?;
        let confine = platform.confinement();
        let workers = worker::start(platform.transfers(), settings.spin, &clock, confine)?;
        let now = clock.now();
        let state = Memory::recollect(&mut *platform, registry, settings.audit_timeout, mirror.seen(), now);
        let vigil = Vigil::new(platform.stirrings(), settings.check, now);
        let State { registry, unfit, audits, replaced: _ } = state;
        let mut conductor = Conductor {
            platform,
            dataplane: Dataplane::new(workers),
            mirror,
            plan: Plan::new(nothing, Surroundings::default()),
            audits,
            started: now,
            problems: Vec::new(),
            bad_leases: Vec::new(),
            lost: BTreeSet::new(),
            told: Vec::new(),
            sample: Sample::default(),
            recorder: Recorder::new(Arc::clone(&clock)),
            trial: None,
            clock,
            vigil,
            fabric: Upkeep::default(),
            memory: Memory::new(unfit),
        };
        if let Some(leftover) = settings.leftover {
            conductor.inherit_fabric(leftover);
        }
        conductor.begin(registry, settings.fabric);
        let events = conductor.recorder.events();
        let (commands, inbox) = unbounded();
        let conductor = Builder::new().name("conductor".into()).spawn(move || {
            let _vital = Vital;
            confine(Role::Conductor);
            conductor.run(&inbox);
        })?;
        Ok(Self { commands, events, conductor })
    }

    /// A handle for those who ask.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(self.commands.clone()).telling(self.events.clone())
    }

    /// Removes everything of ours from the kernel, or leaves it to the next run, and ends the threads. Requests
    /// that wait are answered with [`super::Failure::Stopping`]. What could not be done comes back, one
    /// sentence each.
    #[must_use]
    pub fn stop(self, remains: Remains) -> Vec<String> {
        let (done, stopped) = bounded(1);
        let mut left = Vec::new();
        if self.commands.send((Caller::Configuration, Command::Stop(remains, done))).is_ok() {
            // An error means that the conductor is gone, which is what is waited for.
            left = stopped.recv().unwrap_or_default();
        }
        if self.conductor.join().is_err() {
            left.push("the conductor had panicked".to_owned());
        }
        left
    }
}

impl Conductor {
    /// Makes the first registry stand, beside the fabric that the configuration asks for.
    fn begin(&mut self, mut registry: Registry, fabric: Option<Wanted>) {
        if let Some(wanted) = fabric {
            // Before everything else: uplinks name the tap.
            self.take_configured_fabric(wanted);
            registry.set_fabric(self.plan.registry().fabric().map(|fabric| (**fabric).clone()));
        }
        // The daemon's socket is there by now: whoever comes too late for this look is heard.
        registry.take_leases(self.find_leases());
        let started = Happening::new("daemon", "", Deed::Started).saying(env!("CARGO_PKG_VERSION"));
        self.recorder.record(Cause::Daemon, started);
        let nothing = self.plan.registry().declared();
        let configuration = Cause::Caller(Caller::Configuration);
        self.tell_differences(&configuration, &nothing.differences(&registry.declared()));
        self.platform.take_up(&mut registry.ports().map(|port| &*port.spec));
        // What waits in queues that an earlier run has left is read once everything stands.
        if !self.platform.is_resuming() {
            self.dataplane.open();
        }
        self.settle_anyhow(registry);
        // Of a lease that the kernel refuses, what was left of the one before goes too.
        self.look_for_leases();
        self.dataplane.open();
        // Clearing what an earlier run has left is no repair.
        self.vigil.repairs = Repairs::default();
    }
}

/// What the host has, before anything is done.
fn observe(platform: &mut dyn Platform) -> Result<Mirror, KernelError> {
    let mut mirror = Mirror::default();
    mirror.refresh(platform.kernel())?;
    if let Some(priority) = mirror.seen().foreign_priorities.get_min() {
        tracing::warn!(
            priority,
            "somebody else's rules stand among the priorities that are ours; with many subnets they may be \
             passed over: choose others by host.rule_priority"
        );
    }
    Ok(mirror)
}
