//! Ways out and back that are not there.

use super::*;
use crate::site::OUTSIDE;
use crate::traffic::{assert_ping, failing_ping};

#[test]
fn faults_on_the_way_out_are_found_and_cured() {
    let site = site();
    let other = unknown_way(&site);
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    // The guests' packets are led to eth2 by somebody else, whose device vgwd knows nothing of.
    let by_eth2 = "ip rule add iif vgw1 lookup 100 pref 1000; ip route add default via 10.2.2.253 dev eth2 onlink table 100; \
                   sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth2.rp_filter=";
    let not_by_eth2 = "ip rule delete pref 1000; ip route flush table 100";
    for fault in [
        Fault {
            plant: &format!("{by_eth2}0; sysctl -qw net.ipv4.conf.eth2.forwarding=0"),
            id: "forwarding-off",
            evidence: "net.ipv4.conf.eth2.forwarding = 0",
            ..Fault::default()
        },
        // A mark leads them there, which answers do not have.
        Fault {
            plant: "ip rule delete pref 1000; ip rule add fwmark 7 lookup 100 pref 1000; \
                    nft 'add table ip m; add chain ip m c { type filter hook prerouting priority -150; }; \
                    add rule ip m c iifname vgw1 meta mark set 7'; sysctl -qw net.ipv4.conf.eth2.rp_filter=1",
            id: "rp-filter",
            evidence: "net.ipv4.conf.eth2.rp_filter = 1",
            after: &format!("{not_by_eth2}; nft delete table ip m"),
            ..Fault::default()
        },
        Fault {
            plant: "ip route delete default",
            id: "no-route",
            evidence: "table main has no ipv4 route",
            cure: "ip route add default via 10.1.1.253",
            ..Fault::default()
        },
        Fault {
            plant: "ip route replace default via 10.1.1.99",
            id: "router-unreachable",
            evidence: "10.1.1.99 does not answer ARP on eth1",
            cure: "ip route replace default via 10.1.1.253",
            ..Fault::default()
        },
        Fault { plant: "ip link set dev eth1 mtu 1400", id: "mtu", evidence: "eth1 only of 1400", ..Fault::default() },
        Fault {
            plant: "ip address add 192.168.1.77/32 dev lo",
            id: "address-in-subnet",
            evidence: "192.168.1.77/32 on lo",
            ..Fault::default()
        },
        Fault {
            plant: "ip route add 192.168.1.128/25 via 10.2.2.253 dev eth2 onlink metric 5",
            id: "route-in-subnet",
            evidence: "192.168.1.128/25 via 10.2.2.253 dev eth2",
            ..Fault::default()
        },
    ] {
        assert_found_and_cured(&site, &fault);
    }
    drop(other);
}

#[test]
fn a_fabric_without_a_way_back_is_found_by_its_peer() {
    let (site, guest) = (site(), Guest::new(10));
    let _daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    let peer = format!("--peer {}", OUTSIDE[0]);
    let said = diagnosis(&site.compute, site.folder(), &peer);
    assert!(ids(&said).is_empty(), "{said:#}");
    site.outside.ip("route delete 192.168.1.0/24");
    failing_ping(&guest.namespace, OUTSIDE[0], "-W 1");
    let said = diagnosis(&site.compute, site.folder(), "");
    assert!(ids(&said).is_empty(), "nothing on this host is wrong: {said:#}");
    let said = diagnosis(&site.compute, site.folder(), &peer);
    assert_eq!(ids(&said), ["fabric-route"], "{said:#}");
    // What it says to routers is what helps.
    let remark = said["findings"][0]["remark"].as_str().unwrap();
    let line = remark.split("; ").find_map(|line| line.strip_prefix("Linux: ip ")).unwrap();
    assert_eq!(line, "route add 192.168.1.0/24 via 10.1.1.254");
    assert!(said["routes_outside"].to_string().contains("route 192.168.1.0/24 via 10.1.1.254;"), "{said:#}");
    site.outside.ip(line);
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let said = diagnosis(&site.compute, site.folder(), &peer);
    assert!(ids(&said).is_empty(), "{said:#}");
}
