//! Ports that a compute service adds by the compatible API.

use vgw::api::generated::instance_service::{Port, TInstanceServiceSyncClient};
use vgw::api::generated::virtual_gateway::{Network, PortState, TVirtualGatewaySyncClient};

use crate::attach::{Hypervisor, attached, furnish};
use crate::daemon::Daemon;
use crate::lab::eventually;
use crate::site::{GATEWAYS, Guest, NET1, OUTSIDE, Site};
use crate::traffic::{assert_ping, assert_tcp};

/// Enough for many super-packets.
const STREAM: usize = 4 << 20;

/// The network of most ports: each byte of its UUID.
const NETWORK: i16 = 0x20;

/// The configuration that maps [`NETWORK`] to [`NET1`], with a short time for replay.
fn mapped() -> String {
    let id = "20202020-2020-2020-2020-202020202020";
    format!(
        "[[network]]\nid = \"{id}\"\nrouting_instance = \"{NET1}\"\ngateways = {GATEWAYS:?}\n\
         [audit]\ntimeout = \"1s\"\n"
    )
}

/// A guest's port as a compute service describes it: each byte of its UUID is `id`.
fn described(id: i16, tap: &str, guest: &Guest) -> Port {
    let [v4, v6] = guest.addresses();
    let uuid = |byte| vec![byte; 16];
    let (mac, name) = (String::new(), Some("guest".to_owned()));
    Port::new(uuid(id), uuid(1), tap.into(), v4, uuid(NETWORK), mac, name, None, None, None, -1, 0, v6, None)
}

fn add(daemon: &Daemon<'_>, ports: &[Port]) -> bool {
    daemon.controller().add_port(ports.to_vec()).unwrap()
}

fn ports(daemon: &Daemon<'_>) -> Vec<PortState> {
    daemon.status().ports
}

fn names(daemon: &Daemon<'_>) -> Vec<String> {
    ports(daemon).into_iter().map(|port| port.name).collect()
}

#[test]
fn a_hypervisors_tap_is_served_until_its_port_is_deleted() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let _hypervisor = Hypervisor::start(&site.compute, "tap5", &guest.namespace);
    furnish(&guest);
    let link = || site.compute.ip("-j link show dev tap5");
    let before = link();
    let daemon = site.start_with_gateway(&mapped());
    assert!(add(&daemon, &[described(5, "tap5", &guest)]));
    let [port] = ports(&daemon).try_into().unwrap();
    assert_eq!((port.routing_instance.as_str(), port.attached, port.is_static), (NET1, true, false));
    assert_eq!(port.compute_id.as_deref(), Some("05050505-0505-0505-0505-050505050505"));
    for (outside, inside) in OUTSIDE.iter().zip(guest.addresses()) {
        assert_ping(&site.outside, &inside);
        assert_ping(&guest.namespace, outside);
        assert_tcp(&guest.namespace, &site.outside, outside, STREAM);
    }
    GATEWAYS.iter().for_each(|gateway| assert_ping(&guest.namespace, gateway));
    daemon.assert_accounted();
    let counted = daemon.counters("tap5").received;
    assert!(add(&daemon, &[described(5, "tap5", &guest)]), "a confirmation");
    assert!(daemon.counters("tap5").received >= counted, "disturbs nothing");
    assert!(daemon.controller().delete_port(vec![5; 16]).unwrap());
    assert_eq!(names(&daemon), [""; 0]);
    assert!(!guest.namespace.run(&format!("ping -c 1 -W 1 {}", OUTSIDE[0])).0, "nobody serves it");
    assert!(daemon.controller().delete_port(vec![5; 16]).unwrap(), "what is gone is deleted");
    assert_eq!(link(), before, "the tap is the hypervisor's");
}

