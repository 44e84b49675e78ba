//! Taps: Ethernet interfaces whose wire is a file descriptor (Documentation/networking/tuntap.rst).
#![allow(unsafe_code)]

mod kept;

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::ioctl::{IntegerSetter, Opcode, Setter, Updater, ioctl, opcode};

use crate::addr::{InterfaceName, Mac};
use crate::engine::{Access, Device, DeviceError};
use crate::packet::{Batch, Packet, SuperPackets, VNET_HEADER};

use super::process::leave_some;

/// Where taps are made.
pub(super) const DEVICE_NODE: &str = "/dev/net/tun";

// include/uapi/linux/if_tun.h
const TUNSETIFF: Opcode = opcode::write::<c_int>(b'T', 202);
const TUNSETOFFLOAD: Opcode = opcode::write::<u32>(b'T', 208);
const TUNSETVNETHDRSZ: Opcode = opcode::write::<c_int>(b'T', 216);
const IFF_TAP: u16 = 0x0002;
const IFF_MULTI_QUEUE: u16 = 0x0100;
const IFF_NO_PI: u16 = 0x1000;
const IFF_VNET_HDR: u16 = 0x4000;
const IFF_TUN_EXCL: u16 = 0x8000;
const TUN_F_CSUM: usize = 0x01;
const TUN_F_TSO4: usize = 0x02;
const TUN_F_TSO6: usize = 0x04;
const TUN_F_TSO_ECN: usize = 0x08;
const TUN_F_USO4: usize = 0x20;
const TUN_F_USO6: usize = 0x40;

/// What the kernel may hand us unfinished: checksums and TCP super-packets.
const OFFLOADS: usize = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
/// The same and UDP super-packets (kernel 6.2).
const OFFLOADS_WITH_UDP: usize = OFFLOADS | TUN_F_USO4 | TUN_F_USO6;

/// Why there is no tap.
#[derive(Debug, thiserror::Error)]
pub enum TapError {
    /// The device node cannot be opened.
    #[error("cannot open {DEVICE_NODE}")]
    Node(#[source] io::Error),
    /// `EPERM`.
    #[error("taps need the right CAP_NET_ADMIN")]
    NotPermitted,
    /// An interface of that name exists and some process has it open.
    #[error("the interface {0} exists and is in use")]
    InUse(InterfaceName),
    /// An interface of that name exists and cannot be adopted.
    #[error("the interface {0} exists and is not a persistent tap without an owner")]
    Foreign(InterfaceName),
    /// A tap of that name exists and is a port of somebody's.
    #[error("the interface {0} belongs to another device (a bridge, a bond, a VRF), which would have its packets")]
    Controlled(InterfaceName),
    /// Another call failed.
    #[error("{call} failed for {name}")]
    Call {
        /// The call.
        call: &'static str,
        /// The tap.
        name: InterfaceName,
        /// The error.
        #[source]
        source: io::Error,
    },
}

impl TapError {
    /// The error number, positive.
    #[must_use]
    pub fn errno(&self) -> i32 {
        match self {
            Self::Node(source) | Self::Call { source, .. } => source.raw_os_error().unwrap_or(libc::EIO),
            Self::NotPermitted => libc::EPERM,
            Self::InUse(_) | Self::Controlled(_) => libc::EBUSY,
            Self::Foreign(_) => libc::EINVAL,
        }
    }
}

/// One queue of a tap. Frames carry the offload header in front; reads and writes never wait. A
/// tap that is not persistent goes with its last queue.
#[derive(Debug)]
pub struct Tap {
    queue: OwnedFd,
    super_packets: SuperPackets,
    station: Option<Mac>,
}

/// `struct ifreq` with `ifr_flags`.
#[repr(C)]
struct Request {
    name: [u8; libc::IFNAMSIZ],
    flags: u16,
    rest: [u8; size_of::<libc::ifreq>() - libc::IFNAMSIZ - size_of::<u16>()],
}

impl Tap {
    /// Makes a tap with `queues` queues, at least one. It has a random MAC address and is down.
    ///
    /// # Errors
    /// A name that is taken is [`TapError::InUse`], whatever has it.
    pub fn create(name: InterfaceName, queues: usize) -> Result<Vec<Self>, TapError> {
        let multi = if queues > 1 { IFF_MULTI_QUEUE } else { 0 };
        let flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | multi;
        let mut taps = vec![Self::attach(queue()?, name, flags | IFF_TUN_EXCL)?];
        for _ in 1..queues {
            taps.push(Self::attach(queue()?, name, flags)?);
        }
        Self::configure(&mut taps, name)?;
        Ok(taps)
    }

    /// Opens an existing persistent tap. One that was made for a single queue gets one, whatever
    /// `queues` says: the kernel cannot change that. The offload header can be changed and is.
    ///
    /// # Errors
    /// [`TapError::InUse`] for a single queue that some process has open. Of a multi-queue tap the
    /// kernel would give a queue beside those of others: see there first ([`super::netlink::TapFacts::queues`]).
    pub fn adopt(name: InterfaceName, queues: usize, multi_queue: bool) -> Result<Vec<Self>, TapError> {
        let (multi, queues) = if multi_queue { (IFF_MULTI_QUEUE, queues.max(1)) } else { (0, 1) };
        let flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | multi;
        let mut taps = (0..queues).map(|_| Self::attach(queue()?, name, flags)).collect::<Result<Vec<_>, _>>()?;
        Self::configure(&mut taps, name)?;
        Ok(taps)
    }

