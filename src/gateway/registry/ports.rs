//! Adding and deleting guests' ports.

use std::sync::Arc;

use crate::addr::{InterfaceName, Prefix};
use crate::gateway::{Applied, PortSpec, Refusal, reserved};

use super::{Kind, Owner, Port, Registry, check_limit};

impl Registry {
    /// Adds a port, or changes the one that stands. Ports of one instance may share an address: they
    /// form an ECMP group.
    ///
    /// # Errors
    /// Why it does not fit; nothing has changed.
    pub fn add_port(&mut self, spec: PortSpec) -> Result<Applied, Refusal> {
        match self.ports.get(&spec.name).map(|port| port.owner) {
            Some(Owner::File) => Err(Refusal::Static(spec.name.to_string())),
            Some(owner @ Owner::Compute { .. }) => Err(Refusal::OtherOwner { port: spec.name, owner }),
            Some(Owner::Call) | None => self.place_port(spec, Owner::Call),
        }
    }

    /// Deletes a port. Static routes by it stay and are unreachable until it is back: a port's guest
    /// comes and goes, the wish for the route does not.
    ///
    /// # Errors
    /// It is static, or not there.
    pub fn delete_port(&mut self, name: &InterfaceName) -> Result<Applied, Refusal> {
        match self.ports.get(name) {
            None => Err(Refusal::NotFound { kind: "port", name: name.to_string() }),
            Some(port) if port.is_static() => Err(Refusal::Static(name.to_string())),
            Some(_) => {
                self.drop_port(name);
                Ok(Applied::Deleted)
            }
        }
    }

    /// Judges a port and puts it in place of the one that stands.
    pub(super) fn place_port(&mut self, spec: PortSpec, owner: Owner) -> Result<Applied, Refusal> {
        self.check_port(&spec)?;
        let applied = match self.ports.get(&spec.name) {
            None => Applied::Added,
            Some(port) if *port.spec == spec => Applied::Unchanged,
            Some(_) => Applied::Changed,
        };
        self.drop_port(&spec.name);
        self.offers.insert_port(&spec);
        if let Owner::Compute { id, .. } = owner {
            self.compute_ports.insert(id, spec.name);
        }
        self.ports.insert(spec.name, Port { spec: Arc::new(spec), owner });
        Ok(applied)
    }

    pub(super) fn drop_port(&mut self, name: &InterfaceName) {
        if let Some(port) = self.ports.remove(name) {
            self.offers.remove_port(&port.spec);
            if let Owner::Compute { id, .. } = port.owner {
                self.compute_ports.remove(&id);
            }
        }
    }

    fn check_port(&self, spec: &PortSpec) -> Result<(), Refusal> {
        let present = self.ports.get(&spec.name);
        if let Some(Port { spec: present, .. }) = present.filter(|present| present.spec.instance != spec.instance) {
            return Err(Refusal::OtherInstance { interface: spec.name, instance: present.instance.clone() });
        }
        Self::check_instance(&spec.instance)?;
        self.check_name(spec.name, Kind::Port)?;
        check_limit(present.is_some(), self.ports.len(), self.limits.ports, "ports")?;
        spec.check_services()?;
        spec.addresses.iter().try_for_each(reserved::check_owned)?;
        spec.gateways.iter().try_for_each(|gateway| reserved::check_owned(&Prefix::host(*gateway)))
    }
}

impl Port {
    /// Defined in the configuration file.
    #[must_use]
    pub fn is_static(&self) -> bool {
        self.owner == Owner::File
    }

    /// It may stand before its interface does: a compute service tells of a port while the hypervisor
    /// makes the interface.
    #[must_use]
    pub fn may_wait(&self) -> bool {
        matches!(self.owner, Owner::Compute { .. })
    }
}
