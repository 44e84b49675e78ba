//! Calls with many elements, and with some that cannot be carried out.

use vgw::api::generated::virtual_gateway::{Gateway, TVirtualGatewaySyncClient};

use crate::daemon::request;
use crate::site::{NET1, NET2, Site};

#[test]
fn a_thousand_gateways_come_and_go_in_one_call_each() {
    let site = Site::new();
    let daemon = site.start("");
    let before = site.snapshot();
    let names: Vec<String> = (0..1000).map(|number| format!("vgw{number}")).collect();
    let requests: Vec<_> = (0..1000)
        .map(|number| {
            let (high, low) = (100 + number / 250, number % 250);
            let subnets = [format!("10.{high}.{low}.0/24"), format!("2001:db8:{high}:{low}::/64")];
            request(&names[number], &format!("instance{number}"), &subnets.each_ref().map(String::as_str))
        })
        .collect();
    assert!(daemon.add(&requests));
    assert_eq!(daemon.gateways().len(), 1000);
    assert_eq!(site.compute.ip("route show proto 201").lines().count(), 1000);
    assert_eq!(
        site.compute.ip("-6 route show proto 201").lines().filter(|line| line.contains("2001:db8")).count(),
        1000
    );
    assert!(daemon.delete(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    site.assert_unchanged(&before, "after all are deleted");
}

#[test]
fn an_element_that_the_kernel_refuses_is_rolled_back_whole() {
    let site = Site::new();
    let daemon = site.start("");
    // Taken by something that is no tap, and by a tap of somebody else.
    site.compute.ip("link add vgw2 type veth peer name far2");
    site.compute.ip("tuntap add dev vgw3 mode tap user 1000");
    let before = site.snapshot();
    let requests = [
        request("vgw1", NET1, &["10.5.1.0/24"]),
        request("vgw2", NET2, &["10.5.2.0/24", "2001:db8:5:2::/64"]),
        request("vgw3", "three", &["10.5.3.0/24"]),
        request("vgw4", "four", &["10.5.4.0/24"]),
    ];
    assert!(!daemon.add(&requests));
    assert_eq!(daemon.gateways(), ["vgw1", "vgw4"]);
    let routes = site.compute.ip("route") + &site.compute.ip("-6 route");
    assert!(routes.contains("10.5.1.0/24 dev vgw1") && routes.contains("10.5.4.0/24 dev vgw4"), "{routes}");
    assert!(!routes.contains("10.5.2.0") && !routes.contains("10.5.3.0") && !routes.contains("2001:db8:5"), "{routes}");
    assert!(daemon.status().problems.is_empty());
    daemon.wait_for_log("the interface vgw2 exists and is not a persistent tap without an owner");

    // Once the name is free the same call succeeds.
    site.compute.ip("link delete vgw2");
    assert!(daemon.add(&requests[..2]));
    assert!(daemon.delete(&["vgw1", "vgw2", "vgw4"]));
    site.compute.ip("link add vgw2 type veth peer name far2");
    let without_indices =
        |text: &str| text.lines().filter(|line| !line.contains("vgw2") && !line.contains("far2")).count();
    assert_eq!(without_indices(&site.snapshot()), without_indices(&before));
}

#[test]
fn an_element_that_fails_halfway_is_rolled_back_whole() {
    let site = Site::new();
    let daemon = site.start("");
    // New interfaces take no IPv6 address: the tap is there before that shows.
    site.compute.sysctl("net.ipv6.conf.default.disable_ipv6", "1");
    let before = site.snapshot();
    let both = ["10.5.2.0/24", "2001:db8:5:2::/64"];
    assert!(!daemon.add(&[request("vgw2", NET2, &both)]));
    site.assert_unchanged(&before, "after the refused call");
    let subnets = both.map(str::to_owned).to_vec();
    let gateway = Gateway::new("vgw2".to_owned(), NET2.to_owned(), subnets, None, None, None, None);
    let refused = daemon.call(|daemon| daemon.add_gateway(gateway)).unwrap_err().to_string();
    assert!(refused.contains("address add"), "{refused}");
    site.assert_unchanged(&before, "after the refused call of the own API");
    assert!(!daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"]), request("vgw2", NET2, &both)]));
    assert_eq!(daemon.gateways(), ["vgw1"]);
    assert!(site.compute.ip("route").contains("10.5.1.0/24 dev vgw1"));
    assert!(!site.compute.ip("link").contains("vgw2"));
}

#[test]
fn a_change_that_is_refused_leaves_the_gateway_as_it_was() {
    let site = Site::new();
    let daemon = site.start("");
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
    let before = site.snapshot();
    site.compute.ip("route add 10.5.2.0/24 via 10.1.1.253");
    assert!(!daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24", "10.5.2.0/24", "10.5.3.0/24"])]));
    site.compute.ip("route delete 10.5.2.0/24");
    site.assert_unchanged(&before, "after the refused change");
    assert_eq!(daemon.status().gateways[0].subnets, ["10.5.1.0/24"]);
}

#[test]
fn bad_elements_leave_the_good_ones_alone() {
    let site = Site::new();
    let daemon = site.start("");
    let requests = [
        request("a name that is far too long", NET1, &["10.5.1.0/24"]),
        request("vgw1", NET1, &["10.5.1.7/24", "10.5.1.0/24"]),
        request("vgw2", "", &["10.5.2.0/24"]),
        request("vgw3", NET2, &["10.5.1.128/25"]),
        request("vgw4", NET2, &[]),
    ];
    assert!(!daemon.add(&requests));
    assert_eq!(daemon.gateways(), ["vgw1"]);
    assert_eq!(daemon.status().gateways[0].subnets, ["10.5.1.0/24"], "host bits cleared, counted once");
    for told in ["far too long", "10.5.1.128/25 overlaps 10.5.1.0/24", "host bits"] {
        daemon.wait_for_log(told);
    }
}

#[test]
fn adding_again_disturbs_nothing() {
    let site = Site::new();
    let daemon = site.start("");
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"]), request("vgw2", NET1, &["10.5.2.0/24"])]));
    let index = || site.compute.ip("-j link show dev vgw1");
    let (before, link) = (site.snapshot(), index());
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
    site.assert_unchanged(&before, "the same again");
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.3.0/24"])]));
    assert_eq!(index(), link, "the tap stays");
    let routes = site.compute.ip("route");
    assert!(routes.contains("10.5.3.0/24 dev vgw1") && !routes.contains("10.5.1.0/24"), "{routes}");
    assert!(daemon.delete(&["vgw1"]));
    assert!(site.compute.ip("route").contains("10.5.2.0/24 dev vgw2"), "the other of the instance stays whole");
}
