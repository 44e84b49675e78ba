//! What `vgw doctor` finds: planted faults, each by its name and with a cure that cures, and nothing on
//! hosts that are well.

mod firewalls;
mod limits;
mod others;
mod ways;
mod well;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::cli::must;
use crate::lab::eventually;
use crate::namespace::Namespace;
use crate::site::{Guest, NET1, Site, port};

/// Runs a shell's line on the compute node, where `/run` and `/etc` are folders of the test's: whether
/// networkd or NetworkManager run on the machine that tests is of no interest.
fn shell(place: &Namespace, folder: &Path, line: &str) -> (Option<i32>, String) {
    let (run, etc) = (folder.join("run"), folder.join("etc"));
    std::fs::create_dir_all(&run).unwrap();
    if !etc.exists() {
        assert!(Command::new("cp").arg("-a").arg("/etc").arg(&etc).status().unwrap().success());
    }
    let mut command = Command::new("unshare");
    command.args("--mount --propagation private sh -c".split(' '));
    command.arg(format!("mount --bind \"$0\" /run && mount --bind \"$1\" /etc && {{ {line}\n}}")).arg(run).arg(etc);
    let output = place.enter(|| command.output()).unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

/// What the doctor says.
fn diagnosis(place: &Namespace, folder: &Path, words: &str) -> Value {
    let (vgw, socket) = (env!("CARGO_BIN_EXE_vgw"), folder.join("vgwd.sock"));
    let (code, said) = shell(place, folder, &format!("{vgw} -j --socket {} doctor {words}", socket.display()));
    let said: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(said["schema"], "vgw.doctor/1", "{said}");
    let is_well = said["findings"].as_array().is_some_and(Vec::is_empty);
    assert_eq!(code, Some(i32::from(!is_well)), "{said}");
    said
}

/// The names of the findings.
fn ids(said: &Value) -> Vec<&str> {
    said["findings"].as_array().unwrap().iter().map(|finding| finding["id"].as_str().unwrap()).collect()
}

/// Fails unless the doctor finds nothing, with packets and without.
fn assert_well(site: &Site, occasion: &str) {
    for words in ["", "--no-probe"] {
        let said = diagnosis(&site.compute, site.folder(), words);
        assert!(ids(&said).is_empty(), "{occasion}, '{words}': {said:#}");
        assert_eq!(said["unseen"].as_array().unwrap().len(), 0, "{occasion}, '{words}': {said:#}");
    }
}

/// A fault.
struct Fault<'a> {
    /// Shell lines that plant it on the compute node.
    plant: &'a str,
    /// What is found.
    id: &'a str,
    /// What the evidence names.
    evidence: &'a str,
    /// Lines that cure it, where the doctor can only say what to do.
    cure: &'a str,
    /// Lines that take away what was planted beside the fault.
    after: &'a str,
}

impl Default for Fault<'_> {
    fn default() -> Self {
        Self { plant: "true", id: "", evidence: "", cure: "", after: "true" }
    }
}

/// Plants a fault, has it found, cures it by what was found, and finds nothing more.
fn assert_found_and_cured(site: &Site, fault: &Fault<'_>) {
    let run = |line: &str| {
        let (code, said) = shell(&site.compute, site.folder(), line);
        assert_eq!(code, Some(0), "{}: {line}: {said}", fault.id);
    };
    run(fault.plant);
    let said = diagnosis(&site.compute, site.folder(), "");
    assert_eq!(ids(&said), [fault.id], "{}: {said:#}", fault.plant);
    let finding = &said["findings"][0];
    assert!(finding["evidence"].to_string().contains(fault.evidence), "{}: {finding:#}", fault.evidence);
    let cure: Vec<&str> = finding["cure"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    if fault.cure.is_empty() {
        assert!(!cure.is_empty(), "{finding:#}");
        if finding["fixable"] == true {
            let fixed = diagnosis(&site.compute, site.folder(), &format!("--fix {} --dry-run", fault.id));
            assert_eq!((fixed["fixed"][0]["command"].as_str(), ids(&fixed)), (Some(cure[0]), vec![fault.id]));
            let said = diagnosis(&site.compute, site.folder(), "");
            assert_eq!(ids(&said), [fault.id], "a rehearsal changes nothing: {said:#}");
        }
        cure.iter().for_each(|line| run(line));
    } else {
        run(fault.cure);
    }
    eventually(&format!("{} is cured", fault.id), || ids(&diagnosis(&site.compute, site.folder(), "")).is_empty());
    run(fault.after);
}

/// A site that reaches the whole world by the outside host.
fn site() -> Site {
    let site = Site::new();
    site.compute.ip("route add default via 10.1.1.253");
    site.compute.ip("-6 route add default via 2001:db8:1::253");
    site
}

/// A second way out: `eth2`, and a router there that has a way back.
fn second_way(site: &Site) -> Namespace {
    let other = Namespace::new();
    site.compute.connect("eth2", &other, "eth0");
    site.compute.add_address("eth2", "10.2.2.254/24");
    other.add_address("eth0", "10.2.2.253/24");
    other.ip("route add default via 10.2.2.254");
    other
}

/// As [`second_way`], but table main knows nothing of it, and so vgwd does not.
fn unknown_way(site: &Site) -> Namespace {
    let other = Namespace::new();
    site.compute.connect("eth2", &other, "eth0");
    site.compute.ip("address add 10.2.2.254/24 dev eth2 noprefixroute");
    other.add_address("eth0", "10.2.2.253/24");
    other.ip("route add default via 10.2.2.254");
    other
}

const UPLINK: &str = "uplink add up --device eth1 --address 10.1.1.254/24 --via 10.1.1.253";
