//! Arguments to requests.

use std::net::IpAddr;
use std::path::Path;

use crate::addr::{InterfaceName, Masked};
use crate::api::generated::virtual_gateway as wire;

use super::super::args::{DropsArguments, GatewayAdd, NetworkAdd, PortAdd, RouteAdd, RouteDelete, UplinkAdd};
use super::services;

/// The gateway that was asked for.
pub(in super::super) fn add_gateway(given: &GatewayAdd) -> wire::Gateway {
    let GatewayAdd { interface, instance, subnets, routes, uplink, masquerade, weight } = given;
    wire::Gateway {
        interface_name: interface.to_string(),
        routing_instance: instance.to_string(),
        subnets: prefixes(subnets),
        routes: Some(prefixes(routes)),
        uplink: uplink.as_ref().map(ToString::to_string),
        masquerade: Some(*masquerade),
        weight: Some(weight.get().into()),
    }
}

/// The port that was asked for.
pub(in super::super) fn add_port(given: &PortAdd) -> wire::Port {
    let PortAdd {
        interface,
        instance,
        addresses,
        mac,
        gateways,
        mtu,
        attach,
        netns,
        name,
        guest_addresses,
        weight,
        services,
        dhcp_host_name,
    } = given;
    let guest = netns.as_deref().map(|netns| wire::Guest {
        netns: namespace(netns),
        name: name.unwrap_or(*interface).to_string(),
        addresses: Some(guest_addresses.iter().map(ToString::to_string).collect()),
    });
    wire::Port {
        name: interface.to_string(),
        routing_instance: instance.to_string(),
        addresses: prefixes(addresses),
        mac: mac.map(|mac| mac.to_string()),
        gateways: Some(gateways.iter().map(IpAddr::to_string).collect()),
        mtu: mtu.and_then(|mtu| i32::try_from(mtu).ok()),
        attach: Some(*attach),
        guest,
        weight: Some(weight.get().into()),
        dhcp: services::dhcp(services, dhcp_host_name.as_ref()),
        router_advertisements: services::router_advertisements(services),
    }
}

/// The network that was asked for.
pub(in super::super) fn add_network(given: &NetworkAdd) -> wire::Network {
    let NetworkAdd { id, instance, gateways, services } = given;
    wire::Network {
        id: id.to_string(),
        routing_instance: instance.to_string(),
        gateways: Some(gateways.iter().map(IpAddr::to_string).collect()),
        dhcp: services::dhcp(services, None),
        router_advertisements: services::router_advertisements(services),
    }
}

/// The uplink that was asked for.
pub(in super::super) fn add_uplink(given: &UplinkAdd) -> wire::Uplink {
    let UplinkAdd { uplink, device, address, via, lease, table } = given;
    wire::Uplink {
        name: uplink.to_string(),
        device: device.to_string(),
        address: address.map(|address| address.to_string()),
        via: via.map(|via| via.to_string()),
        table: table.map(i64::from),
        lease: lease.map(|family| family.to_string()),
    }
}

/// The route that was asked for.
pub(in super::super) fn add_route(given: &RouteAdd) -> wire::Route {
    let RouteAdd { instance, prefix, port, via, discard, unreachable: _ } = given;
    wire::Route {
        routing_instance: instance.to_string(),
        prefix: prefix.prefix.to_string(),
        next_hop: match port {
            Some(port) => forward(*port, *via),
            None if *discard => wire::NextHop { kind: wire::NextHopKind::DISCARD, hops: None },
            None => wire::NextHop { kind: wire::NextHopKind::UNREACHABLE, hops: None },
        },
    }
}

/// The route that was named.
pub(in super::super) fn route_name(given: &RouteDelete) -> wire::RouteName {
    let RouteDelete { instance, prefix } = given;
    wire::RouteName { routing_instance: instance.to_string(), prefix: prefix.prefix.to_string() }
}

/// Which dropped packets are asked for.
pub(in super::super) fn drop_query(given: &DropsArguments) -> wire::DropQuery {
    wire::DropQuery {
        port: given.port.as_ref().map(ToString::to_string),
        routing_instance: given.instance.as_ref().map(ToString::to_string),
        reason: given.reason.clone(),
    }
}

fn forward(port: InterfaceName, via: Option<IpAddr>) -> wire::NextHop {
    let hop = wire::Hop { port: port.to_string(), gateway: via.map(|gateway| gateway.to_string()), weight: None };
    wire::NextHop { kind: wire::NextHopKind::FORWARD, hops: Some(vec![hop]) }
}

fn prefixes(given: &[Masked]) -> Vec<String> {
    given.iter().map(|masked| masked.prefix.to_string()).collect()
}

