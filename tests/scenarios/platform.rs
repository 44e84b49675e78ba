//! The system as the engine sees it, without a host.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crossbeam_channel::Receiver;
use vgw::addr::InterfaceName;
use vgw::engine::{
    Access, Device, DeviceError, Direct, FoundLeases, OpenError, OpenPort, Platform, PutAside, Recollection, Transfer,
};
use vgw::gateway::{Leases, PortKind, PortSpec, Record, UplinkName};
use vgw::host::Kernel;
use vgw::host::fake::FakeKernel;
use vgw::packet::{Batch, Packet, SuperPackets};

use crate::disk::Memory;
use crate::words;

/// The kernel in memory, with socket pairs for devices.
pub(crate) struct FakePlatform {
    pub(crate) kernel: FakeKernel,
    pub(crate) opened: Arc<AtomicUsize>,
    pub(crate) leases: Arc<Mutex<Leases>>,
    pub(crate) stirrings: Receiver<()>,
    pub(crate) memory: Memory,
}

impl Platform for FakePlatform {
    fn kernel(&mut self) -> &mut dyn Kernel {
        &mut self.kernel
    }

    fn take_queues(&mut self, _: &InterfaceName) -> Vec<Box<dyn Device>> {
        vec![Box::new(Silent::new())]
    }

    fn is_adopted(&self, _: &InterfaceName) -> bool {
        false
    }

    fn open_port(&mut self, spec: &PortSpec) -> Result<OpenPort, OpenError> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        if spec.kind == PortKind::Attach && !self.kernel.state().has_link(&spec.name) {
            return Err(OpenError::Absent(spec.name));
        }
        if spec.name == words::interface("broken0") {
            return Err(OpenError::Failed("broken0 cannot be opened".into()));
        }
        Ok(OpenPort { queues: vec![Box::new(Silent::new())], mtu: spec.mtu.unwrap_or(1500) })
    }

    fn stirrings(&self) -> Receiver<()> {
        self.stirrings.clone()
    }

    fn claim_tables(&mut self, _: &[u32]) -> bool {
        false
    }

    fn leases(&self) -> FoundLeases {
        FoundLeases { leases: self.leases.lock().unwrap().clone(), problems: Vec::new() }
    }

    fn recollect(&mut self) -> Recollection {
        self.memory.recollect()
    }

    fn remember(&mut self, change: &[Record], all: &dyn Fn() -> Vec<Record>) -> Result<(), String> {
        self.memory.remember(change, all)
    }

    fn put_aside(&self) -> Option<PutAside> {
        None
    }

    fn remembered_tables(&self) -> BTreeMap<UplinkName, u32> {
        BTreeMap::new()
    }

    fn name_tables(&mut self, _: &BTreeMap<UplinkName, u32>) -> Result<(), String> {
        Ok(())
    }

    fn transfers(&self) -> Vec<Box<dyn Transfer>> {
        vec![Box::new(Direct)]
    }
}

/// A device on which nothing ever comes.
struct Silent(UnixDatagram);

impl Silent {
    fn new() -> Self {
        Self(UnixDatagram::unbound().unwrap())
    }
}

impl AsFd for Silent {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Device for Silent {
    fn super_packets(&self) -> SuperPackets {
        SuperPackets::ALL
    }

    fn access(&self) -> Access {
        Access::Write
    }

    fn meaning(&self, error: io::Error) -> DeviceError {
        DeviceError::Refused(error)
    }

    fn receive(&mut self, _: &mut Batch, _: usize) -> Result<(), DeviceError> {
        Err(DeviceError::WouldBlock)
    }

    fn transmit(&self, _: &mut Packet) -> Result<(), DeviceError> {
        Ok(())
    }
}
