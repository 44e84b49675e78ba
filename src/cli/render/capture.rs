//! Captured packets.

use super::super::report::{CaptureEnd, CapturedPacket, Report, Sight};
use super::style::{Style, Tone};
use super::units::count;

impl Report for CapturedPacket {
    const SCHEMA: &'static str = "vgw.captured-packet/1";

    fn render(&self, style: Style) -> String {
        let Self { time, port, sight, reason, packet, length: _ } = self;
        let (time, port) = (style.paint(Tone::Faint, time), style.paint(Tone::Strong, port));
        let way = match sight {
            Sight::Received | Sight::Dropped => "in ",
            Sight::Sent => "out",
        };
        let end = reason.as_ref().map(|reason| {
            let later = if *sight == Sight::Dropped { " after it had waited" } else { "" };
            style.paint(Tone::Bad, format!(", dropped{later}: {reason}"))
        });
        format!("{time} {port} {way} {packet}{}\n", end.unwrap_or_default())
    }
}

impl Report for CaptureEnd {
    const SCHEMA: &'static str = "vgw.capture-end/1";

    fn render(&self, _: Style) -> String {
        let lost = if self.lost == 0 { String::new() } else { format!(", {} more were lost", count(self.lost)) };
        let noun = if self.packets == 1 { "packet" } else { "packets" };
        format!("{} {noun} captured{lost}", count(self.packets))
    }
}
