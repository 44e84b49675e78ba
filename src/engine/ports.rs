//! Requests of compute services: their ports, and the audit of those.

use crate::addr::{InterfaceName, Uuid};
use crate::clock::Moment;
use crate::gateway::{Applied, Auditee, Key};

use super::command::{AddPorts, Caller, Failure};
use super::conductor::Conductor;
use super::events::{Cause, Deed, Happening};
use super::knowledge::Knowledge;
use super::log::{Matter, audit_ended, audit_started};
use super::requests::subjects;

impl Conductor {
    /// Adds ports, each judged by itself. One whose interface is not there yet waits for it.
    pub(super) fn add_ports(&mut self, caller: &Caller, add: AddPorts) -> Vec<Result<Applied, Failure>> {
        let version = self.port_audit.version();
        let names: Vec<InterfaceName> = add.ports.iter().map(|port| port.interface).collect();
        let answers =
            self.place_each(&names, &|registry, index, _| registry.add_compute_port(&add.ports[index], version));
        // A compute service that names a port has not forgotten it, whatever became of its request.
        let ids = add.ports.iter().map(|port| port.id).chain(add.seen);
        let ids: Vec<Uuid> = ids.collect();
        let unfit: Vec<Key> = ids.iter().filter_map(|id| self.memory.unfit.compute_port(*id)).collect();
        self.memory.unfit.seen(unfit, version);
        self.plan.ports_seen(ids, version);
        for (port, answer) in add.ports.iter().zip(&answers) {
            let name = port.interface;
            let matter = Matter::new("port", name).saying(port.id.to_string()).of_interface(name);
            matter.tell(&self.recorder, caller, answer);
            let is_news = matches!(answer, Ok(Applied::Added | Applied::Changed));
            if is_news && self.dataplane.port(&name).is_none() {
                tracing::info!(interface = %name, "waits for its interface");
            }
        }
        answers
    }

    /// Deletes a port; there is nothing to do for one that is not known.
    pub(super) fn delete_compute_port(&mut self, caller: &Caller, id: Uuid) -> Result<Applied, Failure> {
        let name = self.plan.registry().compute_port(id);
        let outcome = self.drop_compute_port(id);
        let matter = match name {
            Some(name) => Matter::new("port", name).saying(id.to_string()).of_interface(name),
            None => Matter::new("port", id),
        };
        matter.tell(&self.recorder, caller, &outcome);
        outcome
    }

    fn drop_compute_port(&mut self, id: Uuid) -> Result<Applied, Failure> {
        let Some(name) = self.plan.registry().compute_port(id) else {
            let unfit = self.memory.unfit.compute_port(id);
            let is_forgotten = unfit.is_some_and(|key| self.memory.unfit.forget(&key));
            return Ok(if is_forgotten { Applied::Deleted } else { Applied::Absent });
        };
        let mut knowledge = Knowledge::default();
        loop {
            self.learn(&mut knowledge)?;
            let mut next = self.plan.registry().clone();
            let applied = next.delete_compute_port(id);
            match self.settle(next, subjects([name])) {
                Ok(()) => return Ok(applied),
                Err(setback) if knowledge.is_to_blame(&setback.failure) => {}
                Err(setback) => return Err(*setback.failure),
            }
        }
    }

    /// A compute service will now send every port it has.
    pub(super) fn connect_ports(&mut self, caller: &Caller) {
        self.port_audit.connect(self.clock.now());
        let version = self.port_audit.version();
        tracing::info!(%caller, version, timeout = ?self.port_audit.timeout(), "compute service connected");
        self.recorder.record(caller.into(), audit_started("ports", &self.port_audit));
    }

    /// Deletes what a due audit of ports finds stale.
    pub(super) fn expire_ports(&mut self, now: Moment) {
        let Some(threshold) = self.port_audit.expire(now) else { return };
        self.memory.unfit.expire(Auditee::Ports, threshold);
        let stale = self.plan.registry().stale_ports(threshold);
        if stale.is_empty() {
            tracing::info!("audit of ports over: every port was confirmed");
            self.recorder.record(Cause::Audit, audit_ended("ports", 0));
            return;
        }
        let mut next = self.plan.registry().clone();
        for name in &stale {
            // Stale ports are a compute service's, so the registry has no reason to refuse.
            let _ = next.delete_port(name);
        }
        self.settle_anyhow(next);
        self.recorder.record(Cause::Audit, audit_ended("ports", stale.len()));
        for name in stale {
            self.recorder.record(Cause::Audit, Happening::new("port", name.to_string(), Deed::Deleted));
            tracing::warn!(interface = %name, "deleted by the audit: its compute service reconnected and did not add it again");
        }
    }
}
