//! What a guest expects of its first hop: an address by DHCP, a router by router advertisements.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use vgw::api::generated::instance_service::{Port, TInstanceServiceSyncClient};

use crate::daemon::Daemon;
use crate::lab::eventually;
use crate::namespace::Namespace;
use crate::site::{GATEWAYS, Guest, NET1, NET2, OUTSIDE, Site, port};
use crate::sniffer::Sniffer;
use crate::traffic::{assert_ping, assert_tcp, bind, failing_ping};

/// What begins the options of every DHCP message.
const COOKIE: &[u8] = &[99, 130, 83, 99];
/// The addresses of guest 10.
const V4: &str = "192.168.1.10";
const V6: &str = "2001:db8:2::10";

/// A guest as a hypervisor leaves it: its `eth0` is up and knows nothing. The other end is `tap0` on the
/// compute node, and takes packets of 1,400 bytes.
fn bare_guest(site: &Site) -> Namespace {
    let guest = Namespace::new();
    for (name, value) in [("accept_dad", "0"), ("router_solicitation_delay", "0")] {
        guest.sysctl(&format!("net.ipv6.conf.default.{name}"), value);
    }
    site.compute.connect("tap0", &guest, "eth0");
    site.compute.ip("link set tap0 mtu 1400");
    guest
}

/// The configuration of its port.
fn bare_port(further: &str) -> String {
    port("tap0", NET1, &[V4, V6], &format!("attach = true\n{further}"))
}

/// Has the guest's link come up anew, with a link-local address: then it asks for routers.
fn come_up(guest: &Namespace) {
    guest.ip("link set eth0 down");
    guest.ip("link set eth0 addrgenmode eui64");
    guest.ip("link set eth0 up");
}

/// ISC's client with Debian's script, in a place of its own: what it writes below /etc goes elsewhere,
/// and the host's name stays.
struct Client<'a> {
    child: Child,
    folder: &'a Path,
}

impl<'a> Client<'a> {
    fn start(guest: &Namespace, folder: &'a TempDir) -> Self {
        let folder = folder.path();
        let etc = folder.join("etc");
        fs::create_dir_all(&etc).unwrap();
        for file in ["fstab", "resolv.conf"] {
            fs::write(etc.join(file), "").unwrap();
        }
        let child = guest.enter(|| command(folder, "-d").stdout(Stdio::null()).stderr(Stdio::null()).spawn());
        Self { child: child.unwrap(), folder }
    }

    /// What the script made of the name servers.
    fn resolv_conf(&self) -> String {
        fs::read_to_string(self.folder.join("etc/resolv.conf")).unwrap()
    }

    /// The leases that the client has noted.
    fn leases(&self) -> String {
        fs::read_to_string(self.folder.join("leases")).unwrap_or_default()
    }
}

impl Drop for Client<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The client with its files in a folder; the hooks and the libraries' cache are the host's.
fn command(folder: &Path, mode: &str) -> Command {
    let script = "set -e
        cp -a /etc/dhcp /etc/ld.so.cache \"$0/etc\"
        mount --bind \"$0/etc\" /etc
        exec dhclient -4 \"$1\" -lf \"$0/leases\" -pf \"$0/pid\" eth0";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--uts", "--propagation", "private", "sh", "-c", script]).arg(folder).arg(mode);
    command
}

fn addresses(guest: &Namespace) -> String {
    guest.ip("-4 address show dev eth0")
}

#[test]
fn a_guest_gets_its_address_and_its_way_out_by_dhcp() {
    let (site, folder) = (Site::new(), tempfile::tempdir().unwrap());
    let guest = bare_guest(&site);
    let (near, twin) = (Guest::new(11), Guest::new(11));
    let dhcp = "dhcp = { dns = ['192.0.2.53'], domain = 'example.org', host_name = 'guest10' }";
    let config = bare_port(dhcp) + &near.port("tap1", NET1, "") + &twin.port("tap2", NET2, "");
    let daemon = site.start_with_gateway(&config);
    let deaf = [&near.namespace, &twin.namespace, &site.outside].map(Sniffer::new);
    let client = Client::start(&guest, &folder);
    eventually("the guest has its address", || addresses(&guest).contains(&format!("inet {V4}/24")));
    eventually("the guest has its router", || {
        guest.ip("-4 route show default").contains(&format!("default via {} dev eth0", GATEWAYS[0]))
    });
    eventually("the guest has its MTU", || guest.ip("link show dev eth0").contains("mtu 1400"));
    eventually("the lease is noted", || client.leases().contains("option dhcp-lease-time 3600;"));
    for said in
        ["option routers 192.168.1.1;", "option dhcp-server-identifier 192.168.1.1;", "option interface-mtu 1400;"]
    {
        assert!(client.leases().contains(said), "{said}: {}", client.leases());
    }
    let resolv_conf = client.resolv_conf();
    assert!(resolv_conf.contains("nameserver 192.0.2.53") && resolv_conf.contains("example.org"), "{resolv_conf}");
    assert_ping(&guest, OUTSIDE[0]);
    assert_ping(&guest, &near.addresses()[0]);
    assert_tcp(&guest, &site.outside, OUTSIDE[0], 1 << 20);
    let text = failing_ping(&guest, OUTSIDE[0], "-t 1");
    assert!(text.contains(&format!("From {} icmp_seq=1 Time", GATEWAYS[0])), "{text}");
    for sniffer in deaf {
        assert_eq!(sniffer.count(COOKIE), 0, "nobody else hears of it");
    }
    let told = daemon.status().ports.into_iter().find(|port| port.name == "tap0").and_then(|port| port.dhcp);
    assert_eq!(told.map(|dhcp| (dhcp.address, dhcp.router)), Some((format!("{V4}/24"), GATEWAYS[0].to_owned())));

    // A client that comes back asks for what it had.
    let answered = daemon.counters("tap0").answered;
    drop(client);
    guest.ip("address flush dev eth0");
    let client = Client::start(&guest, &folder);
    eventually("the guest has its address again", || addresses(&guest).contains(V4));
    drop(client);
    assert!(daemon.counters("tap0").answered > answered);
    let (well, text) = guest.enter(|| {
        let output = command(folder.path(), "-r").output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    });
    assert!(well, "{text}");
    eventually("the guest has given its address back", || !addresses(&guest).contains(V4));
    daemon.assert_accounted();
}

