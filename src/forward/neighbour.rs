//! What a port knows of the stations behind it.

use std::net::IpAddr;
use std::time::Duration;

use crate::addr::{Mac, PortId};
use crate::clock::Moment;
use crate::packet::{Ip, Packet};

use super::NeighbourView;

/// A MAC that nothing has confirmed for this long is asked for again when it is used.
pub(super) const STALE_AFTER: Duration = Duration::from_secs(60);
/// A MAC that nothing has confirmed for this long is forgotten.
pub(super) const FORGET_AFTER: Duration = Duration::from_secs(600);
/// Time between two requests (RFC 1122, 2.3.2.1: at most one a second for each destination).
pub(super) const PROBE_INTERVAL: Duration = Duration::from_secs(1);
/// Requests before a neighbour counts as unreachable.
pub(super) const PROBES: u8 = 3;
/// The other workers hear of a confirmation at most this often.
const SHARE_INTERVAL: Duration = Duration::from_millis(500);

/// A packet that waits for a MAC, unedited.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) ingress: PortId,
    pub(super) ip: Ip,
    pub(super) packet: Packet,
}

#[derive(Debug)]
struct Neighbour {
    address: IpAddr,
    mac: Option<Mac>,
    confirmed: Moment,
    shared: Option<Moment>,
    /// Requests sent since somebody last wanted to know.
    probes: u8,
    /// When to ask again or give up; `None` while nobody wants to know.
    next_probe: Option<Moment>,
    held: Vec<Held>,
}

/// What is known of a MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolution {
    /// Good to use.
    Known(Mac),
    /// Good to use, and to be asked for again; the asking has been noted as begun.
    Stale(Mac),
    /// Not known.
    Unknown,
}

/// What follows from a confirmed MAC.
#[derive(Debug, Default)]
pub(super) struct Confirmed {
    /// Worth telling the other workers.
    pub(super) is_news: bool,
    /// Packets that waited for it.
    pub(super) released: Vec<Held>,
}

/// There is no room for another neighbour.
#[derive(Debug)]
struct TableFull;

/// A packet now waits.
#[derive(Debug)]
pub(super) struct Waiting {
    /// It is the first to ask: a request is due.
    pub(super) is_first: bool,
    /// The one that made way for it.
    pub(super) displaced: Option<Held>,
}

/// What time asks for.
#[derive(Debug)]
pub(super) enum Due {
    /// Ask for an address, of the station that had it if one did.
    Ask(IpAddr, Option<Mac>),
    /// Nobody answered; these waited in vain.
    Failed(Vec<Held>),
}

/// The neighbours of a port, sorted by address: most ports have one or two, and a search in so
/// few beats hashing.
#[derive(Debug)]
pub(super) struct Neighbours {
    entries: Vec<Neighbour>,
    /// Where the last search ended: the next one is mostly for the same.
    recent: usize,
    limit: usize,
}

impl Neighbours {
    pub(super) fn new(limit: usize) -> Self {
        Self { entries: Vec::new(), recent: 0, limit }
    }

    /// A copy for which no packets wait.
    pub(super) fn shadow(&self) -> Self {
        let entries = self.entries.iter().map(|entry| Neighbour { held: Vec::new(), ..*entry }).collect();
        Self { entries, ..*self }
    }

    /// The MAC to send to. A stale one is noted as being asked for.
    #[inline]
    pub(super) fn resolve(&mut self, address: IpAddr, now: Moment) -> Resolution {
        let Some(entry) = self.find(address) else { return Resolution::Unknown };
        let Some(mac) = entry.mac else { return Resolution::Unknown };
        if entry.next_probe.is_some() || now.since(entry.confirmed) < STALE_AFTER {
            return Resolution::Known(mac);
        }
        entry.probes = 1;
        entry.next_probe = Some(now + PROBE_INTERVAL);
        Resolution::Stale(mac)
    }

    /// True if this address is known or being asked for.
    pub(super) fn knows(&self, address: IpAddr) -> bool {
        self.position(address).is_ok()
    }

    /// True while a MAC is asked for that is not known.
    pub(super) fn is_asking(&self) -> bool {
        self.entries.iter().any(|entry| entry.mac.is_none())
    }

    /// A frame has shown again what is known already; false if it shows something new.
    #[inline]
    pub(super) fn refresh(&mut self, address: IpAddr, mac: Mac, now: Moment) -> bool {
        match self.find(address) {
            Some(entry) if entry.mac == Some(mac) && entry.next_probe.is_none() => {
                entry.confirmed = now;
                true
            }
            _ => false,
        }
    }

