//! The shape of one file.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use serde::Deserialize;

use crate::addr::{Family, InstanceName, InterfaceAddress, InterfaceName, Prefix, Uuid};
use crate::gateway::{DomainName, LeaseTime, PortSpec, UplinkName};
use crate::host::Mark;

use super::Config;
use super::user::User;
use super::value::{
    Absolute, Choice, Interval, Listen, Loopback, Namespace, Network, NonEmpty, Number, OnStop, Protocol, Share, Spin,
    StationMac, Text, Timeout,
};

/// The most of anything that a limit can allow. No more than a table can tell different next hops
/// apart ([`crate::table::Index::MAX`]): each static route may have one of its own.
const MOST: u32 = 1_000_000;

/// The priority of the kernel's own rule that looks up table main: ours must come before.
const MAIN_RULE: u32 = 32_766;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) gateway: Vec<Gateway>,
    #[serde(default)]
    pub(super) port: Vec<Port>,
    #[serde(default)]
    pub(super) uplink: Vec<Uplink>,
    #[serde(default)]
    pub(super) route: Vec<Route>,
    #[serde(default)]
    pub(super) network: Vec<NetworkOfPorts>,
    #[serde(default)]
    pub(super) audit: Audit,
    #[serde(default)]
    pub(super) api: Api,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(default)]
    pub(super) host: Host,
    #[serde(default)]
    pub(super) dataplane: Dataplane,
    #[serde(default)]
    pub(super) compat: Compat,
    #[serde(default)]
    pub(super) rest: Rest,
    #[serde(default)]
    pub(super) metrics: Metrics,
    pub(super) fabric: Option<Fabric>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gateway {
    pub(super) interface: Text<InterfaceName>,
    pub(super) routing_instance: Text<InstanceName>,
    pub(super) subnets: NonEmpty<Text<Network>>,
    #[serde(default)]
    pub(super) routes: Vec<Text<Network>>,
    pub(super) uplink: Option<Text<UplinkName>>,
    #[serde(default)]
    pub(super) masquerade: bool,
    #[serde(default)]
    pub(super) weight: Share,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Port {
    pub(super) name: Text<InterfaceName>,
    pub(super) routing_instance: Text<InstanceName>,
    #[serde(default)]
    pub(super) attach: bool,
    pub(super) addresses: NonEmpty<Text<Network>>,
    pub(super) mac: Option<Text<StationMac>>,
    #[serde(default)]
    pub(super) gateways: Vec<Text<IpAddr>>,
    pub(super) mtu: Option<Number<{ *PortSpec::MTU.start() }, { *PortSpec::MTU.end() }>>,
    pub(super) netns: Option<Text<Namespace>>,
    pub(super) guest_name: Option<Text<InterfaceName>>,
    #[serde(default)]
    pub(super) guest_addresses: Vec<Text<InterfaceAddress>>,
    #[serde(default)]
    pub(super) weight: Share,
    pub(super) dhcp: Option<Dhcp>,
    pub(super) router_advertisements: Option<RouterAdvertisements>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dhcp {
    pub(super) prefix_length: Option<Number<1, 32>>,
    #[serde(default)]
    pub(super) dns: Vec<Text<Ipv4Addr>>,
    pub(super) host_name: Option<Text<DomainName>>,
    pub(super) domain: Option<Text<DomainName>>,
    pub(super) lease_time: Option<Number<{ *LeaseTime::RANGE.start() }, { *LeaseTime::RANGE.end() }>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouterAdvertisements {
    #[serde(default)]
    pub(super) dns: Vec<Text<Ipv6Addr>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Uplink {
    pub(super) name: Text<UplinkName>,
    pub(super) device: Text<InterfaceName>,
    pub(super) address: Option<Text<InterfaceAddress>>,
    pub(super) via: Option<Text<IpAddr>>,
    pub(super) lease: Option<Text<Family>>,
    pub(super) table: Option<Number<1, { u32::MAX }>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    pub(super) routing_instance: Text<InstanceName>,
    pub(super) prefix: Text<Network>,
    #[serde(default)]
    pub(super) via: Vec<Hop>,
    pub(super) action: Option<Action>,
}

/// A network of a compute service; [`Network`] is a prefix.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkOfPorts {
    pub(super) id: Text<Uuid>,
    pub(super) routing_instance: Text<InstanceName>,
    #[serde(default)]
    pub(super) gateways: Vec<Text<IpAddr>>,
    pub(super) dhcp: Option<Dhcp>,
    pub(super) router_advertisements: Option<RouterAdvertisements>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hop {
    pub(super) port: Text<InterfaceName>,
    pub(super) gateway: Option<Text<IpAddr>>,
    #[serde(default)]
    pub(super) weight: Share,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    Discard,
    Unreachable,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Audit {
    pub(super) timeout: Option<Timeout>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Api {
    pub(super) thrift_listen: Option<Text<Listen>>,
    #[serde(default)]
    pub(super) allow_users: Vec<User>,
    pub(super) allow_remote: Option<bool>,
    pub(super) socket: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metrics {
    pub(super) socket: Option<Text<Absolute>>,
    pub(super) listen: Option<Text<Loopback>>,
    pub(super) interfaces: Option<Number<0, MOST>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) gateways: Option<Number<0, MOST>>,
    pub(super) ports: Option<Number<0, MOST>>,
    pub(super) uplinks: Option<Number<0, MOST>>,
    pub(super) routes: Option<Number<0, MOST>>,
    pub(super) networks: Option<Number<0, MOST>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Host {
    pub(super) route_protocol: Option<Protocol>,
    pub(super) rule_priority: Option<Number<1, { MAIN_RULE - Mark::RULE_PRIORITIES }>>,
    /// Above the tables that the kernel names.
    pub(super) table_base: Option<Number<256, { u32::MAX - Mark::TABLES }>>,
    pub(super) rt_tables: Option<Text<Absolute>>,
    /// Group 0 is every interface's unless somebody says otherwise.
    pub(super) link_group: Option<Number<1, { u32::MAX }>>,
    pub(super) check: Option<Interval>,
    pub(super) on_stop: Option<OnStop>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dataplane {
    pub(super) workers: Option<Number<1, { Config::MOST_WORKERS as u32 }>>,
    pub(super) io_uring: Option<Choice>,
    pub(super) spin: Option<Text<Spin>>,
    /// The kernel makes no longer ones: 4 MiB of pointers (`KMALLOC_MAX_SIZE`, include/linux/ptr_ring.h).
    pub(super) queue_length: Option<Number<1, 500_000>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Compat {
    pub(super) agent_conf: Option<Text<Absolute>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fabric {
    pub(super) device: Text<InterfaceName>,
    pub(super) interface: Option<Text<InterfaceName>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rest {
    pub(super) listen: Option<Text<Listen>>,
}

impl Network {
    pub(super) fn prefix(&self) -> Prefix {
        self.masked.prefix
    }
}
