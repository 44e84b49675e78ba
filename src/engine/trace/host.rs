//! A packet's steps through the host, in words.

use crate::addr::{Family, InterfaceName};
use crate::host::{Fate, HostState, Matched, Stop, Switches, Translation, Way, table_name};

use super::cure;
use super::packet::Imagined;
use super::view::{End, Place, TraceStep, Verdict};

/// A packet in the host.
pub(super) struct Crossing<'a> {
    /// The device that it came in by.
    pub(super) input: InterfaceName,
    /// The packet.
    pub(super) packet: Imagined,
    /// What we have in the kernel.
    pub(super) ours: &'a HostState,
    /// The uplink that a table, or a device, belongs to.
    pub(super) uplink: &'a dyn Fn(Option<u32>, Option<InterfaceName>) -> Option<String>,
}

/// What comes of it.
pub(super) enum Onward {
    /// It leaves by this device.
    Leaves(InterfaceName),
    /// Nothing more.
    Ends(Verdict),
}

impl Crossing<'_> {
    /// The steps of the packet, the deciding one marked unless it goes on, and what comes of it.
    pub(super) fn tell(&self, way: &Way) -> (Vec<TraceStep>, Onward) {
        let Way { switches, rule, matched, fate } = way;
        let mut steps = vec![self.switches(*switches)];
        if matches!(fate, Fate::Stopped(Stop::ForwardingOff)) {
            return self.stopped(steps, &Stop::ForwardingOff, None);
        }
        steps.extend(rule.map(|rule| {
            let facts = vec![("priority", rule.priority.to_string()), ("rule", rule.to_string())];
            host("rule", format!("rule {rule}"), facts)
        }));
        steps.push(self.route(*matched, fate));
        let table = matched.map(|matched| table_name(matched.table));
        let (device, mtu) = match fate {
            Fate::Out { device, via: _, mtu } => (*device, *mtu),
            Fate::Local => {
                decide(&mut steps);
                let meaning = "it is for the host itself".to_owned();
                let at = "host".to_owned();
                return (steps, Onward::Ends(Verdict { end: End::Delivered, at, reason: None, meaning, cure: None }));
            }
            Fate::Stopped(stop) => return self.stopped(steps, stop, table.as_deref()),
        };
        // As `ip_forward` in net/ipv4/ip_forward.c: the TTL before the size.
        if self.packet.hop_limit <= 1 {
            let text = format!("TTL {}, used up", self.packet.hop_limit);
            steps.push(host("hop_limit", text, vec![("hop_limit", self.packet.hop_limit.to_string())]));
            let meaning = "the TTL or hop limit is used up in the host; its sender is told by ICMP";
            return ended(steps, "IP_TTL", meaning, Some("the sender's TTL is too small for the way".to_owned()));
        }
        let length = u32::from(self.packet.length.unwrap_or_default());
        let facts = || vec![("length", length.to_string()), ("mtu", mtu.to_string())];
        if length > mtu && self.packet.dont_fragment {
            let text = format!("{length} bytes, MTU {mtu} of {device}: too big, and not to be fragmented");
            steps.push(host("size", text, facts()));
            let meaning = "larger than the device's MTU and not to be fragmented; its sender is told by ICMP";
            return ended(steps, "PKT_TOO_BIG", meaning, Some("send smaller packets".to_owned()));
        }
        if length > mtu {
            steps.push(host("size", format!("{length} bytes, MTU {mtu} of {device}: is cut"), facts()));
        }
        steps.extend(self.masquerade(device));
        (steps, Onward::Leaves(device))
    }

    fn switches(&self, switches: Switches) -> TraceStep {
        let Switches { forwards, reverse_path } = switches;
        let on = if forwards { "on" } else { "off" };
        let mut text = format!("in by {}: forwarding {on}", self.input);
        let mut facts = vec![("device", self.input.to_string()), ("forwarding", on.to_owned())];
        if let Some(check) = reverse_path {
            text += &format!(", rp_filter {}", check.as_str());
            facts.push(("rp_filter", check.as_str().to_owned()));
        }
        host("input", text, facts)
    }

    fn route(&self, matched: Option<Matched>, fate: &Fate) -> TraceStep {
        let leads = match fate {
            Fate::Out { device, via: Some(via), .. } => format!("via {via} dev {device}"),
            Fate::Out { device, via: None, .. } => format!("dev {device}"),
            Fate::Local => "local".to_owned(),
            Fate::Stopped(Stop::Unreachable) => "unreachable".to_owned(),
            Fate::Stopped(Stop::Prohibit) => "prohibit".to_owned(),
            Fate::Stopped(Stop::Blackhole) => "blackhole".to_owned(),
            Fate::Stopped(Stop::ReversePath) => format!("but the source may not come in by {}", self.input),
            Fate::Stopped(Stop::Refused(words)) => format!("refused: {words}"),
            Fate::Stopped(Stop::NoRoute | Stop::ForwardingOff) => "none".to_owned(),
        };
        let Some(Matched { table, prefix }) = matched else {
            let text = if matches!(fate, Fate::Stopped(Stop::NoRoute)) { "no route".to_owned() } else { leads.clone() };
            return host("route", text, vec![("leads", leads)]);
        };
        let name = table_name(table);
        let mut facts = vec![("table", table.to_string()), ("prefix", prefix.to_string()), ("leads", leads.clone())];
        let of = (self.uplink)(Some(table), None).map_or_else(String::new, |uplink| {
            facts.push(("uplink", uplink.clone()));
            format!(" of uplink {uplink}")
        });
        let prefix = if prefix.is_default() { "default".to_owned() } else { prefix.to_string() };
        host("route", format!("table {name}{of}: {prefix} {leads}"), facts)
    }

    /// Under which address the packet leaves, if it is another. An answer was translated back before.
    fn masquerade(&self, device: InterfaceName) -> Option<TraceStep> {
        if self.ours.links.contains_key(&device) || self.packet.is_answer {
            return None;
        }
        let covering = self.ours.masquerades.iter().filter(|one| one.subnet.contains(self.packet.source));
        let mut to = covering.filter_map(|one| match one.to {
            Translation::Device => Some(format!("the address of {device}")),
            Translation::Uplink(of, address) => (of == device).then(|| address.to_string()),
        });
        let to = to.next_back()?;
        let facts = vec![("from", self.packet.source.to_string()), ("to", to.clone())];
        Some(host("masquerade", format!("masquerade: {} becomes {to}", self.packet.source), facts))
    }

    fn stopped(&self, steps: Vec<TraceStep>, stop: &Stop, table: Option<&str>) -> (Vec<TraceStep>, Onward) {
        let meaning = match stop {
            Stop::ForwardingOff => format!("the host does not forward what comes in by {}", self.input),
            Stop::ReversePath => format!("the host does not take this source from {}", self.input),
            Stop::NoRoute => "the host has no route to the destination".to_owned(),
            Stop::Unreachable => "the host's route says unreachable".to_owned(),
            Stop::Prohibit => "the host's route says prohibit".to_owned(),
            Stop::Blackhole => "the host's route says blackhole".to_owned(),
            Stop::Refused(words) => format!("the kernel refuses it: {words}"),
        };
        let cure = cure::of_stop(stop, self.input, Family::of(self.packet.source), table);
        ended(steps, stop.name(), &meaning, cure)
    }
}

fn host(kind: &'static str, text: String, facts: Vec<(&'static str, String)>) -> TraceStep {
    TraceStep { place: Place::Host, at: "host".to_owned(), kind, text, facts, decides: false }
}

fn decide(steps: &mut [TraceStep]) {
    if let Some(last) = steps.last_mut() {
        last.decides = true;
    }
}

fn ended(
    mut steps: Vec<TraceStep>,
    reason: &'static str,
    meaning: &str,
    cure: Option<String>,
) -> (Vec<TraceStep>, Onward) {
    decide(&mut steps);
    let (at, meaning) = ("host".to_owned(), meaning.to_owned());
    (steps, Onward::Ends(Verdict { end: End::Dropped, at, reason: Some(reason), meaning, cure }))
}
