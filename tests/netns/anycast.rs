//! One address behind guests of several compute nodes, announced by real routing daemons.

use std::collections::BTreeSet;
use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::RwLockReadGuard;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use vgw::api::generated::virtual_gateway::{Gateway, Guest, Port, TVirtualGatewaySyncClient};

use crate::daemon::{Daemon, end};
use crate::lab::{eventually, shared_turn};
use crate::namespace::Namespace;
use crate::site::NET1;
use crate::traffic::{receive, unspecified};
use crate::weights::{End, flows};

/// The addresses that every guest has, and those by which it knows its gateway.
const ANYCAST: [&str; 2] = ["203.0.113.5", "2001:db8:203::5"];
const GATEWAYS: [&str; 2] = ["203.0.113.1", "2001:db8:203::1"];

const FLOWS: usize = 150;

/// How long a datagram may take before it counts as lost.
const LOST: Duration = Duration::from_secs(2);

/// Who speaks BGP.
#[derive(Clone, Copy)]
enum Speaker {
    Bird,
    Frr,
}

/// The client and both compute nodes around the fabric's router.
struct Fabric {
    core: Namespace,
    client: Namespace,
    nodes: [Namespace; 2],
    folder: TempDir,
    _turn: RwLockReadGuard<'static, ()>,
}

impl Fabric {
    fn new() -> Self {
        let turn = shared_turn();
        let [core, client, first, second] = [(); 4].map(|()| Namespace::new());
        for (name, addresses, other, other_addresses) in [
            (
                "to-client",
                ["198.51.100.1/24", "2001:db8:c:9::1/64"],
                &client,
                ["198.51.100.2/24", "2001:db8:c:9::2/64"],
            ),
            ("to-first", ["192.0.2.1/30", "2001:db8:c:1::1/64"], &first, ["192.0.2.2/30", "2001:db8:c:1::2/64"]),
            ("to-second", ["192.0.2.5/30", "2001:db8:c:2::1/64"], &second, ["192.0.2.6/30", "2001:db8:c:2::2/64"]),
        ] {
            core.connect(name, other, "eth0");
            for address in addresses.into_iter().chain(["fe80::1/64"]) {
                core.add_address(name, address);
            }
            for address in other_addresses.into_iter().chain(["fe80::2/64"]) {
                other.add_address("eth0", address);
            }
        }
        client.ip("-6 route add default via 2001:db8:c:9::1");
        core.sysctl("net.ipv6.conf.all.forwarding", "1");
        client.ip("route add default via 198.51.100.1");
        core.sysctl("net.ipv4.conf.all.forwarding", "1");
        // By the ports too. All namespaces of a kernel choose alike, unless each has a seed of its own.
        for (seed, place) in [&core, &first, &second].into_iter().enumerate() {
            place.sysctl("net.ipv4.fib_multipath_hash_policy", "1");
            place.sysctl("net.ipv6.fib_multipath_hash_policy", "1");
            place.sysctl("net.ipv4.fib_multipath_hash_seed", &(seed + 1).to_string());
        }
        Self { core, client, nodes: [first, second], folder: tempfile::tempdir().unwrap(), _turn: turn }
    }

    /// Starts a speaker on the router and on both nodes, with the shipped configurations.
    fn speak(&self, speaker: Speaker) -> Vec<Program> {
        let shipped =
            |name| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples").join(name)).unwrap();
        let (node, core) = match speaker {
            Speaker::Bird => (shipped("bird.conf"), shipped("bird-core.conf")),
            Speaker::Frr => (shipped("frr.conf"), shipped("frr-core.conf")),
        };
        let second = node
            .replace("192.0.2.2", "192.0.2.6")
            .replace("192.0.2.1", "192.0.2.5")
            .replace("65001", "65002")
            .replace("c:1::", "c:2::");
        let second = second.replace("define share = 2", "define share = 1");
        let [a, b] = &self.nodes;
        let places = [(&self.core, "core", core), (a, "first", node), (b, "second", second)];
        places.into_iter().flat_map(|(place, name, config)| self.launch(speaker, place, name, &config)).collect()
    }

