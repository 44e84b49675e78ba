//! What DHCP clients have leased, followed as it comes and goes.
//!
//! The files that their hooks write are the truth, and a request only says that one has changed: of two
//! hooks that run at the same time, or beside a start of the daemon, the last to be heard need not be
//! the last that wrote.

use std::collections::BTreeMap;

use crate::gateway::{Applied, LeaseName, Leases, Registry};

use super::command::{Caller, Failure};
use super::concern::Subject;
use super::conductor::Conductor;
use super::knowledge::Knowledge;
use super::log::Matter;
use super::platform::FoundLeases;

impl Conductor {
    /// Looks what the leases are, and follows them as far as the kernel does. What it refuses has become a
    /// problem that is shown.
    pub(super) fn look_for_leases(&mut self) {
        let leases = self.find_leases();
        let _: Result<(), Failure> = self.follow_leases(None, &leases);
    }

    /// The leases as they are now; what cannot be read of them becomes a problem, told once.
    pub(super) fn find_leases(&mut self) -> Leases {
        let FoundLeases { leases, problems } = self.platform.leases();
        for problem in problems.iter().filter(|problem| !self.bad_leases.contains(problem)) {
            tracing::error!("{problem}");
        }
        self.bad_leases = problems;
        leases
    }

    /// Looks what the leases are, and follows them: those that have not changed are not touched. What
    /// became of one of them is the answer.
    ///
    /// # Errors
    /// The kernel refused what follows from it. The uplink leads nowhere then, until it can be followed.
    pub(super) fn read_lease(&mut self, caller: &Caller, name: LeaseName) -> Result<Applied, Failure> {
        let leases = self.find_leases();
        let applied = match (self.plan.registry().leases().get(&name), leases.get(&name)) {
            (None, None) => Applied::Absent,
            (None, Some(_)) => Applied::Added,
            (Some(_), None) => Applied::Deleted,
            (Some(before), Some(now)) if before == now => Applied::Unchanged,
            (Some(_), Some(_)) => Applied::Changed,
        };
        let outcome = self.follow_leases(Some(name), &leases).map(|()| applied);
        let lease = leases.get(&name).map(|lease| format!("{} via {}", lease.address, lease.via));
        let matter = Matter::new("lease", name).saying(lease.unwrap_or_default()).of_interface(name.device);
        matter.tell(&self.recorder, caller, &outcome);
        outcome
    }

    /// Follows leases: the one that waits for `name` and those that have changed must succeed, without a
    /// name all.
    fn follow_leases(&mut self, name: Option<LeaseName>, leases: &Leases) -> Result<(), Failure> {
        let mut knowledge = Knowledge::default();
        loop {
            let mut next = self.plan.registry().clone();
            next.take_leases(leases.clone());
            if next == *self.plan.registry() && self.problems.is_empty() {
                return Ok(());
            }
            if let Err(failure) = self.learn(&mut knowledge) {
                self.settle_anyhow(next);
                return Err(failure);
            }
            let mut asked = asked(self.plan.registry(), &next, name);
            match self.settle(next.clone(), asked.values().cloned().collect()) {
                Ok(()) => return Ok(()),
                Err(setback) if knowledge.is_to_blame(&setback.failure) => {}
                Err(setback) => {
                    // A former lease is no more: nothing may leave by what is left of it.
                    asked.retain(|_, uplink| setback.blamed.contains_key(uplink));
                    let mut without = next.clone();
                    let good = leases.iter().filter(|(name, _)| !asked.contains_key(name));
                    without.take_leases(good.map(|(name, lease)| (*name, *lease)).collect());
                    self.settle_anyhow(without);
                    self.settle_anyhow(next);
                    return Err(*setback.failure);
                }
            }
        }
    }
}

/// The uplinks whose lease has changed, and the one that waits for `name`, or all.
fn asked(before: &Registry, after: &Registry, name: Option<LeaseName>) -> BTreeMap<LeaseName, Subject> {
    let leased = after.uplinks().filter_map(|uplink| Some((uplink.spec.lease()?, uplink)));
    let asked = leased.filter(|(lease, uplink)| {
        let former = before.uplink(&uplink.spec.name).and_then(|former| former.lease);
        name.is_none_or(|name| name == *lease) || former != uplink.lease
    });
    asked.map(|(lease, uplink)| (lease, Subject::Uplink(uplink.spec.name.clone()))).collect()
}
