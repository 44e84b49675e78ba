//! Networks of compute services.

use serde::Serialize;

/// The networks of compute services.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Networks {
    /// By UUID.
    pub networks: Vec<Network>,
}

/// A network of compute services.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Network {
    /// Its UUID.
    pub id: String,
    /// The routing instance of its ports.
    pub instance: String,
    /// The addresses by which its guests know their gateway.
    pub gateways: Vec<String>,
    /// What those guests are told by DHCP whose port has exactly one IPv4 address.
    pub dhcp: Option<NetworkDhcp>,
    /// What those guests are told by router advertisements whose port has an IPv6 address.
    pub router_advertisements: Option<NetworkAdvertisements>,
    /// From the configuration file.
    pub is_static: bool,
}

/// What the guests of a network are told by DHCP, beside what their port has.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NetworkDhcp {
    /// The length of the network; that of the instance's subnet if absent.
    pub prefix_length: Option<u64>,
    /// Name servers.
    pub dns: Vec<String>,
    /// The domain that names are looked up in.
    pub domain: Option<String>,
    /// How long an address is lent, seconds.
    pub lease_time: u64,
}

/// What the guests of a network are told by router advertisements, beside what their port has.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NetworkAdvertisements {
    /// Name servers.
    pub dns: Vec<String>,
}
