//! The owner of the registry, the audit and the kernel. One thread; everything that changes
//! anything passes through here, one command after the other.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::addr::InterfaceName;
use crate::clock::{Clock, Moment};
use crate::gateway::{Applied, Audit, Declared, Plan, Registry};
use crate::host::Mirror;

use super::change::Change;
use super::command::{AddGateways, Caller, Command, Failure, ReloadError};
use super::concern::Subject;
use super::dataplane::Dataplane;
use super::knowledge::Knowledge;
use super::platform::Platform;
use super::settle::{Mode, Setback, Settled, Settling};

/// How long the conductor sleeps at most; only bounds what an overlooked deadline could cost.
const IDLE: Duration = Duration::from_secs(3600);

pub(super) struct Conductor {
    pub(super) platform: Box<dyn Platform>,
    pub(super) dataplane: Dataplane,
    /// What is known of the kernel. Fed by observations and by what the kernel acknowledges; notifications
    /// only tell whether it still holds.
    pub(super) mirror: Mirror,
    /// The registry that stands, and what follows from it.
    pub(super) plan: Plan,
    pub(super) audit: Audit,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) started: Moment,
    /// What the last settling had to leave undone.
    pub(super) problems: Vec<String>,
    /// The lease files that could not be read.
    pub(super) bad_leases: Vec<String>,
}

