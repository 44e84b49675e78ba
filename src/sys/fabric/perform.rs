//! Doing steps.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use crossbeam_channel::after;
use rtnetlink::packet_core::{NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use rustix::time::{ClockId, clock_gettime};

use crate::addr::InterfaceName;
use crate::engine::{Device, FabricSite, Queues};
use crate::fabric::{Card, IPV6_OFF, Observed, Place, Put, Record, Side, Site, SiteError, Step};
use crate::sys::netlink::{ADDRESS_GENERATION_NONE, LinkChange, Netlink, NetlinkError};
use crate::sys::packet_socket::PacketSocket;
use crate::sys::tap::Tap;
use crate::sys::{nft, rights};

use super::ingress;
use super::journal::JournalFile;
use super::observe::{cards, file, observe};

// include/uapi/linux/rtnetlink.h
const NEW_ADDRESS: u16 = 20;
const DELETE_ADDRESS: u16 = 21;
const NEW_ROUTE: u16 = 24;
const DELETE_ROUTE: u16 = 25;
const NEW_NEIGHBOUR: u16 = 28;
const DELETE_NEIGHBOUR: u16 = 29;

/// How often it is looked whether a tap that nobody holds is gone, and the pause in between.
const LOOKS: usize = 200;
const PAUSE: Duration = Duration::from_millis(10);

/// The kernel, with the queues of both devices until somebody takes them.
#[derive(Debug)]
pub struct LinuxSite {
    netlink: Netlink,
    journal: JournalFile,
    queues: usize,
    own: Option<u8>,
    taps: Vec<Tap>,
    sockets: Vec<PacketSocket>,
    /// The kernel cannot tell the host of a tap's wire.
    lacks_carrier: bool,
}

impl LinuxSite {
    /// The present network namespace, with the journal in that folder and so many queues a device. Routes
    /// of the protocol `own` are ours: they are neither moved nor written down, but made anew.
    ///
    /// # Errors
    /// No descriptor or no memory left.
    pub fn new(folder: &Path, queues: usize, own: Option<u8>) -> Result<Self, SiteError> {
        let netlink = Netlink::open().map_err(|error| SiteError(error.to_string()))?;
        Ok(Self {
            netlink,
            journal: JournalFile::in_folder(folder),
            queues,
            own,
            taps: Vec::new(),
            sockets: Vec::new(),
            lacks_carrier: false,
        })
    }

    /// Where a side is.
    fn place(&self, side: Side, record: &Record) -> Result<Place, SiteError> {
        match side {
            Side::Device => Ok(record.device),
            Side::Host => {
                let index = self.netlink.index(record.host).map_err(refused)?;
                Ok(Place { index, name: record.host })
            }
        }
    }

    fn make(&mut self, record: &Record) -> Result<(), SiteError> {
        rights::check_attach().map_err(|missing| SiteError(missing.to_string()))?;
        self.taps = Tap::create(record.host, self.queues).map_err(|error| SiteError(error.to_string()))?;
        let change = LinkChange {
            mac: Some(record.mac),
            mtu: Some(record.mtu),
            address_generation: record.address_generation.map(|_| ADDRESS_GENERATION_NONE),
            ..LinkChange::default()
        };
        self.change(record.host, &change)
    }

    fn change(&mut self, device: InterfaceName, change: &LinkChange) -> Result<(), SiteError> {
        let index = self.netlink.index(device).map_err(refused)?;
        self.netlink.change_link(index, change).map_err(refused)
    }

    /// Closes what is still held of the tap, and waits until it is gone.
    fn remove(&mut self, record: &Record) -> Result<(), SiteError> {
        self.taps.clear();
        for _ in 0..LOOKS {
            match self.netlink.link(record.host).map_err(refused)? {
                // Another's of that name is left alone.
                // Nothing tells this socket when the last of those who hold it has let go.
                Some(link) if link.tap.is_some() && link.mac == record.mac => drop(after(PAUSE).recv()),
                _ => return Ok(()),
            }
        }
        Err(SiteError("somebody still holds it open".to_owned()))
    }

    fn tell(&mut self, kind: u16, flags: u16, body: &[u8]) -> Result<(), SiteError> {
        let done = self.netlink.raw_request(kind, flags, body);
        let is_deletion = [DELETE_ADDRESS, DELETE_ROUTE, DELETE_NEIGHBOUR].contains(&kind);
        match done {
            // What is there already, or gone already, is as it shall be.
            Err(error) if error.errno == libc::EEXIST || is_deletion && error.is_gone() => Ok(()),
            done => done.map_err(refused),
        }
    }
}

impl FabricSite for LinuxSite {
    fn take_queues(&mut self) -> (Queues, Queues) {
        let sockets = std::mem::take(&mut self.sockets).into_iter().map(|socket| Box::new(socket) as Box<dyn Device>);
        let taps = std::mem::take(&mut self.taps).into_iter().map(|tap| Box::new(tap) as Box<dyn Device>);
        (sockets.collect(), taps.collect())
    }

    fn check(&self) -> Result<(), SiteError> {
        nft::check().map_err(|error| SiteError(error.to_string()))
    }

    fn is_shut(&self) -> Result<bool, SiteError> {
        ingress::is_shut()
    }

    fn filters(&self, device: InterfaceName) -> Vec<String> {
        let quoted = format!("\"{device}\"");
        let rules = nft::ruleset().unwrap_or_default();
        rules.lines().map(str::trim).filter(|line| line.contains(&quoted)).map(str::to_owned).collect()
    }

    fn note(&mut self, record: Option<&Record>) -> Result<(), SiteError> {
        record.map_or_else(|| self.journal.remove(), |record| self.journal.write(record)).map_err(on_disk)
    }

    fn follow_carrier(&mut self, record: &Record) -> Result<Option<bool>, SiteError> {
        let card = self.netlink.link_at(record.device.index).map_err(refused)?;
        let Some(tap) = self.netlink.link(record.host).map_err(refused)? else { return Ok(None) };
        let carrier = card.is_some_and(|card| card.carrier);
        // A tap that is down shows none.
        if self.lacks_carrier || !tap.up || tap.carrier == carrier {
            return Ok(None);
        }
        let change = LinkChange { carrier: Some(carrier), ..LinkChange::default() };
        match self.netlink.change_link(tap.index, &change) {
            Err(error) if error.errno == libc::EOPNOTSUPP => {
                self.lacks_carrier = true;
                Err(SiteError("this kernel cannot (5.0 can)".to_owned()))
            }
            done => done.map(|()| Some(carrier)).map_err(refused),
        }
    }
}

impl Site for LinuxSite {
    fn observe(&mut self, device: InterfaceName, host: InterfaceName) -> Result<Observed, SiteError> {
        let mut observed = observe(&mut self.netlink, device, host).map_err(refused)?;
        observed.routes.retain(|route| Some(route.protocol()) != self.own);
        Ok(observed)
    }

    fn cards(&mut self) -> Result<Vec<Card>, SiteError> {
        cards(&mut self.netlink).map_err(refused)
    }

    fn now(&self) -> u64 {
        // Positive on this clock.
        clock_gettime(ClockId::Boottime).tv_sec.unsigned_abs()
    }

    fn perform(&mut self, step: &Step, record: &Record) -> Result<(), SiteError> {
        let device = record.device;
        match step {
            Step::Write(_) => self.journal.write(record).map_err(on_disk),
            Step::Make => self.make(record),
            Step::Set(path, value) => set(path, record.host, value),
            Step::Join => {
                let sockets = PacketSocket::open_wire(device.index, self.queues);
                self.sockets = sockets.map_err(|error| SiteError(error.to_string()))?;
                Ok(())
            }
            Step::Raise(side) => {
                let name = self.place(*side, record)?.name;
                self.change(name, &LinkChange { up: Some(true), ..LinkChange::default() })
            }
            Step::Renew => {
                for (path, value) in record.settings.iter().filter(|(path, _)| *path != IPV6_OFF) {
                    set(path, device.name, value)?;
                }
                self.change(device.name, &LinkChange { mtu: Some(record.mtu), ..LinkChange::default() })
            }
            Step::AddAddress(side, address) => {
                let place = self.place(*side, record)?;
                let quiet = *side == Side::Host || address.is_v6();
                let address = if quiet { address.quiet() } else { address.clone() };
                let flags = NLM_F_CREATE | NLM_F_EXCL;
                self.tell(NEW_ADDRESS, flags, address.moved(&device, &place).body())
            }
            Step::SetAddress(address) => self.tell(NEW_ADDRESS, NLM_F_REPLACE, address.body()),
            Step::DeleteAddress(side, address) => {
                let place = self.place(*side, record)?;
                self.tell(DELETE_ADDRESS, 0, address.moved(&device, &place).body())
            }
            Step::AddNeighbour(side, neighbour) => {
                let place = self.place(*side, record)?;
                self.tell(NEW_NEIGHBOUR, NLM_F_CREATE | NLM_F_REPLACE, neighbour.moved(&place).body())
            }
            Step::DeleteNeighbour(side, neighbour) => {
                let place = self.place(*side, record)?;
                self.tell(DELETE_NEIGHBOUR, 0, neighbour.moved(&place).body())
            }
            Step::Shut => ingress::shut(device.name),
            Step::Open => ingress::open(),
            Step::PutRoute(side, route, put) => {
                let place = self.place(*side, record)?;
                let how = match put {
                    Put::Replace => NLM_F_REPLACE,
                    Put::Append => NLM_F_APPEND,
                    Put::Prepend => 0,
                };
                self.tell(NEW_ROUTE, NLM_F_CREATE | how, route.moved(&device, &place).body())
            }
            Step::DeleteRoute(side, route) => {
                let place = self.place(*side, record)?;
                self.tell(DELETE_ROUTE, 0, route.moved(&device, &place).body())
            }
            Step::Ipv6(on) => {
                if *on {
                    let address_generation = Some(ADDRESS_GENERATION_NONE);
                    self.change(device.name, &LinkChange { address_generation, ..LinkChange::default() })?;
                }
                set(IPV6_OFF, device.name, if *on { "0" } else { "1" })
            }
            Step::Generation(mode) => {
                let address_generation = Some(*mode);
                self.change(device.name, &LinkChange { address_generation, ..LinkChange::default() })
            }
            Step::Part => {
                self.sockets.clear();
                Ok(())
            }
            Step::Remove => self.remove(record),
            Step::Forget => self.journal.remove().map_err(on_disk),
        }
    }
}

fn refused(error: NetlinkError) -> SiteError {
    SiteError(error.to_string())
}

fn on_disk(error: io::Error) -> SiteError {
    SiteError(format!("the journal: {error}"))
}

/// Writes a setting, unless it is so already: some have a price even then.
fn set(path: &str, device: InterfaceName, value: &str) -> Result<(), SiteError> {
    let file = file(path, device);
    let failed = |error: io::Error| SiteError(format!("{}: {error}", file.display()));
    match std::fs::read_to_string(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(present) if present.trim() == value => return Ok(()),
        Ok(_) => {}
    }
    // Not created if missing: the tree is the kernel's.
    let mut opened = OpenOptions::new().write(true).open(&file).map_err(failed)?;
    opened.write_all(value.as_bytes()).map_err(failed)
}
