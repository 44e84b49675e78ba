//! `vgw instance …` and `vgw route …`

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::addr::{InstanceName, InterfaceName, Masked};

use super::prefix::{masked, notes};

/// `vgw instance …`
#[derive(Debug, Subcommand)]
pub enum InstanceVerb {
    /// Lists the routing instances.
    #[command(after_help = "Example:\n  vgw instance list")]
    List,
}

/// `vgw route …`
#[derive(Debug, Subcommand)]
pub enum RouteVerb {
    /// Lists the routes of an instance.
    #[command(after_help = "Example:\n  vgw route list --instance default-domain:admin:net1:net1")]
    List(Instance),
    /// Tells where an address goes.
    #[command(after_help = "Example:\n  vgw route lookup --instance default-domain:admin:net1:net1 10.1.1.253")]
    Lookup(RouteLookup),
    /// Adds a static route, or changes where it leads.
    #[command(after_help = "Example:\n  vgw route add --instance default-domain:admin:net1:net1 172.16.0.0/12 \
                            --port tap0 --via 192.168.1.253\n  \
                            vgw route add --instance default-domain:admin:net1:net1 198.51.100.0/24 --discard")]
    Add(RouteAdd),
    /// Changes many static routes of an instance.
    ///
    /// Each line of the file is a prefix and where it leads, as in `ip route`, or `delete`:
    ///
    ///   172.16.0.0/12 via 192.168.1.253 dev tap0
    ///   10.20.0.0/16 dev tap1
    ///   198.51.100.0/24 discard
    ///   203.0.113.0/24 unreachable
    ///   192.0.2.0/24 delete
    ///
    /// Empty lines, and what follows a `#`, are passed over. Nothing is changed before every line has been
    /// understood. Then so many lines as are loaded at a time are carried out at once and all or none; if the daemon
    /// refuses some, the answer says which of them.
    #[command(
        verbatim_doc_comment,
        after_help = "Example:\n  vgw route load --instance default-domain:admin:net1:net1 routes.txt\n  \
                      vgw route load --instance default-domain:admin:net1:net1 - <routes.txt"
    )]
    Load(RouteLoad),
    /// Deletes a static route.
    #[command(after_help = "Example:\n  vgw route delete --instance default-domain:admin:net1:net1 172.16.0.0/12")]
    Delete(RouteDelete),
}

/// A routing instance by name.
#[derive(Debug, Args)]
pub struct Instance {
    /// The routing instance's fully qualified name, domain:project:network:instance.
    #[arg(long, value_name = "FQN")]
    pub instance: InstanceName,
}

/// A question to a routing instance.
#[derive(Debug, Args)]
pub struct RouteLookup {
    /// The routing instance.
    #[arg(long, value_name = "FQN")]
    pub instance: InstanceName,
    /// The destination.
    pub address: IpAddr,
}

/// A static route as it shall be.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("next_hop").required(true).args(["port", "discard", "unreachable"]))]
pub struct RouteAdd {
    /// The routing instance.
    #[arg(long, value_name = "FQN")]
    pub instance: InstanceName,
    /// The destination.
    #[arg(value_parser = masked)]
    pub prefix: Masked,
    /// Out by this port.
    #[arg(long, value_name = "INTERFACE")]
    pub port: Option<InterfaceName>,
    /// The neighbour behind the port that takes the packets on.
    #[arg(long, value_name = "ADDRESS", requires = "port", conflicts_with_all = ["discard", "unreachable"])]
    pub via: Option<IpAddr>,
    /// Drops in silence.
    #[arg(long)]
    pub discard: bool,
    /// Drops and tells the sender.
    #[arg(long)]
    pub unreachable: bool,
}

/// Many static routes.
#[derive(Debug, Args)]
pub struct RouteLoad {
    /// The routing instance.
    #[arg(long, value_name = "FQN")]
    pub instance: InstanceName,
    /// The file; `-` is the standard input.
    pub file: PathBuf,
}

/// A static route by prefix.
#[derive(Debug, Args)]
pub struct RouteDelete {
    /// The routing instance.
    #[arg(long, value_name = "FQN")]
    pub instance: InstanceName,
    /// The destination.
    #[arg(value_parser = masked)]
    pub prefix: Masked,
}

impl RouteVerb {
    pub(super) fn is_change(&self) -> bool {
        matches!(self, Self::Add(_) | Self::Delete(_) | Self::Load(_))
    }

    pub(super) fn notes(&self) -> Vec<String> {
        match self {
            Self::Add(RouteAdd { prefix, .. }) | Self::Delete(RouteDelete { prefix, .. }) => {
                notes("the destination", std::slice::from_ref(prefix))
            }
            Self::List(_) | Self::Lookup(_) | Self::Load(_) => Vec::new(),
        }
    }
}
