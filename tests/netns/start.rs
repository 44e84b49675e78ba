//! What keeps the daemon from starting, and what it says then.

use std::net::TcpListener;

use crate::daemon::{Daemon, request};
use crate::site::{NET1, Site};

/// Starts a daemon that must not come up; its exit code and its log.
fn failed_start(site: &Site, config: &str, wrapper: &[&str], flags: &[&str]) -> (Option<i32>, String) {
    let before = site.snapshot();
    let (status, log) = Daemon::launch(&site.compute, site.folder(), config, wrapper, flags).wait();
    site.assert_unchanged(&before, "a daemon that does not start changes nothing");
    (status.code(), log)
}

#[test]
fn a_missing_right_is_named_at_the_start() {
    let wrapper = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"];
    let (code, log) = failed_start(&Site::new(), "", &wrapper, &[]);
    assert_eq!(code, Some(77), "{log}");
    assert!(log.contains("the right CAP_NET_ADMIN is missing: taps, routes and rules need it"), "{log}");
}

#[test]
fn a_bad_configuration_is_named_at_the_start() {
    let site = Site::new();
    let (code, log) = failed_start(&site, "[limits]\ngateways = -1\n", &[], &[]);
    assert_eq!(code, Some(78), "{log}");
    assert!(log.contains(&format!("{}:2", site.folder().join("vgwd.toml").display())), "{log}");
    assert!(log.contains("limits.gateways"), "{log}");
}

#[test]
fn a_configuration_that_does_not_fit_the_host_is_named_at_the_start() {
    let site = Site::new();
    site.compute.ip("route add 10.5.0.0/24 via 10.1.1.253");
    let config = "[[gateway]]\ninterface = \"vgw1\"\nrouting_instance = \"a\"\nsubnets = [\"10.5.0.0/24\"]\n";
    let (code, log) = failed_start(&site, config, &[], &[]);
    assert_eq!(code, Some(78), "{log}");
    assert!(log.contains("the host already has a route to 10.5.0.0/24 that is not ours"), "{log}");
    assert!(log.contains("vgwd.toml:4"), "{log}");
}

#[test]
fn an_address_in_use_is_named_at_the_start() {
    let site = Site::new();
    let _other = site.compute.enter(|| TcpListener::bind("127.0.0.1:9090")).unwrap();
    let (code, log) = failed_start(&site, "", &[], &[]);
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("cannot listen on 127.0.0.1:9090: Address already in use"), "{log}");
}

#[test]
fn the_compatible_api_can_be_switched_off_and_moved() {
    let site = Site::new();
    let listening = || site.compute.proc_net("tcp").lines().filter(|line| line.contains(" 0A ")).count();
    let daemon = Daemon::start_with(&site.compute, site.folder(), "", &["--thrift-listen", "none"]);
    assert_eq!(listening(), 0);
    assert!(daemon.gateways().is_empty(), "the own API is there");
    daemon.stop();
    let daemon = Daemon::start_with(&site.compute, site.folder(), "", &["--thrift-listen", "127.0.0.1:9191"]);
    assert_eq!(listening(), 1);
    daemon.stop();
    let daemon = site.start("");
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.0.0/24"])]));
}

#[test]
fn somebody_elses_rules_among_our_priorities_are_told_at_the_start() {
    let site = Site::new();
    site.start("").stop();
    site.compute.ip("rule add from 10.77.0.0/24 lookup main pref 20150");
    let daemon = site.start("");
    daemon.wait_for_log("somebody else's rules stand among the priorities that are ours");
    assert!(daemon.log().contains("priority=20150"), "{}", daemon.log());
}
