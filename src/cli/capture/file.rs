//! Captured packets as a pcapng file.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use crate::api::generated::virtual_gateway::{CapturePort, CapturedPacket, Sight};
use crate::capture::pcapng::{self, Direction, Record};
use crate::cli::failure::Failure;
use crate::cli::wire::number;

use super::{Output, Total};

/// A pcapng file, or a pipe that is read as one. Complete after each flush but for the final counts.
pub(super) struct File<'a> {
    writer: &'a mut dyn Write,
    /// Bytes that are kept of each packet.
    snap_length: usize,
    interfaces: BTreeMap<String, Interface>,
    /// The time of the last packet.
    latest: Duration,
}

struct Interface {
    number: u32,
    packets: u64,
}

impl<'a> File<'a> {
    pub(super) fn new(writer: &'a mut dyn Write, snap_length: Option<i32>) -> Self {
        let snap_length = snap_length.and_then(|length| usize::try_from(length).ok()).unwrap_or(262_144);
        Self { writer, snap_length, interfaces: BTreeMap::new(), latest: Duration::ZERO }
    }

    fn write(&mut self, block: &[u8]) -> Result<(), Failure> {
        self.writer.write_all(block).map_err(Failure::Output)
    }

    /// Describes an interface, unless that was done. It counts a packet if one has come.
    fn interface(&mut self, name: &str, instance: &str, packets: u64) -> Result<u32, Failure> {
        if let Some(known) = self.interfaces.get_mut(name) {
            known.packets += packets;
            return Ok(known.number);
        }
        let number = u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX);
        self.write(&pcapng::interface(name, instance, self.snap_length))?;
        self.interfaces.insert(name.to_owned(), Interface { number, packets });
        Ok(number)
    }
}

impl Output for File<'_> {
    fn begin(&mut self, ports: &[CapturePort]) -> Result<(), Failure> {
        self.write(&pcapng::section(concat!("vgw ", env!("CARGO_PKG_VERSION"))))?;
        for CapturePort { name, routing_instance } in ports {
            self.interface(name, routing_instance, 0)?;
        }
        Ok(())
    }

    fn packet(&mut self, packet: &CapturedPacket) -> Result<(), Failure> {
        let interface = self.interface(&packet.port, "", 1)?;
        self.latest = Duration::from_nanos(number(packet.time_ns));
        let verb = if packet.sight == Sight::DROPPED { "dropped after it had waited" } else { "dropped" };
        let comment = packet.reason.as_ref().map(|reason| {
            let meaning = packet.meaning.as_deref().unwrap_or_default();
            format!("{verb}: {reason}: {meaning}")
        });
        let direction = if packet.sight == Sight::SENT { Direction::Outbound } else { Direction::Inbound };
        let record = Record {
            interface,
            time: self.latest,
            direction,
            length: usize::try_from(packet.length).unwrap_or_default(),
            data: &packet.data,
            comment: comment.as_deref(),
        };
        self.write(&pcapng::packet(&record))
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(Failure::Output)
    }

    fn end(&mut self, total: Total) -> Result<(), Failure> {
        let interfaces = std::mem::take(&mut self.interfaces);
        let comment = (total.lost > 0).then(|| format!("{} packets of all ports were lost", total.lost));
        for Interface { number, packets } in interfaces.values() {
            // Of which port the lost ones were is known only if there is no choice.
            let lost = (interfaces.len() == 1 || total.lost == 0).then_some(total.lost);
            let block = pcapng::statistics(*number, self.latest, *packets, lost, comment.as_deref());
            self.write(&block)?;
        }
        Ok(())
    }
}
