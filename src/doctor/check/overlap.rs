//! What of the host lies inside a gateway's subnet.

use crate::addr::{Family, InterfaceAddress, InterfaceName, Prefix};
use crate::doctor::{Check, Cure, Facts, Finding, Gateway, Route, Way};

/// A route that the kernel has made with an address (`RTPROT_KERNEL`).
const WITH_ADDRESS: u8 = 2;
/// The metric that the kernel gives IPv6 routes that name none (`IP6_RT_PRIO_USER`), as ours do not.
const OURS_V6: u32 = 1024;

pub(super) fn overlaps(facts: &Facts) -> Vec<Finding> {
    let Ok(told) = &facts.told else { return Vec::new() };
    let taps: Vec<InterfaceName> = told.gateways.iter().map(|gateway| gateway.name).collect();
    let mut findings = Vec::new();
    for gateway in &told.gateways {
        for subnet in &gateway.subnets {
            let inside = |(device, address): &&(InterfaceName, InterfaceAddress)| {
                subnet.contains(address.address) && !taps.contains(device)
            };
            let addresses: Vec<_> = facts.addresses.iter().filter(inside).collect();
            findings.extend(addresses.iter().map(|(device, address)| on_host(gateway, subnet, *device, *address)));
            let with_address = |route: &Route| {
                route.protocol == WITH_ADDRESS && addresses.iter().any(|(device, _)| route.device == Some(*device))
            };
            let routes = facts.routes.iter().filter(|route| leads_away(route, subnet, &taps) && !with_address(route));
            findings.extend(routes.map(|route| away(gateway, subnet, route)));
        }
    }
    findings
}

/// True for a route that is taken before ours for a part of the subnet or all of it.
fn leads_away(route: &Route, subnet: &Prefix, taps: &[InterfaceName]) -> bool {
    let is_first = match subnet.family() {
        _ if route.prefix != *subnet => subnet.covers(&route.prefix),
        // The kernel takes no second IPv4 route without a metric, so this one has one and comes second.
        Family::V4 => false,
        Family::V6 => route.metric < OURS_V6,
    };
    is_first && route.device.is_none_or(|device| !taps.contains(&device))
}

/// True if packets to a way's source do not get to its gateway, for something that is found here.
pub(super) fn is_led_away(facts: &Facts, way: &Way) -> bool {
    let question = &way.question;
    let mut addresses = facts.addresses.iter();
    let mut routes = facts.routes.iter().filter(|route| leads_away(route, &question.subnet, &[question.gateway]));
    addresses.any(|(_, address)| address.address == question.source)
        || routes.any(|route| route.prefix.contains(question.source))
}

fn on_host(gateway: &Gateway, subnet: &Prefix, device: InterfaceName, address: InterfaceAddress) -> Finding {
    let evidence = vec![format!(
        "{address} on {device} is the host's own, and inside {subnet} of {}: the guest with that address gets nothing, \
         and the host answers for it",
        gateway.name
    )];
    let cure = Cure::commands([format!("ip address delete {address} dev {device}")]);
    Finding::failure(Check::AddressInSubnet, address, evidence, cure)
}

fn away(gateway: &Gateway, subnet: &Prefix, route: &Route) -> Finding {
    let Route { prefix, metric, device, via, protocol: _ } = route;
    let mut text = prefix.to_string();
    if let Some(via) = via {
        text += &format!(" via {via}");
    }
    if let Some(device) = device {
        text += &format!(" dev {device}");
    }
    if *metric != 0 {
        text += &format!(" metric {metric}");
    }
    let evidence = vec![format!(
        "'{text}' in table main is taken before the route to {subnet} by {}: guests in {prefix} get nothing from the \
         host and from outside",
        gateway.name
    )];
    let flag = if prefix.family() == Family::V6 { " -6" } else { "" };
    let cure = Cure::commands([format!("ip{flag} route delete {text}")]);
    Finding::failure(Check::RouteInSubnet, prefix, evidence, cure)
}
