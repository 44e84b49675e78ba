//! Routing instances and their routes.

use serde::Serialize;

/// The routing instances.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Instances {
    /// By name.
    pub instances: Vec<Instance>,
}

/// A routing instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// Number of IPv4 routes.
    pub routes_v4: u64,
    /// Number of IPv6 routes.
    pub routes_v6: u64,
    /// Its gateways.
    pub gateways: Vec<String>,
    /// Its ports.
    pub ports: Vec<String>,
}

/// The routes of an instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Routes {
    /// The instance.
    pub instance: String,
    /// By prefix.
    pub routes: Vec<Route>,
}

/// What became of many routes of an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RoutesChanged {
    /// The instance.
    pub instance: String,
    /// They are new.
    pub added: u64,
    /// They lead elsewhere now.
    pub changed: u64,
    /// They stood exactly so.
    pub unchanged: u64,
    /// They are gone.
    pub deleted: u64,
    /// There was nothing to delete.
    pub absent: u64,
}

/// A route of an instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Route {
    /// The destination.
    pub prefix: String,
    /// Where it leads.
    pub next_hop: NextHop,
    /// What put it there.
    pub origin: String,
}

/// What happens to a packet.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NextHop {
    /// Out by one of these.
    Forward {
        /// Several share the flows.
        hops: Vec<Hop>,
    },
    /// To the gateway itself.
    Local,
    /// Dropped in silence.
    Discard,
    /// Dropped, the sender is told.
    Unreachable,
    /// Nothing matched: dropped, the sender is told.
    NoRoute,
    /// Something that a later daemon knows.
    Unknown,
}

/// One way out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Hop {
    /// A port or a gateway's tap.
    pub port: String,
    /// The neighbour that takes the packet on.
    pub gateway: Option<String>,
    /// Its share of the flows beside the others'.
    pub weight: u64,
}

/// Where an address goes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Lookup {
    /// The instance that was asked.
    pub instance: String,
    /// The address that was asked for.
    pub address: String,
    /// The route that matched.
    pub matched: Option<String>,
    /// Where it leads.
    pub next_hop: NextHop,
}
