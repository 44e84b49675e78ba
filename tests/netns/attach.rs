//! Ports on interfaces that exist already.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use tun_tap::{Iface, Mode};

use vgw::api::generated::virtual_gateway::{Port, TVirtualGatewaySyncClient};

use crate::daemon::Daemon;
use crate::lab::eventually;
use crate::namespace::Namespace;
use crate::site::{GATEWAYS, Guest, NET1, OUTSIDE, Site, port};
use crate::sniffer::Sniffer;
use crate::traffic::{assert_ping, assert_tcp, assert_udp};

/// Enough for many super-packets.
const STREAM: usize = 16 << 20;

/// Bytes that no other traffic carries.
const MARK: &[u8] = b"in another network";

/// Gives a guest that has an interface `eth0` its addresses and its gateways.
pub(crate) fn furnish(guest: &Guest) {
    let [v4, v6] = guest.addresses();
    let namespace = &guest.namespace;
    namespace.add_address("eth0", &format!("{v4}/24"));
    namespace.add_address("eth0", &format!("{v6}/64"));
    namespace.ip(&format!("route add default via {}", GATEWAYS[0]));
    namespace.ip(&format!("-6 route add default via {}", GATEWAYS[1]));
}

/// The configuration of a port on an interface that leads to this guest.
pub(crate) fn attached(name: &str, guest: &Guest) -> String {
    let [v4, v6] = guest.addresses();
    port(name, NET1, &[&v4, &v6], "attach = true")
}

/// Everything that a guest does.
fn assert_serves(site: &Site, guest: &Guest, daemon: &Daemon<'_>) {
    for (outside, inside) in OUTSIDE.iter().zip(guest.addresses()) {
        // The host outside first: the guest's MAC must be asked for.
        assert_ping(&site.outside, &inside);
        assert_ping(&guest.namespace, outside);
        assert_udp(&guest.namespace, &site.outside, outside, 9000);
        assert_tcp(&guest.namespace, &site.outside, outside, STREAM);
        assert_tcp(&site.outside, &guest.namespace, &inside, STREAM);
    }
    GATEWAYS.iter().for_each(|gateway| assert_ping(&guest.namespace, gateway));
    daemon.assert_accounted();
}

#[test]
fn a_veth_serves_a_guest() {
    let (site, guest) = (Site::new(), Guest::new(10));
    site.compute.connect("veth1", &guest.namespace, "eth0");
    furnish(&guest);
    let daemon = site.start_with_gateway(&attached("veth1", &guest));
    assert_serves(&site, &guest, &daemon);
    let neighbours = guest.namespace.ip("neighbour show dev eth0");
    assert!(neighbours.contains("192.168.1.1 lladdr 00:00:5e:00:01:00"), "{neighbours}");
}

#[test]
fn workers_share_the_flows_of_an_attached_port() {
    let (site, guest) = (Site::new(), Guest::new(10));
    site.compute.connect("veth1", &guest.namespace, "eth0");
    furnish(&guest);
    let config = attached("veth1", &guest) + "[dataplane]\nworkers = 3\n";
    let daemon = site.start_with_gateway(&config);
    assert_serves(&site, &guest, &daemon);
}

#[test]
fn an_attached_interface_stays_as_it_is() {
    let (site, guest) = (Site::new(), Guest::new(10));
    site.compute.connect("veth1", &guest.namespace, "eth0");
    furnish(&guest);
    let link = || site.compute.ip("-j link show dev veth1");
    let addresses = || site.compute.ip("-j address show dev veth1");
    let (before, link_before, addresses_before) = (site.snapshot(), link(), addresses());
    let daemon = site.start_with_gateway(&attached("veth1", &guest));
    assert_ping(&guest.namespace, OUTSIDE[0]);
    assert_eq!((link(), addresses()), (link_before, addresses_before), "while it is served");
    daemon.stop();
    site.assert_unchanged(&before, "after the daemon has stopped");
}