    fn launch(&self, speaker: Speaker, place: &Namespace, name: &str, config: &str) -> Vec<Program> {
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        let file = |name: &str| folder.join(name).display().to_string();
        let config_file = file("speaker.conf");
        fs::write(&config_file, config).unwrap();
        match speaker {
            Speaker::Bird => {
                let words = ["/usr/sbin/bird", "-f", "-c", &config_file, "-s", &file("ctl"), "-P", &file("pid")];
                vec![Program::start(place, &words, folder.join("log"))]
            }
            Speaker::Frr => {
                let empty = file("zebra.conf");
                fs::write(&empty, "").unwrap();
                // It does not stay root, and makes its sockets and pid files there.
                fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
                let (well, text) = place.run(&format!("chown -R frr:frr {}", folder.display()));
                assert!(well, "{text}");
                let (socket, directory) = (file("zserv"), folder.display().to_string());
                let common = ["-z", &socket, "--vty_socket", &directory, "-P", "0", "-u", "frr", "-g", "frr"];
                let pid = [file("zebra.pid"), file("bgpd.pid")];
                let zebra = [&["/usr/lib/frr/zebra", "-f", &empty, "-i", &pid[0]], &common[..]].concat();
                let bgpd = [&["/usr/lib/frr/bgpd", "-f", &config_file, "-i", &pid[1]], &common[..]].concat();
                let zebra = Program::start(place, &zebra, folder.join("zebra.log"));
                eventually("zebra listens", || Path::new(&socket).exists());
                vec![zebra, Program::start(place, &bgpd, folder.join("bgpd.log"))]
            }
        }
    }

    /// Starts vgwd on a node, with a guest in each of these namespaces.
    fn serve(&self, node: usize, guests: &[&Namespace]) -> Daemon<'_> {
        let folder = self.folder.path().join(format!("vgwd-{node}"));
        fs::create_dir(&folder).unwrap();
        let daemon = Daemon::start(&self.nodes[node], &folder, "");
        for (number, guest) in guests.iter().enumerate() {
            add_guest(&daemon, &format!("tap{number}"), guest);
        }
        daemon
    }

    /// The router's route to the address.
    fn route(&self, address: &str) -> String {
        self.core.ip(&format!("{} route show {address}", family(address)))
    }
}

fn add_guest(daemon: &Daemon<'_>, name: &str, guest: &Namespace) {
    guest.sysctl("net.ipv6.conf.default.accept_dad", "0");
    let networks = vec![format!("{}/24", ANYCAST[0]), format!("{}/64", ANYCAST[1])];
    let place = Guest::new(guest.path(), "eth0".to_owned(), networks);
    let gateways = GATEWAYS.map(str::to_owned).to_vec();
    let addresses = ANYCAST.map(str::to_owned).to_vec();
    let port =
        Port::new(name.to_owned(), NET1.to_owned(), addresses, None, gateways, None, None, place, None, None, None);
    daemon.call(|daemon| daemon.add_port(port)).unwrap();
}

/// The option of `ip` for an address's family.
fn family(address: &str) -> &'static str {
    if address.contains(':') { "-6" } else { "-4" }
}

fn add_gateway(daemon: &Daemon<'_>, interface: &str) {
    let subnets = ANYCAST.map(str::to_owned).to_vec();
    let gateway = Gateway::new(interface.to_owned(), NET1.to_owned(), subnets, None, None, None, None);
    daemon.call(|daemon| daemon.add_gateway(gateway)).unwrap();
}

/// A program in a namespace; it ends with the test, whatever becomes of that.
struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    fn start(place: &Namespace, words: &[&str], log: PathBuf) -> Self {
        let output = fs::File::create(&log).unwrap();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let child = place.enter(|| command.spawn()).unwrap_or_else(|error| panic!("{}: {error}", words[0]));
        Self { child, log }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        end(&mut self.child);
        if thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{}:\n{log}\n", self.log.display()));
        }
    }
}

