//! What calls have added outlives the daemon.
//!
//! There is one place where that is looked after: before a request is answered, and after the conductor has
//! done anything of itself, what stands is compared with what was written down last, and the difference is
//! written. How something came about does not matter.

use std::time::Duration;

use imbl::OrdMap;

use crate::clock::Moment;
use crate::gateway::{Key, Refusal, Registry, Saved, State, Unfit};
use crate::host::Observed;

use super::command::Reply;
use super::conductor::Conductor;
use super::platform::Platform;
use super::problem::Problem;

/// The pause after a failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(32);

/// What the conductor keeps of it.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// What is written down; `None` before this run has written anything.
    written: Option<State>,
    /// What was saved and does not fit.
    pub(super) unfit: Unfit,
    /// The registry beside which that was last looked through.
    tidied: Option<Registry>,
    failure: Option<Failed>,
}

/// It could not be written.
#[derive(Debug)]
struct Failed {
    reason: String,
    again: Moment,
    /// The pause after the next failure.
    pause: Duration,
}

/// What earlier runs have left in the state directory.
#[derive(Debug, Default)]
pub struct Recollection {
    /// What calls had added.
    pub saved: Saved,
    /// It was written in this run of the kernel: its deadlines are of the clock that runs.
    pub is_same_boot: bool,
}

/// A file that could not be read, kept out of the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what calls had added before the start is not taken up, since {reason}; it is kept as {file}")]
pub struct PutAside {
    /// Where it is, as it can be shown.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Memory {
    /// Nothing is written yet; this was saved and does not fit.
    pub(super) fn new(unfit: Unfit) -> Self {
        Self { unfit, ..Self::default() }
    }

    /// The registry and the audits with what earlier runs have left.
    pub(super) fn recollect(
        platform: &mut dyn Platform,
        registry: Registry,
        timeout: Option<Duration>,
        host: &Observed,
        now: Moment,
    ) -> State {
        let Recollection { saved, is_same_boot } = platform.recollect();
        let count = saved.things.len();
        let mut state = State::new(registry, timeout);
        state.restore(saved, host, now, is_same_boot);
        if count > 0 {
            tracing::info!(things = count, is_same_boot, "what calls had added before the start is taken up");
        }
        for (key, refusal) in state.unfit.iter() {
            tracing::error!("{}", problem(key, refusal));
        }
        state
    }

    /// The problems that it has.
    pub(super) fn problems(&self) -> impl Iterator<Item = Problem> {
        let failure = self.failure.iter().map(|failed| Problem::StateUnsaved(failed.reason.clone()));
        failure.chain(self.unfit.iter().map(|(key, refusal)| problem(key, refusal)))
    }

    /// When what could not be written is tried again.
    pub(super) fn next_deadline(&self) -> Option<Moment> {
        self.failure.as_ref().map(|failed| failed.again)
    }

    /// Forgets what did not fit and stands by now. Costs nothing if nothing has changed.
    fn tidy(&mut self, registry: &Registry, is_on_trial: bool) {
        if !self.unfit.is_empty() && self.tidied.as_ref() != Some(registry) {
            self.unfit.tidy(registry, is_on_trial);
            self.tidied = Some(registry.clone());
        }
    }

    fn failed(&mut self, reason: String, now: Moment) {
        let pause = self.failure.as_ref().map_or(FIRST_PAUSE, |failed| failed.pause);
        if self.failure.is_none() {
            tracing::error!("{}", Problem::StateUnsaved(reason.clone()));
        }
        self.failure = Some(Failed { reason, again: now + pause, pause: (pause * 2).min(LONGEST_PAUSE) });
    }
}

impl Conductor {
    /// Answers a request when what it has changed is written down. An answer that nobody waits for any more
    /// is dropped; what was done stays done.
    pub(super) fn answer<T>(&mut self, reply: &Reply<T>, deed: impl FnOnce(&mut Self) -> T) {
        let outcome = deed(self);
        self.remember();
        let _ = reply.send(outcome);
    }

    /// Writes down what has changed since this was last done. If that fails, what stands goes on standing:
    /// it is a problem that is shown, and is tried again.
    pub(super) fn remember(&mut self) {
        let now = self.clock.now();
        if self.memory.next_deadline().is_none_or(|again| again <= now) {
            self.write_down(now);
        }
    }

    /// Writes it down for the last time, however lately that has failed. The problem, if it cannot be done.
    pub(super) fn remember_at_last(&mut self) -> Option<Problem> {
        self.write_down(self.clock.now());
        self.memory.failure.as_ref().map(|failed| Problem::StateUnsaved(failed.reason.clone()))
    }

    /// What stands, and what does not fit.
    pub(super) fn state(&self) -> State {
        let (registry, unfit) = (self.plan.registry().clone(), self.memory.unfit.clone());
        State { registry, unfit, replaced: OrdMap::new(), audits: self.audits.clone() }
    }

    fn write_down(&mut self, now: Moment) {
        self.memory.tidy(self.plan.registry(), self.trial.is_some());
        let mut state = self.state();
        if let Some(trial) = &self.trial {
            // A restart takes it back.
            state = state.taken_back(trial.before());
        }
        let change = match (&self.memory.written, &self.memory.failure) {
            // The first time everything is written.
            (None, _) => Vec::new(),
            (Some(written), failure) => {
                let change = state.records_since(written);
                if change.is_empty() && failure.is_none() {
                    return;
                }
                change
            }
        };
        match self.platform.remember(&change, &|| state.records()) {
            Ok(()) => {
                self.memory.written = Some(state);
                if self.memory.failure.take().is_some() {
                    tracing::info!("what calls have added is saved again");
                }
            }
            Err(reason) => self.memory.failed(reason, now),
        }
    }

    /// Tries again what was saved and did not fit. Not while a configuration is on trial: what fits beside
    /// that one could keep the one before from coming back.
    pub(super) fn retry_unfit(&mut self) {
        if self.memory.unfit.is_empty() || self.trial.is_some() {
            return;
        }
        let mut next = self.plan.registry().clone();
        if self.memory.unfit.retry(&mut next, self.mirror.seen()) {
            tracing::info!("what calls had added before the start and did not fit stands again");
            self.settle_anyhow(next);
        }
    }
}

/// What does not fit, and why.
fn problem(key: &Key, refusal: &Refusal) -> Problem {
    Problem::StateUnfit { key: key.clone(), reason: refusal.to_string() }
}
