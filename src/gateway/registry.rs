//! What was asked for.
//!
//! The registry judges each request against what stands and either takes it over whole or leaves
//! everything as it was. It knows nothing of the kernel beyond what it is shown: [`super::want`]
//! says what follows from it. Its maps are persistent: a clone, kept for the way back, is a few
//! pointers, and what differs between the two is found without asking everything.

mod changes;
mod compute_ports;
mod fabric;
mod gateways;
mod leases;
mod networks;
mod ports;
mod reload;
mod routes;
mod saved;
mod standing;
mod uplinks;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use crate::addr::{Family, InstanceName, InterfaceName, Prefix, Uuid, Weight};
use crate::host::Mark;

use super::announced::Announced;
use super::offers::{Exits, Offers};
use super::want::Origin;
use super::{FABRIC, Fabric, FabricNames, GatewaySpec, Leases, Limits, Refusal, UplinkName};

pub(super) use changes::Changes;
pub use reload::{Declared, Element, Misfit};
pub use standing::{Gateway, Network, Owner, Port, Route, Standing, Uplink};

/// Gateways, ports, uplinks, static routes and networks that have been asked for and accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    limits: Limits,
    mark: Mark,
    gateways: OrdMap<InterfaceName, Gateway>,
    ports: OrdMap<InterfaceName, Port>,
    uplinks: OrdMap<UplinkName, Uplink>,
    routes: OrdMap<(InstanceName, Prefix), Arc<Route>>,
    networks: OrdMap<Uuid, Network>,
    leases: Leases,
    fabric: Option<Arc<Fabric>>,
    reserved_fabric: Option<FabricNames>,
    // What uplinks had before that are not there now.
    remembered_tables: OrdMap<UplinkName, u32>,
    // Always what exactly `gateways` and `ports` say, by what it is asked for.
    compute_ports: OrdMap<Uuid, InterfaceName>,
    announced: Announced,
    offers: Offers,
    exits: Exits,
}

impl Registry {
    /// An empty registry; tables of uplinks are allocated from the mark's block.
    #[must_use]
    pub fn new(limits: Limits, mark: Mark) -> Self {
        Self {
            limits,
            mark,
            gateways: OrdMap::new(),
            ports: OrdMap::new(),
            uplinks: OrdMap::new(),
            routes: OrdMap::new(),
            networks: OrdMap::new(),
            compute_ports: OrdMap::new(),
            leases: Leases::new(),
            fabric: None,
            reserved_fabric: None,
            remembered_tables: OrdMap::new(),
            announced: Announced::default(),
            offers: Offers::default(),
            exits: Exits::default(),
        }
    }

    /// The numbers that everything of ours in the kernel bears.
    #[must_use]
    pub fn mark(&self) -> &Mark {
        &self.mark
    }

    /// A registry in which nothing is asked for, with the same limits and mark. The fabric, which stands
    /// for itself, stays.
    #[must_use]
    pub fn emptied(&self) -> Self {
        let (fabric, reserved_fabric) = (self.fabric.clone(), self.reserved_fabric);
        let remembered_tables = self.remembered_tables.clone();
        Self { remembered_tables, fabric, reserved_fabric, ..Self::new(self.limits, self.mark) }
    }

    /// The gateways, by name.
    pub fn gateways(&self) -> impl Iterator<Item = &Gateway> {
        self.gateways.values()
    }

    /// The gateway of that name.
    #[must_use]
    pub fn gateway(&self, name: &InterfaceName) -> Option<&Gateway> {
        self.gateways.get(name)
    }

    /// The subnets that the gateways announce to the host, each with the gateways that share it.
    pub fn announced(&self) -> impl Iterator<Item = (Prefix, &OrdSet<InterfaceName>)> {
        self.announced.iter()
    }

    /// The gateways that announce exactly this subnet, if any.
    pub(super) fn announcers_of(&self, subnet: &Prefix) -> Option<&OrdSet<InterfaceName>> {
        self.announced.get(subnet)
    }

