//! What was asked for.
//!
//! The registry judges each request against what stands and either takes it over whole or leaves
//! everything as it was. It knows nothing of the kernel beyond what it is shown: [`super::want`]
//! says what follows from it. Specifications are shared, so that a clone, kept for the way back, is
//! cheap.

mod gateways;
mod ports;
mod reload;
mod routes;
mod uplinks;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::addr::{InstanceName, InterfaceName, Prefix};
use crate::host::Mark;

use super::announced::Announced;
use super::{GatewaySpec, Limits, PortSpec, Refusal, StaticRoute, UplinkName, UplinkSpec};

pub use reload::{Declared, Element, Misfit};

/// Gateways, ports, uplinks and static routes that have been asked for and accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    limits: Limits,
    mark: Mark,
    gateways: BTreeMap<InterfaceName, Gateway>,
    // Always the subnets of exactly `gateways`.
    announced: Announced,
    ports: BTreeMap<InterfaceName, Entry<PortSpec>>,
    uplinks: BTreeMap<UplinkName, Uplink>,
    routes: BTreeMap<(InstanceName, Prefix), Entry<StaticRoute>>,
}

/// A gateway that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// What was asked for.
    pub spec: Arc<GatewaySpec>,
    /// Who asked, and when.
    pub standing: Standing,
}

/// Who is in charge of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The configuration file: no call changes it, no audit deletes it.
    Static,
    /// A controller.
    Dynamic {
        /// The connect version in which the controller last confirmed it.
        version: u32,
    },
}

/// A port or a static route that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<S> {
    /// What was asked for.
    pub spec: Arc<S>,
    /// Defined in the configuration file: no call changes it.
    pub is_static: bool,
}

/// An uplink that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uplink {
    /// What was asked for.
    pub spec: Arc<UplinkSpec>,
    /// Its routing table, given or allocated.
    pub table: u32,
    /// Defined in the configuration file: no call changes it.
    pub is_static: bool,
}

impl Registry {
    /// An empty registry; tables of uplinks are allocated from the mark's block.
    #[must_use]
    pub fn new(limits: Limits, mark: Mark) -> Self {
        Self {
            limits,
            mark,
            gateways: BTreeMap::new(),
            announced: Announced::default(),
            ports: BTreeMap::new(),
            uplinks: BTreeMap::new(),
            routes: BTreeMap::new(),
        }
    }

    /// The numbers that everything of ours in the kernel bears.
    #[must_use]
    pub fn mark(&self) -> &Mark {
        &self.mark
    }

    /// A registry in which nothing is asked for, with the same limits and mark.
    #[must_use]
    pub fn emptied(&self) -> Self {
        Self::new(self.limits, self.mark)
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
    pub fn announced(&self) -> impl Iterator<Item = (Prefix, &BTreeSet<InterfaceName>)> {
        self.announced.iter()
    }

    /// The gateways that announce exactly this subnet.
    pub fn announcers(&self, subnet: &Prefix) -> impl Iterator<Item = InterfaceName> {
        self.announced.announcers(subnet)
    }

    /// The guests' ports, by name.
    pub fn ports(&self) -> impl Iterator<Item = &Entry<PortSpec>> {
        self.ports.values()
    }

    /// The port of that name.
    #[must_use]
    pub fn port(&self, name: &InterfaceName) -> Option<&Entry<PortSpec>> {
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

    /// The static routes, by instance and prefix.
    pub fn routes(&self) -> impl Iterator<Item = &Entry<StaticRoute>> {
        self.routes.values()
    }

    /// The routing instances: those that a gateway, a port or a static route names.
    #[must_use]
    pub fn instances(&self) -> BTreeSet<InstanceName> {
        let gateways = self.gateways().map(|gateway| &gateway.spec.instance);
        let ports = self.ports().map(|port| &port.spec.instance);
        let routes = self.routes().map(|route| &route.spec.instance);
        gateways.chain(ports).chain(routes).cloned().collect()
    }

    /// The instance of the gateway or port of that name.
    pub(super) fn instance_of(&self, name: &InterfaceName) -> Option<&InstanceName> {
        let gateway = self.gateways.get(name).map(|gateway| &gateway.spec.instance);
        gateway.or_else(|| self.ports.get(name).map(|port| &port.spec.instance))
    }

    /// Refuses an interface name that the kernel keeps for itself, or that another kind of object
    /// has than those `own` stands for.
    fn check_name(&self, name: InterfaceName, own: Kind) -> Result<(), Refusal> {
        if matches!(name.as_str(), "all" | "default") {
            return Err(Refusal::ReservedName(name));
        }
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
