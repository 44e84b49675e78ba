//! Another configuration, applied on trial: unless somebody confirms it in time, what stood before
//! comes back. The timer is the daemon's, so that it runs out also when the change has cut off whoever
//! made it.

use std::time::Duration;

use crate::clock::Moment;
use crate::gateway::{Declared, Difference, State};
use crate::host::diff;

use super::command::{Caller, Failure, ReloadError};
use super::conductor::Conductor;
use super::events::{Cause, Deed, Happening};
use super::inventory::{port_steps, steps};
use super::knowledge::Knowledge;
use super::problem::Problem;
use super::view::ComparisonView;

/// What stood before a configuration that has not been confirmed.
#[derive(Debug)]
pub(super) struct Trial {
    before: State,
    deadline: Moment,
    /// Why it could not be taken back when its time was over.
    stuck: Option<String>,
}

/// When what could not be taken back is tried again.
const AGAIN: Duration = Duration::from_secs(10);

impl Trial {
    /// What stood before.
    pub(super) fn before(&self) -> &State {
        &self.before
    }

    /// When it ends.
    pub(super) fn deadline(&self) -> Moment {
        self.deadline
    }

    /// What keeps it from being taken back.
    pub(super) fn problem(&self) -> Option<Problem> {
        self.stuck.clone().map(Problem::TrialStuck)
    }
}

impl Conductor {
    /// What another configuration would change, and what would be done for it.
    ///
    /// # Errors
    /// Why it does not fit.
    pub(super) fn compare(&mut self, declared: &Declared) -> Result<ComparisonView, ReloadError> {
        self.mirror.doubt();
        self.learn(&mut Knowledge::default())?;
        let differences = self.plan.registry().declared().differences(declared);
        let mut next = self.plan.registry().clone();
        next.reload(declared, self.mirror.seen())?;
        let plan = self.plan.then(next, self.mirror.seen().surroundings.clone());
        let mut all = port_steps(&self.plan, &plan);
        all.extend(steps(&diff(&plan.want().host, self.mirror.seen()), [self.plan.registry(), plan.registry()]));
        Ok(ComparisonView { differences, steps: all })
    }

    /// Applies another configuration. With a time to confirm it, what stands now comes back when that is
    /// over.
    ///
    /// # Errors
    /// Why it does not fit, or that another one is on trial; nothing has changed.
    pub(super) fn apply(
        &mut self,
        caller: &Caller,
        declared: &Declared,
        timeout: Option<Duration>,
        confirm: Option<Duration>,
    ) -> Result<Vec<Difference>, ReloadError> {
        if let Some(trial) = &self.trial {
            return Err(Failure::OnTrial(trial.deadline - self.clock.now()).into());
        }
        let before = self.state();
        let differences = self.reload(caller, declared, timeout)?;
        tracing::info!(%caller, differences = differences.len(), on_trial = ?confirm, "configuration applied");
        self.trial = confirm.map(|time| Trial { before, deadline: self.clock.now() + time, stuck: None });
        self.retry_unfit();
        Ok(differences)
    }

    /// Keeps the configuration that is on trial.
    ///
    /// # Errors
    /// None is.
    pub(super) fn confirm(&mut self, caller: &Caller) -> Result<(), Failure> {
        self.trial.take().ok_or(Failure::NoTrial)?;
        tracing::info!(%caller, "configuration confirmed");
        self.recorder.record(caller.into(), Happening::new("configuration", "", Deed::Confirmed));
        self.retry_unfit();
        Ok(())
    }

    /// Takes back the configuration that is on trial.
    ///
    /// # Errors
    /// None is.
    pub(super) fn roll_back(&mut self, caller: &Caller) -> Result<(), Failure> {
        let trial = self.trial.take().ok_or(Failure::NoTrial)?;
        match self.revert(&caller.into(), &trial) {
            Ok(()) => {
                tracing::info!(%caller, "configuration taken back");
                Ok(())
            }
            Err(failure) => {
                // It is on trial as before.
                self.trial = Some(trial);
                Err(failure)
            }
        }
    }

    /// Takes back the configuration on trial when its time is over.
    pub(super) fn expire_trial(&mut self, now: Moment) {
        if let Some(trial) = self.trial.take_if(|trial| trial.deadline <= now) {
            match self.revert(&Cause::Trial, &trial) {
                Ok(()) => tracing::warn!("the configuration was not confirmed in time: what stood before is back"),
                Err(failure) => {
                    tracing::error!("the configuration before cannot come back: {failure}");
                    self.trial = Some(Trial { deadline: now + AGAIN, stuck: Some(failure.to_string()), ..trial });
                }
            }
        }
    }

    /// Applies the configuration file, read again. It takes the place of one on trial, which nobody can take
    /// back then.
    ///
    /// # Errors
    /// As [`Conductor::apply`].
    pub(super) fn read_again(
        &mut self,
        caller: &Caller,
        declared: &Declared,
        timeout: Option<Duration>,
    ) -> Result<(), ReloadError> {
        self.reload(caller, declared, timeout)?;
        if self.trial.take().is_some() {
            tracing::warn!("the configuration on trial is replaced by the one read again");
        }
        self.retry_unfit();
        Ok(())
    }

    /// Brings back what stood before a trial, as far as the host lets it.
    fn revert(&mut self, cause: &Cause, trial: &Trial) -> Result<(), Failure> {
        self.mirror.doubt();
        self.learn(&mut Knowledge::default())?;
        let mut next = self.plan.registry().clone();
        let before = next.declared();
        next.revert(&trial.before.registry, self.mirror.seen()).map_err(|misfit| Failure::Refused(misfit.refusal))?;
        self.settle_anyhow(next);
        self.recorder.record(cause.clone(), Happening::new("configuration", "", Deed::RolledBack));
        self.tell_differences(cause, &before.differences(&self.plan.registry().declared()));
        self.audits = self.audits.with_timers_of(&trial.before.audits);
        self.look_for_leases();
        self.retry_unfit();
        Ok(())
    }
}
