//! The active probe: whether a packet that comes in by a gateway's tap comes out, and its answer too.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::addr::{Family, InterfaceName};
use crate::clock::Clock;
use crate::doctor::probe::{Ends, Seen, Token, coming_in_by, datagram, echo_request, recognise};
use crate::doctor::{Leg, Link, Probed, Way};
use crate::sys::MonotonicClock;

use super::capture::Capture;
use super::inject::Injector;

/// Most ways that are tried: enough for every kind that a host has.
const MOST: usize = 64;
/// How long is waited for packets that do not come out.
const PATIENCE: Duration = Duration::from_millis(700);
/// How long is waited for a station outside.
const FAR_PATIENCE: Duration = Duration::from_secs(2);
/// Hops that lead behind the host's packet filter and no further than the first router.
const ONE_ON: u8 = 2;
/// Hops that end in the host, behind the routing.
const HERE: u8 = 1;
/// ICMP errors are rationed to about one a second for each receiver.
const ATTEMPTS: usize = 3;

/// Ways into and out of the host.
pub(super) struct Probe {
    injector: Injector,
    capture: Capture,
    secret: RandomState,
    number: u64,
}

/// A frame that comes in, and what is hoped for.
struct Shot {
    device: u32,
    frame: Vec<u8>,
    token: Token,
    hoped: fn(Seen) -> bool,
    /// What was seen, and the device that it left by.
    seen: Option<(u32, Seen)>,
}

impl Probe {
    /// Opens the ways.
    ///
    /// # Errors
    /// `EPERM` without the rights.
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self { injector: Injector::open()?, capture: Capture::open()?, secret: RandomState::new(), number: 0 })
    }

    /// Tries the ways that lead out. One that leads elsewhere than the lookup has said, as marks can make it,
    /// is corrected.
    ///
    /// # Errors
    /// The kernel takes no such packets (`EINVAL` before Linux 5.18).
    pub(super) fn try_out(&mut self, ways: &mut [Way], links: &BTreeMap<InterfaceName, Link>) -> io::Result<()> {
        let tried: Vec<&mut Way> = ways.iter_mut().filter(|way| way.out.is_ok()).take(MOST).collect();
        let mut attempts: Vec<Attempt<'_>> = tried.into_iter().filter_map(|way| Attempt::new(way, links)).collect();
        let shots = attempts.iter().map(|attempt| (attempt.tap, attempt.ends));
        let left = self.pass(shots, ONE_ON, |seen| matches!(seen, Seen::Datagram(..)), 1)?;
        for (attempt, seen) in attempts.iter_mut().zip(left) {
            attempt.has_left(seen, links);
        }

        // Those that came out are answered under the address that they came out with.
        let mut answered: Vec<&mut Attempt<'_>> =
            attempts.iter_mut().filter(|attempt| attempt.answer().is_some()).collect();
        let shots = answered.iter().filter_map(|attempt| attempt.answer());
        let back = self.pass(shots, ONE_ON, |seen| matches!(seen, Seen::Datagram(..)), 1)?;
        for (attempt, seen) in answered.iter_mut().zip(back) {
            attempt.back = Some(if seen.is_some() { Leg::Passed } else { Leg::Lost });
        }

        // Of those that did not come out, a twin that ends here tells how far they came.
        let mut stuck: Vec<&mut Attempt<'_>> =
            attempts.iter_mut().filter(|attempt| attempt.stuck().is_some()).collect();
        let shots = stuck.iter().filter_map(|attempt| attempt.stuck());
        let told = self.pass(shots, HERE, |seen| seen == Seen::Expired, ATTEMPTS)?;
        for (attempt, seen) in stuck.iter_mut().zip(told) {
            let leg =
                if attempt.there == Leg::Passed { attempt.back.get_or_insert(Leg::Lost) } else { &mut attempt.there };
            *leg = if seen.is_some() { Leg::Blocked } else { Leg::Lost };
        }
        for Attempt { way, there, back, .. } in attempts {
            way.probed = Some(Probed { there, back });
        }
        Ok(())
    }

    /// Asks a station outside for an echo, as guests of each gateway would.
    ///
    /// # Errors
    /// As [`Probe::try_out`].
    pub(super) fn ask(
        &mut self,
        peer: IpAddr,
        ways: &mut [Way],
        links: &BTreeMap<InterfaceName, Link>,
    ) -> io::Result<()> {
        for _ in 0..ATTEMPTS {
            let open = ways
                .iter_mut()
                .filter(|way| Family::of(way.question.source) == Family::of(peer) && way.answered != Some(true));
            let mut asked: Vec<(&mut Way, &Link)> =
                open.filter_map(|way| links.get(&way.question.gateway).map(|tap| (way, tap))).take(MOST).collect();
            let mut shots = Vec::new();
            for (way, tap) in &asked {
                let token = self.token();
                let stations = coming_in_by(tap.mac.unwrap_or(crate::addr::Mac::ZERO));
                let frame = echo_request(stations, way.question.source, peer, token);
                shots.push(Shot { device: tap.index, frame, token, hoped: |seen| seen == Seen::Reply, seen: None });
            }
            self.fire(&mut shots, FAR_PATIENCE)?;
            for ((way, _), shot) in asked.iter_mut().zip(&shots) {
                way.answered = Some(shot.seen.is_some());
            }
        }
        Ok(())
    }

    /// Lets datagrams come in by devices; what was seen of each that was hoped for.
    fn pass<'a>(
        &mut self,
        datagrams: impl Iterator<Item = (&'a Link, Ends)>,
        hops: u8,
        hoped: fn(Seen) -> bool,
        attempts: usize,
    ) -> io::Result<Vec<Option<(u32, Seen)>>> {
        let mut shots: Vec<Shot> = datagrams
            .map(|(link, ends)| {
                let token = self.token();
                let stations = coming_in_by(link.mac.unwrap_or(crate::addr::Mac::ZERO));
                Shot { device: link.index, frame: datagram(stations, &ends, hops, token), token, hoped, seen: None }
            })
            .collect();
        for _ in 0..attempts {
            self.fire(&mut shots, PATIENCE)?;
        }
        Ok(shots.into_iter().map(|shot| shot.seen).collect())
    }

    /// Lets those come in that were not seen yet, and waits for them.
    fn fire(&self, shots: &mut [Shot], patience: Duration) -> io::Result<()> {
        for shot in shots.iter().filter(|shot| shot.seen.is_none()) {
            self.injector.put_in(shot.device, &shot.frame)?;
        }
        let deadline = MonotonicClock.now() + patience;
        loop {
            while let Some((device, packet)) = self.capture.next()? {
                let Some((token, seen)) = recognise(&packet) else { continue };
                let found = shots.iter_mut().find(|shot| shot.token == token && (shot.hoped)(seen));
                found.into_iter().for_each(|shot| shot.seen = Some((device, seen)));
            }
            let left = deadline.since(MonotonicClock.now());
            if left.is_zero() || shots.iter().all(|shot| shot.seen.is_some()) {
                return Ok(());
            }
            let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut [PollFd::new(&self.capture, PollFlags::IN)], Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn token(&mut self) -> Token {
        self.number += 1;
        self.secret.hash_one(self.number).to_be_bytes()
    }
}

/// The packets of one way, and what has become of them.
struct Attempt<'a> {
    way: &'a mut Way,
    tap: &'a Link,
    /// The device that they leave by.
    exit: &'a Link,
    ends: Ends,
    /// The address and port that the first was seen to leave with.
    left_as: Option<(IpAddr, u16)>,
    there: Leg,
    back: Option<Leg>,
}

