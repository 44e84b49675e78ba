//! One packet there and back at a time.

use std::io;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::ends::{Ends, beside, taken};
use crate::{SMALL, WARM_UP, now};

/// An answer that takes longer counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(1);

/// Measures round trips for so long, after a warm-up.
pub(crate) fn ping(ends: &Ends, length: Duration) -> io::Result<Value> {
    ends.near.set_read_timeout(Some(LOST_AFTER))?;
    beside(|over| echo(&ends.far, over), || measure(&ends.near, length))
}

fn echo(socket: &UdpSocket, over: &AtomicBool) -> io::Result<()> {
    let mut buffer = [0; SMALL];
    while !over.load(Ordering::Relaxed) {
        match socket.recv_from(&mut buffer) {
            Ok((size, from)) => {
                socket.send_to(&buffer[..size], from)?;
            }
            Err(error) => {
                taken(Err(error))?;
            }
        }
    }
    Ok(())
}

fn measure(socket: &UdpSocket, length: Duration) -> io::Result<Value> {
    let mut times: Vec<Duration> = Vec::new();
    let mut lost: u64 = 0;
    let mut payload = [0; SMALL];
    let start = now() + WARM_UP;
    for number in 0_u64.. {
        payload[..8].copy_from_slice(&number.to_be_bytes());
        let sent = now();
        if sent >= start + length {
            break;
        }
        socket.send(&payload)?;
        let time = answered(socket, number)?.then(|| sent.elapsed());
        if sent >= start {
            match time {
                Some(time) => times.push(time),
                None => lost += 1,
            }
        }
    }
    times.sort_unstable();
    let micros = |share: f64| quantile(&times, share).map(|time| time.as_secs_f64() * 1e6);
    Ok(json!({ "answered": times.len(), "lost": lost, "p50_us": micros(0.50), "p99_us": micros(0.99) }))
}

/// Waits for the packet of this number; later answers to earlier packets do not count.
fn answered(socket: &UdpSocket, number: u64) -> io::Result<bool> {
    let mut buffer = [0; SMALL];
    loop {
        match taken(socket.recv(&mut buffer))? {
            Some(size) if buffer[..size].starts_with(&number.to_be_bytes()) => return Ok(true),
            Some(_) => {}
            None => return Ok(false),
        }
    }
}

/// The value below which this share of the sorted values lies.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounds an index")]
fn quantile(sorted: &[Duration], share: f64) -> Option<Duration> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}
