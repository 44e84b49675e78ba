//! Packet filters in the way.

use super::*;
use crate::daemon::Daemon;

#[test]
fn firewalls_are_found_and_opened() {
    let (site, guest) = (site(), Guest::new(10));
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    let table = "nft 'add table inet fw; add chain inet fw c { type filter hook ";
    for fault in [
        Fault {
            plant: &format!("{table}forward priority 0; policy drop; }}'"),
            id: "forward-blocked",
            evidence: "nftables, table inet fw, chain c: policy drop",
            after: "nft delete table inet fw",
            ..Fault::default()
        },
        // Only the answers are dropped.
        Fault {
            plant: &format!(
                "{table}forward priority 0; }}; add rule inet fw c iifname \"eth1\" ip daddr 192.168.0.0/16 drop'"
            ),
            id: "forward-blocked",
            evidence: "192.168.1.254 that came in by eth1 was routed, and did not come out of vgw1",
            after: "nft delete table inet fw",
            ..Fault::default()
        },
        // What cannot be judged by reading: the probe tells.
        Fault {
            plant: &format!(
                "{table}forward priority 0; }}; add set inet fw s {{ type ipv4_addr; flags interval; }}; \
                 add element inet fw s {{ 192.168.0.0/16 }}; add rule inet fw c ip saddr @s drop'"
            ),
            id: "forward-blocked",
            evidence: "ip saddr @s drop",
            after: "nft delete table inet fw",
            ..Fault::default()
        },
        Fault {
            plant: "iptables -P FORWARD DROP",
            id: "forward-blocked",
            evidence: "nftables, table ip filter, chain FORWARD: policy drop",
            after: "nft flush ruleset",
            ..Fault::default()
        },
        Fault {
            plant: "iptables-legacy -P FORWARD DROP",
            id: "forward-blocked",
            evidence: "iptables-legacy, table filter, chain FORWARD: policy drop",
            after: "iptables-legacy -P FORWARD ACCEPT; iptables-legacy -F",
            ..Fault::default()
        },
        Fault {
            plant: &format!(
                "{table}prerouting priority -300; }}; add rule inet fw c iifname \"vgw1\" udp dport 33434 drop'"
            ),
            id: "packets-lost",
            evidence: "udp dport 33434 drop",
            after: "nft delete table inet fw",
            ..Fault::default()
        },
        Fault {
            plant: &format!(
                "{table}prerouting priority -300; }}; add rule inet fw c iifname \"eth1\" ip daddr 192.168.1.0/24 drop'"
            ),
            id: "packets-lost",
            evidence: "that came in by eth1 was neither sent on by vgw1",
            after: "nft delete table inet fw",
            ..Fault::default()
        },
    ] {
        assert_found_and_cured(&site, &fault);
    }
    drop(guest);
}

#[test]
fn firewalls_of_ipv6_are_found_too() {
    let site = site();
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 2001:db8:2::/64"));
    for fault in [
        Fault {
            plant: "ip6tables -P FORWARD DROP",
            id: "forward-blocked",
            evidence: "nftables, table ip6 filter, chain FORWARD: policy drop",
            after: "nft flush ruleset",
            ..Fault::default()
        },
        Fault {
            plant: "ip -6 route add 2001:db8:2:0:8000::/65 dev eth1",
            id: "route-in-subnet",
            evidence: "2001:db8:2:0:8000::/65 dev eth1",
            ..Fault::default()
        },
    ] {
        assert_found_and_cured(&site, &fault);
    }
}

#[test]
fn what_the_rules_say_counts_where_no_packet_was_sent() {
    let site = site();
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    let drops = "nft 'add table inet fw; add chain inet fw c { type filter hook forward priority 0; policy drop; }'";
    assert_eq!(shell(&site.compute, site.folder(), drops).0, Some(0));
    let said = diagnosis(&site.compute, site.folder(), "--no-probe");
    assert_eq!(ids(&said), ["forward-blocked"], "{said:#}");
    assert!(said["findings"][0]["evidence"][0].as_str().unwrap().contains("no packet was sent"), "{said:#}");
}

#[test]
fn bridged_guests_behind_a_firewall_are_found() {
    let site = site();
    site.compute.ip("link add br0 type bridge");
    site.compute.ip("link add vnet7 type veth peer name inside");
    for link in ["br0", "vnet7", "inside"] {
        site.compute.ip(&format!("link set {link} addrgenmode none up"));
    }
    site.compute.ip("link set vnet7 master br0");
    let config = port("vnet7", NET1, &["192.168.1.7", "2001:db8:2::7"], "attach = true");
    let daemon: Daemon<'_> = site.start(&config);
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    site.compute.sysctl("net.bridge.bridge-nf-call-iptables", "0");
    site.compute.sysctl("net.bridge.bridge-nf-call-ip6tables", "0");
    assert_well(&site, "a bridge without a filter");
    let drops = "nft 'add table ip fw; add chain ip fw c { type filter hook forward priority 0; policy drop; }; \
                 add rule ip fw c iifname vgw1 accept; add rule ip fw c oifname vgw1 accept'";
    let fault = Fault {
        plant: &format!("sysctl -qw net.bridge.bridge-nf-call-iptables=1; {drops}"),
        id: "bridge-filter",
        evidence: "net.bridge.bridge-nf-call-iptables = 1, and vnet7 is a port of br0",
        ..Fault::default()
    };
    assert_found_and_cured(&site, &fault);
    drop(daemon);
}
