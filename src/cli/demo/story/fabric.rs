//! With the fabric: the host's card behind vgwd, and both packet flows of OpenContrail's Simple Gateway,
//! step by step, each step with what shows it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::super::error::{Error, Result};
use super::super::namespace::Namespace;
use super::super::ping::Ping;
use super::super::shell;
use super::traffic::{GUEST1, OUTSIDE};
use super::{NET1, Stage, Story};

/// Echo requests of each flow.
const PINGS: u32 = 5;

/// What shows a step.
enum Shown {
    /// At least as many packets in by an interface, as the other side of it counts them.
    Packets(&'static str, Direction),
    /// What a command prints has this word in it.
    Answer(String, &'static str),
    /// The host's own routing says this device.
    HostRoute(IpAddr, IpAddr, &'static str, &'static str),
    /// Every ping was answered.
    Answered,
}

/// Seen from vgwd.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

/// Packets that vgwd took in and gave out, by interface.
type Counts = BTreeMap<&'static str, (u64, u64)>;

impl Story<'_> {
    /// The steps between the first and the last, with the fabric.
    pub(super) fn act_with_fabric(&mut self, stage: &Stage) -> Result<()> {
        self.add_ports(stage)?;
        self.take_card(stage)?;
        self.provision(stage)?;
        self.flow_out(stage)?;
        self.flow_in(stage)?;
        self.give_card_back(stage)
    }

    fn take_card(&mut self, stage: &Stage) -> Result<()> {
        self.screen.step(
            "The host's card",
            "vgwd takes eth0 in front of the host, which has vhost0 in its place: addresses, routes and all.\n\
             Not confirmed in time, it would go back by itself.",
        )?;
        for command in ["vgw fabric take eth0 --confirm 60s", "vgw fabric confirm"] {
            self.screen.command(command)?;
            let answer = self.vgw(stage, command)?;
            self.screen.good(answer.lines().next().unwrap_or_default(), "")?;
        }
        let addresses = stage.lab.compute.ip("-br address show")?;
        self.screen.output(&addresses)?;
        // Nobody outside needs a route by the node: it answers for its guests on the wire.
        stage.lab.outside.ip("route replace 192.168.1.0/24 dev eth0")?;
        self.screen.detail("outside takes 192.168.1.0/24 to be on its own link from now on")
    }

    /// From the virtual network to the public one.
    fn flow_out(&mut self, stage: &Stage) -> Result<()> {
        self.screen.step("From the virtual network to the public network", "ping 10.1.1.253, from guest1.")?;
        let to = OUTSIDE.to_string();
        let steps = [
            ("its packets arrive by tap0", Shown::Packets("tap0", Direction::In)),
            ("tap0 is in the routing instance net1", Shown::Answer("vgw port show tap0".to_owned(), NET1)),
            ("net1 leads 10.1.1.253 to vgw1", lookup(NET1, &to, "vgw1")),
            ("they go to the host's IP stack by vgw1", Shown::Packets("vgw1", Direction::Out)),
            ("the host routes them to vhost0", Shown::HostRoute(GUEST1, OUTSIDE, "vgw1", "vhost0")),
            ("vgwd receives them by vhost0", Shown::Packets("vhost0", Direction::In)),
            ("vhost0 is in the routing instance FABRIC", lookup("FABRIC", "10.1.1.1", "vhost0")),
            ("FABRIC leads 10.1.1.253 to eth0", lookup("FABRIC", &to, "eth0")),
            ("they go out by eth0", Shown::Packets("eth0", Direction::Out)),
            ("outside receives them, and answers", Shown::Answered),
        ];
        self.flow(stage, &stage.lab.guests[0], OUTSIDE, &steps)
    }

    /// From the public network to the virtual one.
    fn flow_in(&mut self, stage: &Stage) -> Result<()> {
        self.screen.step(
            "From the public network to the virtual network",
            "ping 192.168.1.253, from outside, which asks its own wire for it: vgwd answers that.",
        )?;
        let to = GUEST1.to_string();
        let steps = [
            ("its packets arrive at eth0", Shown::Packets("eth0", Direction::In)),
            ("eth0 is in the routing instance FABRIC", lookup("FABRIC", "10.1.1.253", "eth0")),
            ("the host's own stack does not hear them there", Shown::HostRoute(OUTSIDE, OUTSIDE, "", "vhost0")),
            ("FABRIC leads 192.168.1.253 to vhost0", lookup("FABRIC", &to, "vhost0")),
            ("they go to the host's IP stack by vhost0", Shown::Packets("vhost0", Direction::Out)),
            ("the host routes them to vgw1", Shown::HostRoute(OUTSIDE, GUEST1, "vhost0", "vgw1")),
            ("vgwd receives them by vgw1, in net1", Shown::Packets("vgw1", Direction::In)),
            ("net1 leads 192.168.1.253 to tap0", lookup(NET1, &to, "tap0")),
            ("they go out by tap0", Shown::Packets("tap0", Direction::Out)),
            ("guest1 receives them, and answers", Shown::Answered),
        ];
        self.flow(stage, &stage.lab.outside, GUEST1, &steps)
    }

    /// Pings, and shows every step.
    fn flow(&mut self, stage: &Stage, from: &Namespace, to: IpAddr, steps: &[(&str, Shown)]) -> Result<()> {
        let before = self.counts(stage)?;
        let ping = Ping::send(from, to, PINGS)?;
        for (number, (what, shown)) in (1..).zip(steps) {
            let evidence = match shown {
                Shown::Packets(interface, direction) => self.passed(stage, &before, (interface, *direction))?,
                Shown::Answer(command, word) => self.said(stage, command, word)?,
                Shown::HostRoute(from, to, by, device) => host_route(stage, (*from, *to), by, device)?,
                Shown::Answered if ping.answered == ping.sent => format!("{} of {}", ping.answered, ping.sent),
                Shown::Answered => return Err(Error::unexpected("ping", "every answer", format!("{ping:?}"))),
            };
            self.screen.good(&format!("{number:>2} {what:<48}"), &evidence)?;
        }
        Ok(())
    }

    fn give_card_back(&mut self, stage: &Stage) -> Result<()> {
        self.screen.step("The card goes back", "Connections of the host go on, as they did when it was taken.")?;
        stage.lab.outside.ip("route replace 192.168.1.0/24 via 10.1.1.1")?;
        self.show_vgw(stage, "vgw fabric give-back")?;
        let ping = Ping::send(&stage.lab.guests[0], OUTSIDE, PINGS)?;
        if ping.answered != ping.sent {
            return Err(Error::unexpected("ping guest1 → outside", "every answer", format!("{ping:?}")));
        }
        self.screen.good("guest1 → outside", "by eth0 as the host has it again")
    }

    /// As many packets as were sent passed an interface.
    fn passed(
        &self,
        stage: &Stage,
        before: &Counts,
        (interface, direction): (&'static str, Direction),
    ) -> Result<String> {
        let passed = |counts: &Counts| {
            let of = |counts: &Counts| counts.get(interface).copied().unwrap_or_default();
            let ((old_in, old_out), (new_in, new_out)) = (of(before), of(counts));
            if direction == Direction::In { new_in.saturating_sub(old_in) } else { new_out.saturating_sub(old_out) }
        };
        let enough = shell::wait(Duration::from_secs(2), &self.interrupt, || {
            let passed = passed(&self.counts(stage)?);
            Ok((passed >= u64::from(PINGS)).then_some(passed))
        })?;
        let way = if direction == Direction::In { "in" } else { "out" };
        match enough {
            Some(passed) => Ok(format!("{interface} {way} {passed}")),
            None => Err(Error::unexpected(format!("packets {way} by {interface}"), format!("{PINGS}"), "fewer")),
        }
    }

    fn said(&self, stage: &Stage, command: &str, word: &str) -> Result<String> {
        let answer = self.vgw(stage, command)?;
        let line = answer.lines().find(|line| line.contains(word));
        let line = line.ok_or_else(|| Error::unexpected(command, word, answer.trim_end()))?;
        Ok(line.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The guest's port as the daemon counts, the others as the node's kernel does, which has the other end.
    fn counts(&self, stage: &Stage) -> Result<Counts> {
        let status = self.status(stage)?;
        let tap = status.ports.iter().find(|port| port.interface == "tap0");
        let mut counts: Counts =
            tap.map(|tap| ("tap0", (tap.counters.received, tap.counters.transmitted))).into_iter().collect();
        let links = stage.lab.compute.ip("-s -j link show")?;
        let links: serde_json::Value = serde_json::from_str(&links)
            .map_err(|error| Error::unexpected("ip -s -j link", "JSON", error.to_string()))?;
        for link in links.as_array().into_iter().flatten() {
            let packets = |way: &str| link["stats64"][way]["packets"].as_u64().unwrap_or_default();
            let name = ["vgw1", "vhost0", "eth0"].into_iter().find(|name| link["ifname"] == *name);
            match name {
                // What the host sends by a tap, vgwd takes in.
                Some(tap @ ("vgw1" | "vhost0")) => drop(counts.insert(tap, (packets("tx"), packets("rx")))),
                Some(card) => drop(counts.insert(card, (packets("rx"), packets("tx")))),
                None => {}
            }
        }
        Ok(counts)
    }
}

fn lookup(instance: &str, address: &str, port: &'static str) -> Shown {
    Shown::Answer(format!("vgw route lookup --instance {instance} {address}"), port)
}

/// What the node's kernel says of a packet that comes in by `by`, or that it sends itself.
fn host_route(stage: &Stage, (from, to): (IpAddr, IpAddr), by: &str, device: &str) -> Result<String> {
    let question =
        if by.is_empty() { format!("route get {to}") } else { format!("route get {to} from {from} iif {by}") };
    let answer = stage.lab.compute.ip(&question)?;
    if !answer.contains(&format!("dev {device}")) {
        return Err(Error::unexpected(format!("ip {question}"), format!("dev {device}"), answer.trim_end()));
    }
    Ok(format!("dev {device}, says ip route get"))
}
