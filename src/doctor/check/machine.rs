//! What the machine as a whole gives.

use crate::doctor::{Check, Cure, Facts, Finding};

/// Of a hundred places for connections, so many taken are worth a word.
const NEARLY_FULL: u64 = 90;

pub(super) fn rights(facts: &Facts) -> Vec<Finding> {
    if facts.missing_rights.is_empty() {
        return Vec::new();
    }
    let evidence = vec![format!("{} missing here: not everything could be looked at", facts.missing_rights.join(", "))];
    vec![Finding::warning(Check::Rights, "vgw doctor", evidence, Cure::commands(["sudo vgw doctor".to_owned()]))]
}

pub(super) fn tun(facts: &Facts) -> Vec<Finding> {
    let Some(reason) = &facts.tun else { return Vec::new() };
    let cure = Cure::commands(["modprobe tun".to_owned()]).safe().but("in a container: pass /dev/net/tun on to it");
    vec![Finding::failure(Check::Tun, "/dev/net/tun", vec![reason.clone()], cure)]
}

pub(super) fn conntrack(facts: &Facts) -> Vec<Finding> {
    let Some((count, limit)) = facts.conntrack.filter(|(count, limit)| count * 100 >= limit * NEARLY_FULL) else {
        return Vec::new();
    };
    let evidence = vec![format!(
        "net.netfilter.nf_conntrack_count = {count}, nf_conntrack_max = {limit}; new connections are dropped when it is full"
    )];
    let cure = Cure::sysctl(&["net", "netfilter", "nf_conntrack_max"], limit.saturating_mul(2).max(count * 2)).safe();
    let finding = if count >= limit { Finding::failure } else { Finding::warning };
    vec![finding(Check::Conntrack, "nf_conntrack", evidence, cure)]
}
