//! From place to place, until the packet has arrived or is stopped.

use crate::addr::InterfaceName;
use crate::engine::command::Failure;
use crate::engine::conductor::Conductor;
use crate::forward::{DropReason, Load};
use crate::gateway::Refusal;
use crate::packet::{Content, ETHERNET_HEADER, Frame, Packet, rewrite};

use super::host::{self, Crossing};
use super::instance::{self, Passing};
use super::packet::Imagined;
use super::view::{Place, Probe, TraceEnd, TraceStep, TraceVerdict, TraceView, WayView, Where};

/// More places than any packet passes: from a guest to the host and from there to a guest are four.
const PLACES: usize = 16;

/// The packets that went before, where a copy of the forwarder has to have seen them: what a guest has
/// sent shows its MAC to the answer.
type Before = Vec<(InterfaceName, Load)>;

impl Conductor {
    /// Follows a packet that nobody has sent, and the answer to it if that is asked for.
    ///
    /// # Errors
    /// The port, or the device, is not there; the kernel could not be asked.
    pub(in crate::engine) fn trace(&mut self, probe: &Probe) -> Result<TraceView, Failure> {
        let mut before = Before::new();
        let there = self.follow(probe.at, probe.load.clone(), false, &mut before)?;
        let mut ways = vec![there.way];
        if let Some((at, answer)) = there.arrived.filter(|_| probe.both_ways)
            && let Ok(bytes) = answer.bytes()
        {
            ways.push(self.follow(at, Load::Ip(bytes), true, &mut before)?.way);
        }
        Ok(TraceView { ways })
    }

    fn follow(
        &mut self,
        mut at: Where,
        mut load: Load,
        is_answer: bool,
        before: &mut Before,
    ) -> Result<Followed, Failure> {
        let packet = read(&load);
        let words = packet.map_or_else(|| "a frame that is not IP".to_owned(), |packet| packet.to_string());
        let mut steps = Vec::new();
        if let Where::Device(device) = at {
            let text = format!("in by {device} from outside");
            let facts = vec![("device", device.to_string())];
            let at = device.to_string();
            steps.push(TraceStep { place: Place::Uplink, at, kind: "received", text, facts, decides: false });
        }
        let followed = |steps, verdict, arrived: Option<Where>| {
            let arrived = arrived.zip(packet).map(|(at, packet)| (at, packet.answer()));
            Followed { way: WayView { packet: words.clone(), steps, verdict }, arrived }
        };
        for _ in 0..PLACES {
            match at {
                Where::Port(port) => {
                    let (told, onward) = self.pass(port, &load, before)?;
                    steps.extend(told);
                    match onward {
                        instance::Onward::Ends(verdict) => return Ok(followed(steps, verdict, None)),
                        instance::Onward::Leaves(egress, ip) if self.dataplane.is_gateway(&egress) => {
                            (at, load) = (Where::Device(egress), Load::Ip(ip));
                        }
                        instance::Onward::Leaves(egress, _) => {
                            let verdict = forwarded(egress, "it reaches the guest behind");
                            return Ok(followed(steps, verdict, Some(Where::Port(egress))));
                        }
                    }
                }
                Where::Device(device) => {
                    let Some((ip, mut packet)) = headers(&load) else {
                        let (reason, meaning) = (DropReason::IpInhdr.name(), DropReason::IpInhdr.meaning());
                        return Ok(followed(steps, dropped(reason, meaning), None));
                    };
                    packet.is_answer = is_answer;
                    let (told, onward) = self.cross(device, packet)?;
                    steps.extend(told);
                    match onward {
                        host::Onward::Ends(verdict) => return Ok(followed(steps, verdict, None)),
                        host::Onward::Leaves(egress, _) if self.dataplane.is_gateway(&egress) => {
                            (at, load) = (Where::Port(egress), Load::Ip(passed_on(ip)));
                        }
                        host::Onward::Leaves(egress, uplink) => {
                            let text = match &uplink {
                                Some(uplink) => format!("out by {egress}, uplink {uplink}"),
                                None => format!("out by {egress}"),
                            };
                            let facts = [("device", egress.to_string())];
                            let facts = facts.into_iter().chain(uplink.map(|uplink| ("uplink", uplink))).collect();
                            let (place, at) = (Place::Uplink, egress.to_string());
                            steps.push(TraceStep { place, at, kind: "leaves", text, facts, decides: false });
                            let verdict = forwarded(egress, "it leaves the host by");
                            return Ok(followed(steps, verdict, Some(Where::Device(egress))));
                        }
                    }
                }
            }
        }
        Ok(followed(steps, dropped("LOOP", "it goes in a circle"), None))
    }

