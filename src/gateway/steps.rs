//! Registries as they come about, for this room's tests.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::fixtures::{gateway, good, leased_uplink, leases, port, route, set, uplink};
use super::{Applied, ComputePort, Fabric, NetworkSpec, PortSpec, Registry, UplinkSpec};
use crate::addr::{Prefix, Uuid};
use crate::host::{Observed, Surroundings};

/// A change of a registry; one that does not fit changes nothing.
#[derive(Debug, Clone)]
pub(super) enum Step {
    AddGateway(String, &'static str, Vec<&'static str>, Vec<&'static str>, Option<&'static str>),
    DeleteGateway(String),
    AddPort(String, &'static str, Vec<&'static str>, &'static str),
    DeletePort(String),
    AddUplink(usize, usize, Option<u32>),
    AddLeased(usize, &'static str),
    Lease(Vec<&'static str>),
    DeleteUplink(usize),
    AddRoute(&'static str, &'static str, String),
    DeleteRoute(&'static str, &'static str),
    AddNetwork(u8, &'static str, &'static str),
    AddComputePort(u8, u8, String, Vec<&'static str>),
    DeleteComputePort(u8),
    SetFabric(Option<(&'static str, Vec<&'static str>)>),
}

const INSTANCES: [&str; 2] = ["a", "b"];
const SUBNETS: [&str; 6] = ["10.0.0.0/24", "10.0.0.0/25", "10.1.0.0/24", "20.0.0.0/24", "fd00::/64", "fd01::/64"];
const ROUTES: [&str; 3] = ["10.0.0.0/24", "8.0.0.0/8", "10.0.0.9/32"];
const UPLINKS: [&str; 2] = ["up0", "up1"];
const PLACES: [(&str, &str, &str); 3] =
    [("eth0", "20.0.0.5/24", "20.0.0.1"), ("eth1", "30.0.0.5/24", "30.0.0.1"), ("eth1", "fd09::5/64", "fd09::1")];

// Also with a gateway's subnet as its network, and with an address that is fixed elsewhere.
const LEASES: [&str; 4] = [
    "eth1.ipv4 20.0.0.7/24 via 20.0.0.1",
    "eth1.ipv4 30.0.0.5/32 via 30.0.0.1",
    "eth2.ipv4 30.0.0.5/24 via 30.0.0.1",
    "eth2.ipv4 10.1.0.9/24 via 10.1.0.1",
];

pub(super) fn any_step() -> impl Strategy<Value = Step> {
    let names = || select((0..4).map(|number| format!("if{number}")).collect::<Vec<_>>());
    let instances = || select(INSTANCES.to_vec());
    let uplinks = proptest::option::of(select(UPLINKS.to_vec()));
    let subnets = subsequence(SUBNETS.to_vec(), 1..3);
    let routes = subsequence(ROUTES.to_vec(), 0..2);
    let addresses = subsequence(vec!["10.0.0.9/32", "10.0.0.10/32", "fd00::9/128"], 1..3);
    let own = select(vec!["", "10.0.0.1", "10.0.0.9"]);
    let tables = proptest::option::of(300..302u32);
    prop_oneof![
        4 => (names(), instances(), subnets, routes, uplinks)
            .prop_map(|(name, instance, subnets, routes, uplink)| Step::AddGateway(
                name, instance, subnets, routes, uplink
            )),
        1 => names().prop_map(Step::DeleteGateway),
        2 => (names(), instances(), addresses.clone(), own.clone()).prop_map(|(n, i, addresses, own)| Step::AddPort(
            n, i, addresses, own
        )),
        1 => names().prop_map(Step::DeletePort),
        2 => (0..2u8, instances(), own.clone()).prop_map(|(network, i, own)| Step::AddNetwork(network, i, own)),
        2 => (0..3u8, 0..2u8, names(), addresses.clone())
            .prop_map(|(id, network, n, addresses)| Step::AddComputePort(id, network, n, addresses)),
        1 => (0..3u8).prop_map(Step::DeleteComputePort),
        1 => proptest::option::of((select(vec!["eth8", "eth9"]), subsequence(SUBNETS.to_vec(), 0..3))).prop_map(Step::SetFabric),
        1 => (0..UPLINKS.len(), select(vec!["eth1", "eth2"])).prop_map(|(n, device)| Step::AddLeased(n, device)),
        2 => subsequence(LEASES.to_vec(), 0..3).prop_map(Step::Lease),
        2 => (0..UPLINKS.len(), 0..PLACES.len(), tables).prop_map(|(n, place, t)| Step::AddUplink(n, place, t)),
        1 => (0..UPLINKS.len()).prop_map(Step::DeleteUplink),
        1 => (instances(), select(ROUTES.to_vec()), names()).prop_map(|(i, p, n)| Step::AddRoute(i, p, n)),
        1 => (instances(), select(ROUTES.to_vec())).prop_map(|(i, p)| Step::DeleteRoute(i, p)),
    ]
}

/// Networks that are a gateway's too, an uplink's too, or neither.
pub(super) fn any_surroundings() -> impl Strategy<Value = Surroundings> {
    let exits = subsequence(vec!["eth0", "eth1", "eth2"], 0..=3);
    let connected = subsequence(vec!["10.0.0.0/24", "20.0.0.0/24", "40.0.0.0/24", "fd00::/64", "fd08::/64"], 0..=5);
    (exits, connected, select(vec!["eth0", "eth3"])).prop_map(|(exits, connected, device)| Surroundings {
        exit_devices: exits.into_iter().map(good).collect(),
        connected: connected.into_iter().map(|network| (good(network), good(device))).collect(),
    })
}

pub(super) fn take(registry: &mut Registry, step: &Step) {
    let host = Observed::default();
    let words = |list: &[&str]| list.join(" ");
    let _ = match step {
        Step::AddGateway(name, instance, subnets, routes, uplink) => {
            let spec = gateway(name, instance, &words(subnets)).with_routes(&words(routes));
            let spec = uplink.map_or(spec.clone(), |uplink| spec.by_uplink(uplink));
            // Some of each, by what the case says anyway.
            let spec = if routes.is_empty() { spec.masqueraded() } else { spec.weighing("3") };
            registry.add_gateway(spec, 0, &host)
        }
        Step::DeleteGateway(name) => registry.delete_gateway(&good(name)),
        Step::AddPort(name, instance, addresses, own) => {
            let spec = port(name, instance, &words(addresses), own);
            // Those that can be told something are.
            let router_advertisements =
                addresses.contains(&"fd00::9/128").then(crate::gateway::AdvertisementSpec::default);
            let dhcp = (own == &"10.0.0.1").then(crate::gateway::DhcpSpec::default);
            let told = PortSpec { dhcp, router_advertisements, ..spec.clone() };
            registry.add_port(told).or_else(|_| registry.add_port(spec))
        }
        Step::DeletePort(name) => registry.delete_port(&good(name)),
        Step::AddUplink(number, place, table) => {
            let (device, address, via) = PLACES[*place];
            let spec = UplinkSpec { table: *table, ..uplink(UPLINKS[*number], device, address, via) };
            registry.add_uplink(spec, &host)
        }
        Step::AddLeased(number, device) => registry.add_uplink(leased_uplink(UPLINKS[*number], device), &host),
        Step::Lease(lines) => {
            registry.take_leases(leases(lines));
            Ok(Applied::Unchanged)
        }
        Step::DeleteUplink(number) => registry.delete_uplink(&good(UPLINKS[*number])),
        Step::AddRoute(instance, prefix, hop) => registry.add_route(route(instance, prefix, hop, "10.0.0.77")),
        Step::DeleteRoute(instance, prefix) => registry.delete_route(&good(instance), good(prefix)),
        Step::AddNetwork(network, instance, gateways) => registry.add_network(NetworkSpec {
            id: Uuid([*network; 16]),
            instance: good(instance),
            gateways: set(gateways),
            dhcp: (gateways == &"10.0.0.1").then(crate::gateway::DhcpSpec::default),
            router_advertisements: Some(crate::gateway::AdvertisementSpec::default()),
        }),
        Step::AddComputePort(id, network, name, addresses) => {
            let (id, network) = (Uuid([*id; 16]), Uuid([*network; 16]));
            let (interface, addresses) = (good(name), set(&words(addresses)));
            let port = ComputePort { id, network, interface, addresses, mac: None, host_name: None, is_exempt: false };
            registry.add_compute_port(&port, 0)
        }
        Step::SetFabric(fabric) => {
            registry.set_fabric(fabric.as_ref().map(|(wire, connected)| Fabric {
                wire: good(wire),
                host: good("vhost0"),
                mac: good("02:00:00:00:00:10"),
                addresses: connected.iter().map(|network| good::<Prefix>(network).address()).collect(),
                connected: set(&words(connected)),
                routers: connected.first().map(|network| good::<Prefix>(network).address()).into_iter().collect(),
            }));
            Ok(Applied::Changed)
        }
        Step::DeleteComputePort(id) => Ok(registry.delete_compute_port(Uuid([*id; 16]))),
    };
}
