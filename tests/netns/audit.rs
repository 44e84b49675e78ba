//! Controllers that come back: what they do not name again goes.

use vgw::api::generated::instance_service::TInstanceServiceSyncClient;

use crate::daemon::{Daemon, request};
use crate::lab::eventually;
use crate::site::{NET1, NET2, Site};

/// Soon enough for a test, late enough for the calls that come before it, milliseconds.
const SOON: i32 = 1000;

const STATIC: &str = "[[gateway]]\ninterface = \"vgw9\"\nrouting_instance = \"static\"\nsubnets = [\"10.9.0.0/24\"]\n";

/// Two gateways, of an earlier connection.
fn add_two(daemon: &Daemon<'_>) {
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"]), request("vgw2", NET2, &["10.5.2.0/24"])]));
}

/// A controller connects, with a short time to tell what there is.
fn reconnect(daemon: &Daemon<'_>) {
    let mut controller = daemon.controller();
    assert!(controller.audit_timer_for_virtual_gateway(SOON).unwrap());
    assert!(controller.connect_for_virtual_gateway().unwrap());
}

#[test]
fn an_audit_deletes_what_was_not_added_again() {
    let site = Site::new();
    let daemon = site.start(STATIC);
    add_two(&daemon);
    reconnect(&daemon);
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
    assert_eq!(daemon.status().audit.running[0].gateways, ["vgw2"]);
    eventually("the audit is over", || daemon.gateways() == ["vgw1", "vgw9"]);
    let routes = site.compute.ip("route");
    assert!(routes.contains("10.5.1.0/24 dev vgw1") && !routes.contains("10.5.2.0/24"), "{routes}");
    assert!(!site.compute.ip("link").contains("vgw2"));
    daemon.wait_for_log("deleted by the audit");
}

#[test]
fn a_static_gateway_is_exempt_from_audit_and_calls() {
    let site = Site::new();
    let daemon = site.start(STATIC);
    reconnect(&daemon);
    eventually("the audit is over", || daemon.status().audit.running.is_empty());
    assert!(!daemon.delete(&["vgw9"]));
    assert!(!daemon.add(&[request("vgw9", "static", &["10.10.0.0/24"])]));
    assert_eq!(daemon.gateways(), ["vgw9"]);
    assert!(site.compute.ip("route").contains("10.9.0.0/24 dev vgw9"));
    daemon.wait_for_log("vgw9 is defined in the configuration file and changes only there");
}

#[test]
fn a_gateway_that_is_refused_another_instance_survives_the_audit() {
    let site = Site::new();
    let daemon = site.start("");
    add_two(&daemon);
    reconnect(&daemon);
    assert!(!daemon.add(&[request("vgw1", NET2, &["10.5.1.0/24"])]));
    eventually("the audit is over", || daemon.gateways() == ["vgw1"]);
    assert_eq!(daemon.status().gateways[0].routing_instance, NET1);
}

#[test]
fn a_gateway_whose_replay_is_refused_survives_the_audit() {
    let site = Site::new();
    let daemon = site.start("");
    add_two(&daemon);
    reconnect(&daemon);
    assert!(!daemon.add(&[request("vgw1", NET1, &["10.5.1.0/99"])]));
    eventually("the audit is over", || daemon.gateways() == ["vgw1"]);
    assert!(site.compute.ip("route").contains("10.5.1.0/24 dev vgw1"), "as it was");
}

#[test]
fn a_negative_timer_switches_audits_off() {
    let site = Site::new();
    let daemon = site.start("");
    add_two(&daemon);
    let mut controller = daemon.controller();
    assert!(controller.audit_timer_for_virtual_gateway(-1).unwrap());
    assert!(controller.connect_for_virtual_gateway().unwrap());
    assert!(daemon.status().audit.running.is_empty());
    assert!(controller.audit_timer_for_virtual_gateway(0).unwrap());
    assert!(controller.connect_for_virtual_gateway().unwrap());
    eventually("the audit is over at once", || daemon.gateways().is_empty());
}

#[test]
fn deleting_is_judged_by_name() {
    let site = Site::new();
    let daemon = site.start(STATIC);
    add_two(&daemon);
    assert!(daemon.delete(&["vgw7"]), "what is not there is deleted already");
    assert!(!daemon.delete(&["vgw1", "vgw9"]), "a static one makes the answer false");
    assert_eq!(daemon.gateways(), ["vgw2", "vgw9"], "and the others go");
}
