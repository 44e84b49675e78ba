//! Adding, confirming and deleting gateways.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::addr::{InterfaceName, Prefix};
use crate::gateway::want::main_route;
use crate::gateway::{Applied, Auditee, GatewaySpec, Refusal, reserved};
use crate::host::Observed;

use super::{Gateway, Kind, Owner, Registry, Standing, check_limit};

impl Registry {
    /// Adds a gateway for a controller, or changes the one that stands; the gateways that share a subnet with
    /// it go with it to the uplink that it names. `version` is the present
    /// connect version. `host` is what was last observed: the host must not have a route of its own
    /// to a new subnet with the metric that ours will have.
    ///
    /// # Errors
    /// Why it does not fit. Then nothing has changed but that a gateway of that name counts as
    /// confirmed: a controller that was refused still knows of it, and must not lose it to an audit.
    pub fn add_gateway(&mut self, spec: GatewaySpec, version: u32, host: &Observed) -> Result<Applied, Refusal> {
        let name = spec.interface;
        if self.gateways.get(&name).is_some_and(Gateway::is_static) {
            return Err(Refusal::Static(name.to_string()));
        }
        let outcome = self.place_gateway(spec, Standing::Dynamic { version }, host);
        if outcome.is_err() {
            self.seen([name], version);
        }
        outcome
    }

    /// The gateway as asked for, with what OpenContrail's clients cannot name: uplink, masquerade and
    /// weight of the one that stands, uplink and masquerade of those that it joins.
    #[must_use]
    pub fn with_present_uplink(&self, spec: &GatewaySpec) -> GatewaySpec {
        let present = self.gateways.get(&spec.interface);
        let weight = present.map_or(spec.weight, |gateway| gateway.spec.weight);
        let sharing = || self.gateways.get(&self.sharing(spec).into_iter().next()?.0);
        let Some(Gateway { spec: model, .. }) = present.or_else(sharing) else { return spec.clone() };
        GatewaySpec { uplink: model.uplink.clone(), masquerade: model.masquerade, weight, ..spec.clone() }
    }

    /// Deletes a gateway; deleting what is not there succeeds, as with the peer.
    ///
    /// # Errors
    /// It is static.
    pub fn delete_gateway(&mut self, name: &InterfaceName) -> Result<Applied, Refusal> {
        match self.gateways.get(name) {
            None => Ok(Applied::Absent),
            Some(gateway) if gateway.is_static() => Err(Refusal::Static(name.to_string())),
            Some(_) => {
                self.drop_gateway(name);
                Ok(Applied::Deleted)
            }
        }
    }

    /// Confirms gateways by name without looking at what was asked of them. Unknown and static ones
    /// are passed over.
    pub fn seen(&mut self, names: impl IntoIterator<Item = InterfaceName>, version: u32) {
        for name in names {
            if let Some(Gateway { standing: Standing::Dynamic { version: confirmed }, .. }) =
                self.gateways.get_mut(&name)
            {
                *confirmed = version;
            }
        }
    }

    /// The interfaces of what was last confirmed before connect version `threshold`: what an audit deletes that
    /// expires with it.
    #[must_use]
    pub fn stale(&self, of: Auditee, threshold: u32) -> Vec<InterfaceName> {
        let is_stale = |owner| matches!(owner, Owner::Compute { version: Some(version), .. } if version < threshold);
        let gateways = || self.gateways().filter(|gateway| gateway.standing.is_older_than(threshold));
        let ports = || self.ports().filter(|port| is_stale(port.owner));
        match of {
            Auditee::Gateways => gateways().map(|gateway| gateway.spec.interface).collect(),
            Auditee::Ports => ports().map(|port| port.spec.name).collect(),
        }
    }

    /// Judges a gateway and puts it in place of the one that stands.
    pub(super) fn place_gateway(
        &mut self,
        spec: GatewaySpec,
        standing: Standing,
        host: &Observed,
    ) -> Result<Applied, Refusal> {
        self.check_gateway(&spec, host)?;
        let name = spec.interface;
        let applied = match self.gateways.get(&name) {
            None => Applied::Added,
            Some(gateway) if *gateway.spec == spec => {
                let gateway = Gateway { spec: Arc::clone(&gateway.spec), standing };
                self.gateways.insert(name, gateway);
                return Ok(Applied::Unchanged);
            }
            Some(_) => Applied::Changed,
        };
        for name in self.sharing(&spec).into_keys() {
            let Some(Gateway { spec: other, standing }) = self.gateways.get(&name).cloned() else { continue };
            if other.uplink != spec.uplink {
                self.put_gateway(GatewaySpec { uplink: spec.uplink.clone(), ..(*other).clone() }, standing);
            }
        }
        self.put_gateway(spec, standing);
        Ok(applied)
    }

