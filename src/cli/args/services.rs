//! What guests are told, of a port or of a network.

use std::net::{Ipv4Addr, Ipv6Addr};

use clap::Args;

use crate::gateway::DomainName;

/// What guests are told beyond ARP and neighbour discovery.
#[derive(Debug, Args)]
pub struct Services {
    /// Serves guests by DHCP: their port's one IPv4 address, its gateway as router, its MTU.
    #[arg(long)]
    pub dhcp: bool,
    /// The length of the network that guests are told; the subnet's of a gateway of the instance if absent.
    #[arg(long, value_name = "BITS", requires = "dhcp", value_parser = clap::value_parser!(i32).range(1..=32))]
    pub dhcp_prefix_length: Option<i32>,
    /// A name server that guests are told by DHCP. May be repeated.
    #[arg(long, value_name = "ADDRESS", requires = "dhcp")]
    pub dhcp_dns: Vec<Ipv4Addr>,
    /// The domain that guests look names up in.
    #[arg(long, value_name = "NAME", requires = "dhcp")]
    pub dhcp_domain: Option<DomainName>,
    /// How long an address is lent, seconds, from 60; an hour if absent.
    #[arg(long, value_name = "SECONDS", requires = "dhcp", value_parser = clap::value_parser!(u32).range(60..))]
    pub dhcp_lease_time: Option<u32>,
    /// Tells guests their IPv6 router, the network and the MTU by router advertisements.
    #[arg(long)]
    pub router_advertisements: bool,
    /// A name server that guests are told by router advertisements. May be repeated.
    #[arg(long, value_name = "ADDRESS", requires = "router_advertisements")]
    pub ra_dns: Vec<Ipv6Addr>,
}
