//! Bringing kernel and workers in line with a registry. Add, delete, audit expiry, reload, start
//! after a crash, stop and rollback are all this, with another registry.

mod devices;
mod refusal;
mod restraint;

use std::collections::{BTreeMap, BTreeSet};

use crate::addr::InterfaceName;
use crate::clock::Moment;
use crate::gateway::Plan;
use crate::host::{Disputes, KernelError, Mirror, Operation, Stages, diff};

use super::command::Failure;
use super::concern::Subject;
use super::dataplane::Dataplane;
use super::platform::Platform;
use super::problem::Problem;
use super::vigil::Repair;

/// What a step that fails does to the rest.
pub(super) enum Mode {
    /// A step for one of these that fails ends the attempt. What fails for others was so before, and
    /// becomes a problem to report.
    Strict(BTreeSet<Subject>),
    /// Everything that can be done is done; what fails becomes a problem to report.
    Tolerant,
}

/// Why an attempt ended.
#[derive(Debug)]
pub(super) struct Setback {
    /// What failed first.
    pub(super) failure: Box<Failure>,
    /// Who is concerned, each with its failure; empty if nothing can be done for anybody.
    pub(super) blamed: BTreeMap<Subject, Failure>,
}

/// What an attempt has reached.
#[derive(Debug)]
pub(super) struct Settled {
    /// The plan, in the surroundings that were last seen.
    pub(super) plan: Plan,
    /// What had to be left undone.
    pub(super) problems: Vec<Problem>,
    /// The ports whose interface was down or gone, if the attempt looked for that.
    pub(super) lost: Option<BTreeSet<InterfaceName>>,
}

/// One attempt to reach what a plan calls for.
pub(super) struct Settling<'a> {
    pub(super) platform: &'a mut dyn Platform,
    pub(super) dataplane: &'a mut Dataplane,
    pub(super) mirror: &'a mut Mirror,
    /// What stands, or stood before the attempt.
    pub(super) standing: &'a Plan,
    /// What is to be.
    pub(super) plan: Plan,
    pub(super) mode: Mode,
    /// Problems of the last attempt: no surprise if they are still there.
    pub(super) known: &'a [Problem],
    /// The kernel was observed for this attempt.
    pub(super) looked: bool,
    /// What others keep undoing is not repaired all the time, unless it is asked for.
    pub(super) disputes: &'a Disputes,
    /// When the attempt began.
    pub(super) now: Moment,
    /// Takes what was done to put something right, and not to change it.
    pub(super) repairs: &'a mut Vec<Repair>,
}

/// What an attempt has come to so far.
#[derive(Default)]
struct Progress {
    /// What the kernel has acknowledged.
    done: Vec<Operation>,
    /// A guest's port was opened.
    opened: bool,
    failed: BTreeSet<Subject>,
    problems: Vec<Problem>,
    lost: Option<BTreeSet<InterfaceName>>,
}

