//! What every command tells programs, against the published forms (`docs/schema`).

mod validator;

use std::collections::BTreeSet;
use std::path::Path;

use clap::CommandFactory;
use serde_json::Value;
use vgw::cli::args::Arguments;

use crate::cli::vgw;
use crate::daemon::Daemon;
use crate::site::{NET1, Site};

/// Runs a command with `-j`: its exit code and its one object, which must have the form that it names.
fn told(folder: &Path, words: &str) -> (Option<i32>, Value) {
    let (code, printed, complaint) = vgw(folder, &format!("{words} -j"));
    assert_eq!(printed.lines().count(), 1, "vgw {words} -j: {printed}{complaint}");
    let object: Value =
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("vgw {words}: {error}: {printed}"));
    let name = object["schema"].as_str().unwrap_or_else(|| panic!("vgw {words}: {printed}"));
    let path = format!("{}/docs/schema/{}.json", env!("CARGO_MANIFEST_DIR"), name.replace('/', "-"));
    let form: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    if let Err(complaint) = validator::check(&form, &object) {
        panic!("vgw {words} -j: {complaint}: {object:#}");
    }
    (code, object)
}

/// Every command that can be typed, without `vgw`.
fn commands() -> BTreeSet<String> {
    fn walk(command: &clap::Command, path: &str, all: &mut BTreeSet<String>) {
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            walk(below, format!("{path} {}", below.get_name()).trim(), all);
        }
        if !command.has_subcommands() || !command.is_subcommand_required_set() {
            all.insert(path.to_owned());
        }
    }
    let mut all = BTreeSet::new();
    walk(&Arguments::command(), "", &mut all);
    all
}

