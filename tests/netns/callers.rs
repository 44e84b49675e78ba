//! Who is served by TCP: root and those named, and no page of a browser.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};
use rustix::process::Signal;
use vgw::api::generated::instance_service::TInstanceServiceSyncClient;
use vgw::api::generated::virtual_gateway::{
    ConfigurationFile, Gateway, Network, NextHop, NextHopKind, Route, TVirtualGatewaySyncClient, Uplink,
};

use crate::cli::must;
use crate::daemon::{Daemon, request};
use crate::namespace::Namespace;
use crate::site::{NET1, Site};

/// The user `nobody` of most systems.
const NOBODY: u32 = 65534;

/// A call of KeepAliveCheck as a framed message, for printf.
const CALL: &str = r"\x00\x00\x00\x1b\x80\x01\x00\x01\x00\x00\x00\x0eKeepAliveCheck\x00\x00\x00\x07\x00";

/// What a user gets for a message sent to a port of the loopback: the bytes as hexadecimal digits, or nothing.
fn ask(place: &Namespace, uid: u32, address: &str, message: &str) -> String {
    let script = format!(
        "exec 3<>/dev/tcp/{address} && printf '{message}' >&3 && timeout 20 head -c 12 <&3 | od -An -tx1 | tr -d ' '"
    );
    let words = ["--reuid", &uid.to_string(), "--clear-groups", "bash", "-c", &script].map(str::to_owned);
    place.enter(|| {
        let output = std::process::Command::new("setpriv").args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}

/// The beginning of a reply to [`CALL`].
const SERVED: &str = "0000001f800100020000000e";

fn thrift(place: &Namespace, uid: u32, address: &str) -> bool {
    ask(place, uid, address, CALL).starts_with(SERVED)
}

#[test]
fn only_root_and_those_named_are_served() {
    let site = Site::new();
    let place = &site.compute;
    place.ip("link set lo up");
    let daemon = site.start("[rest]\nlisten = \"127.0.0.1:9091\"\n[api]\nallow_users = [1234]\n");
    assert!(thrift(place, 0, "127.0.0.1/9090"));
    assert!(thrift(place, 1234, "127.0.0.1/9090"));
    assert!(!thrift(place, NOBODY, "127.0.0.1/9090"));
    daemon.wait_for_log("connection refused: uid 65534 may not call");
    assert!(!thrift(place, 1235, "127.0.0.1/9090"));

    // `HTTP/1.1 403` and so on.
    let get = |uid, fields: &str| {
        let answer = ask(place, uid, "127.0.0.1/9091", &format!(r"GET / HTTP/1.1\r\nHost: {fields}\r\n\r\n"));
        let bytes = answer.as_bytes().chunks(2).skip(9).take(3).map(|digits| {
            let digits = std::str::from_utf8(digits).unwrap();
            u8::from_str_radix(digits, 16).unwrap() as char
        });
        bytes.collect::<String>()
    };
    assert_eq!(get(0, "localhost:9091"), "404", "served, and not known");
    assert_eq!(get(1234, "localhost:9091"), "404");
    assert_eq!(get(NOBODY, "localhost:9091"), "");
    assert_eq!(get(0, "example.org"), "403");
    assert_eq!(get(0, r"localhost\r\nOrigin: https://example.org"), "403");

    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
    daemon.wait_for_log("gateway vgw1");
    let log = daemon.log();
    let line = log.lines().find(|line| line.contains("gateway vgw1")).unwrap();
    assert!(line.contains("thrift 127.0.0.1:") && line.contains("uid 0"), "{line}");
}

#[test]
fn callers_by_ipv6_and_from_other_hosts() {
    let site = Site::new();
    let place = &site.compute;
    place.ip("link set lo up");
    let flags = ["--thrift-listen", "[::]:9090"];
    let daemon = Daemon::start_with(place, site.folder(), "[api]\nallow_remote = true\n", &flags);
    for address in ["::1/9090", "127.0.0.1/9090", "::ffff:127.0.0.1/9090"] {
        assert!(thrift(place, 0, address), "{address}");
        assert!(!thrift(place, NOBODY, address), "{address}");
    }
    daemon.wait_for_log("uid 65534 may not call");
    // By an address of the host that others reach, its own users are still known.
    let own = place.ip("-4 -brief address show scope global");
    let own = own.split_whitespace().nth(2).and_then(|address| address.split('/').next()).unwrap();
    assert!(thrift(place, 0, &format!("{own}/9090")));
    assert!(!thrift(place, NOBODY, &format!("{own}/9090")));
    assert!(thrift(&site.outside, NOBODY, &format!("{own}/9090")), "users of others are not");
}

/// Calls ConnectForVirtualGateway and closes at once, again and again: the socket may be nobody's any more
/// when it is accepted.
const HASTE: &str = r#"
import socket, sys
call = bytes.fromhex('80010001') + (24).to_bytes(4, 'big') + b'ConnectForVirtualGateway' + bytes(4) + bytes(1)
for _ in range(200):
    with socket.socket() as caller:
        caller.bind((sys.argv[1], 0))
        caller.connect((sys.argv[2], 9090))
        caller.sendall(len(call).to_bytes(4, 'big') + call)
"#;

#[test]
fn who_closes_in_haste_is_not_taken_for_another_host() {
    let site = Site::new();
    let place = &site.compute;
    place.ip("link set lo up");
    let flags = ["--thrift-listen", "0.0.0.0:9090"];
    let daemon = Daemon::start_with(place, site.folder(), "[api]\nallow_remote = true\n", &flags);
    let own = place.ip("-4 -brief address show scope global");
    let own = own.split_whitespace().nth(2).and_then(|address| address.split('/').next()).unwrap();
    for to in ["127.0.0.1", own] {
        let uid = NOBODY.to_string();
        let words = ["--reuid", &uid, "--clear-groups", "/usr/bin/python3", "-c", HASTE, own, to].map(str::to_owned);
        let ended = place.enter(|| std::process::Command::new("setpriv").args(words).output().unwrap());
        assert!(ended.status.success(), "{ended:?}");
        // Who comes now is served after all of those.
        assert!(thrift(place, 0, "127.0.0.1/9090"));
        assert_eq!(daemon.status().audit.version, 0, "from {own} to {to}");
    }
}

/// Calls ConnectForVirtualGateway from a port and resets the connection: what was sent can still be read.
const RESET: &str = r#"
import socket, struct, sys
call = bytes.fromhex('80010001') + (24).to_bytes(4, 'big') + b'ConnectForVirtualGateway' + bytes(4) + bytes(1)
with socket.socket() as caller:
    caller.bind(('127.0.0.1', int(sys.argv[1])))
    caller.connect(('127.0.0.1', 9090))
    caller.sendall(len(call).to_bytes(4, 'big') + call)
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
"#;

#[test]
fn a_call_is_not_taken_for_that_of_who_has_the_port_next() {
    let site = Site::new();
    let daemon = site.start("");
    let port = 45_678;
    // The daemon accepts both together, as if it had been busy.
    daemon.signal(Signal::STOP);
    let uid = NOBODY.to_string();
    let words =
        ["--reuid", &uid, "--clear-groups", "/usr/bin/python3", "-c", RESET, &port.to_string()].map(str::to_owned);
    let ended = site.compute.enter(|| std::process::Command::new("setpriv").args(words).output().unwrap());
    assert!(ended.status.success(), "{ended:?}");
    let mut root = site.compute.enter(|| {
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
        bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, port))).unwrap();
        connect(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 9090))).unwrap();
        TcpStream::from(socket)
    });
    daemon.signal(Signal::CONT);
    daemon.wait_for_log("nobody has the other end open any more");
    let call = b"\0\0\0\x1b\x80\x01\0\x01\0\0\0\x0eKeepAliveCheck\0\0\0\x07\0";
    root.write_all(call).unwrap();
    root.read_exact(&mut [0; 35]).expect("root himself is served");
    assert_eq!(daemon.status().audit.version, 0);
}

