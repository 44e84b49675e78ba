//! What the networks of compute services are here.

use std::sync::Arc;

use crate::addr::{Prefix, Uuid};
use crate::gateway::{Applied, NetworkSpec, Refusal, reserved};

use super::{Network, Owner, Port, Registry, check_limit};

impl Registry {
    /// Says what a network is, or that it is something else. Its ports that stand get its gateway
    /// addresses, and their guests are told what it says.
    ///
    /// # Errors
    /// Why it does not fit; nothing has changed.
    pub fn add_network(&mut self, network: NetworkSpec) -> Result<Applied, Refusal> {
        if self.networks.get(&network.id).is_some_and(|present| present.is_static) {
            return Err(Refusal::Static(format!("network {}", network.id)));
        }
        self.place_network(network, false)
    }

    /// Forgets what a network is.
    ///
    /// # Errors
    /// It is defined in the configuration file, has ports, or is not there.
    pub fn delete_network(&mut self, id: Uuid) -> Result<Applied, Refusal> {
        match self.networks.get(&id) {
            None => Err(Refusal::NotFound { kind: "network", name: id.to_string() }),
            Some(network) if network.is_static => Err(Refusal::Static(format!("network {id}"))),
            Some(_) => {
                if let Some(port) = self.ports_of(id).next() {
                    return Err(in_use(id, port));
                }
                self.networks.remove(&id);
                Ok(Applied::Deleted)
            }
        }
    }

    /// Judges a network and puts it in place of the one that stands.
    pub(super) fn place_network(&mut self, network: NetworkSpec, is_static: bool) -> Result<Applied, Refusal> {
        Self::check_instance(&network.instance)?;
        let present = self.networks.get(&network.id);
        check_limit(present.is_some(), self.networks.len(), self.limits.networks, "networks")?;
        network.gateways.iter().try_for_each(|gateway| reserved::check_owned(&Prefix::host(*gateway)))?;
        network.check_services()?;
        let applied = match present {
            None => Applied::Added,
            Some(present) if *present.spec == network => Applied::Unchanged,
            Some(_) => Applied::Changed,
        };
        if let Some(port) = self.ports_of(network.id).find(|port| port.spec.instance != network.instance) {
            return Err(in_use(network.id, port));
        }
        let furnished = self.ports_of(network.id).map(|port| (port, network.furnish((*port.spec).clone())));
        let differing = furnished.filter(|(port, spec)| *port.spec != *spec).map(|(port, spec)| (spec, port.owner));
        for (spec, owner) in differing.collect::<Vec<_>>() {
            self.place_port(spec, owner)?;
        }
        self.networks.insert(network.id, Network { spec: Arc::new(network), is_static });
        Ok(applied)
    }

    /// A port added by a call may be in a network of the file, which then cannot go.
    pub(super) fn check_networks_remain(&self) -> Result<(), Refusal> {
        let homeless = self.ports().find_map(|port| match port.owner {
            Owner::Compute { network, .. } if !self.networks.contains_key(&network) => Some(in_use(network, port)),
            _ => None,
        });
        homeless.map_or(Ok(()), Err)
    }

    fn ports_of(&self, id: Uuid) -> impl Iterator<Item = &Port> {
        self.ports().filter(move |port| matches!(port.owner, Owner::Compute { network, .. } if network == id))
    }
}

fn in_use(network: Uuid, port: &Port) -> Refusal {
    Refusal::NetworkInUse { network, port: port.spec.name, instance: port.spec.instance.clone() }
}