    /// Gives an adopted tap its former header flags back, without offloads. No queue may be open.
    ///
    /// # Errors
    /// As [`Tap::adopt`].
    pub fn give_back(
        name: InterfaceName,
        multi_queue: bool,
        offload_header: bool,
        packet_info: bool,
    ) -> Result<(), TapError> {
        let multi = if multi_queue { IFF_MULTI_QUEUE } else { 0 };
        let header = if offload_header { IFF_VNET_HDR } else { 0 };
        let packet_info = if packet_info { 0 } else { IFF_NO_PI };
        let tap = Self::attach(node()?, name, IFF_TAP | multi | header | packet_info)?;
        tap.set_offloads(0).map_err(|source| failed("TUNSETOFFLOAD", name, source))
    }

    /// The same queue once more.
    ///
    /// # Errors
    /// No descriptor to be had.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { queue: self.queue.try_clone()?, ..*self })
    }

    fn attach(queue: OwnedFd, name: InterfaceName, flags: u16) -> Result<Self, TapError> {
        let mut request = Request { name: [0; libc::IFNAMSIZ], flags, rest: [0; _] };
        // One byte less than the field at most, so the terminating zero stays.
        let text = name.as_str().as_bytes();
        request.name[..text.len()].copy_from_slice(text);
        // SAFETY: TUNSETIFF reads and writes one `struct ifreq`, and `Request` has its size and layout.
        unsafe { ioctl(&queue, Updater::<TUNSETIFF, Request>::new(&mut request)) }.map_err(|errno| match errno {
            Errno::BUSY => TapError::InUse(name),
            Errno::INVAL => TapError::Foreign(name),
            Errno::PERM => TapError::NotPermitted,
            other => failed("TUNSETIFF", name, other),
        })?;
        Ok(Self::of(queue))
    }

    fn of(queue: OwnedFd) -> Self {
        Self { queue, super_packets: SuperPackets { tcp: true, udp: false }, station: None }
    }

    /// Sets what holds for the whole tap.
    fn configure(taps: &mut [Self], name: InterfaceName) -> Result<(), TapError> {
        let any = &taps[0];
        const HEADER: c_int = 10;
        const { assert!(HEADER as usize == VNET_HEADER) };
        // SAFETY: TUNSETVNETHDRSZ reads one `int`.
        unsafe { ioctl(&any.queue, Setter::<TUNSETVNETHDRSZ, c_int>::new(HEADER)) }
            .map_err(|errno| failed("TUNSETVNETHDRSZ", name, errno))?;
        let udp = match any.set_offloads(OFFLOADS_WITH_UDP) {
            Err(Errno::INVAL) => any.set_offloads(OFFLOADS).map(|()| false),
            other => other.map(|()| true),
        }
        .map_err(|errno| failed("TUNSETOFFLOAD", name, errno))?;
        // What the kernel may hand us in that header, it takes from us in the same.
        taps.iter_mut().for_each(|tap| tap.super_packets.udp = udp);
        Ok(())
    }

    fn set_offloads(&self, offloads: usize) -> Result<(), Errno> {
        // SAFETY: TUNSETOFFLOAD takes its argument by value.
        unsafe { ioctl(&self.queue, IntegerSetter::<TUNSETOFFLOAD>::new_usize(offloads)) }
    }
}

fn node() -> Result<OwnedFd, TapError> {
    let how = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(DEVICE_NODE, how, Mode::empty()).map_err(|errno| TapError::Node(errno.into()))
}

/// One more queue that stays, if there are descriptors for more than it.
fn queue() -> Result<OwnedFd, TapError> {
    let queue = node()?;
    leave_some(&queue).map_err(TapError::Node)?;
    Ok(queue)
}

fn failed(call: &'static str, name: InterfaceName, errno: Errno) -> TapError {
    TapError::Call { call, name, source: errno.into() }
}

impl AsFd for Tap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }
}

impl Device for Tap {
    fn super_packets(&self) -> SuperPackets {
        self.super_packets
    }

    fn access(&self) -> Access {
        Access::ReadWrite
    }

    fn station(&self) -> Option<Mac> {
        self.station
    }

    /// A write to a tap that is down is `EIO`; a read or write of a deleted one is `EBADFD`, and a
    /// read that waited in the kernel meanwhile is `EFAULT` (drivers/net/tun.c).
    fn meaning(&self, error: io::Error) -> DeviceError {
        match error.raw_os_error() {
            Some(libc::EAGAIN) => DeviceError::WouldBlock,
            Some(libc::EIO | libc::EBADFD | libc::EFAULT) => DeviceError::Down,
            _ => DeviceError::Refused(error),
        }
    }

    fn receive(&mut self, batch: &mut Batch, _: usize) -> Result<(), DeviceError> {
        while let Some(packet) = batch.vacant() {
            match rustix::io::read(&self.queue, packet.receive_area()) {
                Ok(filled) => {
                    // An unusable header stays in the packet as its fault, to be counted.
                    let _ = packet.received(filled);
                    batch.commit();
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(self.meaning(errno.into())),
            }
        }
        Ok(())
    }

    fn transmit(&self, packet: &mut Packet) -> Result<(), DeviceError> {
        loop {
            match rustix::io::write(&self.queue, packet.transmit_area()) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(self.meaning(errno.into())),
            }
        }
    }
}