#[test]
fn a_compute_services_guests_are_told_what_their_network_says() {
    let (site, folder) = (Site::new(), tempfile::tempdir().unwrap());
    let guest = bare_guest(&site);
    let network = |services: &str| {
        format!(
            "[[network]]\nid = '20202020-2020-2020-2020-202020202020'\nrouting_instance = '{NET1}'\n\
             gateways = {GATEWAYS:?}\n{services}"
        )
    };
    let daemon = site.start_with_gateway(&network(
        "dhcp = { dns = ['192.0.2.53'], domain = 'example.org', lease_time = 600 }\nrouter_advertisements = {}\n",
    ));
    let uuid = |byte: i16| vec![byte; 16];
    let named = |text: &str| Some(text.to_owned());
    let asked = Port::new(
        uuid(5),
        uuid(1),
        "tap0".into(),
        V4.into(),
        uuid(0x20),
        String::new(),
        named("The web server"),
        named("web-1"),
        None,
        None,
        -1,
        0,
        named(V6),
        None,
    );
    assert!(daemon.controller().add_port(vec![asked]).unwrap());
    let client = Client::start(&guest, &folder);
    eventually("the guest has its address", || addresses(&guest).contains(&format!("inet {V4}/24")));
    eventually("the lease is noted", || client.leases().contains("option dhcp-lease-time 600;"));
    for said in [
        "option routers 192.168.1.1;",
        "option interface-mtu 1400;",
        "option domain-name-servers 192.0.2.53;",
        "option domain-name \"example.org\";",
        "option host-name \"web-1\";",
    ] {
        assert!(client.leases().contains(said), "{said}: {}", client.leases());
    }
    assert_ping(&guest, OUTSIDE[0]);
    come_up(&guest);
    eventually("the guest has a router", || learned(&guest).0.contains("proto ra"));

    // A network that says nothing any more.
    let told = || daemon.status().ports.remove(0).dhcp;
    assert!(told().is_some());
    reload(&site, &daemon, &network(""));
    eventually("the guest is told nothing", || told().is_none());
    daemon.assert_accounted();
}

#[test]
fn a_guest_without_a_subnet_reaches_its_router_all_the_same() {
    let (site, folder) = (Site::new(), tempfile::tempdir().unwrap());
    let guest = bare_guest(&site);
    let daemon = site.start_with_gateway(&bare_port("dhcp = { prefix_length = 32 }"));
    let client = Client::start(&guest, &folder);
    eventually("the guest has its address", || addresses(&guest).contains(&format!("inet {V4}/32")));
    eventually("the guest has its router", || guest.ip("-4 route show default").contains(GATEWAYS[0]));
    let routes = "option rfc3442-classless-static-routes 32,192,168,1,1,0,0,0,0,0,192,168,1,1;";
    eventually("the lease is noted", || client.leases().contains(routes));
    assert_ping(&guest, OUTSIDE[0]);
    assert_ping(&guest, GATEWAYS[0]);
    daemon.assert_accounted();
}

#[test]
fn dhcp_follows_the_instances_subnets() {
    let site = Site::new();
    let _guest = bare_guest(&site);
    let daemon = site.start(&bare_port("dhcp = {}\nrouter_advertisements = {}"));
    let told = || {
        let port = daemon.status().ports.remove(0);
        (port.dhcp.unwrap().address, port.router_advertisements.unwrap().network)
    };
    assert_eq!(told(), (format!("{V4}/32"), None));
    assert!(daemon.add(&[crate::daemon::request("vgw1", NET1, &crate::site::SUBNETS)]));
    assert_eq!(told(), (format!("{V4}/24"), Some(crate::site::SUBNETS[1].to_owned())));
    assert!(daemon.delete(&["vgw1"]));
    assert_eq!(told(), (format!("{V4}/32"), None));
}

