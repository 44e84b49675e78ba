//! Many packets with one system call, by io_uring (io_uring(7)).
#![allow(unsafe_code)]

mod worth;

use std::io;
use std::os::fd::AsRawFd;

use io_uring::squeue::Entry;
use io_uring::{IoUring, opcode, register::Restriction, types};
use rustix::fs::{Mode, OFlags};

use crate::engine::{Access, Backlog, Departure, Device, DeviceError, Direct, Transfer};
use crate::packet::Batch;

use super::tap::DEVICE_NODE;
use worth::Costs;

/// Most packets that are moved at once.
const DEPTH: usize = ENTRIES as usize;
const ENTRIES: u32 = 64;

/// From so many packets on, one call for all is faster than a call for each.
const WORTHWHILE: usize = 4;

/// All that a ring does.
const OPERATIONS: [u8; 3] = [opcode::Read::CODE, opcode::Write::CODE, opcode::Send::CODE];

/// Moves small packets in batches; few or large ones with a system call each, which is then faster.
///
/// Every operation is told not to wait (`RWF_NOWAIT`; io_uring does not care for `O_NONBLOCK`), so
/// all of them end while they are submitted: nothing is ever left to the kernel.
pub(super) struct Ring {
    ring: IoUring,
    /// What became of each operation of the submission, by its number: bytes or a negative error.
    results: [i32; DEPTH],
}

/// Ways to move packets, one for each of `count` workers. Whether small ones are moved in batches is
/// found out by measuring if `io_uring` does not say.
#[must_use]
pub fn transfers(io_uring: Option<bool>, count: usize) -> Vec<Box<dyn Transfer>> {
    let rings = match io_uring {
        Some(false) => Ok(None),
        Some(true) | None => rings(io_uring.is_none(), count),
    };
    match rings {
        Ok(Some(rings)) => return rings.into_iter().map(|ring| Box::new(ring) as Box<dyn Transfer>).collect(),
        Ok(None) => {}
        Err(error) if io_uring.is_some() => {
            tracing::warn!(%error, "io_uring is asked for and cannot be had: each packet is moved by a system call of its own");
        }
        Err(error) => tracing::info!(%error, "no io_uring: each packet is moved by a system call of its own"),
    }
    (0..count).map(|_| Box::new(Direct) as Box<dyn Transfer>).collect()
}

/// Rings for as many workers; none if they must save time and do not.
fn rings(must_pay: bool, count: usize) -> io::Result<Option<Vec<Ring>>> {
    let mut rings = (0..count).map(|_| Ring::new()).collect::<io::Result<Vec<_>>>()?;
    if let Some(first) = rings.first_mut().filter(|_| must_pay) {
        let Costs { direct, ring } = worth::measure(first)?;
        tracing::info!(system_call = ?direct, io_uring = ?ring, batches = ring < direct, "cost of moving a packet measured");
        if ring >= direct {
            return Ok(None);
        }
    }
    Ok(Some(rings))
}