/// A namespace as the daemon finds it: a path is made absolute, since its working directory is another.
fn namespace(given: &Path) -> String {
    let is_path = given.components().count() > 1;
    let absolute = if is_path { std::path::absolute(given).ok() } else { None };
    absolute.as_deref().unwrap_or(given).display().to_string()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::super::args::{Arguments, DaemonVerb, NetworkVerb, PortVerb, RouteVerb, Verb};
    use super::*;

    fn verb(line: &str) -> DaemonVerb {
        let Verb::Daemon(verb) = Arguments::try_parse_from(line.split_whitespace()).unwrap().verb else {
            panic!("not for the daemon")
        };
        verb
    }

    fn port(line: &str) -> wire::Port {
        let DaemonVerb::Port(PortVerb::Add(given)) = verb(line) else { panic!("another verb") };
        add_port(&given)
    }

    fn next_hop(line: &str) -> wire::NextHop {
        let DaemonVerb::Route(RouteVerb::Add(given)) = verb(line) else { panic!("another verb") };
        add_route(&given).next_hop
    }

    #[test]
    fn a_placed_tap_takes_the_ports_name_unless_told() {
        let guest = port("vgw port add tap0 --instance a --address 10.0.0.7 --netns N").guest.unwrap();
        assert_eq!((guest.netns.as_str(), guest.name.as_str()), ("N", "tap0"));
        let guest = port("vgw port add tap0 --instance a --address 10.0.0.7 --netns /proc/7/ns/net --name eth0").guest;
        assert_eq!(guest.map(|guest| (guest.netns, guest.name)), Some(("/proc/7/ns/net".into(), "eth0".into())));
    }

    #[test]
    fn relative_namespace_paths_become_absolute() {
        let guest = port("vgw port add tap0 --instance a --address 10.0.0.7 --netns ./ns").guest.unwrap();
        assert!(Path::new(&guest.netns).is_absolute(), "{}", guest.netns);
    }

    #[test]
    fn an_attached_port_has_no_guest() {
        let port = port("vgw port add vnet7 --instance a --address 10.0.0.7 --attach");
        assert_eq!((port.attach, port.guest), (Some(true), None));
        assert_eq!(port.addresses, ["10.0.0.7/32"]);
    }

    #[test]
    fn what_the_guest_is_told_is_asked_for() {
        let bare = "vgw port add tap0 --instance a --address 10.0.0.7 --gateway 10.0.0.1";
        assert_eq!((port(bare).dhcp, port(bare).router_advertisements), (None, None));
        let told = port(&format!(
            "{bare} --dhcp --dhcp-dns 9.9.9.9 --dhcp-host-name g7 --dhcp-domain example.org --dhcp-lease-time 60 \
             --dhcp-prefix-length 24 --router-advertisements --ra-dns fd00::53"
        ));
        let dhcp = told.dhcp.unwrap();
        assert_eq!((dhcp.prefix_length, dhcp.lease_time), (Some(24), Some(60)));
        assert_eq!((dhcp.host_name.as_deref(), dhcp.domain.as_deref()), (Some("g7"), Some("example.org")));
        assert_eq!(dhcp.dns.unwrap(), ["9.9.9.9"]);
        assert_eq!(told.router_advertisements.unwrap().dns.unwrap(), ["fd00::53"]);
        for orphan in ["--dhcp-dns 9.9.9.9", "--ra-dns fd00::53", "--dhcp --dhcp-lease-time 59"] {
            let line = format!("{bare} {orphan}");
            assert!(Arguments::try_parse_from(line.split_whitespace()).is_err(), "{orphan}");
        }
    }

    #[test]
    fn a_networks_guests_are_told_as_a_ports() {
        let bare = "vgw network add 9f2c1d34-0a1b-4c5d-8e6f-0123456789ab --instance a --gateway 10.0.0.1";
        let network = |line: &str| {
            let DaemonVerb::Network(NetworkVerb::Add(given)) = verb(line) else { panic!("another verb") };
            add_network(&given)
        };
        assert_eq!((network(bare).dhcp, network(bare).router_advertisements), (None, None));
        let told = network(&format!("{bare} --dhcp --dhcp-dns 9.9.9.9 --router-advertisements"));
        let dhcp = told.dhcp.unwrap();
        assert_eq!((dhcp.dns.unwrap(), dhcp.host_name, dhcp.lease_time), (vec!["9.9.9.9".to_owned()], None, None));
        assert_eq!(told.router_advertisements.unwrap().dns.unwrap(), [""; 0]);
        let named = format!("{bare} --dhcp --dhcp-host-name web");
        assert!(Arguments::try_parse_from(named.split_whitespace()).is_err(), "each guest has a name of its own");
    }

    #[test]
    fn each_next_hop_has_its_kind() {
        let hop = next_hop("vgw route add --instance a 10.0.0.0/8 --port tap0 --via 192.0.2.1");
        assert_eq!(hop.kind, wire::NextHopKind::FORWARD);
        assert_eq!(hop.hops.unwrap()[0].gateway.as_deref(), Some("192.0.2.1"));
        assert_eq!(next_hop("vgw route add --instance a 10.0.0.0/8 --discard").kind, wire::NextHopKind::DISCARD);
        assert_eq!(
            next_hop("vgw route add --instance a 10.0.0.0/8 --unreachable").kind,
            wire::NextHopKind::UNREACHABLE
        );
    }
}
