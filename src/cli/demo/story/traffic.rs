//! Packets: out and back, within an instance, and not across.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::super::super::render::bytes;
use super::super::error::{Error, Result};
use super::super::namespace::Namespace;
use super::super::ping::Ping;
use super::super::shell;
use super::super::transfer::Transfer;
use super::{Stage, Story};

/// The host outside.
pub(super) const OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 1, 1, 253));
const OUTSIDE_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xff, 0, 0, 0, 0, 0x253));
pub(super) const GUEST1: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 253));
const GUEST1_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0x253));
const GUEST2: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 252));
const GUEST2_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0x252));
const GUEST3: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 2, 253));

const OUT: &str = "guest1 eth0 → tap0 → net1 → vgw1 → IP stack → eth0 → outside";
const IN: &str = "outside → eth0 → IP stack → vgw1 → net1 → tap0 → guest1 eth0";
const ACROSS: &str = "guest1 eth0 → tap0 → net1 → tap1 → guest2 eth0, not through the host";

/// Echo requests of each trip.
const PINGS: u32 = 5;
/// What Linux sends with.
const TTL: u32 = 64;

/// A ping with the way that it must take.
pub(super) struct Trip<'a> {
    pub(super) name: &'a str,
    pub(super) from: &'a Namespace,
    pub(super) to: IpAddr,
    /// Routers on the way back: each takes one from the answer's TTL.
    pub(super) routers: u32,
    /// Ports and taps that every packet and every answer passes.
    pub(super) through: [&'a str; 2],
    /// A gateway that nothing may be sent to.
    pub(super) aside: Option<&'a str>,
}

/// Packets received and transmitted by each port and gateway.
type Traffic = BTreeMap<String, (u64, u64)>;

