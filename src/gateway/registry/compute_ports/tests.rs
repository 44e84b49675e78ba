use crate::addr::{InterfaceName, Uuid};
use crate::gateway::fixtures::{gateway, good, port, set};
use crate::gateway::{
    AdvertisementSpec, Applied, Auditee, ComputePort, Declared, DhcpSpec, Limits, NetworkSpec, PortKind, Refusal,
    Registry,
};
use crate::host::{Mark, Observed};

fn id(last: u8) -> Uuid {
    Uuid([last; 16])
}

fn network(last: u8, instance: &str, gateways: &str) -> NetworkSpec {
    NetworkSpec {
        id: id(last),
        instance: good(instance),
        gateways: set(gateways),
        dhcp: None,
        router_advertisements: None,
    }
}

/// Port 1, 2, ... on tap1, tap2, ... of network 100.
fn guest(last: u8) -> ComputePort {
    ComputePort {
        id: id(last),
        network: id(100),
        interface: good(&format!("tap{last}")),
        addresses: set(&format!("10.0.0.{last}/32")),
        mac: None,
        host_name: None,
        is_exempt: false,
    }
}

/// A registry in which network 100 is instance `a`, network 101 instance `b`.
fn registry() -> Registry {
    let mut registry = Registry::new(Limits::default(), Mark::default());
    registry.add_network(network(100, "a", "10.0.0.254")).unwrap();
    registry.add_network(network(101, "b", "")).unwrap();
    registry
}

fn names(registry: &Registry) -> Vec<String> {
    registry.ports().map(|port| format!("{} in {}", port.spec.name, port.spec.instance)).collect()
}

#[test]
fn a_port_belongs_to_its_networks_instance() {
    let mut registry = registry();
    assert_eq!(registry.add_compute_port(&guest(1), 0), Ok(Applied::Added));
    assert_eq!(registry.add_compute_port(&guest(1), 0), Ok(Applied::Unchanged));
    let stands = registry.port(&good("tap1")).unwrap();
    assert_eq!(stands.spec.kind, PortKind::Attach);
    assert_eq!((stands.spec.gateways.clone(), stands.may_wait()), (set("10.0.0.254"), true));
    let unknown = ComputePort { network: id(7), ..guest(2) };
    assert_eq!(registry.add_compute_port(&unknown, 0), Err(Refusal::UnknownNetwork(id(7))));
    assert_eq!(names(&registry), ["tap1 in a"]);
}

#[test]
fn a_port_is_changed_under_its_identity() {
    let mut registry = registry();
    registry.add_compute_port(&guest(1), 0).unwrap();
    let renamed = ComputePort { interface: good("vnet1"), ..guest(1) };
    assert_eq!(registry.add_compute_port(&renamed, 0), Ok(Applied::Changed));
    assert_eq!(names(&registry), ["vnet1 in a"]);
    let moved = ComputePort { network: id(101), ..renamed };
    assert_eq!(registry.add_compute_port(&moved, 0), Ok(Applied::Changed));
    assert_eq!(names(&registry), ["vnet1 in b"]);
    // What does not fit leaves the port that stands.
    registry.add_gateway(gateway("vgw1", "a", "10.1.0.0/24"), 0, &Observed::default()).unwrap();
    let taken = ComputePort { interface: good("vgw1"), ..moved };
    assert!(matches!(registry.add_compute_port(&taken, 0), Err(Refusal::NameTaken { .. })));
    assert_eq!((names(&registry), registry.compute_port(id(1))), (vec!["vnet1 in b".to_owned()], Some(good("vnet1"))));
    assert_eq!(registry.delete_compute_port(id(1)), Applied::Deleted);
    assert_eq!((registry.delete_compute_port(id(1)), names(&registry).len()), (Applied::Absent, 0));
}

#[test]
fn ports_of_others_are_left_alone() {
    let mut registry = registry();
    let declared = Declared { ports: vec![port("tap1", "a", "10.0.0.1/32", "")], ..Declared::default() };
    registry.reload(&declared, &Observed::default()).unwrap();
    registry.add_port(port("tap2", "a", "10.0.0.2/32", "")).unwrap();
    registry.add_compute_port(&guest(3), 0).unwrap();
    let text = |outcome: Result<Applied, Refusal>| outcome.unwrap_err().to_string();
    assert!(matches!(registry.add_compute_port(&guest(1), 0), Err(Refusal::Static(_))));
    let other = text(registry.add_compute_port(&guest(2), 0));
    assert_eq!(other, "tap2 is a port that vgw was asked for; delete it there first");
    let same_tap = ComputePort { interface: good("tap3"), ..guest(4) };
    let other = text(registry.add_compute_port(&same_tap, 0));
    assert_eq!(other, format!("tap3 is port {} of a compute service; delete it there first", id(3)));
    assert!(matches!(registry.add_port(port("tap3", "a", "10.0.0.2/32", "")), Err(Refusal::OtherOwner { .. })));
    assert_eq!(registry.delete_compute_port(id(1)), Applied::Absent);
    // An administrator may take away what a compute service has left behind.
    assert_eq!(registry.delete_port(&good("tap3")), Ok(Applied::Deleted));
    assert_eq!(registry.compute_port(id(3)), None);
}

