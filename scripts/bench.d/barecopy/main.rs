//! The least that a forwarder in user space can do: moves packets between two taps by the device
//! layer of vgwd, and does nothing else: no parsing, no lookup, no edit, no counting.
//!
//! What it reaches is the ceiling of that way to do input and output. `scripts/bench` runs it.

#[path = "../namespace.rs"]
mod namespace;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::str::FromStr;

use arrayvec::ArrayVec;
use clap::Parser;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use vgw::addr::InterfaceName;
use vgw::engine::{Backlog, Departure, DeviceError, Transfer};
use vgw::packet::Batch;
use vgw::sys::{Tap, transfers};

/// As `src/engine/worker.rs` has them.
const BATCH_PACKETS: usize = 64;
const BATCH_BYTES: usize = 512 << 10;

/// Makes two taps and moves packets between them until it is killed; prints "ready" once they are there.
#[derive(Parser)]
struct Arguments {
    /// One tap.
    #[arg(value_name = "NETNS:NAME")]
    left: Place,
    /// The other.
    #[arg(value_name = "NETNS:NAME")]
    right: Place,
    /// Whether small packets are moved in batches; found out by measuring, as in vgwd, unless given.
    #[arg(long, value_name = "BOOL")]
    io_uring: Option<bool>,
}

/// Where a tap is made, and under which name.
#[derive(Clone)]
struct Place {
    namespace: String,
    name: InterfaceName,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (namespace, name) = text.split_once(':').ok_or("there is no colon")?;
        let name = name.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { namespace: namespace.to_owned(), name })
    }
}

impl Place {
    fn tap(self) -> io::Result<Tap> {
        let Self { namespace, name } = self;
        let mut queues = namespace::within(&namespace, move || Tap::create(name, 1).map_err(io::Error::other))?;
        queues.pop().ok_or_else(|| io::Error::other("a tap without a queue"))
    }
}

fn main() -> io::Result<()> {
    let Arguments { left, right, io_uring } = Arguments::parse();
    let transfer = transfers(io_uring, 1).pop().ok_or_else(|| io::Error::other("no way to move packets"))?;
    let copy = Copy::between([left.tap()?, right.tap()?], transfer)?;
    let mut out = io::stdout();
    writeln!(out, "ready")?;
    out.flush()?;
    copy.run()
}

/// A worker without a forwarder.
struct Copy {
    poll: Poll,
    taps: [Tap; 2],
    backlogs: [Backlog; 2],
    transfer: Box<dyn Transfer>,
    /// Taps that may have more to read.
    ready: VecDeque<usize>,
    batch: Batch,
}

impl Copy {
    fn between(taps: [Tap; 2], transfer: Box<dyn Transfer>) -> io::Result<Self> {
        let poll = Poll::new()?;
        for (index, tap) in taps.iter().enumerate() {
            let descriptor = tap.as_fd().as_raw_fd();
            poll.registry().register(&mut SourceFd(&descriptor), Token(index), Interest::READABLE)?;
        }
        let batch = Batch::new(BATCH_PACKETS, BATCH_BYTES);
        Ok(Self { poll, taps, backlogs: [Backlog::UNKNOWN; 2], transfer, ready: VecDeque::new(), batch })
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(16);
        loop {
            let patience = (!self.ready.is_empty()).then_some(std::time::Duration::ZERO);
            match self.poll.poll(&mut events, patience) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for Token(index) in events.iter().map(mio::event::Event::token) {
                if !self.ready.contains(&index) {
                    self.ready.push_back(index);
                }
            }
            for _ in 0..self.ready.len() {
                if let Some(from) = self.ready.pop_front()
                    && self.serve(from)?
                {
                    self.ready.push_back(from);
                }
            }
        }
    }

    /// One batch from one tap to the other; true if there may be more.
    fn serve(&mut self, from: usize) -> io::Result<bool> {
        self.batch.clear();
        let outcome = self.transfer.receive(&mut self.taps[from], &mut self.batch, self.backlogs[from].expected());
        self.backlogs[from] = Backlog::seen(self.batch.len(), self.batch.bytes());
        let more = match outcome {
            Ok(()) => true,
            Err(DeviceError::WouldBlock | DeviceError::Down) => false,
            Err(DeviceError::Refused(error)) => return Err(error),
        };
        let to = &self.taps[1 - from];
        let mut departures: ArrayVec<_, BATCH_PACKETS> =
            self.batch.packets_mut().iter_mut().map(|packet| Departure::new(to, packet)).collect();
        // What the other side has no room for is lost, as in any forwarder.
        self.transfer.transmit(&mut departures);
        Ok(more)
    }
}