#[test]
fn what_other_hosts_reach_must_be_meant() {
    let site = Site::new();
    let daemon = Daemon::launch(&site.compute, site.folder(), "", &[], &["--thrift-listen", "0.0.0.0:9090"]);
    let (status, log) = daemon.wait();
    assert_eq!(status.code(), Some(78), "{log}");
    assert!(log.contains("allow_remote"), "{log}");
}

/// A method that changes something, and the object and deed of the event that it yields.
type Deed = (&'static str, &'static str, &'static str);

/// What was done since the last time, by whom.
fn done(daemon: &Daemon<'_>, after: &mut i64) -> Vec<(String, String, String)> {
    let told = daemon.call(|daemon| daemon.events(*after, 500, 0)).unwrap();
    *after = told.newest;
    let ours = told.events.into_iter().filter(|event| !matches!(&*event.object, "host" | "problem" | "daemon"));
    ours.map(|event| (event.object, event.deed, event.cause)).collect()
}

#[test]
fn every_change_is_told_with_its_caller() {
    let site = Site::new();
    site.compute.ip("link set lo up");
    let daemon = site.start("[rest]\nlisten = \"127.0.0.1:9091\"\n");
    let mut after = 0;
    done(&daemon, &mut after);

    let own = format!("uid {} pid {}", rustix::process::getuid().as_raw(), std::process::id());
    let id = "9f2c1d34-0a1b-4c5d-8e6f-000000000001";
    let text = str::to_owned;
    let gateway = || Gateway {
        interface_name: text("vgw1"),
        routing_instance: text("net1"),
        subnets: vec![text("10.5.1.0/24")],
        routes: None,
        uplink: None,
        masquerade: None,
        weight: None,
    };
    let next_hop = || NextHop::new(NextHopKind::DISCARD, None);
    let route = || Route { routing_instance: text("net1"), prefix: text("10.9.0.0/16"), next_hop: next_hop() };
    let network = || Network {
        id: text(id),
        routing_instance: text("net1"),
        gateways: None,
        dhcp: None,
        router_advertisements: None,
    };
    let uplink = || Uplink {
        name: text("up"),
        device: text("eth1"),
        address: Some(text("10.1.1.254/24")),
        via: Some(text("10.1.1.253")),
        table: None,
        lease: None,
    };
    let files = || vec![ConfigurationFile { path: text("a.toml"), text: text("") }];
    let mut assert_told = |deed: Deed, who: &str| {
        let (method, object, deed) = deed;
        let done = done(&daemon, &mut after);
        let is_it = |told: &&(String, String, String)| told.0 == object && told.1 == deed && told.2.starts_with(who);
        assert!(done.iter().any(|told| is_it(&told)), "{method} by {who}: {done:?}");
    };
    macro_rules! told {
        ($($method:ident($($argument:expr),*) => $object:literal $deed:literal;)*) => {$(
            daemon.call(|daemon| daemon.$method($($argument),*)).unwrap();
            assert_told((stringify!($method), $object, $deed), &own);
        )*};
    }
    told! {
        add_gateway(gateway()) => "gateway" "added";
        add_route(route()) => "route" "added";
        add_network(network()) => "network" "added";
        add_uplink(uplink()) => "uplink" "added";
        delete_uplink(text("up")) => "uplink" "deleted";
        delete_network(text(id)) => "network" "deleted";
        delete_route(text("net1"), text("10.9.0.0/16")) => "route" "deleted";
        delete_gateway(text("vgw1")) => "gateway" "deleted";
        connect() => "audit" "started";
        set_audit_timeout(70_000) => "audit" "set";
        apply_configuration(files(), 60_000) => "configuration" "applied";
        confirm_configuration() => "configuration" "confirmed";
        apply_configuration(files(), 60_000) => "configuration" "applied";
        roll_back_configuration() => "configuration" "rolled back";
    }
    site.compute.ip("link add veth1 type veth peer name veth2");
    must(site.folder(), "port add veth1 --instance net1 --address 10.5.1.7 --attach");
    assert_told(("add_port", "port", "added"), "uid 0 pid ");
    must(site.folder(), "port delete veth1");
    assert_told(("delete_port", "port", "deleted"), "uid 0 pid ");

    let by_thrift = "thrift 127.0.0.1:";
    assert!(daemon.add(&[request("vgw2", NET1, &["10.5.2.0/24"])]));
    assert_told(("AddVirtualGateway", "gateway", "added"), by_thrift);
    assert!(daemon.delete(&["vgw2"]));
    assert_told(("DeleteVirtualGateway", "gateway", "deleted"), by_thrift);
    assert!(daemon.controller().connect_for_virtual_gateway().unwrap());
    assert_told(("ConnectForVirtualGateway", "audit", "started"), by_thrift);
    assert!(daemon.controller().audit_timer_for_virtual_gateway(60_000).unwrap());
    assert_told(("AuditTimerForVirtualGateway", "audit", "set"), by_thrift);
    assert!(daemon.controller().connect().unwrap());
    assert_told(("Connect", "audit", "started"), by_thrift);

    let body = r#"[{"interface": "vgw3", "routing-instance": "net3", "subnets": [{"ip-address": "10.5.3.0", "prefix-len": 24}], "routes": []}]"#;
    for (method, body, deed) in [("POST", body, "added"), ("DELETE", r#"[{"interface": "vgw3"}]"#, "deleted")] {
        let asked = format!(
            "{method} /gateway HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut answer = String::new();
        let mut stream = place_connect(&site.compute);
        stream.write_all(asked.as_bytes()).unwrap();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_told((method, "gateway", deed), "rest 127.0.0.1:");
    }
    let log = daemon.log();
    assert!(log.lines().any(|line| line.contains(&own) && line.contains("uplink up")), "the log has the caller too");
}

fn place_connect(place: &Namespace) -> TcpStream {
    place.enter(|| TcpStream::connect("127.0.0.1:9091")).unwrap()
}
