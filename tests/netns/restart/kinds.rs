//! A name that is another kind's from now on: what has it goes first, whoever runs.

use std::fs;

use rustix::process::Signal;

use super::manager::Manager;
use super::{gateway, start};
use crate::daemon::Daemon;
use crate::lab::eventually;
use crate::site::{Guest, NET1, OUTSIDE, Site, port};
use crate::traffic::assert_ping;

/// `x1` as a guest's port.
fn as_port(further: &str) -> String {
    port("x1", NET1, &["192.168.1.77", "2001:db8:2::77"], further)
}

fn reload(site: &Site, daemon: &Daemon<'_>, config: &str, said: &str) {
    let before = daemon.log().matches(said).count();
    fs::write(site.folder().join("vgwd.toml"), config).unwrap();
    daemon.signal(Signal::HUP);
    eventually("the configuration is read again", || daemon.log().matches(said).count() > before);
}

fn has_carrier(site: &Site) -> bool {
    site.compute.ip("link show dev x1").contains("LOWER_UP")
}

#[test]
fn a_gateway_becomes_a_port_and_a_gateway_again() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let manager = Manager::new(site.folder());
    let (first, second) = (gateway("x1") + &guest.port("tap0", NET1, ""), as_port("") + &guest.port("tap0", NET1, ""));
    let mut daemon = start(&site, &manager, &first);
    let assert_right = |daemon: &Daemon<'_>, is_gateway: bool| {
        assert!(daemon.status().problems.is_empty(), "{:?}", daemon.status().problems);
        assert_eq!(!daemon.gateways().is_empty(), is_gateway);
        assert!(has_carrier(&site));
        if is_gateway {
            guest.settle();
            assert_ping(&guest.namespace, OUTSIDE[0]);
        }
    };
    for (config, is_gateway) in [(&second, false), (&first, true)] {
        reload(&site, &daemon, config, "read again and applied");
        assert_right(&daemon, is_gateway);
    }
    // The same between two daemons: one leaves what the other wants otherwise.
    for (config, is_gateway) in [(&second, false), (&first, true)] {
        daemon.kill();
        daemon = start(&site, &manager, config);
        assert_right(&daemon, is_gateway);
    }
    daemon.stop();
    manager.expect(&[]);
}

#[test]
fn a_gateway_forwards_on_if_the_port_in_its_place_is_refused() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let config = gateway("x1") + &guest.port("tap0", NET1, "");
    let daemon = site.start(&config);
    let refused = as_port("netns = \"/nonexistent\"\nguest_name = \"eth0\"") + &guest.port("tap0", NET1, "");
    reload(&site, &daemon, &refused, "stays as it was");
    assert_eq!(daemon.gateways(), ["x1"]);
    assert!(has_carrier(&site));
    guest.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    assert!(daemon.status().problems.is_empty(), "{:?}", daemon.status().problems);
}
