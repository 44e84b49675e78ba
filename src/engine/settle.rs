//! Bringing kernel and workers in line with a registry. Add, delete, audit expiry, reload, start
//! after a crash, stop and rollback are all this, with another registry.

use std::collections::{BTreeMap, BTreeSet};

use crate::addr::InterfaceName;
use crate::gateway::{Plan, PortKind, PortSpec, PortWant, Registry};
use crate::host::{KernelError, Mirror, Operation, diff, stages};

use super::command::Failure;
use super::concern::{Subject, concerned};
use super::dataplane::Dataplane;
use super::platform::Platform;

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
    pub(super) failure: Failure,
    /// Who is concerned, each with its failure; empty if nothing can be done for anybody.
    pub(super) blamed: BTreeMap<Subject, Failure>,
}

/// What an attempt has reached.
#[derive(Debug)]
pub(super) struct Settled {
    /// The plan, in the surroundings that were last seen.
    pub(super) plan: Plan,
    /// What had to be left undone, one sentence each.
    pub(super) problems: Vec<String>,
}

/// One attempt to reach what a plan calls for.
pub(super) struct Settling<'a> {
    pub(super) platform: &'a mut dyn Platform,
    pub(super) dataplane: &'a mut Dataplane,
    pub(super) mirror: &'a mut Mirror,
    /// What stands, or stood before the attempt.
    pub(super) standing: &'a Registry,
    /// What is to be.
    pub(super) plan: Plan,
    pub(super) mode: Mode,
    /// Problems of the last attempt: no surprise if they are still there.
    pub(super) known: &'a [String],
    /// The kernel was observed for this attempt.
    pub(super) looked: bool,
}

