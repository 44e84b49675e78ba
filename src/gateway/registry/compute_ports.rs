//! Ports that a compute service adds, confirms and deletes.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use crate::addr::{InterfaceName, Uuid, Weight};
use crate::gateway::{Applied, ComputePort, PortKind, PortSpec, Refusal};

use super::{Owner, Registry};

impl Registry {
    /// Adds a port for a compute service, or changes the one that it knows by this name, its interface
    /// included. `version` is the present connect version of compute services.
    ///
    /// # Errors
    /// Why it does not fit. Then nothing has changed but that the port counts as confirmed.
    pub fn add_compute_port(&mut self, port: &ComputePort, version: u32) -> Result<Applied, Refusal> {
        let outcome = self.place_compute_port(port, version);
        if outcome.is_err() {
            self.ports_seen([port.id], version);
        }
        outcome
    }

    /// Deletes the port that a compute service knows by this name; deleting what is not there
    /// succeeds, as with the peer.
    pub fn delete_compute_port(&mut self, id: Uuid) -> Applied {
        let Some(name) = self.compute_port(id) else { return Applied::Absent };
        self.drop_port(&name);
        Applied::Deleted
    }

    /// The interface of the port that a compute service knows by this name.
    #[must_use]
    pub fn compute_port(&self, id: Uuid) -> Option<InterfaceName> {
        self.compute_ports.get(&id).copied()
    }

    /// Confirms ports of compute services without looking at what was asked of them. Unknown ones are
    /// passed over.
    pub fn ports_seen(&mut self, ids: impl IntoIterator<Item = Uuid>, now: u32) {
        for id in ids {
            let port = self.compute_ports.get(&id).and_then(|name| self.ports.get_mut(name));
            if let Some(Owner::Compute { version: Some(version), .. }) = port.map(|port| &mut port.owner) {
                *version = now;
            }
        }
    }

    fn place_compute_port(&mut self, port: &ComputePort, version: u32) -> Result<Applied, Refusal> {
        let ComputePort { id, network, interface, addresses, mac, host_name, is_exempt } = port;
        let home = self.networks.get(network).ok_or(Refusal::UnknownNetwork(*network))?;
        match self.ports.get(interface).map(|present| present.owner) {
            Some(Owner::File) => return Err(Refusal::Static(interface.to_string())),
            Some(owner @ Owner::Compute { id: other, .. }) if other != *id => {
                return Err(Refusal::OtherOwner { port: *interface, owner });
            }
            Some(owner @ Owner::Call) => return Err(Refusal::OtherOwner { port: *interface, owner }),
            Some(Owner::Compute { .. }) | None => {}
        }
        let spec = home.spec.furnish(PortSpec {
            name: *interface,
            instance: home.spec.instance.clone(),
            kind: PortKind::Attach,
            addresses: addresses.clone(),
            mac: *mac,
            gateways: BTreeSet::new(),
            mtu: None,
            weight: Weight::ONE,
            dhcp: None,
            host_name: host_name.clone(),
            router_advertisements: None,
        });
        let owner = Owner::Compute { id: *id, network: *network, version: (!is_exempt).then_some(version) };
        let Some(former) = self.compute_port(*id) else { return self.place_port(spec, owner) };
        // A port may move to another network, or get another interface, as no other port may.
        let mut next = self.clone();
        if former != *interface || self.instance_of(interface) != Some(&spec.instance) {
            next.drop_port(&former);
        }
        let applied = next.place_port(spec, owner)?;
        *self = next;
        Ok(if applied == Applied::Added { Applied::Changed } else { applied })
    }
}

impl fmt::Display for Owner {
    /// Whose port it is, to follow "is" in a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("a port of the configuration file"),
            Self::Call => f.write_str("a port that vgw was asked for"),
            Self::Compute { id, .. } => write!(f, "port {id} of a compute service"),
        }
    }
}
