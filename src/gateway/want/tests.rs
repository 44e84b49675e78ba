mod fabric;
mod guests;
mod host;
mod instances;
mod masquerades;
mod uplinks;

use std::fmt::Write;

use imbl::OrdSet;

use super::*;
use crate::addr::Weight;
use crate::gateway::Plan;
use crate::gateway::fixtures::{gateway, good, leased_uplink, leases, port, route, set, uplink};
use crate::gateway::{AdvertisementSpec, DhcpSpec, FABRIC, Limits, StaticRoute};
use crate::host::{Mark, Observed, RouteKey};
use crate::routing::Hop;

/// What a registry calls for, asked from nothing.
fn want(registry: &Registry, surroundings: &Surroundings) -> Want {
    Plan::new(registry.clone(), surroundings.clone()).want().clone()
}

/// A host with one device that leads out.
fn by_eth0() -> Surroundings {
    Surroundings { exit_devices: OrdSet::unit(good("eth0")), ..Surroundings::default() }
}

fn registry() -> Registry {
    Registry::new(Limits::default(), Mark::default())
}

impl Registry {
    fn with_gateway(mut self, spec: crate::gateway::GatewaySpec) -> Self {
        self.add_gateway(spec, 0, &Observed::default()).unwrap();
        self
    }

    fn with_port(mut self, spec: PortSpec) -> Self {
        self.add_port(spec).unwrap();
        self
    }

    fn with_uplink(mut self, spec: crate::gateway::UplinkSpec) -> Self {
        self.add_uplink(spec, &Observed::default()).unwrap();
        self
    }

    fn with_route(mut self, route: StaticRoute) -> Self {
        self.add_route(route).unwrap();
        self
    }
}

/// The host's part, one object a line.
fn host_text(registry: &Registry) -> String {
    let state = want(registry, &by_eth0()).host;
    let mut text = String::new();
    for (name, link) in &state.links {
        writeln!(text, "link {name} {} mtu {} up {}", link.mac, link.mtu, link.up).unwrap();
    }
    for (name, address) in &state.addresses {
        writeln!(text, "address {address} dev {name}").unwrap();
    }
    for (key, route) in &state.routes {
        write!(text, "route {} table {} metric {}", key.prefix, key.table, key.metric).unwrap();
        if route.hops.is_empty() {
            text.push_str(" unreachable");
        }
        for hop in &route.hops {
            let via = hop.via.map(|via| format!("via {via} ")).unwrap_or_default();
            write!(text, " {via}dev {}", hop.device).unwrap();
            if hop.weight != Weight::ONE {
                write!(text, " weight {}", hop.weight).unwrap();
            }
        }
        let source = route.source.map(|source| format!(" src {source}")).unwrap_or_default();
        writeln!(text, "{source}").unwrap();
    }
    for rule in &state.rules {
        writeln!(text, "rule {rule}").unwrap();
    }
    for setting in &state.settings {
        writeln!(text, "setting {} {:?}", setting.interface, setting.kind).unwrap();
    }
    text
}

/// The instances, one route a line.
fn instances_text(registry: &Registry) -> String {
    let mut text = String::new();
    for (name, instance) in want(registry, &Surroundings::default()).instances {
        writeln!(text, "instance {name}").unwrap();
        for (prefix, route) in instance.routes {
            writeln!(text, "  {prefix} {} ({})", route.next_hop, route.origin).unwrap();
        }
    }
    text
}

/// Compares line by line, ignoring the indentation of the expectation's margin.
#[track_caller]
fn assert_text(found: &str, expected: &str) {
    let lines: Vec<_> = expected.trim().lines().map(str::trim).collect();
    let found: Vec<_> = found.lines().map(str::trim).collect();
    assert_eq!(found, lines, "\n{found:#?}");
}

#[test]
fn nothing_asked_nothing_wanted() {
    assert_eq!(want(&registry(), &by_eth0()), Want::default());
}
