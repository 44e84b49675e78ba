//! Packet filters: what the probe has met, and what the rules say.

use crate::addr::InterfaceName;
use crate::doctor::filter::{Chain, Culprit, Language, Opinion, Packet};
use crate::doctor::{Check, Cure, Facts, Finding, Leads, Leg, Refusal, Step, Way};

use super::forwarding::forwards;
use super::overlap::is_led_away;

/// Which way a packet goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    There,
    Back,
}

/// What has become of packets.
struct Fault {
    direction: Direction,
    check: Check,
    /// A sentence.
    seen: String,
}

/// A side of the host, as iptables' option and as nftables' key.
type Side = (&'static str, &'static str);

const INPUT: Side = ("-i", "iifname");
const OUTPUT: Side = ("-o", "oifname");

pub(super) fn blocked_or_lost(facts: &Facts) -> Vec<Finding> {
    let found = |way: &Way| {
        let leads = way.out.as_ref().ok()?;
        Some(finding(facts, way, leads, fault(facts, way, leads)?))
    };
    facts.ways.iter().filter_map(found).collect()
}

fn fault(facts: &Facts, way: &Way, leads: &Leads) -> Option<Fault> {
    // What stops at a switch, at a router that is not there, or for its source, is told there.
    let passes_on = |name| facts.links.get(&name).is_some_and(|link| forwards(facts, link, way));
    let router = leads.via.is_none_or(|via| facts.routers.get(&(leads.device, via)) != Some(&false));
    let is_led_away = is_led_away(facts, way) || matches!(way.back, Some(Err(Refusal::ReversePath)));
    let Some(probed) = way.probed else {
        let direction = [Direction::There, Direction::Back].into_iter().find(|direction| {
            let packet = packet(way, leads, *direction, true);
            matches!(facts.filter.judge("forward", &packet), Opinion::Dropped(_))
        })?;
        let seen = "no packet was sent to try it; this is what the rules say".to_owned();
        return Some(Fault { direction, check: Check::ForwardBlocked, seen });
    };
    let (direction, leg) = match (probed.there, probed.back) {
        (Leg::Passed, Some(leg)) => (Direction::Back, leg),
        (leg, _) => (Direction::There, leg),
    };
    let is_elsewhere = match direction {
        Direction::There => !passes_on(way.question.gateway) || !router,
        Direction::Back => !passes_on(leads.device) || is_led_away,
    };
    let packet = packet(way, leads, direction, true);
    let what = format!("a datagram from {} to {} that came in by {}", packet.source, packet.destination, packet.input);
    let out = match direction {
        Direction::There => leads.device,
        Direction::Back => way.question.gateway,
    };
    match leg {
        Leg::Passed => None,
        _ if is_elsewhere => None,
        Leg::Blocked => {
            let seen = format!("{what} was routed, and did not come out of {out}");
            Some(Fault { direction, check: Check::ForwardBlocked, seen })
        }
        Leg::Lost => {
            let seen = format!("{what} was neither sent on by {out} nor answered: it is lost before it is routed");
            Some(Fault { direction, check: Check::PacketsLost, seen })
        }
    }
}

fn packet(way: &Way, leads: &Leads, direction: Direction, routed: bool) -> Packet {
    let question = &way.question;
    let (input, output, source, destination) = match direction {
        Direction::There => (question.gateway, leads.device, question.source, question.destination),
        Direction::Back => (leads.device, question.gateway, question.destination, question.source),
    };
    let established = direction == Direction::Back;
    Packet { input, output: routed.then_some(output), source, destination, established }
}

fn finding(facts: &Facts, way: &Way, leads: &Leads, Fault { direction, check, seen }: Fault) -> Finding {
    let hook = if check == Check::ForwardBlocked { "forward" } else { "prerouting" };
    let packet = packet(way, leads, direction, check == Check::ForwardBlocked);
    let mut evidence = vec![seen];
    let culprits = match facts.filter.judge(hook, &packet) {
        Opinion::Passes => Vec::new(),
        Opinion::Dropped(culprits) | Opinion::Unclear(culprits) => culprits,
    };
    evidence.extend(culprits.iter().map(|Culprit { chain, what }| format!("{}: {what}", chain.place())));
    let steps = culprits.iter().flat_map(|culprit| exceptions(facts, culprit.chain, way, &packet)).collect();
    let cure = if culprits.is_empty() {
        Cure::commands(["nft list ruleset".to_owned(), "nft monitor trace".to_owned()])
            .but("no rule that could be read explains it: look for other filters (eBPF, nftables' sets, marks)")
    } else {
        Cure { steps, ..Cure::default() }.but(
            "put it into the firewall's own configuration too; narrow it as the networks need (Docker sets FORWARD to DROP)",
        )
    };
    let subject = format!(
        "{} to {}",
        packet.input,
        if direction == Direction::There { leads.device } else { way.question.gateway }
    );
    Finding::failure(check, subject, evidence, cure)
}

