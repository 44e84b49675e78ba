//! Problems as the conductor has them in different places, and the events of their coming and going.

use super::conductor::Conductor;
use super::events::{Cause, Deed, Happening};
use super::problem::Problem;
use super::trial::Trial;

impl Conductor {
    /// What is wrong, disputes aside.
    pub(super) fn standing_problems(&self) -> impl Iterator<Item = Problem> {
        let bad_leases = self.bad_leases.iter().cloned().map(Problem::LeaseBad);
        let waiting = self.plan.registry().waiting().map(Problem::of_waiting);
        let lost = self.lost.iter().copied().map(Problem::PortLost);
        self.problems
            .iter()
            .cloned()
            .chain(bad_leases)
            .chain(waiting)
            .chain(lost)
            .chain(self.fabric.problems())
            .chain(self.trial.as_ref().and_then(Trial::problem))
            .chain(self.memory.problems())
            .chain(self.platform.put_aside().map(Problem::StateAside))
    }

    /// Records the problems that have come up since this was last called, and those that are over. Costs
    /// as much as there are uplinks and problems.
    pub(super) fn tell_problems(&mut self) {
        let now: Vec<Problem> = self.standing_problems().collect();
        if now == self.told {
            return;
        }
        let before = std::mem::replace(&mut self.told, now);
        for problem in before.iter().filter(|problem| !self.told.contains(problem) && !self.is_moot(problem)) {
            self.recorder.record(Cause::Kernel, happening(problem, false));
        }
        for problem in self.told.iter().filter(|problem| !before.contains(problem)) {
            self.recorder.record(Cause::Kernel, happening(problem, true));
        }
    }

    /// True for the loss of a port that is no longer asked for: it is not back.
    fn is_moot(&self, problem: &Problem) -> bool {
        matches!(problem, Problem::PortLost(port) if !self.plan.want().ports.contains_key(port))
    }
}

/// A problem begins or is over.
fn happening(problem: &Problem, begins: bool) -> Happening {
    match problem {
        Problem::PortLost(port) => {
            Happening::new("port", port.to_string(), if begins { Deed::Lost } else { Deed::Back })
        }
        other => {
            let deed = if begins { Deed::Began } else { Deed::Over };
            Happening::new("problem", other.id(), deed).saying(other.to_string())
        }
    }
}
