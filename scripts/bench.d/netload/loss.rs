//! The greatest rate without loss, after the throughput test of RFC 2544 (26.1), with a bound on
//! loss above zero: one pause of the scheduler would otherwise decide.

use std::io;
use std::net::UdpSocket;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::ends::{Ends, beside, taken};
use crate::flood::{BURST, Burst};
use crate::{SMALL, now, rest};

/// Packets a second between which is searched.
const LEAST: f64 = 10e3;
const GREATEST: f64 = 2e6;
/// Halvings of the (logarithmic) range: to 2 % of the rate.
const STEPS: u32 = 8;
/// The share of packets that may be lost.
const ALLOWED: f64 = 0.001;
/// A rate holds if one of so many tries does: what else the machine does costs a try, not the rate.
const TRIES: u32 = 2;
/// The share of a rate that the sender must reach for the try to count for it.
const OFFERED: f64 = 0.97;
/// The sender's pause between bursts, and the receiver's between looks.
const REST: Duration = Duration::from_micros(50);
/// After so long without a packet, none is on its way any more.
const SILENCE: Duration = Duration::from_millis(20);

/// Searches by bisection; each try sends for so long.
pub(crate) fn loss_free(ends: &Ends, length: Duration) -> io::Result<Value> {
    // A pause of 50 µs must not become one of 100.
    rustix::thread::set_current_timer_slack(NonZeroU64::new(1))?;
    ends.far.set_nonblocking(true)?;
    let got = AtomicU64::new(0);
    let (mut low, mut high) = (LEAST, GREATEST);
    let mut tries = Tries { near: &ends.near, got: &got, burst: Burst::new(), number: 0 };
    let receiver = |over: &AtomicBool| receive(&ends.far, &got, over);
    beside(receiver, || {
        for _ in 0..STEPS {
            let rate = (low * high).sqrt();
            if tries.holds(rate, length)? { low = rate } else { high = rate }
        }
        Ok(json!({ "packets_per_second": if low > LEAST { low } else { 0.0 } }))
    })
}

/// Counts packets of the latest try: `got` holds its number in the upper half, their count in the lower.
fn receive(socket: &UdpSocket, got: &AtomicU64, over: &AtomicBool) -> io::Result<()> {
    rustix::thread::set_current_timer_slack(NonZeroU64::new(1))?;
    let mut buffer = [0; SMALL];
    while !over.load(Ordering::Relaxed) {
        if taken(socket.recv(&mut buffer))?.is_none() {
            rest(REST);
        } else if buffer[..4] == ((got.load(Ordering::Relaxed) >> 32) as u32).to_be_bytes() {
            got.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

struct Tries<'a> {
    near: &'a UdpSocket,
    got: &'a AtomicU64,
    burst: Burst,
    number: u32,
}

impl Tries<'_> {
    fn holds(&mut self, rate: f64, length: Duration) -> io::Result<bool> {
        for _ in 0..TRIES {
            let (sent, received) = self.offer(rate, length)?;
            let expected = rate * length.as_secs_f64();
            if sent as f64 >= expected * OFFERED && received as f64 >= sent as f64 * (1.0 - ALLOWED) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sends at a steady rate and returns the numbers of packets sent and received.
    fn offer(&mut self, rate: f64, length: Duration) -> io::Result<(u64, u64)> {
        self.number += 1;
        self.got.store(u64::from(self.number) << 32, Ordering::Relaxed);
        let mut payload = [0; SMALL];
        payload[..4].copy_from_slice(&self.number.to_be_bytes());
        let start = now();
        let mut sent = 0;
        while start.elapsed() < length {
            match due(rate, start.elapsed()).saturating_sub(sent) {
                0 => rest(REST),
                // After a long pause of its own the sender does not make up for it in one go.
                due => sent += self.burst.send(self.near, &payload, usize::try_from(due).unwrap_or(BURST))?,
            }
        }
        Ok((sent, self.settled()))
    }

    /// The number of packets received once no more come.
    fn settled(&self) -> u64 {
        let mut before = self.got.load(Ordering::Relaxed);
        loop {
            rest(SILENCE);
            let after = self.got.load(Ordering::Relaxed);
            if after == before {
                return after & u64::from(u32::MAX);
            }
            before = after;
        }
    }
}

/// Packets that a steady rate has sent after a time.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounds down to a number of packets")]
fn due(rate: f64, after: Duration) -> u64 {
    (rate * after.as_secs_f64()) as u64
}