    /// The ports that have an address in a subnet of an instance; one with several comes several times.
    pub(super) fn ports_in<'a>(
        &'a self,
        instance: &'a InstanceName,
        subnet: Prefix,
    ) -> impl Iterator<Item = InterfaceName> + 'a {
        self.offers.ports_in(instance, subnet)
    }

    /// What is offered for a prefix of an instance, the greatest origin last.
    pub(super) fn offers(&self, instance: &InstanceName, prefix: Prefix) -> Option<&OrdSet<(Origin, InterfaceName)>> {
        self.offers.get(instance, prefix)
    }

    /// The uplinks (`None`: the main table) by which gateways' traffic of a family leaves.
    pub(super) fn ways_out(&self) -> impl Iterator<Item = (Option<&UplinkName>, Family)> {
        self.exits.iter()
    }

    /// The gateways that announce exactly this subnet.
    pub fn announcers(&self, subnet: &Prefix) -> impl Iterator<Item = InterfaceName> {
        self.announced.announcers(subnet)
    }

    /// The guests' ports, by name.
    pub fn ports(&self) -> impl Iterator<Item = &Port> {
        self.ports.values()
    }

    /// The port of that name.
    #[must_use]
    pub fn port(&self, name: &InterfaceName) -> Option<&Port> {
        self.ports.get(name)
    }

    /// The uplinks, by name.
    pub fn uplinks(&self) -> impl Iterator<Item = &Uplink> {
        self.uplinks.values()
    }

    /// The uplink of that name.
    #[must_use]
    pub fn uplink(&self, name: &UplinkName) -> Option<&Uplink> {
        self.uplinks.get(name)
    }

    /// The gateways whose traffic leaves by an uplink, by interface.
    pub fn users<'a>(&'a self, uplink: &'a UplinkName) -> impl Iterator<Item = &'a Gateway> {
        self.gateways().filter(move |gateway| gateway.spec.uplink.as_ref() == Some(uplink))
    }

    /// The static routes, by instance and prefix.
    pub fn routes(&self) -> impl Iterator<Item = (&InstanceName, Prefix, &Route)> {
        self.routes.iter().map(|((instance, prefix), route)| (instance, *prefix, &**route))
    }

    /// The static routes of an instance, by prefix.
    pub(super) fn routes_of(&self, instance: &InstanceName) -> impl Iterator<Item = (Prefix, &Route)> {
        let from = (instance.clone(), Prefix::DEFAULT_V4);
        let routes = self.routes.range(from..).take_while(move |((of, _), _)| of == instance);
        routes.map(|((_, prefix), route)| (*prefix, &**route))
    }

    /// The static route of an instance to exactly this prefix.
    pub(super) fn route(&self, instance: &InstanceName, prefix: Prefix) -> Option<&Route> {
        self.routes.get(&(instance.clone(), prefix)).map(|route| &**route)
    }

    /// The networks, by identity.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        self.networks.values()
    }

    /// The routing instances: those that a gateway, a port or a static route names, and the fabric's.
    #[must_use]
    pub fn instances(&self) -> BTreeSet<InstanceName> {
        let fabric = self.fabric.as_ref().and_then(|_| InstanceName::new(FABRIC).ok());
        let named = self.offers.instances().chain(self.routes.keys().map(|(instance, _)| instance));
        named.cloned().chain(fabric).collect()
    }

    /// The instance of the gateway or port of that name.
    pub(super) fn instance_of(&self, name: &InterfaceName) -> Option<&InstanceName> {
        let gateway = self.gateways.get(name).map(|gateway| &gateway.spec.instance);
        gateway.or_else(|| self.ports.get(name).map(|port| &port.spec.instance))
    }

    /// The share of the flows of the gateway or port of that name.
    pub(super) fn weight_of(&self, name: &InterfaceName) -> Weight {
        let gateway = self.gateways.get(name).map(|gateway| gateway.spec.weight);
        gateway.or_else(|| self.ports.get(name).map(|port| port.spec.weight)).unwrap_or_default()
    }

    /// The announcements that share an address with `subnet`, with one entry for each gateway.
    pub(super) fn overlapping(&self, subnet: Prefix) -> impl Iterator<Item = (Prefix, &GatewaySpec)> {
        let announced = self.announced.overlapping(subnet);
        announced.filter_map(|(prefix, name)| Some((prefix, &*self.gateways.get(&name)?.spec)))
    }

    /// Refuses an interface name that the kernel keeps for itself, or that another kind of object
    /// has than those `own` stands for.
    fn check_name(&self, name: InterfaceName, own: Kind) -> Result<(), Refusal> {
        if matches!(name.as_str(), "all" | "default") {
            return Err(Refusal::ReservedName(name));
        }
        self.check_fabric_name(name, own)?;
        let taken = |kind| Err(Refusal::NameTaken { name, kind });
        if own != Kind::Gateway && self.gateways.contains_key(&name) {
            return taken("gateway");
        }
        if own != Kind::Port && self.ports.contains_key(&name) {
            return taken("port");
        }
        if own != Kind::UplinkDevice && self.uplinks().any(|uplink| uplink.spec.device == name) {
            return taken("device of an uplink");
        }
        Ok(())
    }
}

/// What an interface name can stand for; it stands for one of these at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gateway,
    Port,
    UplinkDevice,
}

/// Refuses one more object than allowed; changing one that stands is always possible.
fn check_limit(stands: bool, count: usize, limit: usize, what: &'static str) -> Result<(), Refusal> {
    if !stands && count >= limit { Err(Refusal::Limit { what, limit }) } else { Ok(()) }
}