/// The rules that let a gateway's packets through a chain, there and back.
fn exceptions(facts: &Facts, chain: &Chain, way: &Way, packet: &Packet) -> Vec<Step> {
    let tap = way.question.gateway;
    if packet.output.is_some() {
        return [INPUT, OUTPUT].map(|side| insert(facts, chain, side, tap, None)).into();
    }
    let subnet = (packet.input != tap).then(|| way.question.subnet.to_string());
    vec![insert(facts, chain, INPUT, packet.input, subnet)]
}

/// A rule that accepts what comes in or goes out by a device, to a subnet if one is given.
fn insert(facts: &Facts, chain: &Chain, (option, key): Side, device: InterfaceName, to: Option<String>) -> Step {
    let Chain { language, family, table, name, base: _, rules: _ } = chain;
    // Chains of the old spelling are those that the program iptables keeps in nf_tables.
    let is_old = |name: &String| name.chars().all(|c| c.is_ascii_uppercase());
    let by_iptables = facts.filter.has_iptables && is_old(name) && family != "inet";
    if *language == Language::Nftables && !by_iptables {
        let destination = to.map_or(String::new(), |subnet| {
            format!(" {} daddr {subnet}", if subnet.contains(':') { "ip6" } else { "ip" })
        });
        let rule = format!("insert rule {family} {table} {name} {key} \"{device}\"{destination} accept");
        return Step::Run(vec!["nft".to_owned(), rule]);
    }
    let program = match (language, family.as_str()) {
        (Language::Legacy, "ip6") => "ip6tables-legacy",
        (Language::Legacy, _) => "iptables-legacy",
        (Language::Nftables, "ip6") => "ip6tables",
        (Language::Nftables, _) => "iptables",
    };
    // Docker leaves this chain to the administrator.
    let users = facts.filter.chains.iter().any(|other| {
        other.name == "DOCKER-USER" && (&other.language, &other.family, &other.table) == (language, family, table)
    });
    let chain = if users && name == "FORWARD" { "DOCKER-USER" } else { name };
    let mut words = vec![program, "-t", table, "-I", chain, option, device.as_str()];
    words.extend(to.iter().flat_map(|subnet| ["-d", subnet.as_str()]));
    words.extend(["-j", "ACCEPT"]);
    Step::Run(words.into_iter().map(str::to_owned).collect())
}

pub(super) fn bridges(facts: &Facts) -> Vec<Finding> {
    let Ok(told) = &facts.told else { return Vec::new() };
    let bridged = told.ports.iter().filter(|port| port.attached).find_map(|port| {
        let bridge = facts.links.get(&port.name)?.bridge?;
        let (name, _) = facts.links.iter().find(|(_, link)| link.index == bridge)?;
        Some((port.name, *name))
    });
    let Some((port, bridge)) = bridged else { return Vec::new() };
    let finding = |switch: &&'static str| {
        let families: &[&str] = if switch.ends_with("ip6tables") { &["ip6", "inet"] } else { &["ip", "inet"] };
        let drops = facts.filter.chains.iter().find(|chain| {
            families.contains(&chain.family.as_str())
                && chain.base.as_ref().is_some_and(|base| base.hook == "forward" && base.drops)
        })?;
        let evidence = vec![
            format!(
                "net.bridge.{switch} = 1, and {port} is a port of {bridge}: what the bridge passes between its \
                     ports goes through the filter of routed packets"
            ),
            format!("{}: policy drop", drops.place()),
        ];
        let cure = Cure::sysctl(&["net", "bridge", switch], 0)
            .but("Kubernetes and Docker want it on; then accept bridged packets in that chain instead");
        Some(Finding::warning(Check::BridgeFilter, bridge, evidence, cure))
    };
    facts.bridge_filters.iter().filter_map(finding).collect()
}