#[test]
fn an_audit_takes_what_was_not_confirmed() {
    let mut registry = registry();
    registry.add_port(port("tap9", "a", "10.0.0.9/32", "")).unwrap();
    for last in 1..=4 {
        registry.add_compute_port(&ComputePort { is_exempt: last == 4, ..guest(last) }, 0).unwrap();
    }
    registry.add_compute_port(&guest(1), 1).unwrap();
    // A slip of the service's does not cost it the port.
    let bad = ComputePort { network: id(7), ..guest(2) };
    assert!(registry.add_compute_port(&bad, 1).is_err());
    assert_eq!(registry.stale(Auditee::Ports, 1), [good::<InterfaceName>("tap3")]);
    registry.ports_seen([id(3), id(77)], 1);
    assert_eq!(registry.stale(Auditee::Ports, 1), []);
    assert_eq!(registry.stale(Auditee::Ports, 2).len(), 3, "all but the exempt one and that of the own API");
}

#[test]
fn a_network_with_ports_stays_where_it_is() {
    let mut registry = registry();
    registry.add_compute_port(&guest(1), 0).unwrap();
    assert!(matches!(registry.delete_network(id(100)), Err(Refusal::NetworkInUse { .. })));
    assert!(matches!(registry.add_network(network(100, "b", "")), Err(Refusal::NetworkInUse { .. })));
    assert_eq!(registry.add_network(network(100, "a", "10.0.0.253")), Ok(Applied::Changed));
    assert_eq!(registry.port(&good("tap1")).unwrap().spec.gateways, set("10.0.0.253"), "its ports follow");
    assert_eq!(registry.add_network(network(100, "a", "10.0.0.253")), Ok(Applied::Unchanged));
    registry.delete_compute_port(id(1));
    assert_eq!(registry.delete_network(id(100)), Ok(Applied::Deleted));
    assert!(matches!(registry.delete_network(id(100)), Err(Refusal::NotFound { .. })));
}

#[test]
fn the_file_keeps_a_network_while_it_has_ports() {
    let mut registry = registry();
    let host = Observed::default();
    let declared = Declared { networks: vec![network(102, "a", "10.0.0.1")], ..Declared::default() };
    registry.reload(&declared, &host).unwrap();
    assert!(matches!(registry.add_network(network(102, "a", "")), Err(Refusal::Static(_))));
    assert!(matches!(registry.delete_network(id(102)), Err(Refusal::Static(_))));
    registry.add_compute_port(&ComputePort { network: id(102), ..guest(1) }, 0).unwrap();
    let before = registry.clone();
    let misfit = registry.reload(&Declared::default(), &host).unwrap_err();
    assert!(matches!(misfit.refusal, Refusal::NetworkInUse { .. }));
    assert!(registry == before, "nothing has changed");
    let other = Declared { networks: vec![network(102, "a", "10.0.0.2")], ..Declared::default() };
    registry.reload(&other, &host).unwrap();
    assert_eq!(registry.port(&good("tap1")).unwrap().spec.gateways, set("10.0.0.2"));
}

#[test]
fn guests_are_told_what_their_network_says() {
    let mut registry = registry();
    let told = NetworkSpec {
        dhcp: Some(DhcpSpec::default()),
        router_advertisements: Some(AdvertisementSpec::default()),
        ..network(100, "a", "10.0.0.254 fd00::254")
    };
    let named = ComputePort { host_name: Some("web-1".parse().unwrap()), ..guest(1) };
    registry.add_compute_port(&named, 0).unwrap();
    let services = |registry: &Registry, name: &str| {
        let spec = &registry.port(&good(name)).unwrap().spec;
        (spec.dhcp.is_some(), spec.router_advertisements.is_some())
    };
    assert_eq!(services(&registry, "tap1"), (false, false));
    assert_eq!(registry.add_network(told.clone()), Ok(Applied::Changed), "those that stand too");
    assert_eq!(services(&registry, "tap1"), (true, false));
    let stands = &registry.port(&good("tap1")).unwrap().spec;
    assert_eq!(stands.host_name, named.host_name);
    assert_eq!(stands.lent_address(), Some([10, 0, 0, 1].into()));
    assert_eq!(registry.add_compute_port(&named, 0), Ok(Applied::Unchanged));

    let both = ComputePort { addresses: set("10.0.0.2/32 fd00::2/128"), ..guest(2) };
    let second = ComputePort { addresses: set("fd00::3/128"), ..guest(3) };
    for port in [&both, &second] {
        registry.add_compute_port(port, 0).unwrap();
    }
    assert_eq!((services(&registry, "tap2"), services(&registry, "tap3")), ((true, true), (false, true)));

    let no_router = NetworkSpec { gateways: set("fd00::254"), ..told };
    let refused = registry.add_network(no_router).unwrap_err();
    assert!(matches!(refused, Refusal::UnusableService { field: "dhcp", .. }), "{refused}");
    assert_eq!(services(&registry, "tap2"), (true, true), "nothing has changed");
    registry.add_network(network(100, "a", "10.0.0.254")).unwrap();
    assert_eq!(services(&registry, "tap2"), (false, false));
}
