//! The owner of the registry, the audit and the kernel. One thread; everything that changes
//! anything passes through here, one command after the other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, after, select_biased};

use crate::addr::InterfaceName;
use crate::clock::{Clock, Moment};
use crate::gateway::{Auditee, Audits, Plan, Registry};
use crate::host::Mirror;

use super::command::{Caller, Command};
use super::dataplane::Dataplane;
use super::events::Recorder;
use super::fabric::Upkeep;
use super::lifecycle::Remains;
use super::memory::Memory;
use super::platform::{BadLease, Platform};
use super::problem::Problem;
use super::rates::Sample;
use super::trial::Trial;
use super::turns::Turns;
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
    pub(super) audits: Audits,
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
    /// What of all this outlives the daemon.
    pub(super) memory: Memory,
}

impl Conductor {
    /// Takes commands until every handle is gone, then removes everything of ours. Meanwhile keeps the
    /// host right.
    pub(super) fn run(mut self, commands: &Receiver<(Caller, Command)>) {
        let mut turns = Turns::default();
        loop {
            let now = self.clock.now();
            self.expire(now);
            self.expire_trial(now);
            self.keep_fabric(now);
            self.keep_right(now);
            self.remember();
            self.tell_problems();
            let now = self.clock.now();
            let deadlines = [
                self.audits.gateways.next_deadline(),
                self.audits.ports.next_deadline(),
                self.vigil.next_deadline(),
                self.fabric.next_deadline(),
                self.trial.as_ref().map(Trial::deadline),
                self.memory.next_deadline(),
            ];
            let patience = deadlines.into_iter().flatten().min().map_or(IDLE, |deadline| deadline - now);
            // Who waits for his turn waits for nothing else.
            let patience = if turns.is_empty() { patience } else { Duration::ZERO };
            let (stirrings, patience) = (self.vigil.stirrings(), after(patience));
            let command = select_biased! {
                recv(stirrings) -> stirred => {
                    match stirred {
                        Ok(()) => self.stirred(),
                        Err(_) => self.deaf(),
                    }
                    None
                }
                recv(commands) -> command => match command {
                    Ok(command) => Some(command),
                    Err(_) => return drop(self.stop(Remains::Nothing)),
                },
                recv(patience) -> _ => None,
            };
            // However much changes in the host, who asks has his turn.
            turns.extend(command.into_iter().chain(commands.try_iter()));
            match turns.next() {
                Some((caller, Command::Stop(remains, done))) => {
                    tracing::debug!(%caller, ?remains, "stopping");
                    // Who asked waits for this, or has gone.
                    let _ = done.send(self.stop(remains));
                    return;
                }
                Some((caller, command)) => self.execute(&caller, command),
                None => {}
            }
        }
    }

    /// Carries out one command.
    fn execute(&mut self, caller: &Caller, command: Command) {
        match command {
            Command::AddGateways(add, reply) => self.answer(&reply, |it| it.add_gateways(caller, add)),
            Command::DeleteGateways(names, reply) => self.answer(&reply, |it| it.delete_gateways(caller, &names)),
            Command::Connect(reply) => self.answer(&reply, |it| it.connect(Auditee::Gateways, caller)),
            Command::SetAuditTimeout(millis, reply) => self.answer(&reply, |it| it.set_audit_timeout(caller, millis)),
            Command::AddPorts(add, reply) => self.answer(&reply, |it| it.add_ports(caller, add)),
            Command::DeleteComputePort(id, reply) => self.answer(&reply, |it| it.delete_compute_port(caller, id)),
            Command::ConnectPorts(reply) => self.answer(&reply, |it| it.connect(Auditee::Ports, caller)),
            Command::Reload(declared, timeout, reply) => {
                self.answer(&reply, |it| it.read_again(caller, &declared, timeout));
            }
            Command::Compare(declared, reply) => self.answer(&reply, |it| it.compare(&declared)),
            Command::Apply { declared, timeout, confirm, reply } => {
                self.answer(&reply, |it| it.apply(caller, &declared, timeout, confirm));
            }
            Command::Confirm(reply) => self.answer(&reply, |it| it.confirm(caller)),
            Command::RollBack(reply) => self.answer(&reply, |it| it.roll_back(caller)),
            Command::Change(change, reply) => self.answer(&reply, |it| it.change(caller, &change)),
            Command::Rehearse(change, reply) => self.answer(&reply, |it| it.rehearse(&change)),
            Command::ReadLease(name, reply) => self.answer(&reply, |it| it.read_lease(caller, name)),
            Command::Import { devices, dry, reply } => self.answer(&reply, |it| it.import(caller, &devices, dry)),
            Command::Inventory(reply) => self.answer(&reply, |it| it.inventory()),
            Command::TakeFabric(asked, reply) => self.answer(&reply, |it| it.take_fabric(caller, asked)),
            Command::ConfirmFabric(reply) => self.answer(&reply, |it| it.confirm_fabric(caller)),
            Command::GiveFabricBack(dry, reply) => self.answer(&reply, |it| it.give_fabric_back(caller, dry)),
            Command::Fabric(reply) => self.answer(&reply, |it| it.fabric_view()),
            Command::Difference(reply) => self.answer(&reply, |it| it.difference()),
            Command::Trace(probe, reply) => self.answer(&reply, |it| it.trace(&probe)),
            Command::Drops(query, reply) => self.answer(&reply, |it| it.drops(&query)),
            Command::LastDrops(query, since, reply) => self.answer(&reply, |it| it.last_drops(&query, &since)),
            Command::Capture(request, reply) => {
                tracing::info!(%caller, filter = %request.filter, "packets are captured");
                self.answer(&reply, |it| it.capture(request));
            }
            Command::Status(reply) => self.answer(&reply, |it| it.status()),
            Command::Routes(instance, reply) => self.answer(&reply, |it| it.routes(&instance)),
            Command::RoutesAfter(instance, after, max, reply) => {
                self.answer(&reply, |it| it.routes_after(&instance, after, max));
            }
            Command::ChangeRoutes(changes, reply) => self.answer(&reply, |it| it.change_routes(caller, changes)),
            Command::Lookup(instance, address, reply) => self.answer(&reply, |it| it.lookup(&instance, address)),
            // Taken up by `run`.
            Command::Stop(..) => {}
        }
    }

    /// Removes everything of ours: the same settling, with nothing asked for; or leaves it. What could not
    /// be done comes back.
    fn stop(mut self, remains: Remains) -> Vec<String> {
        // What stands is to stand again: that it goes now is not written down.
        let unsaved = self.remember_at_last();
        match remains {
            Remains::Nothing => self.clear(&self.plan.registry().emptied()),
            Remains::Everything => self.problems.clear(),
        }
        // Nothing of ours needs it any more, and the host does.
        let failed = self.release_fabric().err();
        self.problems.extend(unsaved);
        self.problems.extend(failed.map(|failed| Problem::FabricStuck(failed.to_string())));
        let unwritten = self.fabric.problems().filter(|problem| matches!(problem, Problem::FabricJournal(_)));
        self.problems.extend(unwritten);
        self.dataplane.stop();
        self.platform.release_ports();
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
