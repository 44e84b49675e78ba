//! The daemon, and what holds it.

use super::*;
use crate::doctor::{Problem, Unconfined};

#[test]
fn the_daemon_that_is_not_there_is_one_finding() {
    let finding = one(|facts| (facts.told, facts.ways) = (Err("no daemon answers".to_owned()), Vec::new()));
    assert_eq!(
        (finding.check.as_str(), cure(&finding)),
        ("daemon-unreachable", vec!["systemctl start vgwd".to_owned()])
    );
    let problem = Problem { id: "VGW-HOST-REFUSED".into(), sentence: "route ...".into(), cure: "vgw host diff".into() };
    let finding = one(|facts| facts.told.as_mut().unwrap().problems.push(problem.clone()));
    assert_eq!((finding.check.as_str(), finding.evidence), ("daemon-problem", vec!["route ...".to_owned()]));
    assert_eq!(finding.subject, "VGW-HOST-REFUSED", "as 'vgw status' has it");
    assert_eq!(finding.cure.remark.unwrap(), "try 'vgw host diff'; docs/operations.md has more on VGW-HOST-REFUSED");
    let left_to_us = Problem { cure: "vgw doctor".into(), ..problem };
    let finding = one(|facts| facts.told.as_mut().unwrap().problems.push(left_to_us.clone()));
    assert!(finding.cure.remark.unwrap().starts_with("see what else is found; "), "not itself once more");
}

#[test]
fn what_does_not_hold_the_daemon_is_named_with_what_helps() {
    for (means, helps) in [("landlock", "lsm="), ("seccomp", "CONFIG_SECCOMP_FILTER"), ("capabilities", "capset(2)")] {
        let reason = "not permitted".to_owned();
        let unconfined = Unconfined { means: means.to_owned(), reason };
        let finding = one(|facts| facts.told.as_mut().unwrap().unconfined.push(unconfined));
        assert_eq!((finding.check.as_str(), finding.subject.as_str()), ("sandbox", means));
        assert_eq!(finding.severity, Severity::Warning);
        assert_eq!(finding.evidence, [format!("{means} does not hold vgwd to what it needs: not permitted")]);
        assert!(finding.cure.remark.is_some_and(|remark| remark.contains(helps)), "{means}");
    }
}