#[test]
fn no_guest_is_another_ones_dhcp_server() {
    let (site, guest, rogue) = (Site::new(), Guest::new(10), Guest::new(11));
    let daemon = site.start_with_gateway(&(guest.port("tap0", NET1, "") + &rogue.port("tap1", NET1, "")));
    guest.settle();
    rogue.settle();
    let victim = Sniffer::new(&guest.namespace);
    let [v4, v6] = rogue.addresses();
    for (from, to) in [(format!("{v4}:67"), format!("{V4}:68")), (format!("[{v6}]:547"), format!("[{V6}]:546"))] {
        let socket = bind(&rogue.namespace, from.parse().unwrap());
        socket.send_to(&[&[2; 236], COOKIE].concat(), to).unwrap();
    }
    eventually("both have been dealt with", || daemon.dropped("tap1", "DHCP_SERVER") == 2);
    assert_eq!(victim.count(COOKIE), 0);
    daemon.assert_accounted();
}

/// The guest's default route and what it takes for the MTU, as its kernel has made it of advertisements.
fn learned(guest: &Namespace) -> (String, String) {
    let mtu = guest.enter(|| fs::read_to_string("/proc/sys/net/ipv6/conf/eth0/mtu")).unwrap();
    (guest.ip("-6 route show default"), mtu.trim().to_owned())
}

#[test]
fn a_guest_learns_its_ipv6_router() {
    let (site, near) = (Site::new(), Guest::new(11));
    let guest = bare_guest(&site);
    let told = bare_port("router_advertisements = { dns = ['2001:db8::53'] }");
    let daemon = site.start_with_gateway(&(told + &near.port("tap1", NET1, "")));
    come_up(&guest);
    guest.add_address("eth0", &format!("{V6}/128"));
    near.settle();
    let router = "default via fe80::200:5eff:fe00:100 dev eth0 proto ra";
    eventually("the guest has a router", || learned(&guest).0.contains(router));
    eventually("the guest knows the MTU", || learned(&guest).1 == "1400");
    eventually("the guest knows its network", || guest.ip("-6 route show 2001:db8:2::/64").contains("dev eth0"));
    let global = guest.ip("-6 address show dev eth0 scope global");
    assert!(global.contains(&format!("inet6 {V6}/128")) && global.matches("inet6").count() == 1, "{global}");
    assert_ping(&guest, OUTSIDE[1]);
    assert_ping(&guest, &near.addresses()[1]);
    let text = failing_ping(&guest, OUTSIDE[1], "-t 1");
    assert!(text.contains(&format!("From {} icmp_seq=1 Time", GATEWAYS[1])), "{text}");

    assert!(daemon.counters("tap0").answered > 0, "it has asked");
    assert_eq!(near.namespace.ip("-6 route show default proto ra"), "", "only where it is wanted");
    daemon.assert_accounted();
}

#[test]
fn a_guest_is_told_of_a_router_without_asking() {
    let site = Site::new();
    let guest = bare_guest(&site);
    guest.sysctl("net.ipv6.conf.eth0.router_solicitations", "0");
    let sniffer = Sniffer::new(&guest);
    let daemon = site.start_with_gateway(&bare_port(""));
    come_up(&guest);
    assert_eq!(learned(&guest).0, "");
    reload(&site, &daemon, &bare_port("router_advertisements = {}"));
    eventually("the guest has a router", || learned(&guest).0.contains("proto ra"));
    let of_kind = |kind: u8| {
        sniffer
            .frames()
            .iter()
            .filter(|f| f.len() > 54 && f[12..14] == [0x86, 0xdd] && f[20] == 58 && f[54] == kind)
            .count()
    };
    assert_eq!(of_kind(133), 0, "it has not asked");
}

#[test]
fn a_guest_is_told_when_its_router_goes() {
    let site = Site::new();
    let guest = bare_guest(&site);
    let telling = bare_port("router_advertisements = {}");
    let daemon = site.start_with_gateway(&telling);
    come_up(&guest);
    let has_router = || learned(&guest).0.contains("proto ra");
    eventually("the guest has a router", has_router);
    reload(&site, &daemon, &bare_port(""));
    eventually("the guest is told that it is none any more", || !has_router());
    reload(&site, &daemon, &telling);
    eventually("the guest has a router again", has_router);
    reload(&site, &daemon, "");
    eventually("it goes with the port", || !has_router());
    reload(&site, &daemon, &telling);
    eventually("the guest has a router once more", has_router);
    daemon.stop();
    eventually("it goes with the daemon", || !has_router());
}

/// Has the daemon read another configuration.
fn reload(site: &Site, daemon: &Daemon<'_>, config: &str) {
    fs::write(site.folder().join("vgwd.toml"), config).unwrap();
    daemon.signal(rustix::process::Signal::HUP);
}
