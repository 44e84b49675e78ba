//! Whether what guests may send fits further on.

use std::collections::BTreeMap;

use crate::doctor::{Check, Cure, Facts, Finding, Port};

pub(super) fn mtu(facts: &Facts) -> Vec<Finding> {
    let Ok(told) = &facts.told else { return Vec::new() };
    let mut findings = BTreeMap::new();
    for way in &facts.ways {
        let gateway = way.question.gateway;
        let Some(tap) = facts.links.get(&gateway) else { continue };
        let exit = way.out.as_ref().ok().and_then(|leads| Some((leads.device, facts.links.get(&leads.device)?.mtu)));
        let Some(told_gateway) = told.gateways.iter().find(|told| told.name == gateway) else { continue };
        let ports: Vec<&Port> = told.ports.iter().filter(|port| port.instance == told_gateway.instance).collect();
        let narrow = exit.filter(|(_, mtu)| *mtu < tap.mtu);
        // Where guests already send no more than fits, a narrow device is in nobody's way.
        let suits = !ports.is_empty() && ports.iter().all(|port| exit.is_some_and(|(_, mtu)| port.mtu <= mtu));
        if let Some((device, mtu)) = narrow.filter(|_| !suits) {
            let evidence = vec![format!(
                "{gateway} takes packets of {} bytes, {device} only of {mtu}: larger ones are dropped, and their senders \
                 told, which many firewalls do not pass on",
                tap.mtu
            )];
            let cure = Cure::commands([format!("ip link set dev {device} mtu {}", tap.mtu)]).but(format!(
                "if the link takes no more, give the guests and their ports mtu {mtu}: vgw port add ... --mtu {mtu}"
            ));
            findings.entry(device).or_insert_with(|| Finding::warning(Check::Mtu, device, evidence, cure));
        }
        for port in ports.iter().filter(|port| port.mtu > tap.mtu) {
            let evidence = vec![format!(
                "the guest of {} may send packets of {} bytes, {gateway} takes {}: larger ones do not leave",
                port.name, port.mtu, tap.mtu
            )];
            let cure = Cure::remark(format!(
                "give the port and its guest mtu {}: vgw port add ... --mtu {}",
                tap.mtu, tap.mtu
            ));
            findings.entry(port.name).or_insert_with(|| Finding::warning(Check::Mtu, port.name, evidence, cure));
        }
    }
    findings.into_values().collect()
}
