//! A host with a management network and a display network, as virtualization hosts have them: each
//! with a router of its own, and the people who look at consoles beyond both.
//!
//! The routers let nothing pass that does not come from where they would send the answer (RFC 2827), so
//! that an answer that takes the wrong way is lost.

use std::net::IpAddr;

use crate::daemon::Daemon;
use crate::lab::eventually;
use crate::namespace::Namespace;
use crate::site::{Guest, NET1, SUBNETS, Site};
use crate::sniffer::Sniffer;
use crate::traffic::{assert_ping, assert_tcp, failing_ping};
use crate::uplink::{gateway, uplink_by, with_two_routers};
use vgw::api::generated::virtual_gateway::TVirtualGatewaySyncClient;
use vgw::sys::netlink::{Notice, Watch};

/// The client's own addresses, behind both routers.
const CLIENT: [&str; 2] = ["192.0.2.9", "2001:db8:c::9"];
/// The host's addresses for displays.
const DISPLAY: [&str; 2] = ["20.0.0.5", "2001:db8:20::5"];
/// The display network's uplink of each family: name, the host's address, router.
const UPLINKS: [(&str, &str, &str); 2] =
    [("display", "20.0.0.5/24", "20.0.0.1"), ("six", "2001:db8:20::5/64", "2001:db8:20::1")];
const STREAM: usize = 1 << 20;

struct Lab {
    site: Site,
    /// The display network's router.
    second: Namespace,
    client: Namespace,
}

impl Lab {
    fn new() -> Self {
        let (site, second) = with_two_routers();
        let client = Namespace::new();
        client.add_address("lo", &format!("{}/32", CLIENT[0]));
        client.add_address("lo", &format!("{}/128", CLIENT[1]));
        // Which network of the host is behind which router.
        let behind = [["10.1.1.0/24", "2001:db8:1::/64"], ["20.0.0.0/24", "2001:db8:20::/64"]];
        for (number, router) in [&site.outside, &second].into_iter().enumerate() {
            let name = format!("r{number}");
            router.connect("core", &client, &name);
            for (place, device, host) in [(router, "core", 1), (&client, name.as_str(), 2)] {
                place.add_address(device, &format!("10.9.{number}.{host}/24"));
                place.add_address(device, &format!("2001:db8:9:{number}::{host}/64"));
                // From where routers ask for their neighbours.
                place.add_address(device, &format!("fe80::{host}/64"));
            }
            router.ip(&format!("route add {} via 10.9.{number}.2", CLIENT[0]));
            router.ip(&format!("-6 route add {} via 2001:db8:9:{number}::2", CLIENT[1]));
            client.ip(&format!("route add {} via 10.9.{number}.1 src {}", behind[number][0], CLIENT[0]));
            client.ip(&format!("-6 route add {} via 2001:db8:9:{number}::1 src {}", behind[number][1], CLIENT[1]));
            // The other network of the host is not behind this router, but across the core.
            let other = behind[1 - number];
            router.ip(&format!("route add {} via 10.9.{number}.2", other[0]));
            router.ip(&format!("-6 route add {} via 2001:db8:9:{number}::2", other[1]));
            router.sysctl("net.ipv4.ip_forward", "1");
            router.sysctl("net.ipv6.conf.all.forwarding", "1");
            for command in [
                "add table inet guard",
                "add chain inet guard in { type filter hook prerouting priority raw; }",
                "add rule inet guard in iifname eth0 fib saddr . iif oif missing meta nfproto ipv4 drop",
                "add rule inet guard in iifname eth0 ip6 saddr 2001:db8::/32 fib saddr . iif oif missing drop",
            ] {
                let (well, text) = router.run(&format!("nft {command}"));
                assert!(well, "nft {command}: {text}");
            }
        }
        client.ip(&format!("route add {} via 10.9.1.1 src {}", SUBNETS[0], CLIENT[0]));
        client.ip(&format!("-6 route add {} via 2001:db8:9:1::1 src {}", SUBNETS[1], CLIENT[1]));
        Self { site, second, client }
    }

    fn check_strictly(&self, how: &str) {
        for device in ["all", "eth1", "eth2"] {
            self.site.compute.sysctl(&format!("net.ipv4.conf.{device}.rp_filter"), how);
        }
    }
}

fn add_uplinks(daemon: &Daemon<'_>) {
    for (name, address, via) in UPLINKS {
        daemon.call(|daemon| daemon.add_uplink(uplink_by(name, "eth2", address, via))).unwrap();
    }
}

/// True if one of the frames since the last look carries this address.
fn carries(sniffer: &Sniffer, address: &str) -> bool {
    let bytes = match address.parse().unwrap() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    sniffer.frames().iter().any(|frame| frame.windows(bytes.len()).any(|part| part == bytes))
}

