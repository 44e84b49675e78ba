//! SIGHUP: the configuration is read again.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use rustix::process::Signal;

use crate::cli::vgw;
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

/// A daemon is confined to files (docs/decisions/sandbox.md), and loses the right to pass over their modes.
#[test]
fn what_was_read_at_the_start_is_read_again() {
    let (site, elsewhere) = (Site::new(), tempfile::tempdir().unwrap());
    let (agents, linked) = (elsewhere.path().join("agents"), elsewhere.path().join("linked"));
    [&agents, &linked].iter().for_each(|folder| fs::create_dir(folder).unwrap());
    let (agent, drop_in) = (agents.join("agent.conf"), linked.join("gateways"));
    let section = |number: u8| {
        let names = format!("interface=vgw{number}\nrouting_instance=net{number}");
        format!("[GATEWAY-{number}]\n{names}\nip_blocks=10.9.{number}.0/24\n")
    };
    fs::write(&agent, section(1)).unwrap();
    fs::write(&drop_in, "").unwrap();
    fs::create_dir(site.folder().join("vgwd.d")).unwrap();
    symlink(&drop_in, site.folder().join("vgwd.d/gateways.toml")).unwrap();
    let compat = |agent| format!("[compat]\nagent_conf = {agent:?}\n");
    let theirs = |path| {
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        chown(path, Some(1000), Some(1000)).unwrap();
    };
    theirs(&drop_in);
    let daemon = site.start(&compat(&agent));
    let file = site.folder().join("vgwd.toml");
    let gateway = "[[gateway]]\ninterface = 'vgw3'\nrouting_instance = 'net3'\nsubnets = ['10.9.3.0/24']\n";
    fs::write(&agent, section(1) + &section(2)).unwrap();
    fs::write(&drop_in, gateway).unwrap();
    let (code, printed, complaint) = vgw(site.folder(), &format!("diff {}", file.display()));
    assert_eq!(code, Some(0), "{printed}{complaint}");
    assert!(printed.contains("vgw2") && printed.contains("vgw3"), "{printed}");
    daemon.signal(Signal::HUP);
    daemon.wait_for_log("configuration read again and applied");
    assert_eq!(daemon.gateways(), ["vgw1", "vgw2", "vgw3"]);

    // What is named for the first time is not in reach, and that is said.
    let other = elsewhere.path().join("agent.conf");
    fs::write(&other, section(4)).unwrap();
    fs::write(&file, compat(&other)).unwrap();
    let refused = format!("cannot read {}: Permission denied (os error 13); what is elsewhere", other.display());
    let (code, _, complaint) = vgw(site.folder(), &format!("diff {}", file.display()));
    assert!(code == Some(2) && complaint.contains(&refused), "{complaint}");
    daemon.signal(Signal::HUP);
    daemon.wait_for_log(&format!("the configuration stays as it was: {refused}"));
    assert_eq!(daemon.gateways(), ["vgw1", "vgw2", "vgw3"]);
}
