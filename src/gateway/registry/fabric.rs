//! The fabric beside what was asked for.

use std::sync::Arc;

use crate::addr::{InstanceName, InterfaceName, Prefix, Weight};
use crate::gateway::fabric::FABRIC;
use crate::gateway::want::{Origin, RouteWant};
use crate::gateway::{Fabric, FabricNames, Refusal};
use crate::routing::{Hop, NextHop};

use super::{Kind, Registry};

impl Registry {
    /// Says that vgwd stands between the host and its device on the fabric, or no longer does.
    pub fn set_fabric(&mut self, fabric: Option<Fabric>) {
        self.fabric = fabric.map(Arc::new);
    }

    /// Keeps these interfaces free for the fabric, which the configuration asks for, whether or not vgwd
    /// stands in between already.
    pub fn reserve_fabric(&mut self, names: FabricNames) {
        self.reserved_fabric = Some(names);
    }

    /// The fabric's device and what the host has on it, if vgwd stands in between.
    #[must_use]
    pub fn fabric(&self) -> Option<&Arc<Fabric>> {
        self.fabric.as_ref()
    }

    /// Refuses the fabric's own instance to others.
    pub(super) fn check_instance(instance: &InstanceName) -> Result<(), Refusal> {
        if instance.as_str() == FABRIC { Err(Refusal::FabricInstance) } else { Ok(()) }
    }

    /// Refuses the fabric's interfaces to others. The host's one may be an uplink's device: it is what
    /// the host now has in the place of the other.
    pub(super) fn check_fabric_name(&self, name: InterfaceName, own: Kind) -> Result<(), Refusal> {
        let held = self.fabric().map(|fabric| fabric.names());
        for FabricNames { wire, host } in held.into_iter().chain(self.reserved_fabric) {
            if wire == name {
                return Err(Refusal::NameTaken { name, kind: "fabric device" });
            }
            if host == name && own != Kind::UplinkDevice {
                return Err(Refusal::NameTaken { name, kind: "fabric interface" });
            }
        }
        Ok(())
    }

    /// Where a prefix leads in the fabric's instance. The host's own things come first: a gateway's
    /// subnet is behind the host, whatever the wire has of that name.
    pub(in crate::gateway) fn fabric_route(&self, prefix: Prefix) -> Option<RouteWant> {
        let fabric = self.fabric()?;
        if self.announcers_of(&prefix).is_some() {
            let behind = NextHop::group([Hop { port: fabric.host, gateway: None, weight: Weight::ONE }]);
            return Some(RouteWant { next_hop: behind, origin: Origin::Gateway });
        }
        Some(RouteWant { next_hop: fabric.next_hop(prefix)?, origin: Origin::Fabric })
    }
}
