//! What calls have added outlives the daemon.
//!
//! There is one place where that is looked after: before a request is answered, and after the conductor has
//! done anything of itself, what stands is compared with what was written down last, and the difference is
//! written. How something came about does not matter.

use std::time::Duration;

use crate::clock::Moment;
use crate::gateway::{Audit, Key, Plan, Refusal, Registry, Saved, State, Unfit};
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

    fn state(&self, plan: &Plan, gateways: &Audit, ports: &Audit) -> State {
        let (registry, unfit) = (plan.registry().clone(), self.unfit.clone());
        State { registry, unfit, gateways: gateways.clone(), ports: ports.clone() }
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
        self.memory.unfit.tidy(self.plan.registry());
        let state = self.memory.state(&self.plan, &self.audit, &self.port_audit);
        let now = self.clock.now();
        let change = match (&self.memory.written, &self.memory.failure) {
            (_, Some(failed)) if now < failed.again => return,
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

    /// Tries again what was saved and did not fit.
    pub(super) fn retry_unfit(&mut self) {
        if self.memory.unfit.is_empty() {
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
