//! From one registry to another: kept if the kernel takes it, undone if not.

use std::collections::BTreeSet;

use crate::gateway::{Plan, Registry};
use crate::host::Occasion;

use super::concern::Subject;
use super::conductor::Conductor;
use super::problem::Problem;
use super::settle::{Mode, Setback, Settled, Settling};

impl Conductor {
    /// Settles a registry and keeps it, or goes back to the one that stands.
    pub(super) fn settle(&mut self, next: Registry, asked: BTreeSet<Subject>) -> Result<(), Setback> {
        let plan = self.plan.then(next, self.mirror.seen().surroundings.clone());
        let standing = self.plan.clone();
        match self.attempt(&standing, plan.clone(), Mode::Strict(asked), Occasion::Request) {
            Ok(settled) => {
                self.keep(settled);
                Ok(())
            }
            Err(setback) => {
                self.bring_in_line(&plan);
                Err(setback)
            }
        }
    }

    /// Keeps a registry and settles it as far as possible.
    pub(super) fn settle_anyhow(&mut self, next: Registry) {
        let plan = self.plan.then(next, self.mirror.seen().surroundings.clone());
        let before = std::mem::replace(&mut self.plan, plan);
        self.bring_in_line(&before);
    }

    /// Brings everything in line with the plan that stands, as far as possible: looks first what the
    /// kernel has.
    fn bring_in_line(&mut self, before: &Plan) {
        self.mirror.doubt();
        match self.attempt(before, self.plan.clone(), Mode::Tolerant, Occasion::Request) {
            Ok(settled) => self.keep(settled),
            Err(setback) => {
                self.problems = vec![Problem::Unseen(setback.failure.to_string())];
                self.vigil.schedule.failed(self.clock.now());
            }
        }
        for problem in &self.problems {
            tracing::error!("{problem}");
        }
    }

    pub(super) fn attempt(
        &mut self,
        standing: &Plan,
        plan: Plan,
        mode: Mode,
        occasion: Occasion,
    ) -> Result<Settled, Setback> {
        let now = self.clock.now();
        let mut repairs = Vec::new();
        let attempt = Settling {
            platform: &mut *self.platform,
            dataplane: &mut self.dataplane,
            mirror: &mut self.mirror,
            standing,
            plan,
            mode,
            known: &self.problems,
            looked: false,
            disputes: &self.vigil.disputes,
            now,
            repairs: &mut repairs,
        };
        let outcome = attempt.run();
        self.vigil.fell(self.platform.kernel().fallen(), now);
        self.vigil.note(&repairs, &standing.want().host, occasion, now, &self.recorder);
        outcome
    }

    /// Takes over what an attempt has reached. What it left undone for a reason that passes is tried again.
    pub(super) fn keep(&mut self, settled: Settled) {
        self.plan = settled.plan;
        self.problems = settled.problems;
        match self.problems.iter().any(Problem::is_passing) {
            true => self.vigil.schedule.unfinished(self.clock.now()),
            false => self.vigil.schedule.finished(),
        }
        if let Some(lost) = settled.lost {
            self.lost = lost;
        }
    }
}
