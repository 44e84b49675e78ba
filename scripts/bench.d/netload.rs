//! The load that `scripts/bench` puts on a path: small UDP packets one way, or back and forth.
//!
//! Two run at a time, one at each end; what they have measured goes to standard output as one line
//! of JSON. Each ends by itself.

use std::io::{self, IoSlice, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg, sockopt};
use serde_json::json;

/// Payload of a UDP packet over IPv4 that makes an Ethernet frame of 64 bytes, checksum not counted.
const PAYLOAD: usize = 64 - 14 - 20 - 8;
/// Packets that the sender hands to the kernel in one call.
const BURST: usize = 64;
/// Room for packets that wait for the receiver, bytes: more than a scheduler's time slice of them.
const RECEIVE_BUFFER: usize = 4 << 20;
/// The counting receiver's pause; the buffer holds several times what arrives meanwhile.
const REST: Duration = Duration::from_micros(500);
/// Packets it takes before it looks at the clock again, if they do not end.
const DRAIN: u32 = 10_000;
/// How long a receiver waits for the first packet.
const PATIENCE: Duration = Duration::from_secs(10);
/// What comes first does not count: neighbours are resolved and caches filled.
const WARM_UP: Duration = Duration::from_millis(200);
/// An answer that takes longer counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(2);

#[derive(Parser)]
struct Arguments {
    /// How long to measure, seconds.
    #[arg(long, global = true, default_value_t = 2.0)]
    seconds: f64,
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Receives packets and counts them.
    Sink { listen: SocketAddr },
    /// Sends packets as fast as it can.
    Flood { to: SocketAddr },
    /// Sends every packet back.
    Echo { listen: SocketAddr },
    /// Sends a packet, waits for it to come back, and so on; prints the distribution of the times.
    Ping { to: SocketAddr },
}

fn main() -> io::Result<()> {
    let Arguments { seconds, role } = Arguments::parse();
    let length = Duration::try_from_secs_f64(seconds).map_err(io::Error::other)?;
    match role {
        Role::Sink { listen } => sink(&open(listen)?, length),
        Role::Flood { to } => flood(&connect(to)?, length + 2 * WARM_UP),
        Role::Echo { listen } => echo(&open(listen)?, length + PATIENCE),
        Role::Ping { to } => ping(&connect(to)?, length),
    }
}

#[allow(clippy::disallowed_methods, reason = "measures time, and is not part of the library")]
fn now() -> Instant {
    Instant::now()
}

/// A receiving socket; who started this learns that it is there.
fn open(listen: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(listen)?;
    sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    print("ready")?;
    Ok(socket)
}

fn connect(to: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect(to)?;
    Ok(socket)
}

fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Counts what arrives. It reads all that is there and then rests: woken for each packet, it would
/// make the waking of a process on another core the larger part of what is measured.
fn sink(socket: &UdpSocket, length: Duration) -> io::Result<()> {
    socket.recv(&mut [0; PAYLOAD])?;
    socket.set_nonblocking(true)?;
    let start = now() + WARM_UP;
    let mut received = 0;
    loop {
        rest();
        let taken = drain(socket)?;
        let latest = now();
        if latest < start {
            continue;
        }
        received += taken;
        if latest >= start + length {
            let seconds = (latest - start).as_secs_f64();
            return print(&json!({ "received": received, "seconds": seconds }).to_string());
        }
    }
}

/// Takes the packets that wait and returns their number.
fn drain(socket: &UdpSocket) -> io::Result<u32> {
    let mut buffer = [0; PAYLOAD];
    for taken in 0..DRAIN {
        match socket.recv(&mut buffer) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(taken),
            Err(error) => return Err(error),
        }
    }
    Ok(DRAIN)
}

#[allow(clippy::disallowed_methods, reason = "a pause is what is wanted")]
fn rest() {
    std::thread::sleep(REST);
}

fn flood(socket: &UdpSocket, length: Duration) -> io::Result<()> {
    let payload = [IoSlice::new(&[0; PAYLOAD])];
    let mut controls: Vec<_> = (0..BURST).map(|_| SendAncillaryBuffer::default()).collect();
    let end = now() + length;
    let mut sent: u64 = 0;
    while now() < end {
        let mut burst: Vec<_> = controls.iter_mut().map(|control| MMsgHdr::new(&payload, control)).collect();
        match sendmmsg(socket, &mut burst, SendFlags::empty()) {
            Ok(taken) => sent += taken as u64,
            // The sink stops first; what comes then is refused.
            Err(rustix::io::Errno::CONNREFUSED) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    print(&json!({ "sent": sent }).to_string())
}

fn echo(socket: &UdpSocket, length: Duration) -> io::Result<()> {
    let mut buffer = [0; 2048];
    let end = now() + length;
    while now() < end {
        let (size, from) = socket.recv_from(&mut buffer)?;
        socket.send_to(&buffer[..size], from)?;
    }
    Ok(())
}

fn ping(socket: &UdpSocket, length: Duration) -> io::Result<()> {
    socket.set_read_timeout(Some(LOST_AFTER))?;
    let mut times: Vec<Duration> = Vec::new();
    let mut lost: u64 = 0;
    let mut payload = [0; PAYLOAD];
    let first = now();
    let start = first + WARM_UP;
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
    let result = json!({ "answered": times.len(), "lost": lost, "p50_us": micros(0.50), "p99_us": micros(0.99) });
    print(&result.to_string())
}

/// Waits for the packet of this number; later answers to earlier packets do not count.
fn answered(socket: &UdpSocket, number: u64) -> io::Result<bool> {
    let mut buffer = [0; 2048];
    loop {
        match socket.recv(&mut buffer) {
            Ok(size) if buffer[..size].starts_with(&number.to_be_bytes()) => return Ok(true),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

/// The value below which this share of the sorted values lies.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounds an index")]
fn quantile(sorted: &[Duration], share: f64) -> Option<Duration> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}
