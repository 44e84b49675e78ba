//! The daemon.

use crate::doctor::{Check, Cure, Facts, Finding, Problem};

pub(super) fn unreachable(facts: &Facts) -> Vec<Finding> {
    let Err(reason) = &facts.told else { return Vec::new() };
    let evidence =
        vec![reason.clone(), "only what does not depend on gateways, ports and uplinks was looked at".to_owned()];
    let cure = Cure::commands(["systemctl start vgwd".to_owned()]).but("its log says why it does not run");
    vec![Finding::failure(Check::DaemonUnreachable, "vgwd", evidence, cure)]
}

pub(super) fn problems(facts: &Facts) -> Vec<Finding> {
    let Ok(told) = &facts.told else { return Vec::new() };
    let finding = |Problem { id, sentence, cure }: &Problem| {
        let cure = Cure::remark(format!("try '{cure}'; docs/operations.md has more on {id}"));
        Finding::failure(Check::DaemonProblem, id, vec![sentence.clone()], cure)
    };
    told.problems.iter().map(finding).collect()
}
