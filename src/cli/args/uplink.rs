//! `vgw uplink …`

use std::net::IpAddr;

use clap::{Args, Subcommand};

use crate::addr::{Family, InterfaceAddress, InterfaceName};
use crate::gateway::UplinkName;

use super::prefix::with_netmask;

/// `vgw uplink …`
#[derive(Debug, Subcommand)]
pub enum UplinkVerb {
    /// Adds an uplink, or changes the one of that name by the difference.
    #[command(after_help = "Example:\n  vgw uplink add display --device eth1 --address 20.0.0.5/24 --via 20.0.0.1\n  \
                            vgw uplink add display --device eth1 --lease ipv4")]
    Add(UplinkAdd),
    /// What a DHCP client's hook calls when an address is leased or renewed: records it for the daemon,
    /// which need not be running.
    #[command(after_help = "Example:\n  vgw uplink lease eth1 --address 20.0.0.5/24 --via 20.0.0.1\n  \
                            vgw uplink lease eth1 --address 20.0.0.5/255.255.255.0 --via 20.0.0.1")]
    Lease(Lease),
    /// What a DHCP client's hook calls when a lease has ended: its uplink leads nowhere then.
    #[command(after_help = "Example:\n  vgw uplink release eth1\n  vgw uplink release eth1 --family ipv6")]
    Release(Release),
    /// Takes over uplinks that were set up by hand (rt_tables and ip rule) or by oVirt's VDSM: adds the
    /// uplink, then deletes the rules and routes that did the same.
    #[command(after_help = "Example:\n  vgw uplink import --dry-run\n  vgw uplink import eth1")]
    Import {
        /// Only those of these devices.
        #[arg(value_name = "DEVICE")]
        devices: Vec<InterfaceName>,
    },
    /// Deletes an uplink that no gateway uses.
    #[command(after_help = "Example:\n  vgw uplink delete display")]
    Delete(Uplink),
    /// Lists the uplinks.
    #[command(after_help = "Example:\n  vgw uplink list -j")]
    List,
    /// Shows an uplink.
    #[command(after_help = "Example:\n  vgw uplink show display")]
    Show(Uplink),
}

/// An uplink by name.
#[derive(Debug, Args)]
pub struct Uplink {
    /// The uplink's name.
    #[arg(value_name = "NAME")]
    pub uplink: UplinkName,
}

/// An uplink as it shall be.
#[derive(Debug, Args)]
pub struct UplinkAdd {
    /// Its name.
    #[arg(value_name = "NAME")]
    pub uplink: UplinkName,
    /// The host's device.
    #[arg(long, value_name = "INTERFACE")]
    pub device: InterfaceName,
    /// The host's address on the device.
    #[arg(long, value_name = "ADDRESS/LENGTH", required_unless_present = "lease")]
    pub address: Option<InterfaceAddress>,
    /// The router on that link.
    #[arg(long, value_name = "ADDRESS", required_unless_present = "lease")]
    pub via: Option<IpAddr>,
    /// A DHCP client leases address and router, ipv4 or ipv6, and its hook tells them.
    #[arg(long, value_name = "FAMILY", conflicts_with_all = ["address", "via"])]
    pub lease: Option<Family>,
    /// The routing table; a free one of the daemon's block if absent.
    #[arg(long, value_name = "NUMBER")]
    pub table: Option<u32>,
}

/// A lease as it is.
#[derive(Debug, Args)]
pub struct Lease {
    /// The device.
    pub device: InterfaceName,
    /// The leased address with the length of its network, or with a netmask.
    #[arg(long, value_name = "ADDRESS/LENGTH", value_parser = with_netmask)]
    pub address: InterfaceAddress,
    /// The router.
    #[arg(long, value_name = "ADDRESS")]
    pub via: IpAddr,
}

/// A lease that has ended.
#[derive(Debug, Args)]
pub struct Release {
    /// The device.
    pub device: InterfaceName,
    /// Only the lease of this family, ipv4 or ipv6.
    #[arg(long)]
    pub family: Option<Family>,
}

impl UplinkVerb {
    pub(super) fn is_change(&self) -> bool {
        matches!(self, Self::Add(_) | Self::Import { .. } | Self::Delete(_))
    }
}
