//! Uplinks whose address and router a DHCP client leases: ISC dhclient, dnsmasq, and our hook between
//! dhclient and the daemon.

use std::path::Path;

use vgw::api::generated::virtual_gateway::{Gateway, TVirtualGatewaySyncClient};

use crate::cli::must;
use crate::daemon::Daemon;
use crate::lab::eventually;
use crate::namespace::Namespace;
use crate::provider::{Client, Server};
use crate::site::{Guest, NET1, OUTSIDE, Site};
use crate::traffic::{assert_ping, assert_ping_with, assert_tcp, failing_ping};

/// Beyond both routers; here they have it themselves.
const FAR: &str = "198.51.100.1";

/// An uplink for what is leased on `eth2`.
const UPLINK: &str = "[[uplink]]\nname = \"display\"\ndevice = \"eth2\"\nlease = \"ipv4\"\n";

/// What the provider leases: one address by a router, renewed after seconds.
const OFFER: &str = "--dhcp-range=20.0.0.5,20.0.0.5,255.255.255.0,1h --dhcp-option=option:router,20.0.0.1 \
                     --dhcp-option=option:T1,3 --dhcp-option=option:T2,1000";
/// The same by another router.
const OTHER_ROUTER: &str = "--dhcp-range=20.0.0.5,20.0.0.5,255.255.255.0,1h --dhcp-option=option:router,20.0.0.2 \
                            --dhcp-option=option:T1,3 --dhcp-option=option:T2,1000";
/// Another address.
const OTHER_ADDRESS: &str = "--dhcp-range=20.0.0.9,20.0.0.9,255.255.255.0,1h --dhcp-option=option:router,20.0.0.2 \
                             --dhcp-option=option:T1,3 --dhcp-option=option:T2,1000";

/// A provider's network by `device` of the compute node: its routers are `NETWORK.1` and `NETWORK.2`.
fn provider(compute: &Namespace, device: &str, network: &str) -> Namespace {
    let provider = Namespace::new();
    compute.connect(device, &provider, "eth0");
    for router in ["1", "2"] {
        provider.add_address("eth0", &format!("{network}.{router}/24"));
    }
    provider.add_address("lo", &format!("{FAR}/32"));
    compute.sysctl(&format!("net.ipv4.conf.{device}.rp_filter"), "1");
    provider
}

/// A site whose compute node's default route leads elsewhere: `site.outside` has [`FAR`] as well.
fn multihomed() -> (Site, Namespace) {
    let site = Site::new();
    site.outside.add_address("lo", &format!("{FAR}/32"));
    site.compute.ip(&format!("route add default via {}", OUTSIDE[0]));
    let provider = provider(&site.compute, "eth2", "20.0.0");
    (site, provider)
}

/// The address and the router of an uplink.
fn attachment(daemon: &Daemon<'_>, name: &str) -> Option<(String, String)> {
    let uplink = daemon.status().uplinks.into_iter().find(|uplink| uplink.name == name).unwrap();
    Some((uplink.address?, uplink.via?))
}

fn wait_for(daemon: &Daemon<'_>, name: &str, expected: Option<(&str, &str)>) {
    let expected = expected.map(|(address, via)| (address.to_owned(), via.to_owned()));
    eventually(&format!("uplink {name} is at {expected:?}"), || attachment(daemon, name) == expected);
}

/// Fails unless the kernel has what is wanted, and nobody complains.
fn assert_in_place(daemon: &Daemon<'_>, folder: &Path) {
    assert_eq!(must(folder, "host diff"), "nothing to do: the kernel is as it should be\n");
    assert_eq!(daemon.status().problems, [""; 0]);
}

fn add_gateway(daemon: &Daemon<'_>, uplink: &str) {
    let text = |text: &str| text.to_owned();
    let subnets = vec![text("192.168.1.0/24")];
    let gateway = Gateway::new(text("vgw1"), text(NET1), subnets, None, Some(text(uplink)), None, None);
    daemon.call(|daemon| daemon.add_gateway(gateway)).unwrap();
}