impl<'a> Attempt<'a> {
    fn new(way: &'a mut Way, links: &'a BTreeMap<InterfaceName, Link>) -> Option<Self> {
        let exit = links.get(&way.out.as_ref().ok()?.device)?;
        let tap = links.get(&way.question.gateway)?;
        let ends = Ends::there(way.question.source, way.question.destination);
        Some(Self { way, tap, exit, ends, left_as: None, there: Leg::Lost, back: None })
    }

    fn has_left(&mut self, seen: Option<(u32, Seen)>, links: &'a BTreeMap<InterfaceName, Link>) {
        let Some((device, Seen::Datagram(address, port))) = seen else { return };
        (self.there, self.left_as) = (Leg::Passed, Some((address, port)));
        let exit = links.iter().find(|(_, link)| link.index == device).filter(|_| device != self.exit.index);
        if let (Some((name, exit)), Ok(leads)) = (exit, &mut self.way.out) {
            (leads.device, leads.via, self.exit) = (*name, None, exit);
        }
    }

    /// The answer, if there is something to answer and the device takes Ethernet frames.
    fn answer(&self) -> Option<(&'a Link, Ends)> {
        let ends = self.ends.back(self.left_as?);
        self.exit.mac.map(|_| (self.exit, ends))
    }

    /// What did not come out.
    fn stuck(&self) -> Option<(&'a Link, Ends)> {
        match (self.there, self.back) {
            (Leg::Passed, Some(Leg::Passed) | None) => None,
            (Leg::Passed, Some(_)) => self.answer(),
            _ => Some((self.tap, self.ends)),
        }
    }
}
