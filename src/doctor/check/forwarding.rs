//! The switches of the interfaces that packets come in by (docs/decisions/forwarding-switches.md).

use std::collections::BTreeMap;

use crate::addr::{Family, InterfaceName};
use crate::doctor::{Check, Cure, Facts, Finding, Leg, Link, Refusal, Way};

use super::overlap::is_led_away;

/// A route that a router has advertised (`RTPROT_RA`).
const ADVERTISED: u8 = 9;

/// True if what comes in by the link is passed on, in the way's family.
pub(super) fn forwards(facts: &Facts, link: &Link, way: &Way) -> bool {
    match Family::of(way.question.source) {
        Family::V4 => link.switches.forwarding_v4,
        Family::V6 => facts.forwards_v6 || link.switches.force_forwarding_v6 == Some(true),
    }
}

pub(super) fn off(facts: &Facts) -> Vec<Finding> {
    let mut findings = BTreeMap::new();
    for way in &facts.ways {
        let exit = way.out.as_ref().ok().map(|leads| leads.device);
        for (name, whose) in [(Some(way.question.gateway), "guests' packets"), (exit, "answers to guests")] {
            let Some((name, link)) = name.and_then(|name| Some((name, facts.links.get(&name)?))) else { continue };
            if forwards(facts, link, way) {
                continue;
            }
            let family = Family::of(way.question.source);
            let (switch, cure) = match (family, link.switches.force_forwarding_v6) {
                (Family::V4, _) => {
                    let switch = ["net", "ipv4", "conf", name.as_str(), "forwarding"];
                    (switch.join("."), Cure::sysctl(&switch, 1).safe())
                }
                (Family::V6, Some(_)) => {
                    let switch = ["net", "ipv6", "conf", name.as_str(), "force_forwarding"];
                    (switch.join("."), Cure::sysctl(&switch, 1).safe())
                }
                (Family::V6, None) => {
                    let switch = ["net", "ipv6", "conf", "all", "forwarding"];
                    let note = "this kernel has one switch for the whole host; a device that takes its default route \
                                from a router's advertisements needs accept_ra=2 first";
                    (switch.join("."), Cure::sysctl(&switch, 1).but(note))
                }
            };
            let evidence = vec![format!("{switch} = 0: {whose} that come in by {name} are dropped")];
            findings
                .entry((name, family))
                .or_insert_with(|| Finding::failure(Check::ForwardingOff, name, evidence, cure));
        }
    }
    findings.into_values().collect()
}

pub(super) fn reverse_path(facts: &Facts) -> Vec<Finding> {
    let mut findings = BTreeMap::new();
    for way in facts.ways.iter().filter(|way| !is_led_away(facts, way)) {
        let question = &way.question;
        // What has come through counts more than what the lookup foretells.
        let has_come = way.probed.is_some_and(|probed| probed.back == Some(Leg::Passed));
        let (name, from, to) = match (&way.out, &way.back) {
            (Err(Refusal::ReversePath), _) => (question.gateway, question.source, question.destination),
            (Ok(leads), Some(Err(Refusal::ReversePath))) if !has_come => {
                (leads.device, question.destination, question.source)
            }
            _ => continue,
        };
        let own = facts.links.get(&name).map_or(0, |link| link.switches.reverse_path);
        let evidence = vec![
            format!(
                "the kernel refuses packets from {from} to {to} that come in by {name}: it would answer them by \
                     another way (ip route get {to} from {from} iif {name} refuses)"
            ),
            format!(
                "net.ipv4.conf.{name}.rp_filter = {own}, net.ipv4.conf.all.rp_filter = {}; the larger counts",
                facts.reverse_path_all
            ),
        ];
        let cure = Cure::sysctl(&["net", "ipv4", "conf", name.as_str(), "rp_filter"], 2)
            .but("loose mode: what comes from addresses that the host has no route to at all is still refused");
        findings.entry(name).or_insert_with(|| Finding::failure(Check::ReversePath, name, evidence, cure));
    }
    findings.into_values().collect()
}

pub(super) fn ignored_routers(facts: &Facts) -> Vec<Finding> {
    let advertised = |route: &&crate::doctor::Route| {
        route.protocol == ADVERTISED && route.prefix.is_default() && route.prefix.family() == Family::V6
    };
    let devices: std::collections::BTreeSet<InterfaceName> =
        facts.routes.iter().filter(advertised).filter_map(|route| route.device).collect();
    let finding = |name: InterfaceName| {
        let switches = facts.links.get(&name)?.switches;
        let evidence = vec![
            format!("the host has its IPv6 default route from advertisements on {name}, and ignores them from now on"),
            format!("net.ipv6.conf.{name}.forwarding = 1, net.ipv6.conf.{name}.accept_ra = 1"),
        ];
        let cure = Cure::sysctl(&["net", "ipv6", "conf", name.as_str(), "accept_ra"], 2).safe();
        (switches.forwarding_v6 && switches.accept_ra == 1)
            .then(|| Finding::failure(Check::RouterIgnored, name, evidence, cure))
    };
    devices.into_iter().filter_map(finding).collect()
}
