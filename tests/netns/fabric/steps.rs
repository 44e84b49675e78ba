//! Taking and giving back, step by step.

use vgw::fabric::{Record, Refusal, Site, give, take};
use vgw::sys::fabric::LinuxSite;

use crate::lab::{name, shared_turn};

use super::crossing::Carried;
use super::node::{ADDRESSES, Node, Talk};

/// Takes `eth0`; the namespace is the calling thread's.
pub(crate) fn take_eth0(site: &mut Carried) -> (Record, Result<(), vgw::fabric::Failed>) {
    let observed = site.observe(name("eth0"), name("vhost0")).unwrap();
    let device = Refusal::check(name("eth0"), name("vhost0"), &observed).unwrap();
    let mut record = Record::of(device, name("vhost0"), &observed, site.now());
    let done = take(site, &mut record, &observed);
    (record, done)
}

pub(crate) fn site(node: &Node) -> Carried {
    Carried::new(LinuxSite::new(node.folder.path(), 1, None).unwrap())
}

#[test]
fn connections_survive_and_all_is_as_before() {
    let _turn = shared_turn();
    let node = Node::new();
    let talks = ADDRESSES.map(|address| Talk::start(&node, address));
    let before = node.snapshot();
    let mut site = node.node.enter(|| site(&node));
    let (mut record, done) = node.node.enter(|| take_eth0(&mut site));
    done.unwrap();
    talks.iter().for_each(Talk::assert_goes_on);
    assert!(!node.node.ip("address show dev eth0").contains("inet"), "{}", node.node.ip("address show dev eth0"));
    assert_eq!(node.node.ip("route show table all dev eth0"), "");
    assert_eq!(node.node.ip("-6 route show table all dev eth0"), "");
    node.node.enter(|| give(&mut site, &mut record, true)).unwrap();
    node.assert_unchanged(&before, "given back");
    talks.iter().for_each(Talk::assert_goes_on);
    talks.into_iter().for_each(Talk::end);
    assert_eq!(std::fs::read_dir(node.folder.path()).unwrap().count(), 0, "the journal is gone");
}

#[test]
fn a_step_that_fails_is_named_and_everything_goes_back() {
    let _turn = shared_turn();
    let node = Node::new();
    let talk = Talk::start(&node, ADDRESSES[0]);
    let before = node.snapshot();
    let mut number = 0;
    loop {
        let mut site = node.node.enter(|| site(&node));
        site.refuse = Some(number);
        let (mut record, done) = node.node.enter(|| take_eth0(&mut site));
        site.refuse = None;
        let Err(failed) = done else {
            node.node.enter(|| give(&mut site, &mut record, true)).unwrap();
            break;
        };
        assert!(failed.to_string().contains("refused by the test; everything is as before"), "{failed}");
        node.assert_unchanged(&before, &format!("refused: {}", failed.what));
        number += 1;
    }
    assert!(number > 100, "{number} steps");
    node.assert_unchanged(&before, "given back");
    talk.assert_goes_on();
    talk.end();
}
