//! `vgw gateway …`

use clap::{Args, Subcommand};

use crate::addr::{InstanceName, InterfaceName, Masked, Weight};
use crate::gateway::UplinkName;

use super::Interface;
use super::prefix::{masked, notes};

/// `vgw gateway …`
#[derive(Debug, Subcommand)]
pub enum GatewayVerb {
    /// Adds a gateway, or changes the one of that interface by the difference.
    #[command(after_help = "Example:\n  vgw gateway add vgw1 --instance default-domain:admin:net1:net1 \\\n      \
                            --subnet 192.168.1.0/24 --subnet 2001:db8:1::/64 --uplink display")]
    Add(GatewayAdd),
    /// Deletes a gateway.
    #[command(after_help = "Example:\n  vgw gateway delete vgw1")]
    Delete(Interface),
    /// Lists the gateways.
    #[command(after_help = "Example:\n  vgw gateway list -j")]
    List,
    /// Shows a gateway and its counters.
    #[command(after_help = "Example:\n  vgw gateway show vgw1")]
    Show(Interface),
}

/// A gateway as it shall be.
#[derive(Debug, Args)]
pub struct GatewayAdd {
    /// The interface on the host, by which it is known.
    pub interface: InterfaceName,
    /// The routing instance.
    #[arg(long, value_name = "FQN")]
    pub instance: InstanceName,
    /// A subnet of the network; the host gets a route to it over the gateway. May be repeated.
    #[arg(long = "subnet", value_name = "PREFIX", required = true, value_parser = masked)]
    pub subnets: Vec<Masked>,
    /// What the network reaches through the gateway; the default route if absent. May be repeated.
    #[arg(long = "route", value_name = "PREFIX", value_parser = masked)]
    pub routes: Vec<Masked>,
    /// The uplink by which the network's traffic leaves; the host's main table decides if absent. Gateways
    /// that share a subnet with this one move to it too.
    #[arg(long, value_name = "NAME")]
    pub uplink: Option<UplinkName>,
    /// The network's packets leave the host under the uplink's address, or that of the device that
    /// they leave by; needs the program nft.
    #[arg(long)]
    pub masquerade: bool,
    /// The gateway's share of the flows beside others with the same subnet, 1 to 256.
    #[arg(long, default_value_t = Weight::ONE)]
    pub weight: Weight,
}

impl GatewayVerb {
    pub(super) fn is_change(&self) -> bool {
        matches!(self, Self::Add(_) | Self::Delete(_))
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let Self::Add(given) = self else { return Vec::new() };
        [notes("--subnet", &given.subnets), notes("--route", &given.routes)].concat()
    }
}
