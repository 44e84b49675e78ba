//! The real system, as the engine needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use crossbeam_channel::Receiver;

use crate::addr::InterfaceName;
use crate::engine::{
    Access, Confine, Device, DeviceError, FabricSite, FoundLeases, OpenError, OpenPort, Platform, PutAside,
    Recollection, Sandbox, Transfer,
};
use crate::gateway::{PortKind, PortSpec, Record, UplinkName};
use crate::host::{Kernel, KernelError, Mark};
use crate::packet::{Batch, Packet, SuperPackets};

use super::bell::Bell;
use super::dynamic::Dynamic;
use super::fabric::LinuxSite;
use super::guest;
use super::guests::GuestTaps;
use super::kept::{Kept, KeptName};
use super::kernel::{LinuxKernel, TapSettings};
use super::leases;
use super::namespaces::Namespaces;
use super::netlink::Netlink;
use super::packet_socket::PacketSocket;
use super::rights;
use super::ring;
use super::sandbox;
use super::service::DescriptorStore;
use super::table_names::TableNames;
use super::tap::Tap;

/// What a tap takes without being told otherwise, bytes (`ether_setup`).
const TAP_MTU: u32 = 1500;

/// The kernel with its devices.
#[derive(Debug)]
pub struct LinuxPlatform {
    kernel: LinuxKernel,
    /// Ends with us.
    _bell: Bell,
    stirrings: Receiver<()>,
    netlink: Netlink,
    taps: TapSettings,
    io_uring: Option<bool>,
    protocol: u8,
    leases: Option<PathBuf>,
    tables: TableNames,
    fabric: LinuxSite,
    dynamic: Dynamic,
    guests: GuestTaps,
    namespaces: Namespaces,
}

impl LinuxPlatform {
    /// The system whose taps are made so, with a queue for each worker, which uses `io_uring` or not; `None`
    /// finds out. What the service manager has `kept` of them is taken up.
    ///
    /// # Errors
    /// As [`LinuxKernel::new`]; the service manager's socket has an address that makes no sense.
    pub fn new(
        mark: Mark,
        state_directory: &Path,
        taps: TapSettings,
        io_uring: Option<bool>,
        kept: Kept,
    ) -> Result<Self, KernelError> {
        let queues = taps.queues;
        let mut store = DescriptorStore::of_environment().map_err(|error| KernelError {
            operation: "start".into(),
            reason: error.to_string(),
            errno: error.raw_os_error().unwrap_or(libc::EINVAL),
        })?;
        store.count_in(&kept.names);
        kept.unknown.iter().for_each(|name| store.forget(name));
        let (gateways, guests) = kept.taps.into_iter().partition(|(name, _)| matches!(name, KeptName::Gateway(_)));
        let kernel = LinuxKernel::resume(mark, state_directory, taps, store, gateways)?;
        let failed = |reason, errno| KernelError { operation: "start".into(), reason, errno };
        let netlink = Netlink::open().map_err(|error| failed(error.to_string(), error.errno))?;
        let notices = kernel.notices().map(|descriptor| descriptor.try_clone_to_owned());
        let bell = notices.into_iter().collect::<io::Result<_>>().and_then(Bell::hang);
        let (bell, stirrings) = bell.map_err(|error| failed(error.to_string(), error.raw_os_error().unwrap_or(0)))?;
        let tables = TableNames::load(state_directory);
        let (protocol, leases) = (mark.protocol, None);
        let fabric =
            LinuxSite::new(state_directory, queues, Some(protocol)).map_err(|error| failed(error.to_string(), 0))?;
        let dynamic = Dynamic::in_folder(state_directory, kernel.boot().to_owned());
        let namespaces = Namespaces::start().map_err(|error| failed(error.to_string(), 0))?;
        Ok(Self {
            kernel,
            _bell: bell,
            stirrings,
            netlink,
            taps,
            io_uring,
            protocol,
            leases,
            tables,
            fabric,
            dynamic,
            guests: GuestTaps::new(guests),
            namespaces,
        })
    }

    /// Reads leases from a folder, which need not be there before a DHCP client's hook makes it.
    #[must_use]
    pub fn reading_leases_in(self, folder: PathBuf) -> Self {
        Self { leases: Some(folder), ..self }
    }

    /// Names the uplinks' routing tables in a file of this folder, for `ip`.
    #[must_use]
    pub fn naming_tables_in(self, folder: Option<PathBuf>) -> Self {
        Self { tables: self.tables.shown_in(folder), ..self }
    }

    fn open_tap(&mut self, spec: &PortSpec) -> Result<OpenPort, guest::PlaceError> {
        let mut taps = match self.guests.take_queues(spec, self.taps, &mut self.kernel) {
            Some(taps) => taps,
            None => {
                let taps = self.make_tap(spec)?;
                let held = self.guests.hold(spec, self.taps, &taps, &mut self.kernel);
                held.map_err(guest::PlaceError::Descriptor)?;
                taps
            }
        };
        if matches!(spec.kind, PortKind::Tap(Some(_))) {
            Tap::know_station(&mut taps);
        }
        Ok(OpenPort { queues: boxed(taps), mtu: spec.mtu.unwrap_or(TAP_MTU) })
    }

    fn make_tap(&self, spec: &PortSpec) -> Result<Vec<Tap>, guest::PlaceError> {
        if let PortKind::Tap(Some(place)) = &spec.kind {
            return guest::place(spec, place, self.taps, self.protocol, &self.namespaces);
        }
        let taps = Tap::create(spec.name, self.taps.queues)?;
        guest::bring_up(spec, self.taps.queue_length, self.protocol)?;
        Ok(taps)
    }