#[test]
fn an_answer_leaves_the_way_its_question_came() {
    let (lab, guest) = (Lab::new(), Guest::new(10));
    let daemon = lab.site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    let wrong_way = Sniffer::new(&lab.site.outside);
    // So that the host does not drop the question itself.
    lab.check_strictly("0");
    for own in DISPLAY {
        failing_ping(&lab.client, own, "");
        assert!(carries(&wrong_way, own), "the answer came to the management network's router");
    }
    add_uplinks(&daemon);
    lab.check_strictly("1");
    for own in DISPLAY {
        assert_ping(&lab.client, own);
        assert_tcp(&lab.client, &lab.site.compute, own, STREAM);
        assert!(!carries(&wrong_way, own));
    }
    // The management network is as it was.
    for own in ["10.1.1.254", "2001:db8:1::254"] {
        assert_ping(&lab.client, own);
        assert!(carries(&wrong_way, own));
    }
    for (name, subnet, uplink) in [("vgw1", SUBNETS[0], "display"), ("vgw2", SUBNETS[1], "six")] {
        daemon.call(|daemon| daemon.add_gateway(gateway(name, NET1, subnet, uplink))).unwrap();
    }
    for ((client, inside), own) in CLIENT.iter().zip(guest.addresses()).zip(DISPLAY) {
        assert_ping(&guest.namespace, client);
        assert_tcp(&guest.namespace, &lab.client, client, STREAM);
        assert_ping(&lab.client, &inside);
        assert_tcp(&lab.client, &guest.namespace, &inside, STREAM);
        assert_ping(&lab.client, own);
        assert!(!carries(&wrong_way, &inside));
    }
    daemon.assert_accounted();
}

/// As hypervisors with Open vSwitch tie their tunnels to an address of a network for them.
#[test]
fn every_way_stands_while_a_killed_daemon_starts_again() {
    let lab = Lab::new();
    let mut config = format!(
        "[[gateway]]\ninterface = \"vgw1\"\nrouting_instance = \"{NET1}\"\nsubnets = {SUBNETS:?}\n\
         uplink = \"display\"\n"
    );
    for (name, address, via) in UPLINKS {
        let place = format!("device = \"eth2\"\naddress = \"{address}\"\nvia = \"{via}\"");
        config += &format!("[[uplink]]\nname = \"{name}\"\n{place}\n");
    }
    lab.site.start(&config).kill();
    let mut watch = lab.site.compute.enter(|| Watch::open().unwrap());
    let _daemon = lab.site.start(&config);
    let gone: Vec<Notice> = watch.heard(0).unwrap().into_iter().filter(is_gone).collect();
    assert!(gone.is_empty(), "{gone:?}");
}

fn is_gone(notice: &Notice) -> bool {
    match notice {
        Notice::Rule { gone, .. } | Notice::Route { gone, .. } | Notice::Address { gone, .. } => *gone,
        Notice::Link(step) => step.gone,
    }
}

#[test]
fn a_tunnel_that_is_bound_to_the_uplinks_address_leaves_by_it() {
    let lab = Lab::new();
    lab.check_strictly("0");
    for (number, (own, client)) in DISPLAY.into_iter().zip(CLIENT).enumerate() {
        let ends = [(&lab.site.compute, own, client, 1), (&lab.client, client, own, 2)];
        for (place, local, remote, host) in ends {
            place.ip(&format!(
                "link add vx{number} type vxlan id {} local {local} remote {remote} dstport 4789",
                700 + number
            ));
            place.ip(&format!("link set vx{number} addrgenmode none up"));
            place.add_address(&format!("vx{number}"), &format!("172.31.{number}.{host}/24"));
        }
    }
    let daemon = lab.site.start("");
    let [right_way, wrong_way] = [&lab.second, &lab.site.outside].map(Sniffer::new);
    let neighbour = |number| lab.site.compute.ip(&format!("neighbour flush dev vx{number}"));
    for (number, own) in DISPLAY.into_iter().enumerate() {
        failing_ping(&lab.site.compute, &format!("172.31.{number}.2"), "");
        assert!(carries(&wrong_way, own));
    }
    add_uplinks(&daemon);
    lab.check_strictly("1");
    for (number, own) in DISPLAY.into_iter().enumerate() {
        neighbour(number);
        eventually("what was on its way before is over", || !carries(&wrong_way, own));
        assert_ping(&lab.site.compute, &format!("172.31.{number}.2"));
        assert!(carries(&right_way, own) && !carries(&wrong_way, own));
    }
}
