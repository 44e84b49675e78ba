//! Taps that outlive whoever made them: persistent ones, and queues that somebody has kept.

use std::ffi::{CStr, c_int, c_void};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use rustix::io::Errno;
use rustix::ioctl::{Getter, IntegerSetter, Ioctl, IoctlOutput, Opcode, ioctl, opcode};

use crate::addr::{InterfaceName, Mac};

use super::{IFF_MULTI_QUEUE, IFF_NO_PI, IFF_TAP, IFF_VNET_HDR, Request, Tap, TapError, failed};

// include/uapi/linux/if_tun.h
const TUNSETPERSIST: Opcode = opcode::write::<c_int>(b'T', 203);
const TUNGETIFF: Opcode = opcode::read::<u32>(b'T', 210);
const TUNGETDEVNETNS: Opcode = opcode::none(b'T', 227);
// include/uapi/linux/sockios.h
const SIOCGIFHWADDR: Opcode = 0x8927;

/// Why a kept queue is of no use.
#[derive(Debug, thiserror::Error)]
pub(in crate::sys) enum KeptError {
    /// It is no queue of a tap, or the tap is gone.
    #[error("it belongs to no tap that is there: {0}")]
    NoTap(#[source] io::Error),
    /// The tap has another name, is of another kind or has another number of queues.
    #[error("its tap is not as it is made now")]
    Other,
}

impl Tap {
    /// Has the tap stay when its last queue is closed, until it is deleted; or has it go then.
    ///
    /// # Errors
    /// The kernel refused.
    pub fn persist(&self, name: InterfaceName, stays: bool) -> Result<(), TapError> {
        // SAFETY: TUNSETPERSIST takes its argument by value.
        unsafe { ioctl(&self.queue, IntegerSetter::<TUNSETPERSIST>::new_usize(usize::from(stays))) }
            .map_err(|errno| failed("TUNSETPERSIST", name, errno))
    }

    /// Looks at queues that somebody has kept: all of a tap's, with the packets that wait in them. They must be
    /// `queues` queues as [`Tap::create`] makes them. Nothing is changed: see [`Tap::renew`].
    ///
    /// # Errors
    /// Why not.
    pub(in crate::sys) fn resume(taps: &[Self], queues: usize) -> Result<InterfaceName, KeptError> {
        let first = taps.first().ok_or(KeptError::Other)?;
        let (name, flags) = first.interface().map_err(|errno| KeptError::NoTap(errno.into()))?;
        let multi = if queues > 1 { IFF_MULTI_QUEUE } else { 0 };
        let kind = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | multi;
        let relevant = kind | IFF_MULTI_QUEUE;
        let same = taps.iter().all(|tap| tap.interface().is_ok_and(|other| other.0 == name));
        if flags & relevant != kind || taps.len() != queues || !same {
            return Err(KeptError::Other);
        }
        Ok(name)
    }

    /// Makes resumed queues as this build makes them: offloads may have been added.
    ///
    /// # Errors
    /// The kernel refused.
    pub(in crate::sys) fn renew(taps: &mut [Self], name: InterfaceName) -> Result<(), TapError> {
        if taps.is_empty() { Ok(()) } else { Self::configure(taps, name) }
    }

    /// A queue that somebody has kept, as it is.
    pub(in crate::sys) fn kept(queue: OwnedFd) -> Self {
        Self::of(queue)
    }

    /// Takes the tap's own MAC for that of the station behind it: it plays a guest's interface.
    pub(in crate::sys) fn know_station(taps: &mut [Self]) {
        let mac = taps.first().and_then(|tap| tap.mac().ok());
        taps.iter_mut().for_each(|tap| tap.station = mac);
    }

    /// The tap's name and flags (`TUNGETIFF`).
    pub(in crate::sys) fn interface(&self) -> Result<(InterfaceName, u16), Errno> {
        // SAFETY: TUNGETIFF writes one `struct ifreq`, and `Request` has its size and layout.
        let request: Request = unsafe { ioctl(&self.queue, Getter::<TUNGETIFF, Request>::new()) }?;
        let name = CStr::from_bytes_until_nul(&request.name).ok().and_then(|name| name.to_str().ok());
        let name = name.and_then(|name| InterfaceName::new(name).ok()).ok_or(Errno::INVAL)?;
        Ok((name, request.flags))
    }

    fn mac(&self) -> Result<Mac, Errno> {
        // SAFETY: SIOCGIFHWADDR writes one `struct ifreq`, and `Request` has its size and layout: in place of
        // the flags is the address's family, behind it the address.
        let request: Request = unsafe { ioctl(&self.queue, Getter::<SIOCGIFHWADDR, Request>::new()) }?;
        let mut mac = [0; 6];
        mac.copy_from_slice(&request.rest[..6]);
        Ok(Mac(mac))
    }

    /// The network namespace that the tap is in now (`TUNGETDEVNETNS`).
    ///
    /// # Errors
    /// It is gone.
    pub(in crate::sys) fn namespace(&self) -> io::Result<File> {
        // SAFETY: TUNGETDEVNETNS takes no argument and returns a new descriptor.
        let namespace = unsafe { ioctl(&self.queue, NamespaceOf) }?;
        Ok(namespace.into())
    }

    /// The network namespace of the calling thread.
    pub(in crate::sys) const OWN_NAMESPACE: &str = "/proc/thread-self/ns/net";

    /// True if the tap is in the network namespace of the calling thread.
    pub(in crate::sys) fn is_here(&self) -> bool {
        File::open(Self::OWN_NAMESPACE).is_ok_and(|here| self.is_in(&here))
    }

    /// True if the tap is in this network namespace.
    pub(in crate::sys) fn is_in(&self, namespace: &File) -> bool {
        let identity = |file: &File| file.metadata().map(|metadata| (metadata.dev(), metadata.ino()));
        let there = self.namespace().and_then(|there| identity(&there));
        matches!((there, identity(namespace)), (Ok(there), Ok(here)) if there == here)
    }

    /// Another descriptor for the queue.
    pub(in crate::sys) fn descriptor(&self) -> std::os::fd::BorrowedFd<'_> {
        self.queue.as_fd()
    }
}

/// `TUNGETDEVNETNS`.
struct NamespaceOf;

// SAFETY: the call takes no argument and changes nothing of ours; what it returns is a new descriptor.
unsafe impl Ioctl for NamespaceOf {
    type Output = OwnedFd;

    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        TUNGETDEVNETNS
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::null_mut()
    }

    unsafe fn output_from_ptr(out: IoctlOutput, _: *mut c_void) -> rustix::io::Result<Self::Output> {
        // SAFETY: the kernel has just opened it for us, and nobody else knows it.
        Ok(unsafe { OwnedFd::from_raw_fd(out) })
    }
}