impl Story<'_> {
    /// Guest to outside and back, both families, both beginnings.
    pub(super) fn reach_outside(&mut self, stage: &Stage) -> Result<()> {
        self.screen.step("Guest ⇄ outside", "Two routers take one off the TTL each: vgw and the host's IP stack.\nLast come the daemon's counters: packets in/out at each interface on the way.")?;
        let (guest1, outside) = (&stage.lab.guests[0], &stage.lab.outside);
        let trip = |name, from, to| Trip { name, from, to, routers: 2, through: ["tap0", "vgw1"], aside: None };
        self.travel(stage, &trip("guest1 → outside IPv4", guest1, OUTSIDE))?;
        self.travel(stage, &trip("guest1 → outside IPv6", guest1, OUTSIDE_V6))?;
        self.screen.detail(OUT)?;
        self.travel(stage, &trip("outside → guest1 IPv4", outside, GUEST1))?;
        self.travel(stage, &trip("outside → guest1 IPv6", outside, GUEST1_V6))?;
        self.screen.detail(IN)
    }

    /// Guest to guest in one instance, and nothing to the other instance.
    pub(super) fn stay_inside(&mut self, stage: &Stage) -> Result<()> {
        self.screen.step("Guest ⇄ guest", "One router, vgw itself. Another network is out of reach.")?;
        let [guest1, _, _] = &stage.lab.guests;
        let trip =
            |name, to| Trip { name, from: guest1, to, routers: 1, through: ["tap0", "tap1"], aside: Some("vgw1") };
        self.travel(stage, &trip("guest1 → guest2 IPv4", GUEST2))?;
        self.travel(stage, &trip("guest1 → guest2 IPv6", GUEST2_V6))?;
        self.screen.detail(ACROSS)?;
        let before = self.traffic(stage)?;
        let ping = Ping::send(guest1, GUEST3, 2)?;
        let reached = change(&before, &self.traffic(stage)?, "tap2").1;
        if ping.answered > 0 || reached > 0 {
            let seen = format!("{} answers, {reached} packets to tap2", ping.answered);
            return Err(Error::unexpected("ping guest1 → guest3 of net2", "no answer and no packet to tap2", seen));
        }
        let complaint = ping.complaint.unwrap_or_else(|| "no answer".to_owned());
        self.screen.good("guest1 → guest3 of net2", &format!("{complaint}; tap2 sent nothing"))
    }

    /// A ping that must be answered in full, along its way; shown in one line.
    pub(super) fn travel(&mut self, stage: &Stage, trip: &Trip<'_>) -> Result<()> {
        let before = self.traffic(stage)?;
        let ping = Ping::send(trip.from, trip.to, PINGS)?;
        let seen = || format!("{} answers, TTL {:?}", ping.answered, ping.ttl);
        if ping.answered != ping.sent || ping.ttl != Some(TTL - trip.routers) {
            let expected = format!("{} answers with TTL {}", ping.sent, TTL - trip.routers);
            return Err(Error::unexpected(format!("ping {}", trip.name), expected, seen()));
        }
        let counted = shell::wait(Duration::from_secs(2), &self.interrupt, || {
            let after = self.traffic(stage)?;
            let least = |name: &&str| {
                let (received, transmitted) = change(&before, &after, name);
                received.min(transmitted) >= u64::from(PINGS)
            };
            Ok(trip.through.iter().all(least).then_some(after))
        })?;
        let Some(after) = counted else {
            let after = self.traffic(stage)?;
            let seen = trip.through.map(|name| format!("{name} {:?}", change(&before, &after, name))).join(", ");
            let expected = format!("{PINGS} packets in and out of {}", trip.through.join(" and "));
            return Err(Error::unexpected(format!("counters of {}", trip.name), expected, seen));
        };
        if let Some(aside) = trip.aside
            && change(&before, &after, aside).1 > 0
        {
            let seen = format!("{} packets to it", change(&before, &after, aside).1);
            return Err(Error::unexpected(format!("counters of {}", trip.name), format!("nothing to {aside}"), seen));
        }
        let counts = trip.through.map(|name| {
            let (received, transmitted) = change(&before, &after, name);
            format!("{name} {received}/{transmitted}")
        });
        let mean = ping.mean.map(|mean| format!("{mean:.2} ms")).unwrap_or_default();
        let measured = format!(
            "{} pings, 0 % loss  {mean:>8}  TTL {TTL} → {}  {}",
            ping.sent,
            TTL - trip.routers,
            counts.join("  ")
        );
        self.screen.good(trip.name, &measured)
    }

    /// TCP both ways between guest1 and the outside.
    pub(super) fn transfer(&mut self, stage: &Stage) -> Result<()> {
        self.screen.step("A TCP transfer both ways", "One stream for a second; every byte sent must arrive.")?;
        let (guest1, outside) = (&stage.lab.guests[0], &stage.lab.outside);
        for (name, from, to, address) in
            [("guest1 → outside", guest1, outside, OUTSIDE), ("outside → guest1", outside, guest1, GUEST1)]
        {
            let second = Duration::from_secs(1);
            let transfer = Transfer::measure(from, (to, address), second, &*self.clock, &self.interrupt)?;
            let amount = bytes(transfer.bytes);
            self.screen.good(name, &format!("{:.2} Gbit/s  {amount}", transfer.gigabits()))?;
        }
        Ok(())
    }

    fn traffic(&self, stage: &Stage) -> Result<Traffic> {
        let status = self.status(stage)?;
        let gateways = status.gateways.into_iter().map(|gateway| (gateway.interface, gateway.counters));
        let ports = status.ports.into_iter().map(|port| (port.interface, port.counters));
        Ok(gateways.chain(ports).map(|(name, counters)| (name, (counters.received, counters.transmitted))).collect())
    }
}

/// Packets received and transmitted between two moments.
fn change(before: &Traffic, after: &Traffic, name: &str) -> (u64, u64) {
    let at = |traffic: &Traffic| traffic.get(name).copied().unwrap_or_default();
    let ((received, transmitted), (later_received, later_transmitted)) = (at(before), at(after));
    (later_received.saturating_sub(received), later_transmitted.saturating_sub(transmitted))
}
