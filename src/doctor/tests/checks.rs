mod daemon;
mod fabric;
mod filter;
mod forwarding;
mod link;
mod machine;
mod manager;
mod mtu;
mod overlap;
mod route;
mod rule;

use crate::doctor::{Check, Facts, Finding, Leg, Link, Probed, Refusal, Route, Severity, Step, examine};

use super::site::{facts, name};

/// What is found after something was planted, by name and subject.
fn found(plant: impl FnOnce(&mut Facts)) -> Vec<String> {
    let mut facts = facts();
    plant(&mut facts);
    examine(&facts).iter().map(|finding| format!("{} {}", finding.check, finding.subject)).collect()
}

/// The one finding after something was planted.
fn one(plant: impl FnOnce(&mut Facts)) -> Finding {
    let mut facts = facts();
    plant(&mut facts);
    let mut findings = examine(&facts);
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

fn cure(finding: &Finding) -> Vec<String> {
    finding.cure.steps.iter().map(Step::to_string).collect()
}

fn link<'a>(facts: &'a mut Facts, device: &str) -> &'a mut Link {
    facts.links.get_mut(&name(device)).unwrap()
}

fn route(prefix: &str, metric: u32, protocol: u8, device: &str) -> Route {
    Route { prefix: prefix.parse().unwrap(), metric, protocol, device: Some(name(device)), via: None }
}

#[test]
fn nothing_is_wrong_where_all_is_in_order() {
    assert_eq!(found(|_| {}), [""; 0]);
}

#[test]
fn what_could_not_be_looked_at_is_not_in_order() {
    let looked = |facts: &Facts| Check::ALL.into_iter().filter(|check| facts.let_look(*check)).count();
    let mut facts = facts();
    assert_eq!(looked(&facts), 25, "all but what needs a peer");
    facts.peer = "10.9.9.9".parse().ok();
    assert_eq!(looked(&facts), 26);
    facts.told = Err("no daemon answers".to_owned());
    assert_eq!(looked(&facts), 7);
}