    fn attach(&mut self, name: InterfaceName, mtu: Option<u32>) -> Result<OpenPort, OpenError> {
        let failed = OpenError::Failed;
        rights::check_attach().map_err(|missing| failed(missing.to_string()))?;
        let link = self.netlink.link(name).map_err(|error| failed(format!("{name}: {error}")))?;
        let link = link.ok_or(OpenError::Absent(name))?;
        if link.loopback {
            return Err(failed(format!("{name} is the loopback interface, which has no guest")));
        }
        let sockets = PacketSocket::open(link.index, self.taps.queues);
        let sockets = sockets.map_err(|error| failed(format!("cannot attach to {name}: {error}")))?;
        let queues = sockets.into_iter().map(|socket| Box::new(socket) as Box<dyn Device>).collect();
        Ok(OpenPort { queues, mtu: mtu.unwrap_or(link.mtu) })
    }
}

impl Platform for LinuxPlatform {
    fn kernel(&mut self) -> &mut dyn Kernel {
        &mut self.kernel
    }

    fn take_queues(&mut self, link: &InterfaceName) -> Vec<Box<dyn Device>> {
        let taps = self.kernel.take_queues(link).unwrap_or_default();
        let missing = self.taps.queues.saturating_sub(taps.len());
        // An adopted tap may have one queue only: the first worker reads it, the others write to it.
        let senders: Vec<_> = match taps.first() {
            Some(tap) => (0..missing).filter_map(|_| tap.try_clone().ok()).map(SendOnly).collect(),
            None => Vec::new(),
        };
        let senders = senders.into_iter().map(|sender| Box::new(sender) as Box<dyn Device>);
        boxed(taps).into_iter().chain(senders).collect()
    }

    fn has_queues(&self, link: &InterfaceName) -> bool {
        self.kernel.has_queues(link)
    }

    fn is_adopted(&self, link: &InterfaceName) -> bool {
        self.kernel.is_adopted(link)
    }

    fn open_port(&mut self, spec: &PortSpec) -> Result<OpenPort, OpenError> {
        match spec.kind {
            PortKind::Attach => self.attach(spec.name, spec.mtu),
            PortKind::Tap(_) => self.open_tap(spec).map_err(OpenError::from),
        }
    }

    fn displaced(&self, ports: &[&PortSpec]) -> BTreeSet<InterfaceName> {
        self.guests.displaced(ports, &self.namespaces)
    }

    fn close_ports(&mut self, ports: &[InterfaceName]) {
        self.guests.close(ports, &mut self.kernel);
    }

    fn release_ports(&mut self) {
        self.guests.close_unkept(&mut self.kernel);
    }

    fn is_resuming(&self) -> bool {
        self.kernel.waiting || self.guests.is_waiting()
    }

    fn take_up(&mut self, ports: &mut dyn Iterator<Item = &PortSpec>) {
        self.guests.take_up(ports, self.taps, &self.namespaces, &mut self.kernel);
    }

    fn transfers(&self) -> Vec<Box<dyn Transfer>> {
        ring::transfers(self.io_uring, self.taps.queues)
    }

    fn stirrings(&self) -> Receiver<()> {
        self.stirrings.clone()
    }

    fn confinement(&self) -> Confine {
        sandbox::confine
    }

    fn sandbox(&self) -> Sandbox {
        sandbox::in_force()
    }

    fn claim_tables(&mut self, tables: &[u32]) -> bool {
        self.kernel.claim_tables(tables.iter().copied().collect())
    }

    fn fabric(&mut self) -> Option<&mut dyn FabricSite> {
        Some(&mut self.fabric)
    }

    fn leases(&self) -> FoundLeases {
        self.leases.as_deref().map(leases::read).unwrap_or_default()
    }

    fn recollect(&mut self) -> Recollection {
        self.dynamic.read()
    }

    fn remember(&mut self, change: &[Record], all: &dyn Fn() -> Vec<Record>) -> Result<(), String> {
        self.dynamic.write(change, all).map_err(|error| error.to_string())
    }

    fn put_aside(&self) -> Option<PutAside> {
        self.dynamic.put_aside()
    }

    fn remembered_tables(&self) -> BTreeMap<UplinkName, u32> {
        self.tables.remembered().clone()
    }

    fn name_tables(&mut self, tables: &BTreeMap<UplinkName, u32>) -> Result<(), String> {
        self.tables.name(tables).map_err(|error| format!("the names of routing tables: {error}"))
    }
}

fn boxed(taps: Vec<Tap>) -> Vec<Box<dyn Device>> {
    taps.into_iter().map(|tap| Box::new(tap) as Box<dyn Device>).collect()
}

/// A queue that another worker reads.
struct SendOnly(Tap);

impl AsFd for SendOnly {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Device for SendOnly {
    fn super_packets(&self) -> SuperPackets {
        self.0.super_packets()
    }

    fn access(&self) -> Access {
        Access::Write
    }

    fn meaning(&self, error: io::Error) -> DeviceError {
        self.0.meaning(error)
    }

    fn receive(&mut self, _: &mut Batch, _: usize) -> Result<(), DeviceError> {
        Err(DeviceError::WouldBlock)
    }

    fn transmit(&self, packet: &mut Packet) -> Result<(), DeviceError> {
        self.0.transmit(packet)
    }
}