/// Answers with the guest's number until it is told to end.
fn answer<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    guest: &Namespace,
    address: &str,
    number: u8,
    ended: &'scope AtomicBool,
) {
    let any = SocketAddr::new(unspecified(address.parse().unwrap()), 7);
    let socket = guest.enter(|| UdpSocket::bind(any)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    scope.spawn(move || {
        while !ended.load(Ordering::Relaxed) {
            if let Ok((_, peer)) = socket.recv_from(&mut [0; 64]) {
                let _ = socket.send_to(&[number], peer);
            }
        }
    });
}

/// One datagram; the number of the guest that answers it, `None` if it is lost.
fn ask(flow: &UdpSocket) -> Option<u8> {
    let mut buffer = [0; 8];
    // What came too late for an earlier question is no answer to this one.
    flow.set_nonblocking(true).unwrap();
    while flow.recv(&mut buffer).is_ok() {}
    flow.set_nonblocking(false).unwrap();
    flow.set_read_timeout(Some(LOST)).unwrap();
    // An ICMP error about an earlier one may be told here.
    flow.send(b"who?").or_else(|_| flow.send(b"who?")).ok()?;
    let (length, _) = receive(flow, &mut buffer).ok()?;
    (length == 1).then_some(buffer[0])
}

/// Keeps every flow busy while something is done; which of them lost a datagram.
fn losses(flows: &[UdpSocket], work: impl FnOnce(&dyn Fn())) -> BTreeSet<usize> {
    let (ended, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let end = End::of(&ended);
        let traffic = scope.spawn(|| {
            let mut lost = BTreeSet::new();
            while !ended.load(Ordering::Relaxed) {
                lost.extend((0..flows.len()).filter(|number| ask(&flows[*number]).is_none()));
                rounds.fetch_add(1, Ordering::Relaxed);
            }
            lost
        });
        let some_rounds = || {
            let goal = rounds.load(Ordering::Relaxed) + 2;
            eventually("two rounds", || rounds.load(Ordering::Relaxed) >= goal);
        };
        some_rounds();
        work(&some_rounds);
        drop(end);
        traffic.join().unwrap()
    })
}

fn guests_share(address: &str, speaker: Speaker) {
    let (fabric, ended) = (Fabric::new(), AtomicBool::new(false));
    let guests = [(); 3].map(|()| Namespace::new());
    let _speakers = fabric.speak(speaker);
    let first = fabric.serve(0, &[&guests[0], &guests[1]]);
    let second = fabric.serve(1, &[&guests[2]]);
    // Several taps: the host's route is a multipath route of bare devices.
    add_gateway(&first, "vgw1");
    add_gateway(&first, "vgw2");
    add_gateway(&second, "vgw1");
    for device in ["to-first", "to-second"] {
        eventually("the router shares the flows", || fabric.route(address).contains(device));
    }
    for node in &fabric.nodes {
        eventually("the node knows the way out", || {
            node.ip(&format!("{} route show default", family(address))).contains("via ")
        });
    }
    thread::scope(|scope| {
        let _end = End::of(&ended);
        for (number, guest) in (0..).zip(&guests) {
            answer(scope, guest, address, number, &ended);
        }
        let flows = flows(&fabric.client, address, FLOWS);
        let carried_by = |guest: u8| -> BTreeSet<usize> {
            let carried = flows.iter().enumerate().filter(|(_, flow)| ask(flow) == Some(guest));
            carried.map(|(number, _)| number).collect()
        };
        // A third each by BIRD, with its weights; by FRR a quarter, a quarter and a half. By chance, more or less.
        let shares = [0, 1, 2].map(|guest| carried_by(guest).len());
        assert!(shares.iter().all(|share| *share > FLOWS / 10), "{shares:?}");
        assert_eq!(shares.iter().sum::<usize>(), FLOWS, "{shares:?}");
        if matches!(speaker, Speaker::Bird) {
            assert!(fabric.route(address).contains("dev to-first weight 2"), "{}", fabric.route(address));
        }

        // One of two on a node: the instance sends its flows to the other.
        let carried = carried_by(1);
        let lost = losses(&flows, |some_rounds| {
            first.call(|daemon| daemon.delete_port("tap1".to_owned())).unwrap();
            some_rounds();
        });
        assert!(lost.is_subset(&carried), "of {} flows it cost {lost:?}", carried.len());

        // The only one of a node: the node's announcement goes first.
        let carried = carried_by(2);
        let lost = losses(&flows, |some_rounds| {
            second.call(|daemon| daemon.delete_gateway("vgw1".to_owned())).unwrap();
            eventually("the router has heard of it", || !fabric.route(address).contains("to-second"));
            some_rounds();
        });
        assert!(lost.is_subset(&carried), "of {} flows it cost {lost:?}", carried.len());
        assert_eq!(carried_by(0).len(), FLOWS, "all go to the one that is left");
    });
    first.assert_accounted();
}

#[test]
fn guests_of_two_hosts_share_an_address_by_bird() {
    guests_share(ANYCAST[0], Speaker::Bird);
}

#[test]
fn guests_of_two_hosts_share_an_ipv6_address_by_bird() {
    guests_share(ANYCAST[1], Speaker::Bird);
}

#[test]
fn guests_of_two_hosts_share_an_address_by_frr() {
    guests_share(ANYCAST[0], Speaker::Frr);
}