    /// Takes a MAC as true from now on. Nothing is kept if the table is full.
    pub(super) fn confirm(&mut self, address: IpAddr, mac: Mac, now: Moment) -> Confirmed {
        let Ok(entry) = self.find_or_insert(address, now) else { return Confirmed::default() };
        let is_news = entry.mac != Some(mac) || entry.shared.is_none_or(|at| now.since(at) >= SHARE_INTERVAL);
        if is_news {
            entry.shared = Some(now);
        }
        entry.mac = Some(mac);
        entry.confirmed = now;
        entry.probes = 0;
        entry.next_probe = None;
        Confirmed { is_news, released: std::mem::take(&mut entry.held) }
    }

    /// Begins to ask for an address, unless that has begun. True if a request is due now; `None` if
    /// the table is full.
    pub(super) fn begin(&mut self, address: IpAddr, now: Moment) -> Option<bool> {
        let entry = self.find_or_insert(address, now).ok()?;
        let is_first = entry.next_probe.is_none();
        if is_first {
            entry.probes = 1;
            entry.next_probe = Some(now + PROBE_INTERVAL);
        }
        Some(is_first)
    }

    /// Keeps a packet until the MAC is known, `limit` for each neighbour at most. `None`, and the
    /// packet is not taken, if the table is full.
    pub(super) fn hold(
        &mut self,
        address: IpAddr,
        limit: usize,
        now: Moment,
        take: impl FnOnce() -> Held,
    ) -> Option<Waiting> {
        let is_first = self.begin(address, now)?;
        let entry = self.find(address)?;
        let displaced = (entry.held.len() >= limit.max(1)).then(|| entry.held.remove(0));
        entry.held.push(take());
        Some(Waiting { is_first, displaced })
    }

    /// What is due by now; afterwards it is not due any more.
    pub(super) fn due(&mut self, now: Moment) -> Vec<Due> {
        let mut due = Vec::new();
        self.entries.retain_mut(|entry| match entry.next_probe {
            Some(at) if at > now => true,
            Some(_) if entry.probes < PROBES => {
                entry.probes += 1;
                entry.next_probe = Some(now + PROBE_INTERVAL);
                due.push(Due::Ask(entry.address, entry.mac));
                true
            }
            Some(_) => {
                due.push(Due::Failed(std::mem::take(&mut entry.held)));
                false
            }
            None => now.since(entry.confirmed) < FORGET_AFTER,
        });
        due
    }

    /// When something is due next.
    pub(super) fn next_deadline(&self) -> Option<Moment> {
        self.entries.iter().map(|entry| entry.next_probe.unwrap_or(entry.confirmed + FORGET_AFTER)).min()
    }

    /// Forgets everything; the packets that waited come back.
    pub(super) fn clear(&mut self) -> Vec<Held> {
        self.entries.drain(..).flat_map(|entry| entry.held).collect()
    }

    pub(super) fn held_mut(&mut self) -> impl Iterator<Item = &mut Vec<Held>> {
        self.entries.iter_mut().map(|entry| &mut entry.held)
    }

    pub(super) fn views(&self) -> impl Iterator<Item = NeighbourView> {
        let view = |entry: &Neighbour| NeighbourView { address: entry.address, mac: entry.mac, held: entry.held.len() };
        self.entries.iter().map(view)
    }

    fn position(&self, address: IpAddr) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.address.cmp(&address))
    }

    #[inline]
    fn find(&mut self, address: IpAddr) -> Option<&mut Neighbour> {
        if self.entries.get(self.recent).is_none_or(|entry| entry.address != address) {
            self.recent = self.position(address).ok()?;
        }
        self.entries.get_mut(self.recent)
    }

    fn find_or_insert(&mut self, address: IpAddr, now: Moment) -> Result<&mut Neighbour, TableFull> {
        let mut position = self.position(address);
        if position.is_err() && self.entries.len() >= self.limit {
            self.evict(now)?;
            position = self.position(address);
        }
        Ok(match position {
            Ok(at) => &mut self.entries[at],
            Err(at) => {
                let (mac, shared, next_probe) = (None, None, None);
                let entry = Neighbour { address, mac, confirmed: now, shared, probes: 0, next_probe, held: Vec::new() };
                self.entries.insert(at, entry);
                &mut self.entries[at]
            }
        })
    }

    /// Makes room by forgetting the stalest neighbour. One that is in use is never forgotten, so
    /// that asking for many addresses does not disturb those that are there.
    fn evict(&mut self, now: Moment) -> Result<(), TableFull> {
        let stale = |entry: &Neighbour| entry.next_probe.is_none() && now.since(entry.confirmed) >= STALE_AFTER;
        let candidates = self.entries.iter().enumerate().filter(|(_, entry)| stale(entry));
        let (oldest, _) = candidates.min_by_key(|(_, entry)| entry.confirmed).ok_or(TableFull)?;
        self.entries.remove(oldest);
        Ok(())
    }
}
