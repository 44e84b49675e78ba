//! Requests of the own API.

use std::path::PathBuf;

use super::Fault;
use super::read::{
    address, family, instance_name, interface_name, list, optional, prefix, prefixes, set, uplink_name, uuid,
};
use crate::addr::{InterfaceName, Weight};
use crate::api::generated::virtual_gateway as wire;
use crate::gateway::{
    Addressing, AdvertisementSpec, Attachment, DhcpSpec, GatewaySpec, GuestSpec, LeaseTime, NetworkSpec, PortKind,
    PortSpec, StaticRoute, UplinkSpec,
};
use crate::routing::{Hop, NextHop};

/// Reads a gateway.
pub(crate) fn gateway(request: &wire::Gateway) -> Result<GatewaySpec, Fault> {
    let wire::Gateway { interface_name: interface, routing_instance, subnets, routes, uplink, masquerade, weight } =
        request;
    let interface = interface_name("interface_name", interface)?;
    let instance = instance_name(routing_instance)?;
    not_empty("subnets", subnets)?;
    Ok(GatewaySpec {
        interface,
        instance,
        subnets: prefixes(&interface, "subnets", subnets)?,
        routes: prefixes(&interface, "routes", routes.as_deref().unwrap_or_default())?,
        uplink: uplink.as_deref().map(|name| uplink_name("uplink", name)).transpose()?,
        masquerade: masquerade.unwrap_or(false),
        weight: self::weight("weight", *weight)?,
    })
}

/// Reads a port.
pub(crate) fn port(request: &wire::Port) -> Result<PortSpec, Fault> {
    let wire::Port {
        name,
        routing_instance,
        addresses,
        mac,
        gateways,
        mtu,
        attach,
        guest,
        weight,
        dhcp,
        router_advertisements,
    } = request;
    let name = interface_name("name", name)?;
    let instance = instance_name(routing_instance)?;
    not_empty("addresses", addresses)?;
    let kind = match (attach.unwrap_or(false), guest) {
        (true, Some(_)) => return Err(Fault::new("guest", "only a tap that the daemon makes can be placed")),
        (true, None) => PortKind::Attach,
        (false, guest) => PortKind::Tap(guest.as_ref().map(guest_spec).transpose()?),
    };
    Ok(PortSpec {
        name,
        instance,
        kind,
        addresses: prefixes(&name, "addresses", addresses)?,
        mac: mac.as_deref().map(str::parse).transpose().map_err(|error| Fault::new("mac", error))?,
        gateways: set("gateways", gateways.as_deref().unwrap_or_default())?,
        mtu: mtu
            .map(|mtu| u32::try_from(mtu).map_err(|_| Fault::new("mtu", format!("{mtu} is negative"))))
            .transpose()?,
        weight: self::weight("weight", *weight)?,
        dhcp: dhcp.as_ref().map(dhcp_spec).transpose()?,
        host_name: optional("dhcp.host_name", dhcp.as_ref().and_then(|dhcp| dhcp.host_name.as_deref()))?,
        router_advertisements: router_advertisements.as_ref().map(advertisement_spec).transpose()?,
    })
}

fn dhcp_spec(request: &wire::Dhcp) -> Result<DhcpSpec, Fault> {
    let wire::Dhcp { prefix_length, dns, host_name: _, domain, lease_time } = request;
    let length = |given: i32| {
        u8::try_from(given).map_err(|_| Fault::new("dhcp.prefix_length", format!("{given} is not in 1..=32")))
    };
    let time = |given: i64| {
        let time = u32::try_from(given).ok().filter(|time| LeaseTime::RANGE.contains(time));
        time.map(LeaseTime).ok_or_else(|| Fault::new("dhcp.lease_time", format!("{given} is not in 60..=4294967295")))
    };
    Ok(DhcpSpec {
        prefix_length: prefix_length.map(length).transpose()?,
        dns: list("dhcp.dns", dns.as_deref().unwrap_or_default())?,
        domain: optional("dhcp.domain", domain.as_deref())?,
        lease_time: lease_time.map(time).transpose()?.unwrap_or_default(),
    })
}

fn advertisement_spec(request: &wire::RouterAdvertisements) -> Result<AdvertisementSpec, Fault> {
    let wire::RouterAdvertisements { dns } = request;
    Ok(AdvertisementSpec { dns: list("router_advertisements.dns", dns.as_deref().unwrap_or_default())? })
}

