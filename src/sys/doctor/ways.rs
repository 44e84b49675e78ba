//! Where packets of gateways go, by the kernel's own lookups, and the routers on the way.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use rustix::event::{Timespec, poll};

use crate::addr::InterfaceName;
use crate::clock::Clock;
use crate::doctor::{Facts, Leads, Link, Question, Refusal, Told, Way};
use crate::sys::MonotonicClock;
use crate::sys::netlink::{Neighbour, Netlink, NetlinkError, Request};

/// How long a neighbour is waited for: the kernel asks three times, a second apart (`mcast_solicit`).
const NEIGHBOURS: Duration = Duration::from_millis(3500);
/// How often it is looked whether they have answered.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Looks up where packets go that come in by gateways' taps.
pub(super) fn out(netlink: &mut Netlink, questions: Vec<Question>, facts: &Facts) -> Vec<Way> {
    let way = |question: Question| {
        let tap = facts.links.get(&question.gateway)?;
        let out = look_up(netlink, (question.source, question.destination), tap, facts);
        Some(Way { question, out, back: None, probed: None, answered: None })
    };
    questions.into_iter().filter_map(way).collect()
}

/// Looks up where answers go that come in by the devices that the packets have left by.
///
/// # Errors
/// No socket.
pub(super) fn back(facts: &mut Facts) -> Result<(), NetlinkError> {
    let mut netlink = Netlink::open()?;
    let mut back = |way: &Way| {
        let exit = facts.links.get(&way.out.as_ref().ok()?.device)?;
        Some(look_up(&mut netlink, (way.question.destination, way.question.source), exit, facts))
    };
    let found: Vec<_> = facts.ways.iter().map(&mut back).collect();
    for (way, found) in facts.ways.iter_mut().zip(found) {
        way.back = found;
    }
    Ok(())
}

fn look_up(
    netlink: &mut Netlink,
    (source, destination): (IpAddr, IpAddr),
    input: &Link,
    facts: &Facts,
) -> Result<Leads, Refusal> {
    let checks = input.switches.reverse_path.max(facts.reverse_path_all) > 0;
    match netlink.look_up(source, destination, input.index) {
        Ok(found) => match facts.links.iter().find(|(_, link)| link.index == found.link) {
            Some((device, _)) => Ok(Leads { device: *device, via: found.via, table: found.table }),
            None => Err(Refusal::Other("it leads to a device that came meanwhile".to_owned())),
        },
        Err(error) => Err(match error.errno {
            libc::EXDEV => Refusal::ReversePath,
            // From 6.14 on the kernel does not say what it has against a packet.
            libc::EINVAL if checks && source.is_ipv4() => Refusal::ReversePath,
            libc::ENETUNREACH | libc::EHOSTUNREACH | libc::EACCES => Refusal::Unreachable,
            _ => Refusal::Other(error.to_string()),
        }),
    }
}

/// Whether the routers that packets are sent to answer on their links.
///
/// # Errors
/// The neighbours cannot be listed.
pub(super) fn routers(
    netlink: &mut Netlink,
    told: &Told,
    facts: &Facts,
) -> Result<BTreeMap<(InterfaceName, IpAddr), bool>, NetlinkError> {
    let uplinks = told.uplinks.iter().filter_map(|uplink| Some((uplink.device, uplink.via?)));
    let exits =
        facts.ways.iter().filter_map(|way| way.out.as_ref().ok()).filter_map(|leads| Some((leads.device, leads.via?)));
    let asked: BTreeMap<(InterfaceName, IpAddr), u32> = uplinks
        .chain(exits)
        .filter_map(|(device, via)| {
            let link = facts.links.get(&device).filter(|link| link.up && link.carrier)?;
            Some(((device, via), link.index))
        })
        .collect();
    // Only those of whom nothing is known: to be asked for takes a permanent entry's permanence away.
    let known = neighbours(netlink)?;
    let unknown =
        asked.iter().filter(|((_, via), link)| matches!(known.get(&(**link, *via)), None | Some(Neighbour::Silent)));
    let requests = unknown.map(|((_, via), link)| Request::seek_neighbour(*link, *via)).collect();
    // Who lacks the right to ask still sees what others have found out.
    let may_ask = netlink.carry_out(requests).iter().all(Result::is_ok);
    let deadline = MonotonicClock.now() + NEIGHBOURS;
    loop {
        let known = neighbours(netlink)?;
        let state = |via: IpAddr, link: u32| known.get(&(link, via)).copied();
        let waits = asked.iter().any(|((_, via), link)| matches!(state(*via, *link), Some(Neighbour::Asked)));
        if waits && may_ask && !deadline.since(MonotonicClock.now()).is_zero() {
            let pause = Timespec::try_from(LOOK_AGAIN).unwrap_or_default();
            let _ = poll(&mut [], Some(&pause));
            continue;
        }
        let judged = asked.iter().filter_map(|((device, via), link)| match state(*via, *link)? {
            Neighbour::Known => Some(((*device, *via), true)),
            Neighbour::Silent => Some(((*device, *via), false)),
            Neighbour::Asked => may_ask.then_some(((*device, *via), false)),
        });
        return Ok(judged.collect());
    }
}

fn neighbours(netlink: &mut Netlink) -> Result<BTreeMap<(u32, IpAddr), Neighbour>, NetlinkError> {
    Ok(netlink.neighbours()?.into_iter().map(|(link, address, state)| ((link, address), state)).collect())
}