#[test]
fn frames_with_a_vlan_tag_are_dropped() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let hypervisor = Hypervisor::start(&site.compute, "tap5", &guest.namespace);
    furnish(&guest);
    let daemon = site.start_with_gateway(&attached("tap5", &guest));
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let ears = Sniffer::new(&guest.namespace);
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let is_request = |frame: &Vec<u8>| frame.get(12..14) == Some(&[8, 0]) && frame.get(34) == Some(&8);
    let mut frame = ears.frames().into_iter().find(is_request).unwrap();
    frame.splice(12..12, [0x81, 0, 0, 7]);
    frame.extend(MARK);
    let outside = Sniffer::new(&site.outside);
    for count in 1..4 {
        hypervisor.inject(&frame);
        eventually("it is dropped", || daemon.dropped("tap5", "VLAN_TAGGED") == count);
    }
    assert_eq!(outside.count(MARK), 0);
    daemon.assert_accounted();
}

#[test]
fn a_hypervisors_tap_serves_a_guest() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let hypervisor = Hypervisor::start(&site.compute, "tap5", &guest.namespace);
    furnish(&guest);
    let daemon = site.start_with_gateway(&attached("tap5", &guest));
    assert_serves(&site, &guest, &daemon);
    drop(daemon);
    drop(hypervisor);
}

#[test]
fn an_interface_that_is_not_there_is_refused() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start(&attached("veth1", &guest));
    let problems = daemon.status().problems;
    assert_eq!(problems, ["there is no interface veth1 to attach to"]);
}

/// A hypervisor: it holds the tap of a guest and passes frames between it and the guest's own
/// interface, which is the tap `eth0` in the guest's namespace.
pub(crate) struct Hypervisor<'a> {
    taps: [(&'a Namespace, String); 2],
    outer: Arc<Iface>,
    threads: Vec<JoinHandle<()>>,
}

impl<'a> Hypervisor<'a> {
    pub(crate) fn start(host: &'a Namespace, name: &str, guest: &'a Namespace) -> Self {
        let taps = [(host, name.to_owned()), (guest, "eth0".to_owned())];
        let open = |(namespace, name): &(&Namespace, String)| {
            let tap = namespace.enter(|| Iface::without_packet_info(name, Mode::Tap).unwrap());
            namespace.ip(&format!("link set {name} addrgenmode none up"));
            Arc::new(tap)
        };
        let [outer, inner] = [open(&taps[0]), open(&taps[1])];
        let wires = [(Arc::clone(&outer), Arc::clone(&inner)), (inner, Arc::clone(&outer))];
        let thread = |(from, to): (Arc<Iface>, Arc<Iface>)| {
            Builder::new().name("hypervisor".to_owned()).spawn(move || pass(&from, &to)).unwrap()
        };
        Self { taps, outer, threads: wires.map(thread).into() }
    }

    /// Sends a frame as if the guest had.
    fn inject(&self, frame: &[u8]) {
        assert_eq!(self.outer.send(frame).unwrap(), frame.len());
    }
}

/// Passes frames on until the interface is gone.
fn pass(from: &Iface, to: &Iface) {
    let mut frame = vec![0; 1 << 16];
    while let Ok(length) = from.recv(&mut frame) {
        // A frame that is not taken is lost, as on any wire.
        let _ = to.send(&frame[..length]);
    }
}

impl Drop for Hypervisor<'_> {
    fn drop(&mut self) {
        for (namespace, name) in &self.taps {
            namespace.ip(&format!("link delete {name}"));
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[test]
fn an_interface_that_was_made_anew_serves_again_when_its_port_is_added_again() {
    let (site, guest) = (Site::new(), Guest::new(10));
    site.compute.connect("veth1", &guest.namespace, "eth0");
    furnish(&guest);
    let daemon = site.start_with_gateway("");
    let add = || daemon.call(|vgw| vgw.add_port(guest_port(&guest))).unwrap();
    add();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    site.compute.ip("link delete veth1");
    eventually("the loss shows", || daemon.status().problems.iter().any(|problem| problem.contains("veth1")));
    site.compute.connect("veth1", &guest.namespace, "eth0");
    furnish(&guest);
    let counted = daemon.counters("veth1").received;
    add();
    assert!(counted > 0 && daemon.counters("veth1").received >= counted, "it is the same port, with its counters");
    assert_ping(&guest.namespace, OUTSIDE[0]);
    assert!(daemon.status().problems.is_empty());
}

/// The port of [`attached`], as a call asks for it.
fn guest_port(guest: &Guest) -> Port {
    let gateways = GATEWAYS.map(str::to_owned).to_vec();
    Port::new(
        "veth1".into(),
        NET1.into(),
        guest.addresses().to_vec(),
        None,
        gateways,
        None,
        true,
        None,
        None,
        None,
        None,
    )
}