#[test]
fn a_leased_address_answers_and_leads_by_its_own_way() {
    let ((site, provider), guest) = (multihomed(), Guest::new(10));
    provider.ip("route add 192.168.1.0/24 via 20.0.0.5");
    let daemon = site.start(&(guest.port("tap0", NET1, "") + UPLINK));
    guest.settle();
    add_gateway(&daemon, "display");
    let nowhere = || failing_ping(&guest.namespace, FAR, "");
    assert!(nowhere().contains("Unreachable"), "without a lease traffic takes no other way");
    assert!(daemon.status().problems[0].contains("eth2 has no ipv4 lease"), "{:?}", daemon.status().problems);

    let _server = Server::start(&provider, site.folder(), OFFER);
    let client = Client::start(&site.compute, site.folder(), "-4", "eth2");
    wait_for(&daemon, "display", Some(("20.0.0.5/24", "20.0.0.1")));
    assert_in_place(&daemon, site.folder());
    // From beyond the router, where the host's default route does not lead.
    assert_ping_with(&provider, "20.0.0.5", &format!("-I {FAR}"));
    assert_ping(&guest.namespace, FAR);
    assert_tcp(&guest.namespace, &provider, FAR, 1 << 20);
    assert_ping(&guest.namespace, "20.0.0.5");

    client.release();
    wait_for(&daemon, "display", None);
    assert!(nowhere().contains("Unreachable"));
    let table = site.compute.ip("route show table 20100");
    assert!(!table.contains("eth2") && table.contains("unreachable default"), "{table}");
    let rules = site.compute.ip("rule");
    assert!(!rules.contains("20.0.0.5") && rules.contains("from 192.168.1.0/24"), "{rules}");
    daemon.assert_accounted();
}

#[test]
fn a_lease_is_followed_as_it_changes() {
    let (site, provider) = multihomed();
    let daemon = site.start(UPLINK);
    let mut server = Server::start(&provider, site.folder(), OFFER);
    let client = Client::start(&site.compute, site.folder(), "-4", "eth2");
    wait_for(&daemon, "display", Some(("20.0.0.5/24", "20.0.0.1")));

    // Renewed with the same values: not one route and not one rule is touched.
    let watch = Watch::start(&site.compute, site.folder());
    let renewals = |count: usize| client.log().matches("bound to 20.0.0.5").count() > count;
    eventually("the lease is renewed twice", || renewals(2));
    eventually("the daemon hears of it", || daemon.log().matches("nothing to do").count() >= 2);
    assert_eq!(watch.end(), "", "what a renewal touches");

    // Another router: answers find their way all the time.
    server.restart(&provider, OTHER_ROUTER, false);
    let expected = ("20.0.0.5/24".to_owned(), "20.0.0.2".to_owned());
    eventually("the new router", || {
        assert_ping_with(&provider, "20.0.0.5", &format!("-I {FAR} -c 100 -i 0.002"));
        attachment(&daemon, "display").as_ref() == Some(&expected)
    });
    assert_in_place(&daemon, site.folder());
    server.restart(&provider, OTHER_ADDRESS, true);
    wait_for(&daemon, "display", Some(("20.0.0.9/24", "20.0.0.2")));
    assert_in_place(&daemon, site.folder());
    let rules = site.compute.ip("rule");
    assert!(rules.contains("from 20.0.0.9 lookup 20100") && !rules.contains("20.0.0.5"), "{rules}");
    assert_ping_with(&provider, "20.0.0.9", &format!("-I {FAR}"));
}

#[test]
fn a_daemon_finds_what_was_leased_without_it() {
    let (site, provider) = multihomed();
    let mut server = Server::start(&provider, site.folder(), OFFER);
    let client = Client::start(&site.compute, site.folder(), "-4", "eth2");
    let file = site.folder().join("leases/eth2.ipv4");
    let recorded = |text: &str| std::fs::read_to_string(&file).is_ok_and(|lease| lease.contains(text));
    eventually("the hook records the lease", || recorded("via=20.0.0.1"));

    let daemon = site.start(UPLINK);
    assert_eq!(attachment(&daemon, "display"), Some(("20.0.0.5/24".to_owned(), "20.0.0.1".to_owned())));
    assert_in_place(&daemon, site.folder());
    daemon.kill();
    // What the killed one left is there when another lease comes.
    server.restart(&provider, OTHER_ROUTER, false);
    eventually("the hook records the new router", || recorded("via=20.0.0.2"));
    let daemon = site.start(UPLINK);
    assert_eq!(attachment(&daemon, "display"), Some(("20.0.0.5/24".to_owned(), "20.0.0.2".to_owned())));
    assert_in_place(&daemon, site.folder());
    daemon.stop();
    client.release();
    assert!(!file.exists());
    let daemon = site.start(UPLINK);
    assert_eq!(attachment(&daemon, "display"), None);
    assert!(must(site.folder(), "host diff").starts_with("nothing to do"));
}

