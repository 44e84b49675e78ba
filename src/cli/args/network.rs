//! `vgw network …`

use std::net::IpAddr;

use clap::{Args, Subcommand};

use crate::addr::{InstanceName, Uuid};

use super::Services;

/// `vgw network …`
#[derive(Debug, Subcommand)]
pub enum NetworkVerb {
    /// Says which routing instance a network is, or changes its gateway addresses and what guests are told.
    #[command(after_help = "Example:\n  vgw network add 9f2c1d34-0a1b-4c5d-8e6f-0123456789ab \\\n      \
                            --instance default-domain:admin:net1:net1 --gateway 192.168.1.1 \\\n      \
                            --dhcp --dhcp-dns 192.0.2.53")]
    Add(Box<NetworkAdd>),
    /// Forgets a network that has no ports.
    #[command(after_help = "Example:\n  vgw network delete 9f2c1d34-0a1b-4c5d-8e6f-0123456789ab")]
    Delete {
        /// The network's UUID.
        #[arg(value_name = "UUID")]
        id: Uuid,
    },
    /// Lists the networks.
    #[command(after_help = "Example:\n  vgw network list -j")]
    List,
    /// Shows a network, and what its guests are told.
    #[command(after_help = "Example:\n  vgw network show 9f2c1d34-0a1b-4c5d-8e6f-0123456789ab")]
    Show {
        /// The network's UUID.
        #[arg(value_name = "UUID")]
        id: Uuid,
    },
}

/// A network as it shall be.
#[derive(Debug, Args)]
pub struct NetworkAdd {
    /// Its UUID, the vn_id of its ports.
    #[arg(value_name = "UUID")]
    pub id: Uuid,
    /// The routing instance of its ports.
    #[arg(long, value_name = "FQN")]
    pub instance: InstanceName,
    /// The address by which its guests know their gateway; the daemon answers for it. May be repeated.
    #[arg(long = "gateway", value_name = "ADDRESS")]
    pub gateways: Vec<IpAddr>,
    /// What its guests are told.
    #[command(flatten)]
    pub services: Services,
}

impl NetworkVerb {
    pub(super) fn is_change(&self) -> bool {
        matches!(self, Self::Add(_) | Self::Delete { .. })
    }
}
