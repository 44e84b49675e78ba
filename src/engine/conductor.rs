//! The owner of the registry, the audit and the kernel. One thread; everything that changes
//! anything passes through here, one command after the other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, after, select_biased};

use crate::addr::InterfaceName;
use crate::clock::{Clock, Moment};
use crate::gateway::{Audit, Plan, Registry};
use crate::host::Mirror;

use super::command::{Caller, Command};
use super::dataplane::Dataplane;
use super::events::{Cause, Deed, Happening, Recorder};
use super::fabric::Upkeep;
use super::log::{audit_ended, audit_started};
use super::platform::{BadLease, Platform};
use super::problem::Problem;
use super::rates::Sample;
use super::trial::Trial;
use super::vigil::Vigil;

/// How long the conductor sleeps at most; only bounds what an overlooked deadline could cost.
const IDLE: Duration = Duration::from_secs(3600);

/// How often what must go is tried to be removed, and the pause in between.
const CLEARINGS: usize = 3;
const PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Conductor {
    pub(super) platform: Box<dyn Platform>,
    pub(super) dataplane: Dataplane,
    /// What is known of the kernel. Fed by observations and by what the kernel acknowledges; notifications
    /// only tell whether it still holds.
    pub(super) mirror: Mirror,
    /// The registry that stands, and what follows from it.
    pub(super) plan: Plan,
    pub(super) audit: Audit,
    /// The audit of compute services' ports, with a version of its own.
    pub(super) port_audit: Audit,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) started: Moment,
    /// What the last settling had to leave undone.
    pub(super) problems: Vec<Problem>,
    /// The lease files that could not be read.
    pub(super) bad_leases: Vec<BadLease>,
    /// The ports whose interface was down or gone when that was last looked at.
    pub(super) lost: BTreeSet<InterfaceName>,
    /// The problems that were told of.
    pub(super) told: Vec<Problem>,
    pub(super) recorder: Recorder,
    /// The counters when they were last shown.
    pub(super) sample: Sample,
    pub(super) vigil: Vigil,
    /// The configuration that waits to be confirmed.
    pub(super) trial: Option<Trial>,
    /// The host's own device, if it is taken.
    pub(super) fabric: Upkeep,
}

impl Conductor {
    /// Takes commands until every handle is gone, then removes everything of ours. Meanwhile keeps the
    /// host right.
    pub(super) fn run(mut self, commands: &Receiver<(Caller, Command)>) {
        loop {
            let now = self.clock.now();
            self.expire(now);
            self.expire_ports(now);
            self.expire_trial(now);
            self.keep_fabric(now);
            self.keep_right(now);
            self.tell_problems();
            let now = self.clock.now();
            let deadlines = [
                self.audit.next_deadline(),
                self.port_audit.next_deadline(),
                self.vigil.next_deadline(),
                self.fabric.next_deadline(),
                self.trial.as_ref().map(Trial::deadline),
            ];
            let patience = deadlines.into_iter().flatten().min().map_or(IDLE, |deadline| deadline - now);
            let (stirrings, patience) = (self.vigil.stirrings(), after(patience));
            let command = select_biased! {
                recv(stirrings) -> stirred => {
                    match stirred {
                        Ok(()) => self.stirred(),
                        Err(_) => self.deaf(),
                    }
                    // However much others do, who asks has his turn.
                    commands.try_recv().ok()
                }
                recv(commands) -> command => match command {
                    Ok(command) => Some(command),
                    Err(_) => return drop(self.stop()),
                },
                recv(patience) -> _ => None,
            };
            match command {
                Some((caller, Command::Stop(done))) => {
                    tracing::debug!(%caller, "stopping");
                    // Who asked waits for this, or has gone.
                    let _ = done.send(self.stop());
                    return;
                }
                Some((caller, command)) => self.execute(&caller, command),
                None => {}
            }
        }
    }

