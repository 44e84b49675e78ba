//! Packets in a file that Wireshark, tcpdump and others read: pcapng
//! (draft-ietf-opsawg-pcapng).

use std::time::Duration;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// `LINKTYPE_ETHERNET`.
const ETHERNET: u16 = 1;
/// The unit of our timestamps: 10^-9 seconds.
const NANOSECONDS: u8 = 9;

// Options of blocks, by their numbers.
const COMMENT: u16 = 1;
const APPLICATION: u16 = 4;
const NAME: u16 = 2;
const DESCRIPTION: u16 = 3;
const RESOLUTION: u16 = 9;
const FLAGS: u16 = 2;
const RECEIVED: u16 = 4;
const LOST: u16 = 5;

/// Which way a packet passed an interface, as the lowest bits of `epb_flags` have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It came in.
    Inbound,
    /// It went out.
    Outbound,
}

/// A packet to be written.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The interface, counted in the order in which they were written.
    pub interface: u32,
    /// When, since 1970-01-01 00:00 UTC.
    pub time: Duration,
    /// Which way.
    pub direction: Direction,
    /// Bytes of the frame.
    pub length: usize,
    /// Those that were kept.
    pub data: &'a [u8],
    /// What is to be said of it.
    pub comment: Option<&'a str>,
}

/// The block that a file begins with.
#[must_use]
pub fn section(application: &str) -> Vec<u8> {
    let mut block = Block::new(SECTION_HEADER);
    block.u32(0x1a2b_3c4d); // shows the byte order
    block.u16(1); // the format's version
    block.u16(0);
    block.bytes(&[0xff; 8]); // the section's length is not known
    block.option(APPLICATION, application.as_bytes());
    block.end()
}

/// An interface. It comes before its packets, which may be long after the file's beginning.
#[must_use]
pub fn interface(name: &str, description: &str, snap_length: usize) -> Vec<u8> {
    let mut block = Block::new(INTERFACE_DESCRIPTION);
    block.u16(ETHERNET);
    block.u16(0);
    block.u32(u32_of(snap_length));
    block.option(NAME, name.as_bytes());
    block.option(DESCRIPTION, description.as_bytes());
    block.option(RESOLUTION, &[NANOSECONDS]);
    block.end()
}

/// A packet.
#[must_use]
pub fn packet(record: &Record<'_>) -> Vec<u8> {
    let Record { interface, time, direction, length, data, comment } = *record;
    let mut block = Block::new(ENHANCED_PACKET);
    block.u32(interface);
    block.time(time);
    block.u32(u32_of(data.len()));
    block.u32(u32_of(length));
    block.bytes(data);
    block.pad();
    if let Some(comment) = comment {
        block.option(COMMENT, comment.as_bytes());
    }
    let flags: u32 = match direction {
        Direction::Inbound => 1,
        Direction::Outbound => 2,
    };
    block.option(FLAGS, &flags.to_le_bytes());
    block.end()
}

/// What was counted on an interface by the capture's end. `lost` is `None` if that is not known by
/// interface.
#[must_use]
pub fn statistics(interface: u32, time: Duration, received: u64, lost: Option<u64>, comment: Option<&str>) -> Vec<u8> {
    let mut block = Block::new(INTERFACE_STATISTICS);
    block.u32(interface);
    block.time(time);
    if let Some(comment) = comment {
        block.option(COMMENT, comment.as_bytes());
    }
    block.option(RECEIVED, &received.to_le_bytes());
    if let Some(lost) = lost {
        block.option(LOST, &lost.to_le_bytes());
    }
    block.end()
}

/// A block in the making: its type, then its length, which also ends it.
struct Block(Vec<u8>);

impl Block {
    fn new(kind: u32) -> Self {
        let mut block = Self(Vec::with_capacity(128));
        block.u32(kind);
        block.u32(0);
        block
    }

    fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The upper half comes first, whatever the byte order.
    #[allow(clippy::cast_possible_truncation)] // cutting is the purpose; nanoseconds last until 2554
    fn time(&mut self, time: Duration) {
        let nanos = time.as_nanos() as u64;
        self.u32((nanos >> 32) as u32);
        self.u32(nanos as u32);
    }

    /// What is longer than an option can be is cut.
    fn option(&mut self, code: u16, value: &[u8]) {
        let value = &value[..value.len().min(usize::from(u16::MAX))];
        self.u16(code);
        self.u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        self.bytes(value);
        self.pad();
    }

    fn pad(&mut self) {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    fn end(mut self) -> Vec<u8> {
        self.u32(0); // the end of the options
        let length = u32_of(self.0.len() + 4);
        self.u32(length);
        self.0[4..8].copy_from_slice(&length.to_le_bytes());
        self.0
    }
}

fn u32_of(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
