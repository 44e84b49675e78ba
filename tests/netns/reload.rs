//! SIGHUP: the configuration is read again.

use std::fs;

use rustix::process::Signal;

use crate::daemon::request;
use crate::lab::eventually;
use crate::site::{GATEWAYS, Guest, NET1, OUTSIDE, SUBNETS, Site};
use crate::traffic::assert_ping;

#[test]
fn a_good_file_is_applied_on_reload() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    let gateway = format!("[[gateway]]\ninterface = \"vgw1\"\nrouting_instance = \"{NET1}\"\nsubnets = {SUBNETS:?}\n");
    let file = site.folder().join("vgwd.toml");
    fs::write(&file, guest.port("tap0", NET1, "") + &gateway).unwrap();
    daemon.signal(Signal::HUP);
    daemon.wait_for_log("configuration read again and applied");
    for outside in OUTSIDE {
        assert_ping(&guest.namespace, outside);
    }
    fs::write(&file, gateway).unwrap();
    daemon.signal(Signal::HUP);
    eventually("the port goes", || daemon.status().ports.is_empty());
    assert_eq!(daemon.gateways(), ["vgw1"]);
}

#[test]
fn a_bad_file_changes_nothing_on_reload() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let good = guest.port("tap0", NET1, "");
    let daemon = site.start_with_gateway(&good);
    guest.settle();
    let before = site.snapshot();
    let file = site.folder().join("vgwd.toml");
    let cases = [
        ("[[gateway]]\ninterface = \"vgw2\"\ncolour = \"blue\"\n", 3, "gateway.colour: unknown field"),
        ("[audit]\ntimeout = [\n", 2, "unclosed array"),
        (
            "[[port]]\nname = \"tap0\"\nrouting_instance = \"x\"\naddresses = [\"192.168.1.300\"]\n",
            4,
            "port.addresses:",
        ),
        (
            "[[gateway]]\ninterface = \"vgw2\"\nrouting_instance = \"x\"\nsubnets = [\"192.168.1.0/25\"]\n",
            4,
            "gateway.subnets:",
        ),
    ];
    for (bad, line, what) in cases {
        let before_that = daemon.log().len();
        fs::write(&file, bad).unwrap();
        daemon.signal(Signal::HUP);
        let expected = format!("stays as it was: {}:{line}: {what}", file.display());
        eventually(&expected, || daemon.log()[before_that..].contains(&expected));
        site.assert_unchanged(&before, bad);
    }
    for (outside, gateway) in OUTSIDE.iter().zip(GATEWAYS) {
        assert_ping(&guest.namespace, outside);
        assert_ping(&guest.namespace, gateway);
    }
}

#[test]
fn what_controllers_asked_for_outlives_a_reload() {
    let site = Site::new();
    let daemon = site.start("");
    assert!(daemon.add(&[request("vgw1", NET1, &SUBNETS)]));
    let before = site.snapshot();
    daemon.signal(Signal::HUP);
    daemon.wait_for_log("configuration read again and applied");
    site.assert_unchanged(&before, "after the reload");
    assert_eq!(daemon.gateways(), ["vgw1"]);
}