fn guest_spec(request: &wire::Guest) -> Result<GuestSpec, Fault> {
    let wire::Guest { netns, name, addresses } = request;
    if netns.is_empty() || netns.contains('\0') {
        return Err(Fault::new("guest.netns", "no network namespace has such a name"));
    }
    Ok(GuestSpec {
        namespace: PathBuf::from(netns),
        name: interface_name("guest.name", name)?,
        addresses: set("guest.addresses", addresses.as_deref().unwrap_or_default())?,
    })
}

/// Reads an uplink.
pub(crate) fn uplink(request: &wire::Uplink) -> Result<UplinkSpec, Fault> {
    let wire::Uplink { name, device, address: own, via, table, lease } = request;
    let addressing = match (lease, own, via) {
        (Some(lease), None, None) => Addressing::Leased(family("lease", lease)?),
        (Some(_), ..) => return Err(Fault::new("lease", "an uplink has either lease or address and via")),
        (None, Some(own), Some(via)) => Addressing::Fixed(Attachment {
            address: own.parse().map_err(|error| Fault::new("address", error))?,
            via: address("via", via)?,
        }),
        (None, Some(_), None) => return Err(Fault::new("via", "it is missing")),
        (None, None, _) => return Err(Fault::new("address", "it is missing, and so is lease")),
    };
    Ok(UplinkSpec {
        name: uplink_name("name", name)?,
        device: interface_name("device", device)?,
        addressing,
        table: table
            .map(|table| u32::try_from(table).map_err(|_| Fault::new("table", format!("{table} is no table"))))
            .transpose()?,
    })
}

/// Reads a network.
pub(crate) fn network(request: &wire::Network) -> Result<NetworkSpec, Fault> {
    let wire::Network { id, routing_instance, gateways, dhcp, router_advertisements } = request;
    if dhcp.as_ref().is_some_and(|dhcp| dhcp.host_name.is_some()) {
        return Err(Fault::new("dhcp.host_name", "it is for a port: each guest has a name of its own"));
    }
    Ok(NetworkSpec {
        id: uuid("id", id)?,
        instance: instance_name(routing_instance)?,
        gateways: set("gateways", gateways.as_deref().unwrap_or_default())?,
        dhcp: dhcp.as_ref().map(dhcp_spec).transpose()?,
        router_advertisements: router_advertisements.as_ref().map(advertisement_spec).transpose()?,
    })
}

/// Reads a static route.
pub(crate) fn route(request: &wire::Route) -> Result<StaticRoute, Fault> {
    let wire::Route { routing_instance, prefix: destination, next_hop } = request;
    let instance = instance_name(routing_instance)?;
    Ok(StaticRoute { prefix: prefix(&instance, "prefix", destination)?, instance, next_hop: self::next_hop(next_hop)? })
}

pub(super) fn next_hop(request: &wire::NextHop) -> Result<NextHop<InterfaceName>, Fault> {
    let wire::NextHop { kind, hops } = request;
    let hops = hops.as_deref().unwrap_or_default();
    let next_hop = match *kind {
        wire::NextHopKind::FORWARD => {
            not_empty("next_hop.hops", hops)?;
            return Ok(NextHop::group(hops.iter().map(hop).collect::<Result<Vec<_>, _>>()?));
        }
        wire::NextHopKind::DISCARD => NextHop::Discard,
        wire::NextHopKind::UNREACHABLE => NextHop::Unreachable,
        _ => return Err(Fault::new("next_hop.kind", "a static route forwards, discards or is unreachable")),
    };
    if hops.is_empty() {
        return Ok(next_hop);
    }
    Err(Fault::new("next_hop.hops", "only a route that forwards has hops"))
}

fn hop(request: &wire::Hop) -> Result<Hop<InterfaceName>, Fault> {
    let wire::Hop { port, gateway, weight } = request;
    Ok(Hop {
        port: interface_name("next_hop.hops.port", port)?,
        gateway: gateway.as_deref().map(|text| address("next_hop.hops.gateway", text)).transpose()?,
        weight: self::weight("next_hop.hops.weight", *weight)?,
    })
}

/// Reads a weight; 1 if there is none.
fn weight(field: &str, number: Option<i32>) -> Result<Weight, Fault> {
    let weight = number.map(|number| Weight::try_from(i64::from(number))).transpose();
    Ok(weight.map_err(|error| Fault::new(field, error))?.unwrap_or_default())
}

fn not_empty<T>(field: &str, list: &[T]) -> Result<(), Fault> {
    if list.is_empty() {
        return Err(Fault::new(field, "the list is empty"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
