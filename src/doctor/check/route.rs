//! Ways out, and the routers on them.

use std::collections::BTreeSet;

use crate::addr::{Family, Prefix, shell_word};
use crate::doctor::{Check, Cure, Facts, Finding, Refusal, Way};

use super::forwarding::forwards;

pub(super) fn routers_unreachable(facts: &Facts) -> Vec<Finding> {
    let silent = facts.routers.iter().filter(|(_, answers)| !**answers);
    let finding = |((device, router), _): (&(_, std::net::IpAddr), _)| {
        let (asks, show) =
            if router.is_ipv4() { ("ARP", "ip neigh") } else { ("neighbour solicitations", "ip -6 neigh") };
        let evidence = vec![format!(
            "the router {router} does not answer {asks} on {device} ({show} show {router} dev {device}): what goes by \
             it is lost"
        )];
        let cure = Cure::remark("is that its address, and is the device on the right network or VLAN?");
        Finding::failure(Check::RouterUnreachable, router, evidence, cure)
    };
    silent.map(finding).collect()
}

pub(super) fn missing(facts: &Facts) -> Vec<Finding> {
    let Ok(told) = &facts.told else { return Vec::new() };
    let mut seen = BTreeSet::new();
    let lost = |way: &&Way| {
        // What is explained by a switch or a device that is off is told there.
        let explained = facts.links.get(&way.question.gateway).is_none_or(|tap| !forwards(facts, tap, way));
        let gateway = told.gateways.iter().find(|gateway| gateway.name == way.question.gateway);
        let uplink =
            gateway.and_then(|gateway| told.uplinks.iter().find(|one| Some(&one.name) == gateway.uplink.as_ref()));
        // One without a lease is a problem that the daemon tells.
        let down = uplink.is_some_and(|uplink| {
            uplink.address.is_none() || facts.links.get(&uplink.device).is_none_or(|link| !link.up || !link.carrier)
        });
        way.out == Err(Refusal::Unreachable) && way.question.everything && !explained && !down
    };
    let mut findings = Vec::new();
    for way in facts.ways.iter().filter(lost) {
        let question = &way.question;
        let family = Family::of(question.source);
        let table = question.uplink.as_ref().map(|(_, table)| *table);
        if !seen.insert((table, family)) {
            continue;
        }
        let place = table.map_or("table main".to_owned(), |table| format!("table {table}"));
        let gateway = shell_word(question.gateway.as_str());
        let evidence = vec![
            format!(
                "{} has no {family} route to {}: guests of {} get nowhere",
                place, question.destination, question.gateway
            ),
            format!("ip route get {} from {} iif {gateway}", question.destination, question.source),
        ];
        let all = if family == Family::V4 { Prefix::DEFAULT_V4 } else { Prefix::DEFAULT_V6 };
        let cure = match table {
            Some(_) => Cure::commands(["vgw host diff".to_owned()]),
            None => Cure::remark(format!(
                "add the host's default route (ip route add {all} via ROUTER), or, if guests need no more, name what \
                 they need: vgw gateway add {gateway} ... --route PREFIX"
            )),
        };
        findings.push(Finding::warning(Check::NoRoute, place, evidence, cure));
    }
    findings
}
