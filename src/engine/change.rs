//! One thing that shall be otherwise.

use std::collections::BTreeSet;

use crate::addr::{InstanceName, InterfaceName, Prefix, Uuid};
use crate::gateway::{
    Applied, GatewaySpec, Key, NetworkSpec, PortKind, PortSpec, Refusal, Registry, StaticRoute, UplinkName, UplinkSpec,
};
use crate::host::Observed;

use super::concern::Subject;

/// A change of one thing, to be carried out or only tried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A gateway is added, or changed by the difference.
    AddGateway(GatewaySpec),
    /// A gateway is deleted.
    DeleteGateway(InterfaceName),
    /// A guest's port is added, or changed by the difference.
    AddPort(PortSpec),
    /// A guest's port is deleted.
    DeletePort(InterfaceName),
    /// An uplink is added, or changed by the difference.
    AddUplink(UplinkSpec),
    /// An uplink that no gateway uses is deleted.
    DeleteUplink(UplinkName),
    /// A static route is added to an instance, or leads elsewhere.
    AddRoute(StaticRoute),
    /// A static route of an instance is deleted.
    DeleteRoute(InstanceName, Prefix),
    /// A network of compute services is mapped to an instance, or its ports get other gateway addresses.
    AddNetwork(NetworkSpec),
    /// A network without ports is forgotten.
    DeleteNetwork(Uuid),
}

impl Change {
    /// Makes the change in a registry. `version` is the present connect version, `host` what was last
    /// observed.
    ///
    /// # Errors
    /// Why it does not fit.
    pub(super) fn make(&self, registry: &mut Registry, version: u32, host: &Observed) -> Result<Applied, Refusal> {
        match self {
            Self::AddGateway(spec) => registry.add_gateway(spec.clone(), version, host),
            Self::DeleteGateway(name) => registry.delete_gateway(name),
            Self::AddPort(spec) => registry.add_port(spec.clone()),
            Self::DeletePort(name) => registry.delete_port(name),
            Self::AddUplink(spec) => registry.add_uplink(spec.clone(), host),
            Self::DeleteUplink(name) => registry.delete_uplink(name),
            Self::AddRoute(route) => registry.add_route(route.clone()),
            Self::DeleteRoute(instance, prefix) => registry.delete_route(instance, *prefix),
            Self::AddNetwork(network) => registry.add_network(network.clone()),
            Self::DeleteNetwork(id) => registry.delete_network(*id),
        }
    }

    /// The interface that it is about.
    pub(super) fn interface(&self) -> Option<InterfaceName> {
        match self {
            Self::AddGateway(GatewaySpec { interface: name, .. })
            | Self::DeleteGateway(name)
            | Self::AddPort(PortSpec { name, .. })
            | Self::DeletePort(name) => Some(*name),
            _ => None,
        }
    }

    /// The kind of thing that it is about.
    pub(super) fn object(&self) -> &'static str {
        match self {
            Self::AddGateway(_) | Self::DeleteGateway(_) => "gateway",
            Self::AddPort(_) | Self::DeletePort(_) => "port",
            Self::AddUplink(_) | Self::DeleteUplink(_) => "uplink",
            Self::AddRoute(_) | Self::DeleteRoute(..) => "route",
            Self::AddNetwork(_) | Self::DeleteNetwork(_) => "network",
        }
    }

    /// The name of the thing that it is about.
    pub(super) fn name(&self) -> String {
        match self {
            Self::AddGateway(GatewaySpec { interface: name, .. }) | Self::DeleteGateway(name) => name.to_string(),
            Self::AddPort(PortSpec { name, .. }) | Self::DeletePort(name) => name.to_string(),
            Self::AddUplink(UplinkSpec { name, .. }) | Self::DeleteUplink(name) => name.to_string(),
            Self::AddRoute(StaticRoute { instance, prefix, .. }) | Self::DeleteRoute(instance, prefix) => {
                format!("{prefix} of {instance}")
            }
            Self::AddNetwork(NetworkSpec { id, .. }) | Self::DeleteNetwork(id) => id.to_string(),
        }
    }

    /// The routing instance that it is about, where it names one.
    pub(super) fn instance(&self) -> Option<&InstanceName> {
        match self {
            Self::AddGateway(GatewaySpec { instance, .. })
            | Self::AddPort(PortSpec { instance, .. })
            | Self::AddRoute(StaticRoute { instance, .. })
            | Self::DeleteRoute(instance, _)
            | Self::AddNetwork(NetworkSpec { instance, .. }) => Some(instance),
            _ => None,
        }
    }

    /// Whom it is asked for: what fails for them ends it. `registry` is the one that stands.
    pub(super) fn asked(&self, registry: &Registry) -> BTreeSet<Subject> {
        match self {
            Self::AddGateway(GatewaySpec { interface: name, .. })
            | Self::DeleteGateway(name)
            | Self::AddPort(PortSpec { name, .. })
            | Self::DeletePort(name) => BTreeSet::from([Subject::Interface(*name)]),
            Self::AddUplink(spec @ UplinkSpec { name, .. }) => {
                let users = registry.users(name).map(|gateway| Subject::Interface(gateway.spec.interface));
                // What a lease comes to is asked by nobody: it comes and goes while the uplink stands.
                let own = spec.lease().is_none().then(|| Subject::Uplink(name.clone()));
                users.chain(own).collect()
            }
            Self::DeleteUplink(name) => BTreeSet::from([Subject::Uplink(name.clone())]),
            Self::AddRoute(_) | Self::DeleteRoute(..) | Self::AddNetwork(_) | Self::DeleteNetwork(_) => BTreeSet::new(),
        }
    }

    /// What it deletes.
    pub(super) fn deleted(&self) -> Option<Key> {
        match self {
            Self::DeleteGateway(name) => Some(Key::Gateway(*name)),
            Self::DeletePort(name) => Some(Key::Port(*name)),
            Self::DeleteUplink(name) => Some(Key::Uplink(name.clone())),
            Self::DeleteRoute(instance, prefix) => Some(Key::Route(instance.clone(), *prefix)),
            Self::DeleteNetwork(id) => Some(Key::Network(*id)),
            Self::AddGateway(_) | Self::AddPort(_) | Self::AddUplink(_) | Self::AddRoute(_) | Self::AddNetwork(_) => {
                None
            }
        }
    }

    /// The host's device that must be there for it.
    pub(super) fn device(&self) -> Option<InterfaceName> {
        match self {
            // One that is leased waits for its device too.
            Self::AddUplink(spec) if spec.lease().is_none() => Some(spec.device),
            Self::AddPort(PortSpec { name, kind: PortKind::Attach, .. }) => Some(*name),
            _ => None,
        }
    }

    /// True if what the kernel has acknowledged is not enough to judge it: who else uses a routing
    /// table shows only when the host is looked at.
    pub(super) fn needs_a_look(&self) -> bool {
        matches!(self, Self::AddUplink(_))
    }
}