impl Settling<'_> {
    /// Makes the attempt. Order is part of the contract: tables, ports, then what invites traffic;
    /// in reverse for what goes.
    ///
    /// # Errors
    /// What ended a strict attempt; the caller settles the old registry again.
    pub(super) fn run(mut self) -> Result<Settled, Setback> {
        let mut progress = Progress::default();
        let tables: Vec<u32> = self.plan.registry().uplinks().map(|uplink| uplink.table).collect();
        let is_other = self.platform.claim_tables(&tables);
        if is_other || self.mirror.is_in_doubt() {
            self.look()?;
        }
        let want = self.plan.want().clone();
        self.dataplane.expect(&want.ports);
        self.dataplane.publish_additions(&want.instances);
        self.clear_names(&mut progress)?;
        self.open_guests(&mut progress)?;
        self.change_host(&mut progress)?;
        if self.mirror.is_in_doubt() {
            // Not all was as it was thought to be: what that leaves to do is found by looking.
            self.look()?;
            self.change_host(&mut progress)?;
        }
        self.dataplane.update_ports();
        self.dataplane.publish_removals(&want.instances);
        self.dataplane.barrier();
        self.close_guests();
        self.verify(&mut progress)?;
        // What was done is told to who listens: taken up now, while it is not much.
        self.mirror.listen(self.platform.kernel());
        self.mirror.share_with(&self.plan.want().host);
        let uplinks = self.plan.registry().uplinks();
        let tables = uplinks.map(|uplink| (uplink.spec.name.clone(), uplink.table)).collect();
        progress.problems.extend(self.platform.name_tables(&tables).err().map(Problem::TableNames));
        Ok(Settled { plan: self.plan, problems: progress.problems, lost: progress.lost })
    }

    /// Observes the kernel, and plans anew: other ways may lead out of the host now.
    fn look(&mut self) -> Result<(), Setback> {
        self.mirror.refresh(self.platform.kernel()).map_err(Setback::of_all)?;
        self.looked = true;
        let seen = self.mirror.seen();
        self.plan = self.plan.then(self.plan.registry().clone(), seen.surroundings.clone());
        self.mirror.share_with(&self.plan.want().host);
        Ok(())
    }

    /// Carries out what differs, stage by stage.
    fn change_host(&mut self, progress: &mut Progress) -> Result<(), Setback> {
        let stages = Stages::new(&self.plan.want().host, self.mirror.seen());
        let made: BTreeSet<_> = stages.new_links.iter().filter_map(made).collect();
        self.carry_out(stages.new_links, progress)?;
        // Before anything invites traffic to the taps, their ports stand.
        self.attach_taps(made);
        self.carry_out(stages.ground, progress)?;
        self.carry_out(stages.rules, progress)?;
        self.carry_out(stages.openings, progress)?;
        // A tap that is down loses what it is given.
        self.dataplane.publish_postponed();
        self.carry_out(stages.invitations, progress)?;
        self.carry_out(stages.withdrawals, progress)?;
        let old_links = self.possible(stages.old_links, progress);
        self.release_adopted(&old_links);
        if !old_links.is_empty() {
            // No worker sends by a tap that goes.
            self.dataplane.barrier();
        }
        self.carry_out(old_links, progress)?;
        self.carry_out(stages.remains, progress)
    }

    fn carry_out(&mut self, operations: Vec<Operation>, progress: &mut Progress) -> Result<(), Setback> {
        let operations = self.possible(operations, progress);
        if operations.is_empty() {
            return Ok(());
        }
        let outcomes = self.platform.kernel().apply(&operations);
        let mut refusals = Vec::new();
        for (operation, outcome) in operations.into_iter().zip(outcomes) {
            match outcome {
                Ok(outcome) => {
                    self.mirror.note(&operation, outcome);
                    let objects = self.restored(&operation);
                    if !objects.is_empty() {
                        self.repairs.push((operation.clone(), objects));
                    }
                    progress.done.push(operation);
                }
                Err(error) => refusals.push((operation, error)),
            }
        }
        self.judge(refusals, progress)
    }

    /// Looks whether the kernel kept what it was told: something else may have undone it, and some
    /// changes are accepted and ignored. An attempt that began by looking at everything ends so, if it
    /// has changed anything; otherwise that which was changed is read again. What comes and goes meanwhile on the host,
    /// such as another way out, is left to the next attempt.
    fn verify(&mut self, progress: &mut Progress) -> Result<(), Setback> {
        let nothing_done = progress.done.is_empty() && !progress.opened;
        let read = match self.looked {
            true if nothing_done => Ok(()),
            true => self.mirror.refresh(self.platform.kernel()),
            false => self.mirror.reread(self.platform.kernel(), &progress.done),
        };
        read.map_err(Setback::of_all)?;
        let mut missing = diff(&self.plan.want().host, self.mirror.seen());
        missing.retain(|operation| !matches!(operation, Operation::Enable(_) | Operation::Restore(_)));
        self.let_rest(&mut missing, progress);
        let error = |operation: &Operation| KernelError {
            operation: operation.to_string(),
            reason: "accepted, but not in effect afterwards".into(),
            errno: 0,
        };
        let missing = missing.into_iter().map(|operation| (error(&operation), operation));
        self.judge(missing.map(|(error, operation)| (operation, error)).collect(), progress)
    }
}

impl Setback {
    /// Nothing can be done for anybody.
    pub(super) fn of_all(error: KernelError) -> Self {
        Self { failure: Box::new(error.into()), blamed: BTreeMap::new() }
    }
}

/// The tap that an operation makes.
fn made(operation: &Operation) -> Option<InterfaceName> {
    match operation {
        Operation::AddLink(name, _) => Some(*name),
        _ => None,
    }
}
