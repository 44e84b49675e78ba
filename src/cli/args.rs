//! The words and options of `vgw`. Values are checked here, so that a mistake names its option and
//! nothing half-right is sent to the daemon.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::addr::{
    Family, InstanceName, InterfaceAddress, InterfaceName, Mac, Masked, Prefix, PrefixError, Uuid, Weight,
};
use crate::gateway::{DomainName, UplinkName};

mod services;

pub use services::Services;

/// Gives isolated virtual networks a way out on the compute node itself.
#[derive(Debug, Parser)]
#[command(
    name = "vgw",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    infer_subcommands = false,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 daemon unreachable, \
                  77 not permitted,\n78 bad configuration.\n\n\
                  Example:\n  vgw gateway add vgw1 --instance default-domain:admin:net1:net1 --subnet 192.168.1.0/24\n  \
                  vgw status"
)]
pub struct Arguments {
    /// Prints one JSON object with a versioned `schema` field, errors included.
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    /// The daemon's Unix socket.
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "VGW_SOCKET",
        hide_env_values = true,
        default_value = "/run/vgw/vgwd.sock",
        help_heading = "Everywhere"
    )]
    pub socket: PathBuf,
    /// Prints what a verb that adds or deletes something would do, and does nothing.
    #[arg(short = 'n', long, global = true, help_heading = "Everywhere")]
    pub dry_run: bool,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The first word.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// What the daemon is asked.
    #[command(flatten)]
    Daemon(DaemonVerb),
    /// Builds guests, a compute node and an outside host in namespaces and shows the gateway at work.
    #[command(after_help = "Example:\n  sudo vgw demo\n  sudo vgw demo --keep\n  sudo vgw demo --stop")]
    Demo(DemoArguments),
    /// Turns the gateways of OpenContrail's configuration into a part of vgwd.toml.
    ///
    /// It goes to standard output; what is read otherwise than it is written is told on standard error. The
    /// daemon need not run, and is not changed.
    #[command(
        after_help = "Example:\n  vgw import /etc/contrail/contrail-vrouter-agent.conf > /etc/vgw/vgwd.d/agent.toml\n  \
                            vgw import --devstack localrc"
    )]
    Import(ImportArguments),
}

/// A file of OpenContrail's.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// The file is devstack's localrc or local.conf, with the variables CONTRAIL_VGW_*.
    #[arg(long)]
    pub devstack: bool,
    /// The file: contrail-vrouter-agent.conf, of which the sections [GATEWAY-n] count.
    pub file: PathBuf,
}

/// The first word of what the daemon is asked.
#[derive(Debug, Subcommand)]
pub enum DaemonVerb {
    /// Virtual gateways: a tap by which a routing instance reaches the host's IP stack.
    #[command(subcommand)]
    Gateway(GatewayVerb),
    /// Guests' ports.
    #[command(subcommand)]
    Port(PortVerb),
    /// Networks of compute services: which routing instance the ports of AddPort belong to.
    #[command(subcommand)]
    Network(NetworkVerb),
    /// Uplinks: devices of the host with a router and a routing table of their own.
    #[command(subcommand)]
    Uplink(UplinkVerb),
    /// Routing instances; they come and go with their gateways and ports.
    #[command(subcommand)]
    Instance(InstanceVerb),
    /// Routes of an instance.
    #[command(subcommand)]
    Route(RouteVerb),
    /// What of the host's kernel is the daemon's.
    #[command(subcommand)]
    Host(HostVerb),
    /// Everything on one screen, problems last.
    #[command(after_help = "Example:\n  vgw status\n  vgw status -j | jq .problems")]
    Status,
    /// The audit that deletes what a returning controller does not confirm.
    #[command(after_help = "Example:\n  vgw audit\n  vgw audit timer 30000\n  vgw audit connect")]
    Audit {
        /// What to do; shows the audit if absent.
        #[command(subcommand)]
        verb: Option<AuditVerb>,
    },
}

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
    /// Deletes a static route.
    #[command(after_help = "Example:\n  vgw route delete --instance default-domain:admin:net1:net1 172.16.0.0/12")]
    Delete(RouteDelete),
}

