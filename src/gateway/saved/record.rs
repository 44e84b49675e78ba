//! One thing that was added, changed or deleted.

use std::fmt;
use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use crate::addr::{InstanceName, InterfaceName, Prefix, Uuid};
use crate::gateway::{
    Audit, Auditee, Gateway, GatewaySpec, Network, NetworkSpec, Owner, Port, PortSpec, Route, Standing, StaticRoute,
    Uplink, UplinkName, UplinkSpec,
};

/// What is written down of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// It is so now, whatever it was before.
    Put(Thing),
    /// It is no more.
    Forget(Key),
    /// An audit is so now.
    Audit(Auditee, Audit),
}

/// Something that a call has added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A network of compute services.
    Network(Arc<NetworkSpec>),
    /// An uplink.
    Uplink(Arc<UplinkSpec>),
    /// A gateway, with the connect version in which it was last confirmed.
    Gateway(Arc<GatewaySpec>, u32),
    /// A port.
    Port(Arc<PortSpec>, PortOwner),
    /// A static route.
    Route(StaticRoute),
}

/// Whose port it is: as [`Owner`], but for the file's, which are not saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortOwner {
    /// A call's.
    Call,
    /// A compute service's.
    Compute {
        /// Its name for the port.
        id: Uuid,
        /// The port's network.
        network: Uuid,
        /// The connect version in which it was last confirmed; `None` if no audit deletes it.
        version: Option<u32>,
    },
}

/// What something goes by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A network.
    Network(Uuid),
    /// An uplink.
    Uplink(UplinkName),
    /// A gateway.
    Gateway(InterfaceName),
    /// A port.
    Port(InterfaceName),
    /// A static route.
    Route(InstanceName, Prefix),
}

impl Thing {
    /// What it goes by.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Network(spec) => Key::Network(spec.id),
            Self::Uplink(spec) => Key::Uplink(spec.name.clone()),
            Self::Gateway(spec, _) => Key::Gateway(spec.interface),
            Self::Port(spec, _) => Key::Port(spec.name),
            Self::Route(spec) => Key::Route(spec.instance.clone(), spec.prefix),
        }
    }

    /// What is taken up first: a port needs its network, and a gateway its uplink. A routing table that is
    /// allocated must not be one that another uplink names.
    pub(super) fn precedence(&self) -> u8 {
        match self {
            Self::Network(_) => 0,
            Self::Uplink(spec) if spec.table.is_some() => 1,
            Self::Uplink(_) => 2,
            Self::Gateway(..) => 3,
            Self::Port(..) => 4,
            Self::Route(_) => 5,
        }
    }

    /// The connect version in which it was last confirmed, if an audit may delete it.
    pub(super) fn version(&mut self) -> Option<(Auditee, &mut u32)> {
        match self {
            Self::Gateway(_, version) => Some((Auditee::Gateways, version)),
            Self::Port(_, PortOwner::Compute { version: Some(version), .. }) => Some((Auditee::Ports, version)),
            _ => None,
        }
    }

    /// A compute service's name for it, if it is such a port.
    pub(in crate::gateway) fn compute_id(&self) -> Option<Uuid> {
        match self {
            Self::Port(_, PortOwner::Compute { id, .. }) => Some(*id),
            _ => None,
        }
    }
}

impl From<PortOwner> for Owner {
    fn from(owner: PortOwner) -> Self {
        match owner {
            PortOwner::Call => Self::Call,
            PortOwner::Compute { id, network, version } => Self::Compute { id, network, version },
        }
    }
}

/// Something that may stand by a call.
pub(in crate::gateway) trait Savable<K>: PartialEq {
    /// What is saved of it, which stands by this key; `None` if it is the file's.
    fn thing(&self, key: &K) -> Option<Thing>;
}

/// What is to be written down of the way from one map to another. Costs what differs, if one descends from
/// the other.
pub(in crate::gateway) fn differing<K: Ord, V: Savable<K>>(
    before: &OrdMap<K, V>,
    after: &OrdMap<K, V>,
    records: &mut Vec<Record>,
) {
    records.extend(before.diff(after).filter_map(|difference| {
        let (old, new) = match difference {
            DiffItem::Add(key, new) => (None, new.thing(key)),
            DiffItem::Update { old: (_, old), new: (key, new) } => (old.thing(key), new.thing(key)),
            DiffItem::Remove(key, old) => (old.thing(key), None),
        };
        match (old, new) {
            (old, Some(new)) => (old.as_ref() != Some(&new)).then_some(Record::Put(new)),
            (Some(old), None) => Some(Record::Forget(old.key())),
            (None, None) => None,
        }
    }));
}

impl Savable<Key> for Thing {
    fn thing(&self, _: &Key) -> Option<Thing> {
        Some(self.clone())
    }
}

impl Savable<InterfaceName> for Gateway {
    fn thing(&self, _: &InterfaceName) -> Option<Thing> {
        match self.standing {
            Standing::Static => None,
            Standing::Dynamic { version } => Some(Thing::Gateway(Arc::clone(&self.spec), version)),
        }
    }
}

impl Savable<InterfaceName> for Port {
    fn thing(&self, _: &InterfaceName) -> Option<Thing> {
        let owner = match self.owner {
            Owner::File => return None,
            Owner::Call => PortOwner::Call,
            Owner::Compute { id, network, version } => PortOwner::Compute { id, network, version },
        };
        Some(Thing::Port(Arc::clone(&self.spec), owner))
    }
}

impl Savable<UplinkName> for Uplink {
    fn thing(&self, _: &UplinkName) -> Option<Thing> {
        (!self.is_static).then(|| Thing::Uplink(Arc::clone(&self.spec)))
    }
}

impl Savable<Uuid> for Network {
    fn thing(&self, _: &Uuid) -> Option<Thing> {
        (!self.is_static).then(|| Thing::Network(Arc::clone(&self.spec)))
    }
}

impl Savable<(InstanceName, Prefix)> for Arc<Route> {
    fn thing(&self, (instance, prefix): &(InstanceName, Prefix)) -> Option<Thing> {
        (!self.is_static).then(|| Thing::Route(self.asked_for(instance, *prefix)))
    }
}

impl Key {
    /// The kind of thing, as events and `vgw` call it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Network(_) => "network",
            Self::Uplink(_) => "uplink",
            Self::Gateway(_) => "gateway",
            Self::Port(_) => "port",
            Self::Route(..) => "route",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(id) => id.fmt(f),
            Self::Uplink(name) => name.fmt(f),
            Self::Gateway(name) | Self::Port(name) => name.fmt(f),
            Self::Route(instance, prefix) => write!(f, "{prefix} of {instance}"),
        }
    }
}
