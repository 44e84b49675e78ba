//! The owner of the registry, the audit and the kernel. One thread; everything that changes
//! anything passes through here, one command after the other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, after, select_biased};

use crate::clock::{Clock, Moment};
use crate::gateway::{Applied, Audit, Plan, Registry};
use crate::host::Mirror;

use super::command::{Caller, Command, Failure};
use super::dataplane::Dataplane;
use super::platform::Platform;
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
    pub(super) problems: Vec<String>,
    /// The lease files that could not be read.
    pub(super) bad_leases: Vec<String>,
    pub(super) vigil: Vigil,
}

impl Conductor {
    /// Takes commands until every handle is gone, then removes everything of ours. Meanwhile keeps the
    /// host right.
    pub(super) fn run(mut self, commands: &Receiver<(Caller, Command)>) {
        loop {
            let now = self.clock.now();
            self.expire(now);
            self.expire_ports(now);
            self.keep_right(now);
            let now = self.clock.now();
            let deadlines = [self.audit.next_deadline(), self.port_audit.next_deadline(), self.vigil.next_deadline()];
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
            Command::AddPorts(add, reply) => drop(reply.send(self.add_ports(caller, add))),
            Command::DeleteComputePort(id, reply) => drop(reply.send(self.delete_compute_port(caller, id))),
            Command::ConnectPorts(reply) => {
                self.connect_ports(caller);
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
        self.dataplane.stop();
        self.problems
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

pub(super) fn log_outcome(caller: &Caller, what: &dyn fmt::Display, outcome: &Result<Applied, Failure>) {
    match outcome {
        Ok(Applied::Unchanged | Applied::Absent) => tracing::debug!(%caller, %what, ?outcome, "nothing to do"),
        Ok(applied) => tracing::info!(%caller, %what, "{}", applied.as_str()),
        // The API warns of it, with the field at fault.
        Err(failure) => tracing::debug!(%caller, %what, "refused: {failure}"),
    }
}
