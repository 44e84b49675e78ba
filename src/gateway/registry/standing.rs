//! What stands: what was asked for, and who is in charge of it.

use std::sync::Arc;

use crate::addr::{InstanceName, InterfaceName, Prefix, Uuid};
use crate::gateway::{Addressing, Attachment, GatewaySpec, NetworkSpec, PortSpec, StaticRoute, UplinkSpec};
use crate::routing::NextHop;

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

/// A guest's port that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// What was asked for.
    pub spec: Arc<PortSpec>,
    /// Who asked.
    pub owner: Owner,
}

/// Who is in charge of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The configuration file: no call changes it.
    File,
    /// A call of the own API: no audit deletes it, and no compute service changes it.
    Call,
    /// A compute service.
    Compute {
        /// Its name for the port.
        id: Uuid,
        /// The port's network.
        network: Uuid,
        /// The connect version in which the service last confirmed it; `None` if no audit deletes it.
        version: Option<u32>,
    },
}

/// A static route that stands, by its instance and prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Where it leads.
    pub next_hop: NextHop<InterfaceName>,
    /// Defined in the configuration file: no call changes it.
    pub is_static: bool,
}

impl Route {
    /// The route as it was asked for.
    #[must_use]
    pub fn asked_for(&self, instance: &InstanceName, prefix: Prefix) -> StaticRoute {
        StaticRoute { instance: instance.clone(), prefix, next_hop: self.next_hop.clone() }
    }
}

/// A network that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// What was asked for.
    pub spec: Arc<NetworkSpec>,
    /// Defined in the configuration file: no call changes it.
    pub is_static: bool,
}

/// An uplink that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uplink {
    /// What was asked for.
    pub spec: Arc<UplinkSpec>,
    /// What is leased, if its address is.
    pub lease: Option<Attachment>,
    /// Its routing table, given or allocated.
    pub table: u32,
    /// Defined in the configuration file: no call changes it.
    pub is_static: bool,
}

impl Uplink {
    /// The address and the router that it has; a leased one may have none.
    #[must_use]
    pub fn attachment(&self) -> Option<Attachment> {
        match self.spec.addressing {
            Addressing::Fixed(attachment) => Some(attachment),
            Addressing::Leased(_) => self.lease,
        }
    }
}