impl Ring {
    /// A ring, if the system allows one and it works with taps.
    ///
    /// # Errors
    /// `ENOSYS` or `EPERM` where io_uring is missing or forbidden (sysctl `kernel.io_uring_disabled`,
    /// seccomp), `EINVAL` from a kernel whose rings cannot be restricted (before 5.10), `EOPNOTSUPP` from one that can
    /// read taps only in its own threads.
    pub(super) fn new() -> io::Result<Self> {
        let mut ring = Self { ring: restricted()?, results: [0; DEPTH] };
        // A descriptor without an interface answers EBADFD, if it is asked at all.
        let node = rustix::fs::open(DEVICE_NODE, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
        let mut byte = [0];
        let read = opcode::Read::new(types::Fd(node.as_raw_fd()), byte.as_mut_ptr(), 1);
        let read = read.rw_flags(libc::RWF_NOWAIT).build();
        // SAFETY: the byte outlives `complete`.
        unsafe { ring.submit(0, &read) };
        ring.complete(1);
        match -ring.results[0] {
            libc::EBADFD => Ok(ring),
            other => Err(io::Error::from_raw_os_error(other)),
        }
    }

    /// Puts an operation into the ring, as the submission's number `index`.
    ///
    /// # Safety
    /// The buffer that it names must stay valid until [`Ring::complete`] has returned.
    unsafe fn submit(&mut self, index: usize, entry: &Entry) {
        let entry = entry.clone().user_data(index as u64);
        // SAFETY: the caller's promise.
        let pushed = unsafe { self.ring.submission().push(&entry) };
        pushed.expect("the ring takes as many operations as are submitted at once");
    }

    /// Carries out the submitted operations, `count` of them, and takes down their results.
    fn complete(&mut self, count: usize) {
        let mut missing = count;
        while missing > 0 {
            // The kernel owns the buffers until their operations have ended, whatever happens.
            if let Err(error) = self.ring.submit_and_wait(missing) {
                match error.raw_os_error() {
                    Some(libc::EINTR | libc::EAGAIN | libc::EBUSY) => {}
                    _ => panic!("io_uring failed with operations under way: {error}"),
                }
            }
            for completion in self.ring.completion() {
                if let Some(result) =
                    usize::try_from(completion.user_data()).ok().and_then(|at| self.results.get_mut(at))
                {
                    *result = completion.result();
                    missing -= 1;
                }
            }
        }
    }
}

/// A ring that does nothing but [`OPERATIONS`], for good: what a thread has a ring do, no seccomp filter sees
/// (`IORING_REGISTER_RESTRICTIONS`, io_uring_register(2)).
fn restricted() -> io::Result<IoUring> {
    let ring = IoUring::builder().setup_r_disabled().build(ENTRIES)?;
    ring.submitter().register_restrictions(&mut OPERATIONS.map(Restriction::sqe_op))?;
    ring.submitter().register_enable_rings()?;
    Ok(ring)
}

impl Transfer for Ring {
    fn receive(&mut self, device: &mut dyn Device, batch: &mut Batch, expected: usize) -> Result<(), DeviceError> {
        if expected < WORTHWHILE || device.access() != Access::ReadWrite {
            return device.receive(batch, expected);
        }
        let descriptor = types::Fd(device.as_fd().as_raw_fd());
        let packets = batch.free(expected.min(DEPTH));
        let count = packets.len();
        for (index, packet) in packets.iter_mut().enumerate() {
            let area = packet.receive_area();
            let read =
                opcode::Read::new(descriptor, area.as_mut_ptr(), length(area)).rw_flags(libc::RWF_NOWAIT).build();
            // SAFETY: the batch keeps its buffers, and is not touched before `complete` has returned.
            unsafe { self.submit(index, &read) };
        }
        self.complete(count);
        let mut skipped = 0;
        let mut last = Ok(());
        for index in 0..count {
            last = match usize::try_from(self.results[index]) {
                Ok(filled) => {
                    // An unusable header stays in the packet as its fault, to be counted.
                    let _ = batch.free(count)[skipped].received(filled);
                    batch.keep(skipped);
                    Ok(())
                }
                Err(_) => {
                    skipped += 1;
                    Err(device.meaning(io::Error::from_raw_os_error(-self.results[index])))
                }
            };
        }
        last
    }

    fn transmit(&mut self, departures: &mut [Departure<'_>]) {
        let bytes: usize = departures.iter().map(|departure| departure.packet.length()).sum();
        if departures.len() < WORTHWHILE || Backlog::is_large(departures.len(), bytes) {
            return Direct.transmit(departures);
        }
        for departures in departures.chunks_mut(DEPTH) {
            for (index, departure) in departures.iter_mut().enumerate() {
                let entry = write(departure);
                // SAFETY: the departures borrow their packets, and are not touched before `complete`
                // has returned.
                unsafe { self.submit(index, &entry) };
            }
            self.complete(departures.len());
            for (departure, result) in departures.iter_mut().zip(&self.results) {
                if *result < 0 {
                    departure.outcome = Err(departure.device.meaning(io::Error::from_raw_os_error(-result)));
                }
            }
        }
    }
}

/// The operation that sends a packet.
fn write(departure: &mut Departure<'_>) -> Entry {
    let descriptor = types::Fd(departure.device.as_fd().as_raw_fd());
    let area = departure.packet.transmit_area();
    let (bytes, length) = (area.as_ptr(), length(area));
    match departure.device.access() {
        Access::ReadWrite | Access::Write => {
            opcode::Write::new(descriptor, bytes, length).rw_flags(libc::RWF_NOWAIT).build()
        }
        Access::Send => opcode::Send::new(descriptor, bytes, length).flags(libc::MSG_DONTWAIT).build(),
    }
}

fn length(area: &[u8]) -> u32 {
    u32::try_from(area.len()).expect("a buffer is a frame's, much less than 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What seccomp keeps from a worker it does not get by its ring either.
    #[test]
    fn a_ring_does_nothing_but_move_packets() {
        let mut ring = Ring::new().unwrap();
        let open = opcode::OpenAt::new(types::Fd(libc::AT_FDCWD), c"/dev/null".as_ptr()).build();
        let socket = opcode::Socket::new(libc::AF_INET, libc::SOCK_DGRAM, 0).build();
        let close = opcode::Close::new(types::Fd(-1)).build();
        for (index, entry) in [open, socket, close].iter().enumerate() {
            // SAFETY: no buffer is named but a path that is constant.
            unsafe { ring.submit(0, entry) };
            ring.complete(1);
            assert_eq!(ring.results[0], -libc::EACCES, "operation {index}");
        }
        let error = ring.ring.submitter().register_personality().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EACCES));
    }
}
