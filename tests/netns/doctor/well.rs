//! Hosts that are well.

use super::*;
use crate::site::OUTSIDE;
use crate::traffic::assert_ping;

#[test]
fn nothing_is_wrong_with_a_plain_gateway() {
    let (site, guest) = (site(), Guest::new(10));
    for interface in ["all", "default", "eth1"] {
        site.compute.sysctl(&format!("net.ipv4.conf.{interface}.rp_filter"), "1");
    }
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    assert_well(&site, "both families");
    assert_ping(&guest.namespace, OUTSIDE[0]);
    daemon.assert_accounted();
    // Firewalls that let the gateways' packets pass, and drop much else.
    let rules = "nft 'add table inet filter; add chain inet filter forward { type filter hook forward priority 0; \
                 policy drop; }; add chain inet filter input { type filter hook input priority 0; policy drop; }; \
                 add chain inet filter ours; add rule inet filter forward counter log prefix \"f\"; \
                 add rule inet filter forward ct state invalid drop; \
                 add rule inet filter forward iifname \"eth7\" drop; \
                 add rule inet filter forward iifname \"vgw*\" jump ours; add rule inet filter ours accept; \
                 add rule inet filter forward oifname \"vgw*\" ct state established,related accept; \
                 add rule inet filter input meta l4proto ipv6-icmp accept'";
    assert_eq!(shell(&site.compute, site.folder(), rules), (Some(0), String::new()));
    assert_well(&site, "a firewall with exceptions");
    daemon.assert_accounted();
}

#[test]
fn nothing_is_wrong_with_one_family_only() {
    for (subnet, default, router) in
        [("192.168.1.0/24", "default", OUTSIDE[0]), ("2001:db8:2::/64", "-6 default", OUTSIDE[1])]
    {
        let site = Site::new();
        let (family, all) = default.rsplit_once(' ').unwrap_or(("-4", default));
        site.compute.ip(&format!("{family} route add {all} via {router}"));
        let _daemon = site.start("");
        must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet {subnet}"));
        assert_well(&site, subnet);
    }
}

#[test]
fn nothing_is_wrong_with_uplinks_and_masquerade() {
    let site = Site::new();
    let other = second_way(&site);
    for interface in ["all", "default", "eth1", "eth2"] {
        site.compute.sysctl(&format!("net.ipv4.conf.{interface}.rp_filter"), "1");
    }
    let _daemon = site.start("");
    must(site.folder(), UPLINK);
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24 --uplink up"));
    assert_well(&site, "source rules");
    must(site.folder(), "uplink add second --device eth2 --address 10.2.2.254/24 --via 10.2.2.253");
    must(site.folder(), "gateway add vgw2 --instance net2 --subnet 192.168.2.0/24 --uplink second");
    assert_well(&site, "two uplinks");
    must(site.folder(), "gateway add vgw3 --instance net3 --subnet 192.168.3.0/24 --uplink second --masquerade");
    assert_well(&site, "masquerade");
    // Only what answers a connection of the guests' comes in: the probe's answer does.
    let rules = "nft 'add table ip fw; add chain ip fw c { type filter hook forward priority 0; policy drop; }; \
                 add rule ip fw c iifname \"vgw*\" accept; add rule ip fw c ct state established accept'";
    assert_eq!(shell(&site.compute, site.folder(), rules), (Some(0), String::new()));
    assert_well(&site, "masquerade behind a firewall");
    drop(other);
}

#[test]
fn the_doctor_leaves_nothing_behind() {
    let site = site();
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    let link: Value = serde_json::from_str(&site.outside.ip("-j link show dev eth0")).unwrap();
    let mac = link[0]["address"].as_str().unwrap();
    site.compute.ip(&format!("neigh replace {} lladdr {mac} dev eth1 nud permanent", OUTSIDE[0]));
    let (before, neighbours) = (site.snapshot(), site.compute.ip("neigh show nud permanent"));
    assert!(neighbours.contains(mac), "{neighbours}");
    assert_well(&site, "twice");
    site.assert_unchanged(&before, "after the doctor was there");
    assert_eq!(site.compute.ip("neigh show nud permanent"), neighbours);
    assert_eq!(shell(&site.compute, site.folder(), "nft list ruleset"), (Some(0), String::new()));
    let (code, said) = shell(
        &site.compute,
        site.folder(),
        &format!("{} --socket {} doctor -v", env!("CARGO_BIN_EXE_vgw"), site.folder().join("vgwd.sock").display()),
    );
    assert_eq!(code, Some(0), "{said}");
    for words in
        ["nothing is wrong", "In order", "forward-blocked", "Linux: ip route add 192.168.1.0/24 via 10.1.1.254"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
}