    /// Through a routing instance.
    fn pass(
        &self,
        port: InterfaceName,
        load: &Load,
        before: &mut Before,
    ) -> Result<(Vec<TraceStep>, instance::Onward), Failure> {
        let instance = self.dataplane.instance_of(&port).ok_or_else(|| not_found("port", port))?;
        before.retain(|(other, _)| self.dataplane.instance_of(other).as_ref() == Some(&instance));
        before.push((port, load.clone()));
        let trace = self.dataplane.trace(before).ok_or_else(|| not_found("port", port))?;
        let passing = Passing {
            ingress: port,
            instance: &instance,
            is_gateway: &|name| self.dataplane.is_gateway(name),
            name: &|id| self.dataplane.name_of(id),
        };
        Ok(passing.tell(&trace))
    }

    /// Through the host.
    fn cross(&mut self, device: InterfaceName, packet: Imagined) -> Result<(Vec<TraceStep>, host::Onward), Failure> {
        let way = self.platform.kernel().way(&packet.flow(device))?.ok_or_else(|| not_found("device", device))?;
        let crossing =
            Crossing { input: device, packet, ours: &self.mirror.seen().ours, uplink: &|table| self.uplink_of(table) };
        Ok(crossing.tell(&way))
    }

    /// The uplink that has this table.
    fn uplink_of(&self, table: u32) -> Option<String> {
        let found = self.plan.registry().uplinks().find(|uplink| uplink.table == table);
        found.map(|uplink| uplink.spec.name.to_string())
    }
}

/// A packet that was followed.
struct Followed {
    way: WayView,
    /// Where it has arrived, and the answer that comes from there.
    arrived: Option<(Where, Imagined)>,
}

fn read(load: &Load) -> Option<Imagined> {
    match load {
        Load::Ip(ip) => Imagined::read(ip),
        Load::Frame(frame) => Imagined::read(frame.get(ETHERNET_HEADER..)?),
    }
}

/// An IP packet as the host passes it on.
fn passed_on(ip: &[u8]) -> Vec<u8> {
    let mut packet = Packet::from_ip(ip);
    if let Ok(Frame { content: Content::Ip(ip), .. }) = Frame::parse(packet.frame()) {
        rewrite::decrement_hop_limit(packet.frame_mut(), &ip);
    }
    packet.frame()[ETHERNET_HEADER..].to_vec()
}

/// What the host can read of a packet.
fn headers(load: &Load) -> Option<(&[u8], Imagined)> {
    match load {
        Load::Ip(ip) => Some((ip, Imagined::read(ip)?)),
        Load::Frame(_) => None,
    }
}

fn dropped(reason: &'static str, meaning: &str) -> TraceVerdict {
    let (at, meaning) = ("host".to_owned(), meaning.to_owned());
    TraceVerdict { end: TraceEnd::Dropped, at, reason: Some(reason), meaning, cure: None }
}

fn forwarded(egress: InterfaceName, how: &str) -> TraceVerdict {
    let (at, meaning) = (egress.to_string(), format!("{how} {egress}"));
    TraceVerdict { end: TraceEnd::Forwarded, at, reason: None, meaning, cure: None }
}

fn not_found(kind: &'static str, name: InterfaceName) -> Failure {
    Refusal::NotFound { kind, name: name.to_string() }.into()
}
