//! Guests' ports.

use serde::Serialize;

use super::{Counters, Rates};

/// The ports.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ports {
    /// By interface.
    pub ports: Vec<Port>,
}

/// A guest's port.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Port {
    /// Its interface.
    pub interface: String,
    /// Its routing instance.
    pub instance: String,
    /// An interface that existed already.
    pub attached: bool,
    /// Where its tap was placed.
    pub guest: Option<Guest>,
    /// What is behind it.
    pub addresses: Vec<String>,
    /// The addresses by which the guest knows its gateway.
    pub gateways: Vec<String>,
    /// The guest's MAC.
    pub mac: Option<String>,
    /// The largest IP packet, bytes.
    pub mtu: u64,
    /// Its share of the flows beside others.
    pub weight: u64,
    /// What the guest is told by DHCP.
    pub dhcp: Option<Dhcp>,
    /// What the guest is told by router advertisements.
    pub router_advertisements: Option<RouterAdvertisements>,
    /// From the configuration file.
    pub is_static: bool,
    /// The UUID by which the compute service that added it knows it.
    pub compute_id: Option<String>,
    /// The compute service's network.
    pub network: Option<String>,
    /// Time until a running audit of ports deletes it, milliseconds.
    pub deleted_in_ms: Option<u64>,
    /// Its traffic; received is what the guest sent.
    pub counters: Counters,
    /// The same of late; absent if the daemon does not tell, or has it since just now.
    pub rates: Option<Rates>,
}

/// What a guest is told by DHCP.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Dhcp {
    /// Its address with the length of its network.
    pub address: String,
    /// Its router.
    pub router: String,
    /// Name servers.
    pub dns: Vec<String>,
    /// Its own name.
    pub host_name: Option<String>,
    /// The domain that it looks names up in.
    pub domain: Option<String>,
    /// How long the address is lent, seconds.
    pub lease_time: u64,
}

/// What a guest is told by router advertisements.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RouterAdvertisements {
    /// The network on the link.
    pub network: Option<String>,
    /// The guest may form addresses in it.
    pub autonomous: bool,
    /// Name servers.
    pub dns: Vec<String>,
}

/// A place in a guest's namespace.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Guest {
    /// The namespace.
    pub netns: String,
    /// The interface's name in there.
    pub name: String,
}