impl Conductor {
    /// Takes commands until every handle is gone, then removes everything of ours.
    pub(super) fn run(mut self, commands: &Receiver<(Caller, Command)>) {
        loop {
            let now = self.clock.now();
            self.expire(now);
            let patience = self.audit.next_deadline().map_or(IDLE, |deadline| deadline - now);
            match commands.recv_timeout(patience) {
                Ok((caller, Command::Stop(done))) => {
                    tracing::debug!(%caller, "stopping");
                    self.stop();
                    // Who asked waits for this, or has gone.
                    let _ = done.send(());
                    return;
                }
                Ok((caller, command)) => self.execute(&caller, command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.stop(),
            }
        }
    }

    /// Deletes what a due audit finds stale.
    fn expire(&mut self, now: Moment) {
        let Some(threshold) = self.audit.expire(now) else { return };
        let stale = self.plan.registry().stale(threshold);
        if stale.is_empty() {
            tracing::info!("audit over: every gateway was confirmed");
            return;
        }
        let mut next = self.plan.registry().clone();
        for name in &stale {
            // Stale gateways are dynamic, so the registry has no reason to refuse.
            let _ = next.delete_gateway(name);
        }
        self.settle_anyhow(next);
        for name in stale {
            tracing::warn!(gateway = %name, "deleted by the audit: its controller reconnected and did not add it again");
        }
    }

    /// Carries out one command. An answer that nobody waits for any more is dropped.
    fn execute(&mut self, caller: &Caller, command: Command) {
        match command {
            Command::AddGateways(add, reply) => drop(reply.send(self.add_gateways(caller, add))),
            Command::DeleteGateways(names, reply) => drop(reply.send(self.delete_gateways(caller, &names))),
            Command::Connect(reply) => {
                self.audit.connect(self.clock.now());
                let version = self.audit.version();
                tracing::info!(%caller, version, timeout = ?self.audit.timeout(), "controller connected");
                let _ = reply.send(());
            }
            Command::SetAuditTimeout(millis, reply) => {
                self.audit.set_timeout_millis(millis);
                tracing::info!(%caller, millis, "audit timer set");
                let _ = reply.send(());
            }
            Command::Reload(declared, timeout, reply) => drop(reply.send(self.reload(&declared, timeout))),
            Command::Change(change, reply) => {
                let outcome = self.change(caller, &change);
                // Who asked may have gone; what was done stays done.
                let _ = reply.send(outcome);
            }
            Command::Rehearse(change, reply) => drop(reply.send(self.rehearse(&change))),
            Command::ReadLease(name, reply) => drop(reply.send(self.read_lease(caller, name))),
            Command::Import { devices, dry, reply } => drop(reply.send(self.import(&devices, dry))),
            Command::Inventory(reply) => drop(reply.send(self.inventory())),
            Command::Difference(reply) => drop(reply.send(self.difference())),
            Command::Status(reply) => drop(reply.send(self.status())),
            Command::Routes(instance, reply) => drop(reply.send(self.routes(&instance))),
            Command::Lookup(instance, address, reply) => drop(reply.send(self.lookup(&instance, address))),
            // Taken up by `run`.
            Command::Stop(_) => {}
        }
    }

    /// Adds gateways, each judged by itself. All that pass are settled at once; if the kernel
    /// refuses one of them, everything goes back and the rest is tried again without it.
    fn add_gateways(&mut self, caller: &Caller, add: AddGateways) -> Vec<Result<Applied, Failure>> {
        let version = self.audit.version();
        let names: Vec<InterfaceName> = add.specs.iter().map(|spec| spec.interface).collect();
        let mut broken: BTreeMap<InterfaceName, Failure> = BTreeMap::new();
        let mut knowledge = Knowledge::default();
        let answers = loop {
            if let Err(failure) = self.learn(&mut knowledge) {
                break names.iter().map(|_| Err(failure.clone())).collect();
            }
            let mut next = self.plan.registry().clone();
            let host = self.mirror.seen();
            let answers: Vec<Result<Applied, Failure>> = add
                .specs
                .iter()
                .map(|spec| match broken.get(&spec.interface) {
                    Some(failure) => Err(failure.clone()),
                    None => {
                        let spec = if add.keep_uplinks { next.with_present_uplink(spec) } else { spec.clone() };
                        next.add_gateway(spec, version, host).map_err(Failure::from)
                    }
                })
                .collect();
            if answers.iter().any(|answer| knowledge.is_wanting(answer)) {
                continue;
            }
            let asked: BTreeSet<_> = names.iter().filter(|name| !broken.contains_key(name)).copied().collect();
            let Err(setback) = self.settle(next, subjects(&asked)) else { break answers };
            if knowledge.is_to_blame(&setback.failure) {
                continue;
            }
            // Every round breaks at least one element, so the rounds end.
            let culprit = |name: &&InterfaceName| setback.blamed.contains_key(&Subject::Interface(**name));
            let culprits: Vec<InterfaceName> = asked.iter().filter(culprit).copied().collect();
            if culprits.is_empty() {
                break answers.into_iter().map(|answer| answer.and_then(|_| Err(setback.failure.clone()))).collect();
            }
            let failure = |name| setback.blamed.get(&Subject::Interface(name)).unwrap_or(&setback.failure).clone();
            broken.extend(culprits.into_iter().map(|name| (name, failure(name))));
        };
        // Whatever became of its request, a controller that names a gateway has not forgotten it.
        self.plan.seen(names.iter().copied().chain(add.seen), version);
        for (name, answer) in names.iter().zip(&answers) {
            log_outcome(caller, &format_args!("gateway {name}"), answer);
        }
        answers
    }

    fn delete_gateways(&mut self, caller: &Caller, names: &[InterfaceName]) -> Vec<Result<Applied, Failure>> {
        let mut knowledge = Knowledge::default();
        let answers = loop {
            let mut next = self.plan.registry().clone();
            let delete = |name| next.delete_gateway(name).map_err(Failure::from);
            let answers: Vec<Result<Applied, Failure>> = names.iter().map(delete).collect();
            if !answers.contains(&Ok(Applied::Deleted)) {
                break answers;
            }
            let outcome = self
                .learn(&mut knowledge)
                .and_then(|()| self.settle(next, subjects(names)).map_err(|setback| setback.failure));
            match outcome {
                Ok(()) => break answers,
                Err(failure) if knowledge.is_to_blame(&failure) => {}
                Err(failure) => {
                    let undone = |answer| if answer == Ok(Applied::Deleted) { Err(failure.clone()) } else { answer };
                    break answers.into_iter().map(undone).collect();
                }
            }
        };
        for (name, answer) in names.iter().zip(&answers) {
            log_outcome(caller, &format_args!("gateway {name}"), answer);
        }
        answers
    }

    /// Replaces the static part of the registry, and looks whether all is as it should be.
    fn reload(&mut self, declared: &Declared, timeout: Option<Duration>) -> Result<(), ReloadError> {
        self.mirror.doubt();
        self.learn(&mut Knowledge::default())?;
        let mut next = self.plan.registry().clone();
        next.reload(declared, self.mirror.seen())?;
        let asked = declared.gateways.iter().map(|spec| spec.interface);
        let asked = subjects(asked.chain(declared.ports.iter().map(|spec| spec.name)));
        // What a lease comes to is not the file's fault.
        let uplinks = declared.uplinks.iter().filter(|spec| spec.lease().is_none());
        let uplinks = uplinks.map(|spec| Subject::Uplink(spec.name.clone()));
        self.mirror.doubt();
        self.settle(next, asked.into_iter().chain(uplinks).collect()).map_err(|setback| setback.failure)?;
        self.audit.set_timeout(timeout);
        self.look_for_leases();
        Ok(())
    }

    /// One change of one thing, all or nothing.
    fn change(&mut self, caller: &Caller, change: &Change) -> Result<Applied, Failure> {
        let outcome = match change {
            // Gateways have an audit to tell.
            Change::AddGateway(spec) => {
                let add = AddGateways { specs: vec![spec.clone()], seen: Vec::new(), keep_uplinks: false };
                return only(self.add_gateways(caller, add));
            }
            Change::DeleteGateway(name) => return only(self.delete_gateways(caller, &[*name])),
            _ => self.change_one(change),
        };
        log_outcome(caller, change, &outcome);
        outcome
    }

    pub(super) fn change_one(&mut self, change: &Change) -> Result<Applied, Failure> {
        if change.needs_a_look() {
            self.mirror.doubt();
        }
        let asked = change.asked(self.plan.registry());
        let mut knowledge = Knowledge::default();
        loop {
            self.learn(&mut knowledge)?;
            let mut next = self.plan.registry().clone();
            let applied = change.make(&mut next, self.audit.version(), self.mirror.seen()).map_err(Failure::from);
            if knowledge.is_wanting(&applied) {
                continue;
            }
            let applied = applied?;
            match self.settle(next, asked.clone()) {
                Ok(()) => return Ok(applied),
                Err(setback) if knowledge.is_to_blame(&setback.failure) => {}
                Err(setback) => return Err(setback.failure),
            }
        }
    }

    /// Makes sure that what is known of the kernel is good enough to judge a request by it.
    pub(super) fn learn(&mut self, knowledge: &mut Knowledge) -> Result<(), Failure> {
        self.mirror.listen(&mut *self.platform);
        if self.mirror.is_in_doubt() || knowledge.must_be_fresh && !knowledge.is_fresh {
            self.mirror.refresh(&mut *self.platform)?;
            self.mirror.share_with(&self.plan.want().host);
            knowledge.is_fresh = true;
        }
        Ok(())
    }

    /// Settles a registry and keeps it, or goes back to the one that stands.
    pub(super) fn settle(&mut self, next: Registry, asked: BTreeSet<Subject>) -> Result<(), Setback> {
        let plan = self.plan.then(next, self.mirror.seen().exit_devices.clone());
        let standing = self.plan.registry().clone();
        match self.attempt(&standing, plan.clone(), Mode::Strict(asked)) {
            Ok(settled) => {
                self.keep(settled);
                Ok(())
            }
            Err(setback) => {
                self.bring_in_line(plan.registry());
                Err(setback)
            }
        }
    }

    /// Keeps a registry and settles it as far as possible.
    pub(super) fn settle_anyhow(&mut self, next: Registry) {
        let plan = self.plan.then(next, self.mirror.seen().exit_devices.clone());
        let before = std::mem::replace(&mut self.plan, plan);
        self.bring_in_line(before.registry());
    }

    /// Brings everything in line with the registry that stands, as far as possible: looks first what
    /// the kernel has.
    fn bring_in_line(&mut self, before: &Registry) {
        self.mirror.doubt();
        match self.attempt(before, self.plan.clone(), Mode::Tolerant) {
            Ok(settled) => self.keep(settled),
            Err(setback) => self.problems = vec![setback.failure.to_string()],
        }
        for problem in &self.problems {
            tracing::error!("{problem}");
        }
    }

    fn attempt(&mut self, standing: &Registry, plan: Plan, mode: Mode) -> Result<Settled, Setback> {
        let attempt = Settling {
            platform: &mut *self.platform,
            dataplane: &mut self.dataplane,
            mirror: &mut self.mirror,
            standing,
            plan,
            mode,
            known: &self.problems,
            looked: false,
        };
        attempt.run()
    }

    fn keep(&mut self, settled: Settled) {
        self.plan = settled.plan;
        self.problems = settled.problems;
    }

    /// Removes everything of ours: the same settling, with nothing asked for.
    fn stop(mut self) {
        self.settle_anyhow(self.plan.registry().emptied());
        self.dataplane.stop();
    }
}

fn subjects(names: impl IntoIterator<Item: Borrow<InterfaceName>>) -> BTreeSet<Subject> {
    names.into_iter().map(|name| Subject::Interface(*name.borrow())).collect()
}

/// The only answer to a request of one element.
fn only(answers: Vec<Result<Applied, Failure>>) -> Result<Applied, Failure> {
    // Every element is answered.
    answers.into_iter().next().unwrap_or(Err(Failure::Stopping))
}

pub(super) fn log_outcome(caller: &Caller, what: &dyn fmt::Display, outcome: &Result<Applied, Failure>) {
    match outcome {
        Ok(Applied::Unchanged | Applied::Absent) => tracing::debug!(%caller, %what, ?outcome, "nothing to do"),
        Ok(applied) => tracing::info!(%caller, %what, "{}", applied.as_str()),
        // The API warns of it, with the field at fault.
        Err(failure) => tracing::debug!(%caller, %what, "refused: {failure}"),
    }
}