    /// Deletes what a due audit finds stale.
    fn expire(&mut self, now: Moment) {
        let Some(threshold) = self.audit.expire(now) else { return };
        let stale = self.plan.registry().stale(threshold);
        if stale.is_empty() {
            tracing::info!("audit over: every gateway was confirmed");
            self.recorder.record(Cause::Audit, audit_ended("gateways", 0));
            return;
        }
        let mut next = self.plan.registry().clone();
        for name in &stale {
            // Stale gateways are dynamic, so the registry has no reason to refuse.
            let _ = next.delete_gateway(name);
        }
        self.settle_anyhow(next);
        self.recorder.record(Cause::Audit, audit_ended("gateways", stale.len()));
        for name in stale {
            self.recorder.record(Cause::Audit, Happening::new("gateway", name.to_string(), Deed::Deleted));
            tracing::warn!(interface = %name, "deleted by the audit: its controller reconnected and did not add it again");
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
                self.recorder.record(caller.into(), audit_started("gateways", &self.audit));
                let _ = reply.send(());
            }
            Command::SetAuditTimeout(millis, reply) => {
                self.audit.set_timeout_millis(millis);
                tracing::info!(%caller, millis, "audit timer set");
                let set = Happening::new("audit", "gateways", Deed::Set).saying(format!("timer: {millis} ms"));
                self.recorder.record(caller.into(), set);
                let _ = reply.send(());
            }
            Command::AddPorts(add, reply) => drop(reply.send(self.add_ports(caller, add))),
            Command::DeleteComputePort(id, reply) => drop(reply.send(self.delete_compute_port(caller, id))),
            Command::ConnectPorts(reply) => {
                self.connect_ports(caller);
                let _ = reply.send(());
            }
            Command::Reload(declared, timeout, reply) => {
                let outcome = self.reload(caller, &declared, timeout).map(drop);
                if outcome.is_ok() {
                    self.end_trial();
                }
                let _ = reply.send(outcome);
            }
            Command::Compare(declared, reply) => drop(reply.send(self.compare(&declared))),
            Command::Apply { declared, timeout, confirm, reply } => {
                drop(reply.send(self.apply(caller, &declared, timeout, confirm)));
            }
            Command::Confirm(reply) => drop(reply.send(self.confirm(caller))),
            Command::RollBack(reply) => drop(reply.send(self.roll_back(caller))),
            Command::Change(change, reply) => {
                let outcome = self.change(caller, &change);
                // Who asked may have gone; what was done stays done.
                let _ = reply.send(outcome);
            }
            Command::Rehearse(change, reply) => drop(reply.send(self.rehearse(&change))),
            Command::ReadLease(name, reply) => drop(reply.send(self.read_lease(caller, name))),
            Command::Import { devices, dry, reply } => drop(reply.send(self.import(caller, &devices, dry))),
            Command::Inventory(reply) => drop(reply.send(self.inventory())),
            Command::TakeFabric(asked, reply) => drop(reply.send(self.take_fabric(caller, asked))),
            Command::ConfirmFabric(reply) => drop(reply.send(self.confirm_fabric(caller))),
            Command::GiveFabricBack(dry, reply) => drop(reply.send(self.give_fabric_back(caller, dry))),
            Command::Fabric(reply) => drop(reply.send(self.fabric_view())),
            Command::Difference(reply) => drop(reply.send(self.difference())),
            Command::Trace(probe, reply) => drop(reply.send(self.trace(&probe))),
            Command::Drops(query, reply) => drop(reply.send(self.drops(&query))),
            Command::LastDrops(query, since, reply) => drop(reply.send(self.last_drops(&query, &since))),
            Command::Capture(request, reply) => {
                tracing::info!(%caller, filter = %request.filter, "packets are captured");
                let _ = reply.send(self.capture(request));
            }
            Command::Status(reply) => drop(reply.send(self.status())),
            Command::Routes(instance, reply) => drop(reply.send(self.routes(&instance))),
            Command::Lookup(instance, address, reply) => drop(reply.send(self.lookup(&instance, address))),
            // Taken up by `run`.
            Command::Stop(_) => {}
        }
    }

    /// Removes everything of ours: the same settling, with nothing asked for. What could not be removed
    /// comes back.
    fn stop(mut self) -> Vec<String> {
        self.clear(&self.plan.registry().emptied());
        // Nothing of ours needs it any more, and the host does.
        let failed = self.release_fabric().err();
        self.problems.extend(failed.map(|failed| Problem::FabricStuck(failed.to_string())));
        self.dataplane.stop();
        self.problems.iter().map(Problem::to_string).collect()
    }

    /// Settles a registry with less in it, again if that fails: others may have been in the way for a
    /// moment, and nobody will try later.
    pub(super) fn clear(&mut self, next: &Registry) {
        for _ in 0..CLEARINGS {
            self.settle_anyhow(next.clone());
            if self.problems.is_empty() {
                return;
            }
            let _ = after(PAUSE).recv();
        }
    }
}