/// `vgw host …`
#[derive(Debug, Subcommand)]
pub enum HostVerb {
    /// Shows every object of the daemon's in the kernel, and why it is there.
    #[command(after_help = "Example:\n  vgw host show")]
    Show,
    /// Shows what is to be done so that the kernel is as it should be.
    #[command(after_help = "Example:\n  vgw host diff -j | jq -e '.steps == []'")]
    Diff,
}

/// `vgw audit …`
#[derive(Debug, Subcommand)]
pub enum AuditVerb {
    /// Does what a controller does when it returns: starts an audit.
    #[command(after_help = "Example:\n  vgw audit connect")]
    Connect,
    /// Sets the time that later audits leave for replay: 0 ends them at once, -1 switches them off.
    #[command(after_help = "Example:\n  vgw audit timer 60000\n  vgw audit timer -1")]
    Timer {
        /// Milliseconds.
        #[arg(value_name = "MILLISECONDS", allow_negative_numbers = true)]
        milliseconds: i32,
    },
}

/// An interface by name.
#[derive(Debug, Args)]
pub struct Interface {
    /// The interface's name.
    pub interface: InterfaceName,
}

/// An uplink by name.
#[derive(Debug, Args)]
pub struct Uplink {
    /// The uplink's name.
    #[arg(value_name = "NAME")]
    pub uplink: UplinkName,
}

/// A routing instance by name.
#[derive(Debug, Args)]
pub struct Instance {
    /// The routing instance's fully qualified name, domain:project:network:instance.
    #[arg(long, value_name = "FQN")]
    pub instance: InstanceName,
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
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(68..=65_535))]
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

/// `vgw demo …`
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Leaves everything running and tells how to explore it.
    #[arg(long, conflicts_with = "stop")]
    pub keep: bool,
    /// Ends every demonstration that was kept.
    #[arg(long)]
    pub stop: bool,
}

impl DaemonVerb {
    /// True for a verb that adds or deletes something.
    #[must_use]
    pub fn is_change(&self) -> bool {
        match self {
            Self::Gateway(verb) => matches!(verb, GatewayVerb::Add(_) | GatewayVerb::Delete(_)),
            Self::Port(verb) => matches!(verb, PortVerb::Add(_) | PortVerb::Delete(_)),
            Self::Network(verb) => matches!(verb, NetworkVerb::Add(_) | NetworkVerb::Delete { .. }),
            Self::Uplink(verb) => {
                matches!(verb, UplinkVerb::Add(_) | UplinkVerb::Import { .. } | UplinkVerb::Delete(_))
            }
            Self::Route(verb) => matches!(verb, RouteVerb::Add(_) | RouteVerb::Delete(_)),
            Self::Instance(_) | Self::Host(_) | Self::Status | Self::Audit { .. } => false,
        }
    }

    /// What was understood otherwise than it was typed, one sentence each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let given: &[(&str, &[Masked])] = match self {
            Self::Gateway(GatewayVerb::Add(given)) => &[("--subnet", &given.subnets), ("--route", &given.routes)],
            Self::Port(PortVerb::Add(given)) => &[("--address", &given.addresses)],
            Self::Route(RouteVerb::Add(RouteAdd { prefix, .. }) | RouteVerb::Delete(RouteDelete { prefix, .. })) => {
                &[("the destination", std::slice::from_ref(prefix))]
            }
            _ => &[],
        };
        let all = given.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        all.filter(|(_, value)| value.had_host_bits)
            .map(|(name, value)| format!("{name} had host bits and is taken as {}", value.prefix))
            .collect()
    }
}

/// Reads an interface address; its length may be a netmask, as DHCP has it.
fn with_netmask(text: &str) -> Result<InterfaceAddress, String> {
    let Some((address, Ok(mask))) = text.split_once('/').map(|(address, mask)| (address, mask.parse::<Ipv4Addr>()))
    else {
        return text.parse().map_err(|error: PrefixError| error.to_string());
    };
    let bits = u32::from(mask);
    if bits.leading_ones() + bits.trailing_zeros() != 32 {
        return Err(format!("{mask} is no netmask"));
    }
    format!("{address}/{}", bits.leading_ones()).parse().map_err(|error: PrefixError| error.to_string())
}

fn masked(text: &str) -> Result<Masked, PrefixError> {
    Prefix::parse_masked(text)
}

#[cfg(test)]
mod tests;
