//! The daemon's own service and its client.

use std::io::{IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use vgw::api::generated::virtual_gateway::{
    CaptureRequest, Change, ConfigurationFile, Confinement, DropQuery, ErrorKind, FabricPhase, FabricRequest, Gateway,
    NextHop, NextHopKind, ObjectState, Outcome, Port, Rates, RequestError, Route, RouteChanges, RouteGroup, RouteName,
    RouteOutcomes, TVirtualGatewaySyncClient, Uplink,
};
use vgw::api::{Client, ClientError};

use crate::conductor::{STATIC, TAKEN};
use crate::daemon::Daemon;
use crate::wire::PATIENCE;

fn gateway(interface: &str, subnet: &str) -> Gateway {
    Gateway {
        interface_name: interface.to_owned(),
        routing_instance: "net1".to_owned(),
        subnets: vec![subnet.to_owned()],
        routes: None,
        uplink: None,
        masquerade: None,
        weight: None,
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, ClientError>) -> (ErrorKind, String, String) {
    match result {
        Err(ClientError::Refused(RequestError { kind, field, reason })) => (kind, field, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn outcomes_are_told_apart() {
    let daemon = Daemon::unix();
    let mut client = daemon.client();
    let mut add = |subnet| client.call(|daemon| daemon.add_gateway(gateway("vgw1", subnet))).unwrap();
    assert_eq!(add("10.0.0.0/8"), Outcome::ADDED);
    assert_eq!(add("10.0.0.0/8"), Outcome::UNCHANGED);
    assert_eq!(add("10.0.0.0/16"), Outcome::CHANGED);
    let mut delete = || client.call(|daemon| daemon.delete_gateway("vgw1".to_owned())).unwrap();
    assert_eq!(delete(), Outcome::DELETED);
    assert_eq!(delete(), Outcome::ABSENT);
}

#[test]
fn errors_are_typed_and_the_connection_lives_on() {
    let daemon = Daemon::unix();
    let mut client = daemon.client();
    let mut add = |interface, subnet| refused(client.call(|daemon| daemon.add_gateway(gateway(interface, subnet))));
    let text = |text: &str| text.to_owned();
    assert_eq!(
        add("vgw1", "10.0.0.0/40"),
        (ErrorKind::INVALID, text("subnets[0]"), text("prefix length 40 is not in 0..=32"))
    );
    let (kind, field, reason) = add(STATIC, "10.0.0.0/8");
    assert_eq!((kind, &*field), (ErrorKind::STATIC, "interface_name"));
    assert_eq!(reason, "static0 is defined in the configuration file and changes only there");
    assert_eq!(add(TAKEN, "10.0.0.0/8").0, ErrorKind::CONFLICT);
    let absent = refused(client.call(|daemon| daemon.delete_uplink("display".to_owned())));
    assert_eq!(absent, (ErrorKind::NOT_FOUND, text("name"), text("there is no uplink display")));
    let absent = refused(client.call(|daemon| daemon.list_routes("net1".to_owned())));
    assert_eq!(absent.0, ErrorKind::NOT_FOUND);
}

#[test]
fn every_method_reaches_the_engine() {
    let daemon = Daemon::unix();
    let mut client = daemon.client();
    let text = |text: &str| text.to_owned();
    let port = Port {
        name: text("tap0"),
        routing_instance: text("net1"),
        addresses: vec![text("10.0.0.2")],
        mac: None,
        gateways: None,
        mtu: None,
        attach: Some(true),
        guest: None,
        weight: None,
        dhcp: None,
        router_advertisements: None,
    };
    let uplink = Uplink {
        name: text("display"),
        device: text("eth1"),
        address: Some(text("20.0.0.5/24")),
        via: Some(text("20.0.0.1")),
        table: None,
        lease: None,
    };
    let next_hop = NextHop { kind: NextHopKind::DISCARD, hops: None };
    let route = Route { routing_instance: text("net1"), prefix: text("10.9.0.0/16"), next_hop };
    client.call(|daemon| daemon.add_port(port)).unwrap();
    client.call(|daemon| daemon.delete_port(text("tap0"))).unwrap();
    client.call(|daemon| daemon.add_uplink(uplink)).unwrap();
    client.call(|daemon| daemon.add_route(route)).unwrap();
    client.call(|daemon| daemon.delete_route(text("net1"), text("10.9.0.0/16"))).unwrap();
    let discard = || NextHop { kind: NextHopKind::DISCARD, hops: None };
    // More than clients of the compatible service may send in a list.
    let prefixes = (0..10_000).map(|number: u32| std::net::Ipv4Addr::from_bits(number).to_string()).collect();
    let changes =
        RouteChanges::new(text("net1"), vec![text("10.9.0.0/16")], vec![RouteGroup::new(discard(), prefixes)]);
    let outcomes = client.call(|daemon| daemon.change_routes(changes)).unwrap();
    assert_eq!(outcomes, RouteOutcomes::new(10_000, 0, 0, 0, 1));
    let bad = RouteChanges::new(text("net1"), vec![], vec![RouteGroup::new(discard(), vec![text("10.0.0.0/40")])]);
    let bad = refused(client.call(|daemon| daemon.change_routes(bad)));
    assert_eq!((bad.0, bad.1.as_str()), (ErrorKind::INVALID, "add[0].prefixes[0]"));
    let absent = refused(client.call(|daemon| daemon.list_routes_after(text("net1"), text("10.0.0.0/8"), 10)));
    assert_eq!(absent.0, ErrorKind::NOT_FOUND);
    let bad = refused(client.call(|daemon| daemon.list_routes_after(text("net1"), text(""), 0)));
    assert_eq!((bad.0, bad.1.as_str()), (ErrorKind::INVALID, "max"));
    let found = client.call(|daemon| daemon.lookup_route(text("net1"), text("10.0.0.9"))).unwrap();
    assert_eq!((found.matched, found.next_hop.kind), (None, NextHopKind::NO_ROUTE));
    client.call(|daemon| daemon.connect()).unwrap();
    client.call(|daemon| daemon.set_audit_timeout(-1)).unwrap();
    let foretold = client.call(|daemon| daemon.rehearse(Change::AddGateway(gateway("vgw1", "10.0.0.0/8")))).unwrap();
    assert_eq!((foretold.outcome, foretold.steps[0].command.as_str()), (Outcome::ADDED, "link add vgw1"));
    let name = RouteName { routing_instance: text("net1"), prefix: text("10.9.0.0/16") };
    client.call(|daemon| daemon.rehearse(Change::DeleteRoute(name))).unwrap();
    let bad = refused(client.call(|daemon| daemon.rehearse(Change::AddGateway(gateway("vgw1", "10.0.0.0/40")))));
    assert_eq!((bad.0, bad.1.as_str()), (ErrorKind::INVALID, "subnets[0]"));
    let objects = client.call(|daemon| daemon.list_host_objects()).unwrap();
    assert_eq!((objects[0].object.as_str(), objects[0].state), ("link vgw1", ObjectState::MISSING));
    client.call(|daemon| daemon.diff_host()).unwrap();
    client.call(|daemon| daemon.import_uplinks(vec![text("eth1")], true)).unwrap();
    let read = client.call(|daemon| daemon.read_lease(text("eth1.100"), text("ipv6"))).unwrap();
    assert_eq!(read, Outcome::UNCHANGED);
    let bad = refused(client.call(|daemon| daemon.read_lease(text("eth1"), text("dhcp"))));
    assert_eq!((bad.0, bad.1.as_str()), (ErrorKind::INVALID, "family"));
    let file = |gateway: &str| {
        let rest = "routing_instance = \"net1\"\nsubnets = [\"10.0.0.0/24\"]\n";
        vec![ConfigurationFile::new(text("new.toml"), format!("[[gateway]]\n{gateway}\n{rest}[audit]\ntimeout = 7\n"))]
    };
    let good = || file("interface = \"vgw1\"");
    let compared = client.call(|daemon| daemon.compare_configuration(good())).unwrap();
    assert_eq!((compared.differences[0].name.as_str(), compared.differences[0].deed), ("vgw1", Outcome::ADDED));
    let misfit = refused(client.call(|daemon| daemon.apply_configuration(good(), 5000)));
    let expected = "new.toml:1: gateway: there is no uplink display";
    assert_eq!((misfit.0, misfit.2.as_str()), (ErrorKind::CONFLICT, expected));
    let bad = refused(client.call(|daemon| daemon.apply_configuration(good(), -1)));
    assert_eq!((bad.0, bad.1.as_str()), (ErrorKind::INVALID, "confirm_ms"));
    let bad = refused(client.call(|daemon| daemon.apply_configuration(file("interface = 7"), 0)));
    assert_eq!((bad.0, bad.1.as_str()), (ErrorKind::INVALID, "gateway.interface"));
    client.call(|daemon| daemon.confirm_configuration()).unwrap();
    assert_eq!(refused(client.call(|daemon| daemon.roll_back_configuration())).0, ErrorKind::NOT_FOUND);
    let query =
        |reason: &str| DropQuery { port: Some(text("tap0")), routing_instance: None, reason: Some(text(reason)) };
    client.call(|daemon| daemon.list_drops(query("ip_ttl"))).unwrap();
    // Derived, the default would be empty text.
    let all = DropQuery { port: None, routing_instance: None, reason: None };
    client.call(|daemon| daemon.last_drops(all, vec![7, -1])).unwrap();
    let bad = refused(client.call(|daemon| daemon.list_drops(query("IP_TTK"))));
    assert_eq!(bad, (ErrorKind::INVALID, text("reason"), text("'IP_TTK' is not a drop reason")));
    let capture = |filter: &str, gateway: Option<String>| CaptureRequest {
        port: Some(text("tap0")),
        gateway,
        routing_instance: None,
        drops_only: true,
        filter: text(filter),
        snap_length: Some(96),
    };
    let absent = refused(client.call(|daemon| daemon.start_capture(capture("port 53", None))));
    assert_eq!((absent.0, absent.1.as_str()), (ErrorKind::NOT_FOUND, "port"));
    let bad = refused(client.call(|daemon| daemon.start_capture(capture("tcp", None))));
    let reason = "at character 1: 'tcp': it is not a test; 'proto tcp' is one";
    assert_eq!(bad, (ErrorKind::INVALID, text("filter"), text(reason)));
    let bad = refused(client.call(|daemon| daemon.start_capture(capture("", Some(text("vgw1"))))));
    assert_eq!((bad.0, bad.1.as_str()), (ErrorKind::INVALID, "port"));
    assert_eq!(refused(client.call(|daemon| daemon.next_packets(1))).0, ErrorKind::INVALID);
    client.call(|daemon| daemon.list_gateways()).unwrap();
    client.call(|daemon| daemon.list_ports()).unwrap();
    client.call(|daemon| daemon.list_uplinks()).unwrap();
    client.call(|daemon| daemon.list_instances()).unwrap();

    let uid = rustix::process::getuid().as_raw();
    let expected = [
        "add port tap0",
        "delete port tap0",
        "add uplink display",
        "add route net1 10.9.0.0/16 discard",
        "delete route net1 10.9.0.0/16",
        "change routes net1 -1 +10000",
        "routes net1 after Some(10.0.0.0/8) max 10",
        "lookup net1 10.0.0.9",
        "connect",
        "audit timeout -1",
        "rehearse: add vgw1 in net1 subnets {10.0.0.0/8} routes {}",
        "rehearse: delete route net1 10.9.0.0/16",
        "inventory",
        "difference",
        "import [\"eth1\"] dry true",
        "read lease eth1.100.ipv6",
        "compare 1",
        "apply 1 Some(7s) Some(5s)",
        "confirm",
        "roll back",
        "drops DropQuery { port: Some(\"tap0\"), instance: None, reason: Some(IpTtl) }",
        "last drops DropQuery { port: None, instance: None, reason: None } since [7, 0]",
        "capture CaptureRequest { port: Some(\"tap0\"), gateway: None, instance: None, drops_only: true, \
         filter: Filter(\"port 53\"), snap_length: 96 }",
        "status",
        "status",
        "status",
        "status",
    ];
    assert_eq!(daemon.asked(), expected.map(|what| format!("uid {uid}: {what}")));
}

#[test]
fn status_comes_whole() {
    let daemon = Daemon::unix();
    let status = daemon.client().call(|daemon| daemon.status()).unwrap();
    assert_eq!((status.version.as_str(), status.uptime_ms, status.workers), ("1.2.3", 1500, 2));
    let [problem] = &status.problem_details.unwrap()[..] else { panic!("one problem") };
    assert_eq!((&*problem.id, &*problem.cure), ("VGW-PORT-LOST", "ip link set dev vnet7 up"));
    assert_eq!(status.problems, std::slice::from_ref(&problem.sentence));
    assert_eq!(status.rates, Some(Rates::new(2000, 30, 3000, 1, 29, 2900)));
    let confinement = |means: &str, extent: &str, reason: Option<&str>| {
        Confinement::new(means.to_owned(), extent.to_owned(), reason.map(str::to_owned))
    };
    let sandbox = [
        confinement("landlock", "part", Some("old")),
        confinement("seccomp", "all", None),
        confinement("capabilities", "none", Some("refused")),
    ];
    assert_eq!(status.sandbox.as_deref(), Some(&sandbox[..]));
    let audit = daemon.client().call(|daemon| daemon.audit()).unwrap();
    assert_eq!(audit, status.audit);
    assert_eq!((audit.version, audit.timeout_ms), (3, Some(60_000)));
    assert_eq!((audit.running[0].remaining_ms, &*audit.running[0].gateways), (7000, &["vgw1".to_owned()][..]));
}

#[test]
fn a_daemon_that_is_not_there_is_told_from_one_that_goes_away() {
    let mut daemon = Daemon::unix();
    let mut client = daemon.client();
    client.call(|daemon| daemon.status()).unwrap();
    let socket = daemon.socket();
    daemon.stop();
    assert!(matches!(client.call(|daemon| daemon.status()), Err(ClientError::Lost(_))));
    let error = Client::connect(&socket, PATIENCE).unwrap_err();
    assert_eq!(error.to_string(), format!("no daemon at {}", socket.display()));
    assert!(!socket.exists(), "the socket's name is removed");
}

#[test]
fn the_fabric_is_taken_shown_and_given_back() {
    let daemon = Daemon::unix();
    let request = FabricRequest { device: "eth0".into(), interface_name: None, confirm_ms: Some(60_000) };
    let (kind, field, _) = refused(daemon.client().call(|daemon| daemon.take_fabric(request.clone(), false)));
    assert_eq!((kind, field.as_str()), (ErrorKind::NOT_FOUND, "device"));
    let bad = FabricRequest { interface_name: Some("a/b".into()), ..request };
    let (kind, field, _) = refused(daemon.client().call(|daemon| daemon.take_fabric(bad, false)));
    assert_eq!((kind, field.as_str()), (ErrorKind::INVALID, "interface_name"));
    let (kind, _, reason) = refused(daemon.client().call(|daemon| daemon.confirm_fabric()));
    assert_eq!((kind, reason.as_str()), (ErrorKind::NOT_FOUND, "no device is held"));
    let deed = daemon.client().call(|daemon| daemon.give_back_fabric(true)).unwrap();
    let shown = daemon.client().call(|daemon| daemon.fabric()).unwrap();
    assert_eq!((deed.steps.len(), &deed.fabric), (1, &shown));
    assert_eq!((shown.phase, shown.left_ms), (FabricPhase::UNCONFIRMED, Some(9000)));
    let what = (shown.device.as_deref(), shown.interface_name.as_deref(), shown.mac.as_deref());
    assert_eq!(what, (Some("eth0"), Some("vhost0"), Some("02:00:00:00:00:05")));
    assert_eq!((shown.addresses, shown.routes), (vec!["192.0.2.5/24".into()], vec!["default via 192.0.2.1".into()]));
}

/// Whoever reads or closes a connection closes what was sent by it, for as long as the sender likes.
#[test]
fn descriptors_cannot_be_sent() {
    let daemon = Daemon::unix();
    let client = UnixStream::connect(daemon.socket()).unwrap();
    let (sent, mut kept) = UnixStream::pair().unwrap();
    let ends = [sent.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&ends)));
    let result = sendmsg(&client, &[IoSlice::new(b"\0")], &mut control, SendFlags::empty());
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map(|number| number.parse::<u32>().unwrap_or(0));
    // Kernels before that have no way to refuse them.
    if (numbers.next(), numbers.next()) >= (Some(6), Some(16)) {
        assert_eq!(result, Err(rustix::io::Errno::PERM));
    }
    drop((sent, client));
    assert_eq!(kept.read(&mut [0]).unwrap(), 0, "none is kept");
    assert!(daemon.client().call(|daemon| daemon.status()).is_ok());
}
