//! Other programs' rules beside ours.

use std::collections::BTreeSet;

use crate::addr::Family;
use crate::doctor::{Check, Cure, Facts, Finding, Way};
use crate::host::{ForeignRule, Mark};

pub(super) fn asked_first(facts: &Facts) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for way in &facts.ways {
        let (Some((uplink, table)), Ok(leads)) = (&way.question.uplink, &way.out) else { continue };
        if leads.table == *table {
            continue;
        }
        let culprit = facts.rules.iter().find(|rule| catches(rule, way, leads.table, &facts.mark));
        let went = format!(
            "packets from {} go out by {}, as table {} says, and not as table {table} of uplink {uplink}",
            way.question.subnet, leads.device, leads.table
        );
        let finding = match culprit {
            Some(rule) if seen.insert((rule.family, rule.priority, rule.table)) => {
                let evidence = vec![
                    went,
                    format!("'{rule}' is asked before the rules of gateways, from {} on", facts.mark.rule_priority),
                ];
                let cure = Cure::commands([format!("ip{} rule delete {rule}", flag(rule.family))])
                    .but("somebody has put it there for a reason: if it stays, let it say 'from' what it is meant for");
                Finding::failure(Check::RuleFirst, format_args!("rule {}", rule.priority), evidence, cure)
            }
            Some(_) => continue,
            None => {
                let cure = Cure::commands(["vgw host diff".to_owned()]);
                Finding::failure(Check::RuleFirst, way.question.gateway, vec![went], cure)
            }
        };
        findings.push(finding);
    }
    findings
}

/// True if this rule may have led the way's packets to a table before ours were asked.
fn catches(rule: &ForeignRule, way: &Way, table: u32, mark: &Mark) -> bool {
    let question = &way.question;
    rule.family == Family::of(question.source)
        && rule.table == table
        && rule.priority < mark.rule_priority + Mark::RULE_PRIORITIES
        && rule.from.is_none_or(|from| from.contains(question.source))
        && rule.to.is_none_or(|to| to.contains(question.destination))
        && rule.input.is_none_or(|input| input == question.gateway)
}

pub(super) fn between_ours(facts: &Facts) -> Vec<Finding> {
    let (mark, behind) = (&facts.mark, facts.mark.rule_priority + Mark::RULE_PRIORITIES);
    let foreign = facts.rules.iter().filter(|rule| mark.owns_priority(rule.priority) && rule.protocol != mark.protocol);
    let finding = |rule: &ForeignRule| {
        let evidence = vec![format!(
            "'{rule}' stands among the rules of gateways ({} to {}), where it may be passed over or lead packets away",
            mark.rule_priority,
            behind - 1
        )];
        let moved = ForeignRule { priority: behind, ..*rule };
        let ip = format!("ip{} rule", flag(rule.family));
        let cure = if rule.special {
            Cure::remark(format!("give it a priority outside, {behind} or more, or less than {}", mark.rule_priority))
        } else {
            Cure::commands([format!("{ip} add {moved}"), format!("{ip} delete {rule}")])
        };
        Finding::warning(Check::RuleInBlock, format_args!("rule {}", rule.priority), evidence, cure)
    };
    foreign.map(finding).collect()
}

fn flag(family: Family) -> &'static str {
    if family == Family::V6 { " -6" } else { "" }
}