#[test]
fn a_port_may_come_before_its_interface() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&mapped());
    assert!(add(&daemon, &[described(5, "tap5", &guest)]));
    assert_eq!(daemon.status().problems, ["there is no interface tap5 to attach to"]);
    daemon.wait_for_log("waits for its interface");
    // Requests for others are not held up.
    assert!(daemon.call(|vgw| vgw.delete_gateway("vgw9".into())).is_ok());
    let first = Hypervisor::start(&site.compute, "tap5", &guest.namespace);
    furnish(&guest);
    eventually("it is attached to", || daemon.status().problems.is_empty());
    assert_ping(&guest.namespace, OUTSIDE[0]);
    // The guest is started anew.
    let counted = daemon.counters("tap5").received;
    drop(first);
    eventually("the loss shows", || daemon.status().problems.iter().any(|problem| problem.contains("tap5")));
    assert!(add(&daemon, &[described(5, "tap5", &guest)]), "a replay is no failure meanwhile");
    let _second = Hypervisor::start(&site.compute, "tap5", &guest.namespace);
    furnish(&guest);
    eventually("it is attached to again", || daemon.status().problems.is_empty());
    assert_ping(&guest.namespace, OUTSIDE[0]);
    assert!(counted > 0 && daemon.counters("tap5").received > counted, "it is the same port, with its counters");
}

#[test]
fn a_service_that_comes_back_loses_what_it_does_not_replay() {
    let (site, guests) = (Site::new(), [10, 11, 12, 13].map(Guest::new));
    site.compute.connect("veth13", &guests[3].namespace, "eth0");
    let daemon = site.start_with_gateway(&(mapped() + &attached("veth13", &guests[3])));
    let [kept, lost, exempt, _] = &guests;
    let namespace = Port { port_type: Some(1), ..described(12, "tap12", exempt) };
    assert!(add(&daemon, &[described(10, "tap10", kept), described(11, "tap11", lost), namespace]));
    let mut service = daemon.controller();
    assert!(service.connect().unwrap());
    assert!(ports(&daemon).iter().any(|port| port.name == "tap11" && port.deleted_in_ms.is_some()));
    assert!(service.add_port(vec![described(10, "tap10", kept)]).unwrap());
    eventually("the audit is over", || names(&daemon) == ["tap10", "tap12", "veth13"]);
    daemon.wait_for_log("deleted by the audit");
    assert_eq!(daemon.gateways(), ["vgw1"], "gateways have an audit of their own");
    assert_eq!(daemon.status().audit.version, 0);
}

#[test]
fn ports_of_others_and_of_unknown_networks_are_refused() {
    let (site, guest) = (Site::new(), Guest::new(10));
    site.compute.connect("veth1", &guest.namespace, "eth0");
    furnish(&guest);
    let daemon = site.start_with_gateway(&(mapped() + &attached("veth1", &guest)));
    let strange = Port { vn_id: vec![0x30; 16], ..described(6, "tap6", &guest) };
    assert!(!add(&daemon, &[described(5, "veth1", &guest), strange.clone(), described(7, "tap7", &guest)]));
    daemon.wait_for_log("veth1 is defined in the configuration file");
    let id = "30303030-3030-3030-3030-303030303030";
    daemon.wait_for_log(&format!("field=vn_id reason=there is no network {id}"));
    assert_eq!(names(&daemon), ["tap7", "veth1"], "each is judged by itself");
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let network =
        || Network::new(id.to_owned(), NET1.to_owned(), Some(GATEWAYS.map(str::to_owned).to_vec()), None, None);
    daemon.call(|vgw| vgw.add_network(network())).unwrap();
    assert!(add(&daemon, &[strange]));
    let in_use = daemon.call(|vgw| vgw.delete_network(id.to_owned())).unwrap_err().to_string();
    assert!(in_use.contains("tap6"), "{in_use}");
    assert!(daemon.controller().delete_port(vec![6; 16]).unwrap());
    daemon.call(|vgw| vgw.delete_network(id.to_owned())).unwrap();
}
