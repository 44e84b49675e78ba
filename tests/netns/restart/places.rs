//! Guests' taps that are kept, and whose place or port is another one by the next start.

use std::fs;
use std::os::unix::fs::symlink;

use super::manager::Manager;
use super::{gateway, start};
use crate::namespace::Namespace;
use crate::site::{Guest, NET1, OUTSIDE, Site};
use crate::traffic::assert_ping;

fn has(namespace: &Namespace, name: &str) -> bool {
    namespace.ip("link").contains(&format!("{name}: "))
}

#[test]
fn a_tap_is_not_taken_up_in_a_namespace_that_took_the_name_of_the_guests() {
    let (site, guest, next) = (Site::new(), Guest::new(10), Guest::new(10));
    let manager = Manager::new(site.folder());
    let path = site.folder().join("guest").display().to_string();
    symlink(guest.namespace.path(), &path).unwrap();
    let config = guest.port("tap0", NET1, "").replace(&guest.namespace.path(), &path) + &gateway("vgw1");
    start(&site, &manager, &config).kill();
    assert!(has(&guest.namespace, "eth0"), "kept");
    fs::remove_file(&path).unwrap();
    symlink(next.namespace.path(), &path).unwrap();
    let daemon = start(&site, &manager, &config);
    assert!(!has(&guest.namespace, "eth0") && has(&next.namespace, "eth0"));
    next.settle();
    assert_ping(&next.namespace, OUTSIDE[0]);
    // Nor one that bears another name by now.
    daemon.kill();
    next.namespace.ip("link set eth0 down");
    next.namespace.ip("link set eth0 name eth9");
    let daemon = start(&site, &manager, &config);
    assert!(has(&next.namespace, "eth0") && !has(&next.namespace, "eth9"));
    next.settle();
    assert_ping(&next.namespace, OUTSIDE[0]);
    assert!(daemon.status().problems.is_empty());
    assert_eq!(manager.names().len(), 2);
}

#[test]
fn another_port_gets_the_place_of_one_that_is_not_wanted_any_more() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let manager = Manager::new(site.folder());
    let config = |port| guest.port(port, NET1, "") + &gateway("vgw1");
    // The new one comes before the old one, and behind it.
    for port in ["tap1", "tap0", "tap1"] {
        let daemon = start(&site, &manager, &config(port));
        assert!(daemon.status().problems.is_empty(), "{:?}", daemon.status().problems);
        guest.settle();
        assert_ping(&guest.namespace, OUTSIDE[0]);
        let kept = manager.names();
        assert!(kept.len() == 2 && kept[1].ends_with(port), "{kept:?}");
        daemon.kill();
    }
}

#[test]
fn what_nobody_has_kept_is_kept_from_the_next_start_on() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let manager = Manager::new(site.folder());
    let config = guest.port("tap0", NET1, "") + &gateway("vgw1");
    let daemon = start(&site, &manager, &config);
    let kept = manager.names();
    daemon.kill();
    manager.forget();
    let daemon = start(&site, &manager, &config);
    manager.expect(&kept.iter().map(String::as_str).collect::<Vec<_>>());
    daemon.kill();
    assert!(site.compute.ip("link show dev vgw1").contains("LOWER_UP"), "packets wait");
}
