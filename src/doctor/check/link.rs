//! Taps and uplinks' devices.

use crate::addr::InterfaceName;
use crate::doctor::{Check, Cure, Facts, Finding, Link, Step, Traffic};

/// What the kernel gives a new tap (`TUN_READQ_SIZE` in drivers/net/tun.c), packets.
const USUAL: u32 = 500;
/// Room for half a second of 20,000 packets each second.
const LONG: u32 = 10_000;
/// A queue that has dropped fewer than one in a thousand, or than a hundred at all, is no news.
const ONE_IN: u64 = 1000;
const SOME: u64 = 100;

pub(super) fn taps_missing(facts: &Facts) -> Vec<Finding> {
    let Ok(told) = &facts.told else { return Vec::new() };
    let missing = told.taps().filter(|tap| !facts.links.contains_key(tap));
    let finding = |tap: InterfaceName| {
        let evidence = vec![format!("the daemon has {tap}, and there is no such interface in this network namespace")];
        let cure = Cure::commands(["vgw host diff".to_owned()])
            .but("if nothing is to be done there, the daemon runs in another namespace: run vgw doctor in that one");
        Finding::failure(Check::TapMissing, tap, evidence, cure)
    };
    missing.map(finding).collect()
}

pub(super) fn uplinks_down(facts: &Facts) -> Vec<Finding> {
    let Ok(told) = &facts.told else { return Vec::new() };
    let finding = |uplink: &crate::doctor::Uplink| {
        let device = uplink.device;
        let (what, cure) = match facts.links.get(&device) {
            None => (format!("there is no interface {device}"), Cure::remark("give the uplink the device's name")),
            Some(link) if !link.up => {
                (format!("{device} is down"), Cure::commands([format!("ip link set dev {device} up")]))
            }
            Some(link) if !link.carrier => {
                (format!("{device} has no carrier"), Cure::remark("look at the cable, or at the other side"))
            }
            Some(_) => return None,
        };
        let evidence = vec![format!("{what}: what is to leave by uplink {} stops", uplink.name)];
        Some(Finding::failure(Check::UplinkDown, &uplink.name, evidence, cure))
    };
    told.uplinks.iter().filter_map(finding).collect()
}

pub(super) fn short_queues(facts: &Facts) -> Vec<Finding> {
    let Ok(told) = &facts.told else { return Vec::new() };
    let gateways = told.gateways.iter().map(|gateway| gateway.name);
    let finding = |name: InterfaceName| {
        let length = facts.links.get(&name)?.queue_length;
        let evidence = vec![format!(
            "the queue of {name} takes {length} packets, where the kernel gives {USUAL}: bursts to guests are dropped"
        )];
        let cure = of_the_file(&format!("to {USUAL} at least, or leave it out"));
        (length < USUAL).then(|| Finding::warning(Check::QueueShort, name, evidence, cure))
    };
    gateways.filter_map(finding).collect()
}

pub(super) fn full_queues(facts: &Facts) -> Vec<Finding> {
    let Ok(told) = &facts.told else { return Vec::new() };
    let ports = told.ports.iter().filter(|port| port.attached).map(|port| (port.name, queue(port.name, LONG).safe()));
    let gateways = told.gateways.iter().map(|gateway| (gateway.name, of_the_file(&format!("to {LONG}"))));
    let finding = |(name, cure): (InterfaceName, Cure)| {
        let link = facts.links.get(&name)?;
        let Link { sent, dropped, queue_length, .. } = *link;
        let evidence = vec![format!(
            "{dropped} packets to {name} found its queue of {queue_length} packets full, {sent} did not (ip -s link show \
             dev {name})"
        )];
        let counts = dropped >= SOME && dropped.saturating_mul(ONE_IN) >= sent && queue_length < LONG;
        counts.then(|| Finding::warning(Check::QueueFull, name, evidence, cure))
    };
    gateways.chain(ports).filter_map(finding).collect()
}

/// Of what the forwarder could not get rid of it knows where it came in, not where it was to go.
pub(super) fn full_rings(facts: &Facts) -> Vec<Finding> {
    let Ok(told) = &facts.told else { return Vec::new() };
    let gateways = told.gateways.iter().map(|gateway| (gateway.name, gateway.traffic));
    let ports = told.ports.iter().map(|port| (port.name, port.traffic));
    let finding = |(name, Traffic { received, full_ring }): (InterfaceName, Traffic)| {
        let evidence = vec![format!(
            "{full_ring} of {received} packets that came in by {name} were dropped as FULL_RING: whoever was to get them \
             does not read his queue"
        )];
        let cure = Cure::remark(
            "the ports whose guests do not keep up have drops in 'ip -s link show'; give those a longer txqueuelen",
        );
        (full_ring >= SOME && full_ring.saturating_mul(ONE_IN) >= received)
            .then(|| Finding::warning(Check::QueueFull, name, evidence, cure))
    };
    gateways.chain(ports).filter_map(finding).collect()
}

/// The daemon sees to the length of its own taps' queues.
fn of_the_file(what: &str) -> Cure {
    Cure::remark(format!("set [dataplane] queue_length {what}, and restart vgwd"))
}

fn queue(name: InterfaceName, length: u32) -> Cure {
    let words = ["ip", "link", "set", "dev", name.as_str(), "txqueuelen", &length.to_string()];
    Cure { steps: vec![Step::Run(words.map(str::to_owned).into())], ..Cure::default() }
}