#[test]
fn every_command_tells_programs_what_is_published() {
    let site = Site::new();
    let folder = site.folder();
    let agent = folder.join("agent.conf");
    std::fs::write(&agent, "[GATEWAY-0]\nrouting_instance=a\ninterface=v\nip_blocks=10.9.0.0/24\n").unwrap();
    let own = folder.join("other.toml");
    let loaded = folder.join("routes.txt");
    std::fs::write(&loaded, "203.0.113.0/24 discard\n192.0.2.0/24 delete\n").unwrap();
    std::fs::write(&own, "[[gateway]]\ninterface = \"v\"\nrouting_instance = \"a\"\nsubnets = [\"10.9.0.0/24\"]\n")
        .unwrap();
    let network = "9f2c1d34-0a1b-4c5d-8e6f-0123456789ab";
    let lines = [
        "uplink add up --device eth1 --address 10.1.1.254/24 --via 10.1.1.253".to_owned(),
        "uplink add leased --device eth1 --lease ipv6".to_owned(),
        format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24 --uplink up --dry-run"),
        format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24 --uplink up --masquerade"),
        format!(
            "port add tap0 --instance {NET1} --address 192.168.1.10/32 --address 2001:db8:2::10/128 \
             --gateway 192.168.1.1 --gateway 2001:db8:2::1 --dhcp \
             --dhcp-dns 192.0.2.53 --router-advertisements"
        ),
        format!("network add {network} --instance {NET1}"),
        format!("route add --instance {NET1} 172.16.0.0/12 --port tap0 --via 192.168.1.10"),
        format!("route add --instance {NET1} 198.51.100.0/24 --discard"),
        format!("route load --instance {NET1} {}", loaded.display()),
        format!("route list --instance {NET1}"),
        format!("route lookup --instance {NET1} 172.16.0.1"),
        "status".to_owned(),
        "events".to_owned(),
        "top --once --interval 0.2".to_owned(),
        "gateway list".to_owned(),
        "gateway show vgw1".to_owned(),
        "port list".to_owned(),
        "port show tap0".to_owned(),
        "network list".to_owned(),
        "uplink list".to_owned(),
        "uplink show leased".to_owned(),
        "uplink lease eth1 --address 2001:db8:1::254/64 --via 2001:db8:1::253".to_owned(),
        "uplink release eth1 --family ipv6".to_owned(),
        "uplink import --dry-run".to_owned(),
        "instance list".to_owned(),
        "host show".to_owned(),
        "drops".to_owned(),
        "drops --last".to_owned(),
        format!("network show {network}"),
        "trace --from-device eth1 --src 10.1.1.253 --dst 192.168.1.10".to_owned(),
        "fabric show".to_owned(),
        "host diff".to_owned(),
        "audit timer 60000".to_owned(),
        "audit connect".to_owned(),
        "audit".to_owned(),
        format!("route delete --instance {NET1} 198.51.100.0/24"),
        format!("network delete {network}"),
        "port delete tap0".to_owned(),
        "gateway delete vgw1".to_owned(),
        "uplink delete up".to_owned(),
        "uplink delete leased".to_owned(),
        "fabric take eth1 --dry-run".to_owned(),
        "fabric take eth1 --confirm 60s".to_owned(),
        "fabric confirm".to_owned(),
        "fabric give-back".to_owned(),
        format!("import {}", agent.display()),
        format!("check {}", own.display()),
        format!("diff {}", own.display()),
        format!("apply {} --confirm 60s", own.display()),
        "confirm".to_owned(),
        format!("apply {} --confirm 60s", own.display()),
        "rollback".to_owned(),
    ];
    // A command that is added later is missing here until somebody shows it. `vgw demo --stop` would end
    // what others have kept; a capture tells an object a packet, the doctor's findings
    // are those of the machine, and a rescue needs a daemon that is gone.
    let apart = ["demo", "capture", "doctor", "fabric restore"];
    let shown = |command: &String| {
        apart.contains(&command.as_str())
            || lines.iter().any(|line| *line == *command || line.starts_with(&format!("{command} ")))
    };
    let missing: Vec<String> = commands().into_iter().filter(|command| !shown(command)).collect();
    assert!(missing.is_empty(), "not tried here: {missing:?}");

    let daemon: Daemon<'_> = site.start("");
    for line in &lines {
        let (code, object) = told(folder, line);
        // Nobody is there: the traced packet does not arrive.
        let expected = i32::from(line.starts_with("trace "));
        assert_eq!(code, Some(expected), "vgw {line}: {object}");
    }
    for (line, expected, kind) in [
        ("gateway show vgw9", 3, "not_found"),
        ("gateway delete vgw9", 3, "not_found"),
        ("gateway add vgw1 --instance a --subnet 10.0.0.0/33", 2, "usage"),
        ("gateway add vgw1 --instance a --subnet 10.0.0.0/8 --uplink nowhere", 3, "not_found"),
        ("status --dry-run", 2, "usage"),
        ("nonsense", 2, "usage"),
        ("", 2, "usage"),
        ("demo --dry-run", 2, "usage"),
        ("import /nonexistent/file", 78, "configuration"),
    ] {
        let (code, object) = told(folder, line);
        assert_eq!((code, object["error"]["kind"].as_str()), (Some(expected), Some(kind)), "vgw {line}: {object}");
    }
    daemon.stop();
    let (code, object) = told(folder, "status");
    assert_eq!((code, object["error"]["kind"].as_str()), (Some(4), Some("unreachable")), "{object}");
    assert_eq!(told(folder, "--version").0, Some(0));
}

/// The whole demonstration, either of them; it leaves nothing behind.
#[test]
fn the_demonstration_is_told_to_programs() {
    let folder = tempfile::tempdir().unwrap();
    for words in ["demo", "demo --fabric"] {
        let (code, object) = told(folder.path(), words);
        assert_eq!(code, Some(0), "{object:#}");
        let steps = object["steps"].as_array().unwrap();
        assert!(steps.len() > 5 && steps.iter().any(|step| !step["held"].as_array().unwrap().is_empty()), "{object:#}");
    }
}
