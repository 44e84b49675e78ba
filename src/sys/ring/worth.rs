//! Whether a ring saves time on this machine.

use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

use io_uring::{opcode, types};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::clock::{Clock, Moment};
use crate::sys::MonotonicClock;

use super::{DEPTH, ENTRIES, Ring};

/// Times that each way is tried; the fastest counts, since others may use the processor meanwhile.
const ROUNDS: usize = 32;

/// Bytes of a small packet.
const LENGTH: u32 = 64;

/// What moving a small packet costs beside the work of the device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Costs {
    /// By a system call of its own.
    pub(super) direct: Duration,
    /// As one of many in a ring.
    pub(super) ring: Duration,
}

/// Measures both ways with a pipe, which does next to nothing itself. A system call takes between 50
/// and 300 ns and an operation of a ring between 50 and 400, depending on processor, hypervisor and
/// mitigations; which of them is less cannot be known beforehand. Takes a few milliseconds.
///
/// # Errors
/// No pipe to be had, or one that does not take what was written.
pub(super) fn measure(ring: &mut Ring) -> io::Result<Costs> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    let (from, to) = (types::Fd(reader.as_raw_fd()), types::Fd(writer.as_raw_fd()));
    let mut bytes = [0; LENGTH as usize];
    let mut costs = Costs { direct: Duration::MAX, ring: Duration::MAX };
    for _ in 0..ROUNDS {
        let start = MonotonicClock.now();
        for _ in 0..DEPTH {
            rustix::io::write(&writer, &bytes)?;
        }
        for _ in 0..DEPTH {
            rustix::io::read(&reader, &mut bytes)?;
        }
        costs.direct = costs.direct.min(per_packet(start));

        let start = MonotonicClock.now();
        for index in 0..DEPTH {
            let write = opcode::Write::new(to, bytes.as_ptr(), LENGTH).rw_flags(libc::RWF_NOWAIT).build();
            // SAFETY: the bytes outlive `complete`.
            unsafe { ring.submit(index, &write) };
        }
        ring.complete(DEPTH);
        for index in 0..DEPTH {
            let read = opcode::Read::new(from, bytes.as_mut_ptr(), LENGTH).rw_flags(libc::RWF_NOWAIT).build();
            // SAFETY: as above.
            unsafe { ring.submit(index, &read) };
        }
        ring.complete(DEPTH);
        costs.ring = costs.ring.min(per_packet(start));
        if ring.results.iter().any(|result| u32::try_from(*result) != Ok(LENGTH)) {
            return Err(io::Error::other("a pipe gave back less than was written"));
        }
    }
    Ok(costs)
}

/// Time since then, for each of the packets that were written and read.
fn per_packet(start: Moment) -> Duration {
    MonotonicClock.now().since(start) / (2 * ENTRIES)
}
