//! Requests of compute services: their ports.

use crate::addr::{InterfaceName, Uuid};
use crate::gateway::{Applied, Key};

use super::command::{AddPorts, Caller, Failure};
use super::conductor::Conductor;
use super::knowledge::Knowledge;
use super::log::Matter;
use super::requests::subjects;

impl Conductor {
    /// Adds ports, each judged by itself. One whose interface is not there yet waits for it.
    pub(super) fn add_ports(&mut self, caller: &Caller, add: AddPorts) -> Vec<Result<Applied, Failure>> {
        let version = self.audits.ports.version();
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
}
