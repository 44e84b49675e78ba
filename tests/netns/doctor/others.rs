//! What other programs do.

use super::*;

#[test]
fn others_rules_beside_uplinks_are_found_and_cured() {
    let site = Site::new();
    let _daemon = site.start("");
    must(site.folder(), UPLINK);
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24 --uplink up"));
    for fault in [
        Fault {
            plant: "ip route add default via 10.1.1.253 dev eth1 table 100; ip rule add lookup 100 pref 1000",
            id: "rule-first",
            evidence: "from all lookup 100 pref 1000",
            after: "ip route flush table 100",
            ..Fault::default()
        },
        Fault {
            plant: "ip rule add from 10.77.0.0/16 lookup 100 pref 20500",
            id: "rule-in-block",
            evidence: "from 10.77.0.0/16 lookup 100 pref 20500",
            after: "ip rule delete pref 22100",
            ..Fault::default()
        },
    ] {
        assert_found_and_cured(&site, &fault);
    }
    // The daemon has something to say of it too.
    assert_eq!(shell(&site.compute, site.folder(), "ip link set dev eth1 down").0, Some(0));
    eventually("the daemon has seen it", || !must(site.folder(), "status -j").contains("\"problems\":[]"));
    let said = diagnosis(&site.compute, site.folder(), "");
    assert!(ids(&said).contains(&"uplink-down") && ids(&said).contains(&"daemon-problem"), "{said:#}");
    let down = said["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == "uplink-down").unwrap();
    let cure = down["cure"][0].as_str().unwrap();
    assert_eq!(shell(&site.compute, site.folder(), cure).0, Some(0), "{cure}");
    eventually("the uplink leads on", || ids(&diagnosis(&site.compute, site.folder(), "")).is_empty());
}

#[test]
fn programs_that_meddle_are_found_and_told_off() {
    let site = site();
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    for fault in [
        Fault {
            plant: "mkdir -p /run/systemd/netif && echo OPER_STATE=routable > /run/systemd/netif/state",
            id: "networkd",
            evidence: "ManageForeignRoutingPolicyRules=yes",
            ..Fault::default()
        },
        Fault { plant: "mkdir -p /run/NetworkManager", id: "network-manager", evidence: "vgw1", ..Fault::default() },
    ] {
        assert_found_and_cured(&site, &fault);
    }
}