    fn put_gateway(&mut self, spec: GatewaySpec, standing: Standing) {
        self.drop_gateway(&spec.interface);
        self.announced.insert(&spec);
        self.offers.insert_gateway(&spec);
        self.exits.insert(&spec);
        self.gateways.insert(spec.interface, Gateway { spec: Arc::new(spec), standing });
    }

    /// The other gateways that leave by the same uplink as this one, each with a subnet by which it does:
    /// those that share a subnet with it, or with one of those.
    fn sharing(&self, spec: &GatewaySpec) -> BTreeMap<InterfaceName, Prefix> {
        let mut sharing = BTreeMap::new();
        let mut subnets: Vec<Prefix> = spec.subnets.iter().copied().collect();
        while let Some(subnet) = subnets.pop() {
            for name in self.announced.announcers(&subnet).filter(|name| *name != spec.interface) {
                if let Entry::Vacant(entry) = sharing.entry(name) {
                    entry.insert(subnet);
                    subnets.extend(self.gateways.get(&name).into_iter().flat_map(|gateway| &gateway.spec.subnets));
                }
            }
        }
        sharing
    }

    pub(super) fn drop_gateway(&mut self, name: &InterfaceName) {
        if let Some(gateway) = self.gateways.remove(name) {
            self.announced.remove(&gateway.spec);
            self.offers.remove_gateway(&gateway.spec);
            self.exits.remove(&gateway.spec);
        }
    }

    fn check_gateway(&self, spec: &GatewaySpec, host: &Observed) -> Result<(), Refusal> {
        let present = self.gateways.get(&spec.interface);
        if let Some(Gateway { spec: present, .. }) = present.filter(|present| present.spec.instance != spec.instance) {
            return Err(Refusal::OtherInstance { interface: spec.interface, instance: present.instance.clone() });
        }
        Self::check_instance(&spec.instance)?;
        self.check_name(spec.interface, Kind::Gateway)?;
        check_limit(present.is_some(), self.gateways.len(), self.limits.gateways, "gateways")?;
        if let Some(uplink) = spec.uplink.as_ref().filter(|uplink| !self.uplinks.contains_key(*uplink)) {
            return Err(Refusal::UnknownUplink(uplink.clone()));
        }
        spec.subnets.iter().try_for_each(|subnet| self.check_subnet(*subnet, spec, host))?;
        for (gateway, subnet) in self.sharing(spec) {
            let Some(other) = self.gateways.get(&gateway) else { continue };
            if other.spec.uplink != spec.uplink && (spec.uplink.is_none() || other.is_static()) {
                return Err(Refusal::UplinkDiffers { subnet, gateway });
            }
        }
        Ok(())
    }

    fn check_subnet(&self, subnet: Prefix, spec: &GatewaySpec, host: &Observed) -> Result<(), Refusal> {
        reserved::check_subnet(&subnet)?;
        // A route that we have ourselves was judged when it was added.
        if !self.announced.contains(&subnet) && host.foreign_routes.contains(&main_route(subnet)) {
            return Err(Refusal::ForeignRoute(subnet));
        }
        for (other, name) in self.announced.overlapping(subnet).filter(|(_, name)| *name != spec.interface) {
            let Some(Gateway { spec: owner, .. }) = self.gateways.get(&name) else { continue };
            if owner.instance != spec.instance {
                let instance = owner.instance.clone();
                return Err(Refusal::SubnetTaken { subnet, other, gateway: name, instance });
            }
            if owner.masquerade != spec.masquerade {
                return Err(Refusal::MasqueradeDiffers { subnet, other, gateway: name });
            }
        }
        Ok(())
    }
}

impl Gateway {
    /// Defined in the configuration file.
    #[must_use]
    pub fn is_static(&self) -> bool {
        self.standing == Standing::Static
    }
}

impl Standing {
    fn is_older_than(self, threshold: u32) -> bool {
        matches!(self, Self::Dynamic { version } if version < threshold)
    }
}