#[test]
fn two_clients_at_once_do_not_meet() {
    let (site, first) = multihomed();
    let second = provider(&site.compute, "eth3", "30.0.0");
    let more = "[[uplink]]\nname = \"other\"\ndevice = \"eth3\"\nlease = \"ipv4\"\n";
    let daemon = site.start(&(UPLINK.to_owned() + more));
    let folders = ["a", "b"].map(|name| site.folder().join(name));
    folders.iter().for_each(|folder| std::fs::create_dir(folder).unwrap());
    let _servers = [
        Server::start(&first, &folders[0], OFFER),
        Server::start(&second, &folders[1], &OFFER.replace("20.0.0.", "30.0.0.")),
    ];
    let clients = ["eth2", "eth3"].map(|device| Client::start(&site.compute, site.folder(), "-4", device));
    wait_for(&daemon, "display", Some(("20.0.0.5/24", "20.0.0.1")));
    wait_for(&daemon, "other", Some(("30.0.0.5/24", "30.0.0.1")));
    assert_in_place(&daemon, site.folder());
    for (provider, address) in [(&first, "20.0.0.5"), (&second, "30.0.0.5")] {
        assert_ping_with(provider, address, &format!("-I {FAR}"));
    }
    clients.into_iter().for_each(Client::release);
    for uplink in ["display", "other"] {
        wait_for(&daemon, uplink, None);
    }
}

#[test]
fn ipv6_is_leased_with_the_router_that_advertises_itself() {
    let site = Site::new();
    let provider = Namespace::new();
    site.compute.connect("eth2", &provider, "eth0");
    for address in ["fe80::1/64", "2001:db8:20::1/64"] {
        provider.add_address("eth0", address);
    }
    provider.add_address("lo", "2001:db8:f::1/128");
    site.compute.add_address("eth2", "fe80::20/64");
    site.compute.ip("-6 route add default via 2001:db8:1::253");
    let daemon = site.start("[[uplink]]\nname = \"six\"\ndevice = \"eth2\"\nlease = \"ipv6\"\n");
    let offer = "--dhcp-range=2001:db8:20::5,2001:db8:20::5,64,1h --enable-ra --ra-param=eth0,4,600";
    let _server = Server::start(&provider, site.folder(), offer);
    let advertised = || site.compute.ip("-6 route show default dev eth2 proto ra");
    eventually("the router advertises itself", || !advertised().is_empty());
    let client = Client::start(&site.compute, site.folder(), "-6", "eth2");
    let expected = |(address, via): &(String, String)| address.starts_with("2001:db8:20::5/") && via == "fe80::1";
    eventually("the uplink has its lease", || attachment(&daemon, "six").as_ref().is_some_and(expected));
    assert_in_place(&daemon, site.folder());
    assert_ping_with(&provider, "2001:db8:20::5", "-I 2001:db8:f::1");
    client.release();
    wait_for(&daemon, "six", None);
}

/// `ip monitor` on routes and rules.
struct Watch(std::process::Child, std::path::PathBuf);

impl Watch {
    fn start(place: &Namespace, folder: &Path) -> Self {
        let path = folder.join("monitor");
        let file = std::fs::File::create(&path).unwrap();
        let mut command = std::process::Command::new("ip");
        command.args(["-4", "monitor", "route", "rule"]).stdout(file);
        let watch = Self(place.enter(|| command.spawn()).unwrap(), path);
        // It hears once it shows something that is done for its sake.
        eventually("the monitor hears", || {
            place.ip("route add blackhole 203.0.113.9");
            place.ip("route delete blackhole 203.0.113.9");
            !watch.text().is_empty()
        });
        watch
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.1).unwrap()
    }

    /// What came, but for the routes by which it was seen to hear.
    fn end(&self) -> String {
        let lines = self.text();
        lines.lines().filter(|line| !line.contains("203.0.113.9")).map(|line| format!("{line}\n")).collect()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
