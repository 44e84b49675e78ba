//! As much as the sender can; what counts is what the receiver gets.

use std::io::{self, IoSlice};
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg};
use serde_json::{Value, json};

use crate::ends::{Ends, beside, taken};
use crate::{SMALL, WARM_UP, now, rest};

/// Packets that the sender hands to the kernel in one call.
pub(crate) const BURST: usize = 64;
/// Packets that a receiver takes before it looks at the clock again, if they do not end.
const DRAIN: u64 = 10_000;
/// The pause of a receiver that counts; its buffer holds several times what arrives meanwhile.
const REST: Duration = Duration::from_micros(500);
/// Payload of a datagram that fills an MTU of 1500, and how many of them one send can hold.
const SEGMENT: usize = 1500 - 20 - 8;
const SEGMENTS: usize = 65_507 / SEGMENT;

/// Frames of 64 bytes, in bursts. The receiver reads all that is there and then rests: woken for
/// each packet, it would make the waking of a process the larger part of what is measured.
pub(crate) fn small(ends: &Ends, length: Duration) -> io::Result<Value> {
    ends.far.set_nonblocking(true)?;
    let taken = || {
        rest(REST);
        drain(&ends.far)
    };
    beside(|over| send_small(&ends.near, over), || count(length, taken))
}

/// Super-packets that the kernel may cut into datagrams, and receives put together again.
pub(crate) fn segments(ends: &Ends, length: Duration) -> io::Result<Value> {
    setsockopt(&ends.near, sockopt::UdpGsoSegment, &i32::try_from(SEGMENT).map_err(io::Error::other)?)?;
    setsockopt(&ends.far, sockopt::UdpGroSegment, &true)?;
    let mut buffer = vec![0; 1 << 16];
    let mut taken = || {
        let size = taken(ends.far.recv(&mut buffer))?.unwrap_or(0);
        Ok((size / SEGMENT) as u64)
    };
    beside(|over| send_segments(&ends.near, over), || count(length, &mut taken))
}

/// Adds up what `take` takes, after a warm-up, for so long.
fn count(length: Duration, mut take: impl FnMut() -> io::Result<u64>) -> io::Result<Value> {
    let start = now() + WARM_UP;
    let mut received = 0;
    loop {
        let some = take()?;
        let latest = now();
        if latest < start {
            continue;
        }
        received += some;
        if latest >= start + length {
            return Ok(json!({ "received": received, "seconds": (latest - start).as_secs_f64() }));
        }
    }
}

/// Takes the packets that wait and returns their number.
fn drain(socket: &UdpSocket) -> io::Result<u64> {
    let mut buffer = [0; SMALL];
    for number in 0..DRAIN {
        if taken(socket.recv(&mut buffer))?.is_none() {
            return Ok(number);
        }
    }
    Ok(DRAIN)
}

fn send_small(socket: &UdpSocket, over: &AtomicBool) -> io::Result<()> {
    let mut burst = Burst::new();
    while !over.load(Ordering::Relaxed) {
        burst.send(socket, &[0; SMALL], BURST)?;
    }
    Ok(())
}

fn send_segments(socket: &UdpSocket, over: &AtomicBool) -> io::Result<()> {
    let payload = vec![0; SEGMENT * SEGMENTS];
    while !over.load(Ordering::Relaxed) {
        taken(socket.send(&payload))?;
    }
    Ok(())
}

/// What a burst needs beside its packets, made once.
pub(crate) struct Burst {
    controls: Vec<SendAncillaryBuffer<'static, 'static, 'static>>,
}

impl Burst {
    pub(crate) fn new() -> Self {
        Self { controls: (0..BURST).map(|_| SendAncillaryBuffer::default()).collect() }
    }

    /// Sends a payload `times` times in one call, at most [`BURST`] times; returns how often it was sent.
    pub(crate) fn send(&mut self, socket: &UdpSocket, payload: &[u8], times: usize) -> io::Result<u64> {
        let payload = [IoSlice::new(payload)];
        let controls = self.controls.iter_mut().take(times);
        let mut messages: Vec<_> = controls.map(|control| MMsgHdr::new(&payload, control)).collect();
        let sent = sendmmsg(socket, &mut messages, SendFlags::empty()).map_err(io::Error::from);
        Ok(taken(sent)?.unwrap_or(0) as u64)
    }
}
