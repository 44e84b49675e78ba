mod gateways;
mod leases;
mod ports;
mod reload;
mod uplinks;

use super::*;
use crate::gateway::fixtures::{gateway, good, leased_uplink, leases, port, route, set, uplink};
use crate::gateway::{Applied, Auditee, UplinkSpec};
use crate::host::{Observed, RouteKey};

/// A registry that sees an empty host, with errors as their text.
struct Fixture {
    registry: Registry,
    host: Observed,
}

fn fixture() -> Fixture {
    Fixture { registry: Registry::new(Limits::default(), Mark::default()), host: Observed::default() }
}

fn text<T>(outcome: Result<T, Refusal>) -> Result<T, String> {
    outcome.map_err(|refusal| refusal.to_string())
}

impl Fixture {
    fn gateway(&mut self, spec: GatewaySpec, version: u32) -> Result<Applied, String> {
        let before = self.registry.clone();
        let outcome = text(self.registry.add_gateway(spec, version, &self.host));
        if outcome.is_err() {
            let names = |registry: &Registry| registry.gateways().map(|g| g.spec.clone()).collect::<Vec<_>>();
            assert_eq!(names(&self.registry), names(&before), "a refusal changes nothing");
            assert_eq!(self.registry.announced, before.announced);
        }
        outcome
    }

    fn uplink(&mut self, spec: UplinkSpec) -> Result<Applied, String> {
        text(self.registry.add_uplink(spec, &self.host))
    }

    fn table(&self, uplink: &str) -> u32 {
        self.registry.uplink(&good(uplink)).unwrap().table
    }

    fn reload(&mut self, declared: &Declared) -> Result<(), (Option<Element>, String)> {
        let before = self.registry.clone();
        let outcome = self.registry.reload(declared, &self.host);
        if outcome.is_err() {
            assert_eq!(self.registry, before, "a refused file changes nothing");
        }
        outcome.map_err(|misfit| (misfit.element, misfit.refusal.to_string()))
    }

    fn standing(&self, name: &str) -> Option<Standing> {
        self.registry.gateway(&good(name)).map(|gateway| gateway.standing)
    }
}

fn refused<T>(why: &str) -> Result<T, String> {
    Err(why.to_owned())
}

#[test]
fn a_name_stands_for_one_thing() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 0).unwrap();
    f.registry.add_port(port("tap1", "a", "10.0.0.1/32", "")).unwrap();
    f.uplink(uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1")).unwrap();
    assert_eq!(f.gateway(gateway("tap1", "a", "10.0.1.0/24"), 0), refused("tap1 is already a port"));
    assert_eq!(f.gateway(gateway("eth1", "a", "10.0.1.0/24"), 0), refused("eth1 is already a device of an uplink"));
    let taken = f.registry.add_port(port("vgw1", "a", "10.0.0.1/32", ""));
    assert_eq!(text(taken), refused("vgw1 is already a gateway"));
    assert_eq!(f.uplink(uplink("lan", "tap1", "30.0.0.5/24", "30.0.0.1")), refused("tap1 is already a port"));
    let kept = "the kernel keeps the name all for its settings of all interfaces";
    assert_eq!(f.gateway(gateway("all", "a", "10.0.1.0/24"), 0), refused(kept));
}

#[test]
fn limits_stop_additions_only() {
    let mut f = fixture();
    f.registry = Registry::new(Limits { gateways: 1, ports: 1, uplinks: 1, routes: 1, networks: 1 }, Mark::default());
    f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 0).unwrap();
    f.registry.add_port(port("tap1", "a", "10.0.0.1/32", "")).unwrap();
    f.uplink(uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1")).unwrap();
    f.registry.add_route(route("a", "10.9.0.0/16", "tap1", "")).unwrap();
    let limit = "the limit of 1 gateways is reached";
    assert_eq!(f.gateway(gateway("vgw2", "a", "10.0.1.0/24"), 0), refused(limit));
    assert!(f.registry.add_port(port("tap2", "a", "10.0.0.1/32", "")).is_err());
    assert!(f.uplink(uplink("lan", "eth2", "30.0.0.5/24", "30.0.0.1")).is_err());
    assert!(f.registry.add_route(route("a", "10.8.0.0/16", "tap1", "")).is_err());
    assert_eq!(f.gateway(gateway("vgw1", "a", "10.0.1.0/24"), 0), Ok(Applied::Changed));
    assert_eq!(f.registry.add_port(port("tap1", "a", "10.0.0.2/32", "")), Ok(Applied::Changed));
}