/// What an attempt has come to so far.
#[derive(Default)]
struct Progress {
    /// What the kernel has acknowledged.
    done: Vec<Operation>,
    failed: BTreeSet<Subject>,
    problems: Vec<String>,
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
        self.verify(&mut progress)?;
        // What was done is told to who listens: taken up now, while it is not much.
        self.mirror.listen(self.platform);
        self.mirror.share_with(&self.plan.want().host);
        let uplinks = self.plan.registry().uplinks();
        let tables = uplinks.map(|uplink| (uplink.spec.name.clone(), uplink.table)).collect();
        progress.problems.extend(self.platform.name_tables(&tables).err());
        Ok(Settled { plan: self.plan, problems: progress.problems })
    }

    /// Observes the kernel, and plans anew: other ways may lead out of the host now.
    fn look(&mut self) -> Result<(), Setback> {
        self.mirror.refresh(self.platform).map_err(Setback::of_all)?;
        self.looked = true;
        let seen = self.mirror.seen();
        self.plan = self.plan.then(self.plan.registry().clone(), seen.surroundings.clone());
        self.mirror.share_with(&self.plan.want().host);
        Ok(())
    }

    /// Opens guests' ports that are new or must be opened anew.
    fn open_guests(&mut self, progress: &mut Progress) -> Result<(), Setback> {
        let lost = if self.looked || self.asks_for_guest() { self.dataplane.lost() } else { BTreeSet::new() };
        let names: BTreeSet<InterfaceName> = self.dataplane.differing().into_iter().chain(lost.clone()).collect();
        for name in names {
            let Some(wanted @ PortWant::Guest(spec)) = self.plan.want().ports.get(&name) else { continue };
            let stands = match self.dataplane.port(&name) {
                Some(PortWant::Guest(present)) if same_device(present, spec) && !lost.contains(&name) => continue,
                other => other.is_some(),
            };
            if stands {
                // The old device goes first: it may have the same name in the same namespace.
                self.dataplane.close(&name);
                self.dataplane.barrier();
            }
            match self.platform.open_port(spec) {
                Ok(open) => self.dataplane.attach(name, wanted, open.mtu, open.queues),
                Err(reason) => {
                    self.dataplane.detach(&name);
                    self.refused(Failure::Device(reason), [Subject::Interface(name)].into(), progress)?;
                }
            }
        }
        Ok(())
    }

    /// True if a guest's port that stands is asked for: perhaps because it is lost.
    fn asks_for_guest(&self) -> bool {
        let is_guest = |subject: &Subject| match subject {
            Subject::Interface(name) => matches!(self.dataplane.port(name), Some(PortWant::Guest(_))),
            Subject::Uplink(_) => false,
        };
        matches!(&self.mode, Mode::Strict(asked) if asked.iter().any(is_guest))
    }

    /// Carries out what differs, stage by stage.
    fn change_host(&mut self, progress: &mut Progress) -> Result<(), Setback> {
        let [new_links, ground, invitations, removals, old_links] = stages(&self.plan.want().host, self.mirror.seen());
        let made: BTreeSet<_> = new_links.iter().filter_map(made).collect();
        self.carry_out(new_links, progress)?;
        // Before anything invites traffic to the taps, their ports stand.
        self.attach_taps(made);
        self.carry_out(ground, progress)?;
        self.carry_out(invitations, progress)?;
        self.carry_out(removals, progress)?;
        let old_links = self.possible(old_links, progress);
        self.release_adopted(&old_links);
        self.carry_out(old_links, progress)
    }

    /// Leaves out what is in vain; of links that go together, only those for which it is.
    fn possible(&self, mut operations: Vec<Operation>, progress: &Progress) -> Vec<Operation> {
        if progress.failed.is_empty() {
            return operations;
        }
        operations.retain_mut(|operation| match operation {
            Operation::DeleteLinks(names) => {
                names.retain(|name| !self.is_in_vain(&[Subject::Interface(*name)].into(), progress));
                !names.is_empty()
            }
            _ => !self.is_in_vain(&self.concerned(operation), progress),
        });
        operations
    }

    fn carry_out(&mut self, operations: Vec<Operation>, progress: &mut Progress) -> Result<(), Setback> {
        let operations = self.possible(operations, progress);
        if operations.is_empty() {
            return Ok(());
        }
        let outcomes = self.platform.apply(&operations);
        let mut refusals = Vec::new();
        for (operation, outcome) in operations.into_iter().zip(outcomes) {
            match outcome {
                Ok(outcome) => {
                    self.mirror.note(&operation, outcome);
                    progress.done.push(operation);
                }
                Err(error) => refusals.push((operation, error)),
            }
        }
        let refusals = refusals.into_iter().map(|(operation, error)| (self.concerned(&operation), error));
        let refusals: Vec<_> = refusals.collect();
        self.judge(refusals, progress)
    }

    /// Sorts refusals into those that end the attempt and problems to report. Those that follow from
    /// an earlier one say nothing new.
    fn judge(
        &mut self,
        refusals: Vec<(BTreeSet<Subject>, KernelError)>,
        progress: &mut Progress,
    ) -> Result<(), Setback> {
        let mut setback: Option<Setback> = None;
        for (blamed, error) in refusals {
            if self.is_in_vain(&blamed, progress) {
                continue;
            }
            match (self.refused(error.into(), blamed, progress), &mut setback) {
                (Err(first), None) => setback = Some(first),
                (Err(next), Some(setback)) => {
                    next.blamed.into_iter().for_each(|(subject, why)| _ = setback.blamed.entry(subject).or_insert(why));
                }
                (Ok(()), _) => {}
            }
        }
        setback.map_or(Ok(()), Err)
    }

    /// Closes the queues of taps that are about to be given back. Those that we made are closed
    /// after they are deleted: closing them before would delete them one by one, which is slow.
    fn release_adopted(&mut self, operations: &[Operation]) {
        let doomed = operations.iter().flat_map(|operation| match operation {
            Operation::DeleteLinks(names) => names.as_slice(),
            _ => &[],
        });
        let adopted: Vec<_> = doomed.filter(|name| self.platform.is_adopted(name)).collect();
        if !adopted.is_empty() {
            adopted.into_iter().for_each(|name| self.dataplane.detach(name));
            self.dataplane.barrier();
        }
    }

    /// Hands taps to the workers that have none: those that were just made, and those that could not
    /// be given back.
    fn attach_taps(&mut self, made: BTreeSet<InterfaceName>) {
        let mut attached = false;
        let missing = self.dataplane.differing().into_iter().filter(|name| self.dataplane.port(name).is_none());
        let names: BTreeSet<_> = made.into_iter().chain(missing).collect();
        let want = self.plan.want();
        for name in names {
            let (Some(wanted @ PortWant::Gateway { .. }), Some(link)) =
                (want.ports.get(&name), want.host.links.get(&name))
            else {
                continue;
            };
            let queues = self.platform.take_queues(&name);
            if !queues.is_empty() {
                self.dataplane.attach(name, wanted, link.mtu, queues);
                attached = true;
            }
        }
        if attached {
            self.dataplane.barrier();
        }
    }

    /// Looks whether the kernel kept what it was told: something else may have undone it, and some
    /// changes are accepted and ignored. An attempt that began by looking at everything ends so;
    /// otherwise that which was changed is read again. What comes and goes meanwhile on the host,
    /// such as another way out, is left to the next attempt.
    fn verify(&mut self, progress: &mut Progress) -> Result<(), Setback> {
        let read = if self.looked {
            self.mirror.refresh(self.platform)
        } else {
            self.mirror.reread(self.platform, &progress.done)
        };
        read.map_err(Setback::of_all)?;
        let mut missing = diff(&self.plan.want().host, self.mirror.seen());
        missing.retain(|operation| !matches!(operation, Operation::Enable(_) | Operation::Restore(_)));
        let error = |operation: &Operation| KernelError {
            operation: operation.to_string(),
            reason: "accepted, but not in effect afterwards".into(),
            errno: 0,
        };
        let missing = missing.iter().map(|operation| (self.concerned(operation), error(operation))).collect();
        self.judge(missing, progress)
    }

    /// A step was refused: the end of this attempt, or a problem to report.
    fn refused(&mut self, failure: Failure, blamed: BTreeSet<Subject>, progress: &mut Progress) -> Result<(), Setback> {
        let problem = failure.to_string();
        if !self.known.contains(&problem) && matches!(failure, Failure::Kernel(_)) {
            self.mirror.doubt();
        }
        if self.is_asked(&blamed) {
            let blamed = blamed.into_iter().map(|subject| (subject, failure.clone())).collect();
            return Err(Setback { failure, blamed });
        }
        progress.problems.push(problem);
        progress.failed.extend(blamed);
        Ok(())
    }

    fn concerned(&self, operation: &Operation) -> BTreeSet<Subject> {
        concerned(operation, [self.standing, self.plan.registry()])
    }

    fn is_asked(&self, blamed: &BTreeSet<Subject>) -> bool {
        matches!(&self.mode, Mode::Strict(asked) if !blamed.is_disjoint(asked))
    }

    /// True for a step that cannot succeed since one before it did not, and that nobody waits for.
    /// One that is asked for is tried all the same: its refusal is the answer.
    fn is_in_vain(&self, blamed: &BTreeSet<Subject>, progress: &Progress) -> bool {
        !blamed.is_disjoint(&progress.failed) && !self.is_asked(blamed)
    }
}

impl Setback {
    /// Nothing can be done for anybody.
    pub(super) fn of_all(error: KernelError) -> Self {
        Self { failure: error.into(), blamed: BTreeMap::new() }
    }
}

/// The tap that an operation makes.
fn made(operation: &Operation) -> Option<InterfaceName> {
    match operation {
        Operation::AddLink(name, _) => Some(*name),
        _ => None,
    }
}

/// True if a port's device serves both specifications. A tap that was configured as its guest's
/// interface bears the guest's MAC and routes.
fn same_device(present: &PortSpec, wanted: &PortSpec) -> bool {
    let same_guest = match wanted.kind {
        PortKind::Attach => true,
        PortKind::Tap(None) => present.mac == wanted.mac,
        PortKind::Tap(Some(_)) => present.mac == wanted.mac && present.gateways == wanted.gateways,
    };
    present.kind == wanted.kind && present.mtu == wanted.mtu && same_guest
}
