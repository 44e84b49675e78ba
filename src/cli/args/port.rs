//! `vgw port …`

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::addr::{InstanceName, InterfaceAddress, InterfaceName, Mac, Masked, Weight};
use crate::gateway::{DomainName, PortSpec};

use super::prefix::{masked, notes};
use super::{Interface, Services};

/// `vgw port …`
#[derive(Debug, Subcommand)]
pub enum PortVerb {
    /// Adds a guest's port, or changes the one of that name by the difference.
    #[command(after_help = "Example:\n  vgw port add tap0 --instance default-domain:admin:net1:net1 \
                            --address 192.168.1.253/32 \\\n      --netns guest --name eth0 \
                            --guest-address 192.168.1.253/24 --gateway 192.168.1.1\n  \
                            vgw port add vnet7 --instance default-domain:admin:net1:net1 \
                            --address 192.168.1.7/32 \\\n      --gateway 192.168.1.1 --attach \
                            --dhcp --dhcp-dns 192.0.2.53")]
    Add(Box<PortAdd>),
    /// Deletes a port.
    #[command(after_help = "Example:\n  vgw port delete tap0")]
    Delete(Interface),
    /// Lists the ports.
    #[command(after_help = "Example:\n  vgw port list -j")]
    List,
    /// Shows a port and its counters.
    #[command(after_help = "Example:\n  vgw port show tap0")]
    Show(Interface),
}

/// A port as it shall be.
#[derive(Debug, Args)]
pub struct PortAdd {
    /// The interface on the host, by which it is known.
    pub interface: InterfaceName,
    /// The routing instance.
    #[arg(long, value_name = "FQN")]
    pub instance: InstanceName,
    /// What is behind the port: a route of the instance and an allowed source. May be repeated.
    #[arg(long = "address", value_name = "PREFIX", required = true, value_parser = masked)]
    pub addresses: Vec<Masked>,
    /// The guest's MAC; learned if absent.
    #[arg(long)]
    pub mac: Option<Mac>,
    /// The address by which the guest knows its gateway; the daemon answers for it. May be repeated.
    #[arg(long = "gateway", value_name = "ADDRESS")]
    pub gateways: Vec<IpAddr>,
    /// The largest IP packet, bytes.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(mtu()))]
    pub mtu: Option<u32>,
    /// Serves an interface that exists already, a hypervisor's tap or a veth, instead of a new tap.
    #[arg(long, conflicts_with = "netns")]
    pub attach: bool,
    /// The network namespace to place the tap in: a name under /run/netns, or a path.
    #[arg(long)]
    pub netns: Option<PathBuf>,
    /// The tap's name in there; the port's own if absent.
    #[arg(long, value_name = "INTERFACE", requires = "netns")]
    pub name: Option<InterfaceName>,
    /// An address that the tap gets in there. May be repeated.
    #[arg(long = "guest-address", value_name = "ADDRESS/LENGTH", requires = "netns")]
    pub guest_addresses: Vec<InterfaceAddress>,
    /// The port's share of the flows beside others with the same address, 1 to 256.
    #[arg(long, default_value_t = Weight::ONE)]
    pub weight: Weight,
    /// What the guest is told.
    #[command(flatten)]
    pub services: Services,
    /// The guest's own name.
    #[arg(long, value_name = "NAME", requires = "dhcp")]
    pub dhcp_host_name: Option<DomainName>,
}

/// The MTUs of a port.
fn mtu() -> RangeInclusive<i64> {
    i64::from(*PortSpec::MTU.start())..=i64::from(*PortSpec::MTU.end())
}

impl PortVerb {
    pub(super) fn is_change(&self) -> bool {
        matches!(self, Self::Add(_) | Self::Delete(_))
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let Self::Add(given) = self else { return Vec::new() };
        notes("--address", &given.addresses)
    }
}
