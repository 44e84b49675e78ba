//! The way back to us, which only the outside has.

use std::collections::BTreeMap;

use crate::addr::{Family, shell_word};
use crate::doctor::{Check, Cure, Facts, Finding, Leg};

pub(super) fn fabric(facts: &Facts) -> Vec<Finding> {
    let Some(peer) = facts.peer else { return Vec::new() };
    let mut findings = BTreeMap::new();
    for way in facts.ways.iter().filter(|way| way.answered == Some(false)) {
        // What does not even leave has another fault.
        if way.out.is_err()
            || way.probed.is_some_and(|probed| probed.there != Leg::Passed || probed.back != Some(Leg::Passed))
        {
            continue;
        }
        let (gateway, subnet) = (way.question.gateway, way.question.subnet);
        let here = facts.own_address(way).map_or("THIS-NODE".to_owned(), |address| address.to_string());
        let evidence = vec![format!(
            "{peer} did not answer echo requests from {} in {subnet} of {gateway}, which had left the host: the outside \
             has no route to {subnet} by {here}, or drops them",
            way.question.source
        )];
        let mut lines = crate::doctor::lines_for_routers(&subnet, &here);
        lines.push(format!(
            "or, where no route can be had, hide the network behind this node's address: vgw gateway add {} ... \
             --masquerade",
            shell_word(gateway.as_str())
        ));
        let finding = Finding::failure(Check::FabricRoute, subnet, evidence, Cure::remark(lines.join("; ")));
        findings.entry((subnet, Family::of(peer))).or_insert(finding);
    }
    findings.into_values().collect()
}
