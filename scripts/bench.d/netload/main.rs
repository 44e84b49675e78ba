//! The UDP load that `scripts/bench` puts on a path. One process plays both ends, each in a network
//! namespace; what it has measured goes to standard output as one line of JSON.

mod ends;
mod flood;
mod loss;
#[path = "../namespace.rs"]
mod namespace;
mod ping;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};

/// Payload of a UDP packet over IPv4 that makes an Ethernet frame of 64 bytes, checksum not counted.
const SMALL: usize = 64 - 14 - 20 - 8;
/// What comes first does not count: neighbours are resolved and caches filled.
const WARM_UP: Duration = Duration::from_millis(200);

/// Sends UDP packets from one network namespace to another and measures what arrives.
#[derive(Parser)]
struct Arguments {
    /// How long to measure, seconds; each try of `loss` takes an eighth of it.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Namespace of the sender.
    #[arg(long, value_name = "NETNS")]
    from: String,
    /// Namespace of the receiver.
    #[arg(long, value_name = "NETNS")]
    to: String,
    /// The receiver's address and port.
    #[arg(long)]
    at: SocketAddr,
    #[command(subcommand)]
    load: Load,
}

#[derive(Subcommand)]
enum Load {
    /// Frames of 64 bytes as fast as they can be sent: how many arrive.
    Small,
    /// UDP segmentation offload, 44 datagrams of 1,472 bytes in each send: how many datagrams arrive.
    Segments,
    /// Frames of 64 bytes there and back, one at a time: the distribution of the times.
    Ping,
    /// The greatest rate of frames of 64 bytes at which less than 0.1 % are lost, by bisection.
    Loss,
}

fn main() -> io::Result<()> {
    let Arguments { seconds, from, to, at, load } = Arguments::parse();
    let length = Duration::try_from_secs_f64(seconds).map_err(io::Error::other)?;
    let ends = ends::open(&from, &to, at)?;
    let measured = match load {
        Load::Small => flood::small(&ends, length)?,
        Load::Segments => flood::segments(&ends, length)?,
        Load::Ping => ping::ping(&ends, length)?,
        Load::Loss => loss::loss_free(&ends, length / 8)?,
    };
    let mut out = io::stdout();
    writeln!(out, "{measured}")?;
    out.flush()
}

#[allow(clippy::disallowed_methods, reason = "measures time, and is not part of the library")]
fn now() -> Instant {
    Instant::now()
}

#[allow(clippy::disallowed_methods, reason = "a pause is what is wanted")]
fn rest(length: Duration) {
    std::thread::sleep(length);
}
