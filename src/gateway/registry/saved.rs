//! What outlives the daemon, and how it is taken up again.

use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use crate::gateway::saved::{Key, Record, Savable, Thing, differing};
use crate::gateway::{NetworkSpec, Owner, PortSpec, Refusal};
use crate::host::Observed;

use super::{Registry, Standing};

impl Registry {
    /// What is to be written down of the way from another registry to this one. Costs what differs, if one
    /// descends from the other.
    pub(in crate::gateway) fn records_since(&self, before: &Self) -> Vec<Record> {
        let mut records = Vec::new();
        differing(&before.networks, &self.networks, &mut records);
        differing(&before.uplinks, &self.uplinks, &mut records);
        differing(&before.gateways, &self.gateways, &mut records);
        differing(&before.ports, &self.ports, &mut records);
        differing(&before.routes, &self.routes, &mut records);
        records
    }

    /// What calls had added to another registry and is the configuration's in this one. Costs what differs, if
    /// one descends from the other.
    pub(in crate::gateway) fn taken_over_since(&self, before: &Self) -> Vec<Thing> {
        let mut things = Vec::new();
        taken_over(&before.networks, &self.networks, &mut things);
        taken_over(&before.uplinks, &self.uplinks, &mut things);
        taken_over(&before.gateways, &self.gateways, &mut things);
        taken_over(&before.ports, &self.ports, &mut things);
        taken_over(&before.routes, &self.routes, &mut things);
        // A compute service may have asked for its port by another name since.
        things.retain(|thing| thing.compute_id().is_none_or(|id| self.compute_port(id).is_none()));
        things
    }

    /// True if something by this name stands that a call has added.
    pub(in crate::gateway) fn stands_by_call(&self, key: &Key) -> bool {
        match key {
            Key::Network(id) => self.networks.get(id).and_then(|network| network.thing(id)),
            Key::Uplink(name) => self.uplinks.get(name).and_then(|uplink| uplink.thing(name)),
            Key::Gateway(name) => self.gateways.get(name).and_then(|gateway| gateway.thing(name)),
            Key::Port(name) => self.ports.get(name).and_then(|port| port.thing(name)),
            Key::Route(instance, prefix) => {
                let key = (instance.clone(), *prefix);
                self.routes.get(&key).and_then(|route| route.thing(&key))
            }
        }
        .is_some()
    }

    /// True if something by this name stands, whoever asked for it.
    #[must_use]
    pub fn stands(&self, key: &Key) -> bool {
        match key {
            Key::Network(id) => self.networks.contains_key(id),
            Key::Uplink(name) => self.uplinks.contains_key(name),
            Key::Gateway(name) => self.gateways.contains_key(name),
            Key::Port(name) => self.ports.contains_key(name),
            Key::Route(instance, prefix) => self.routes.contains_key(&(instance.clone(), *prefix)),
        }
    }

    /// Takes up what a call had added to a former registry, unless something stands by its name.
    ///
    /// # Errors
    /// Why it does not fit; nothing has changed.
    pub(in crate::gateway) fn restore(&mut self, thing: &Thing, host: &Observed) -> Result<(), Refusal> {
        if self.stands(&thing.key()) {
            return Ok(());
        }
        let placed = match thing {
            Thing::Network(spec) => self.place_network((**spec).clone(), false),
            Thing::Uplink(spec) => self.place_uplink((**spec).clone(), false, None, host),
            Thing::Gateway(spec, version) => {
                self.place_gateway((**spec).clone(), Standing::Dynamic { version: *version }, host)
            }
            Thing::Port(spec, owner) => {
                let owner = Owner::from(*owner);
                let spec = self.at_home((**spec).clone(), owner)?;
                self.place_port(spec, owner)
            }
            Thing::Route(spec) => self.restore_route(spec.clone()),
        };
        placed.map(drop)
    }

    /// The port as its network, which may be another than it was, makes it.
    fn at_home(&self, spec: PortSpec, owner: Owner) -> Result<PortSpec, Refusal> {
        let Owner::Compute { network, .. } = owner else { return Ok(spec) };
        let home: &Arc<NetworkSpec> = &self.networks.get(&network).ok_or(Refusal::UnknownNetwork(network))?.spec;
        Ok(home.furnish(PortSpec { instance: home.instance.clone(), ..spec }))
    }
}

fn taken_over<K: Ord, V: Savable<K>>(before: &OrdMap<K, V>, after: &OrdMap<K, V>, things: &mut Vec<Thing>) {
    things.extend(before.diff(after).filter_map(|difference| match difference {
        DiffItem::Update { old: (_, old), new: (key, new) } if new.thing(key).is_none() => old.thing(key),
        _ => None,
    }));
}
