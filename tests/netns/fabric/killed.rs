//! A process that is killed in the midst of it.

use std::process::Command;

use vgw::fabric::give;
use vgw::sys::fabric::{Rescued, rescue};

use crate::lab::{name, shared_turn};

use super::node::Node;
use super::steps::take_eth0;

/// How the child of [`killed`] knows what to do: the folder, and the steps after which it dies.
const FOLDER: &str = "VGW_TEST_FABRIC_FOLDER";
const STEPS: &str = "VGW_TEST_FABRIC_STEPS";

/// The child: takes the card and gives it back, and dies in between. Ends well if it is through before.
#[test]
#[ignore = "run by the others"]
fn child() {
    let (Ok(folder), Ok(steps)) = (std::env::var(FOLDER), std::env::var(STEPS)) else { return };
    let mut site = super::crossing::Carried::new(vgw::sys::fabric::LinuxSite::new(folder.as_ref(), 1, None).unwrap());
    site.die = Some(steps.parse().unwrap());
    let (mut record, done) = take_eth0(&mut site);
    done.unwrap();
    give(&mut site, &mut record, true).unwrap();
}

/// Starts the child, which dies after so many steps; false if it came to the end.
fn killed(node: &Node, steps: usize) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "fabric::killed::child", "--ignored"]);
    command.env(FOLDER, node.folder.path()).env(STEPS, steps.to_string());
    let output = node.node.enter(|| command.output()).unwrap();
    let died = output.status.code().is_none();
    assert!(died || output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    died
}

#[test]
fn whenever_it_is_killed_the_host_gets_its_card_back() {
    let _turn = shared_turn();
    let node = Node::new();
    let before = node.snapshot();
    let mut steps = 1;
    while killed(&node, steps) {
        let rescued = node.node.enter(|| rescue(node.folder.path())).unwrap();
        // After the last step the journal is gone.
        let is_through = rescued == Rescued::Nothing && !killed(&node, steps + 1);
        let restored = Rescued::Restored { device: name("eth0"), host: name("vhost0"), kept: None };
        assert!(is_through || rescued == restored, "after {steps} steps: {rescued:?}");
        node.assert_unchanged(&before, &format!("killed after {steps} steps"));
        steps += 1;
    }
    assert!(steps > 150, "{steps} steps");
}
