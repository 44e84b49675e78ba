//! What a step that is refused means for the others.

use std::collections::BTreeSet;

use crate::engine::command::Failure;
use crate::engine::concern::{Subject, concerned};
use crate::engine::problem::Problem;
use crate::host::{KernelError, Operation};

use super::{Mode, Progress, Setback, Settling};

impl Settling<'_> {
    /// Sorts refusals into those that end the attempt and problems to report. Those that follow from
    /// an earlier one say nothing new.
    pub(super) fn judge(
        &mut self,
        refusals: Vec<(Operation, KernelError)>,
        progress: &mut Progress,
    ) -> Result<(), Setback> {
        let mut setback: Option<Setback> = None;
        for (operation, error) in refusals {
            let blamed = self.concerned(&operation);
            if self.is_in_vain(&blamed, progress) {
                continue;
            }
            // A device by which packets might come back comes and goes as others like.
            let blamed = if self.is_one_of_many(&operation) { BTreeSet::new() } else { blamed };
            let failed = progress.failed.clone();
            match (self.refused(error.into(), blamed, progress), &mut setback) {
                (Err(first), None) => setback = Some(first),
                (Err(next), Some(setback)) => {
                    next.blamed.into_iter().for_each(|(subject, why)| _ = setback.blamed.entry(subject).or_insert(why));
                }
                // What hangs on a device of the host's is nothing without it; the gateways are something.
                (Ok(()), _) if self.is_of_host(&operation) => progress.failed = failed,
                (Ok(()), _) => {}
            }
        }
        setback.map_or(Ok(()), Err)
    }

    /// True for a switch of a device that is not ours.
    fn is_of_host(&self, operation: &Operation) -> bool {
        let (Operation::Enable(setting) | Operation::Restore(setting)) = operation else { return false };
        self.mirror.seen().ours.links.get(&setting.interface).is_none()
    }

    /// True for a switch of a device that no uplink names: any of the host's ways out.
    fn is_one_of_many(&self, operation: &Operation) -> bool {
        let (Operation::Enable(setting) | Operation::Restore(setting)) = operation else { return false };
        let mut uplinks = self.plan.registry().uplinks();
        self.is_of_host(operation) && !uplinks.any(|uplink| uplink.spec.device == setting.interface)
    }

    /// A step was refused: the end of this attempt, or a problem to report.
    pub(super) fn refused(
        &mut self,
        failure: Failure,
        blamed: BTreeSet<Subject>,
        progress: &mut Progress,
    ) -> Result<(), Setback> {
        let problem = Problem::of_failure(&failure, &blamed);
        if !self.known.contains(&problem) && matches!(failure, Failure::Kernel(_)) {
            self.mirror.doubt();
        }
        if self.is_asked(&blamed) {
            let blamed = blamed.into_iter().map(|subject| (subject, failure.clone())).collect();
            return Err(Setback { failure: Box::new(failure), blamed });
        }
        progress.problems.push(problem);
        progress.failed.extend(blamed);
        Ok(())
    }

    pub(super) fn concerned(&self, operation: &Operation) -> BTreeSet<Subject> {
        concerned(operation, [self.standing.registry(), self.plan.registry()])
    }

    pub(super) fn is_asked(&self, blamed: &BTreeSet<Subject>) -> bool {
        matches!(&self.mode, Mode::Strict(asked) if !blamed.is_disjoint(asked))
    }

    /// True for a step that cannot succeed since one before it did not, and that nobody waits for.
    /// One that is asked for is tried all the same: its refusal is the answer.
    pub(super) fn is_in_vain(&self, blamed: &BTreeSet<Subject>, progress: &Progress) -> bool {
        !blamed.is_disjoint(&progress.failed) && !self.is_asked(blamed)
    }
}
