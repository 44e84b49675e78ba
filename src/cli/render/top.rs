//! What interfaces do in a second.

use super::super::report::{Busy, Report, Top};
use super::style::{Style, Tone};
use super::table::{Cell, Table, left, right};
use super::units;

impl Report for Top {
    const SCHEMA: &'static str = "vgw.top/1";

    fn render(&self, style: Style) -> String {
        let sum = |count: fn(&Busy) -> u64| self.interfaces.iter().map(count).sum::<u64>();
        let (packets, bytes, drops) = (sum(|it| it.received), sum(|it| it.received_bytes), sum(|it| it.drops));
        let mut text = format!(
            "{} packets/s, {}/s, {} drops/s by {} interfaces in the last {}, sorted by {}\n\n",
            style.paint(Tone::Strong, units::count(packets)),
            units::bytes(bytes),
            units::count(drops),
            self.interfaces.len(),
            units::millis(self.over_ms),
            self.sort
        );
        let numbers = ["rx packets/s", "rx bytes/s", "tx packets/s", "tx bytes/s", "drops/s"];
        let columns = ["interface", "role"].map(left).into_iter().chain(numbers.map(right)).chain([left("instance")]);
        let mut table = Table::new(columns);
        for it in &self.interfaces {
            let drops = if it.drops > 0 { Tone::Bad } else { Tone::Plain };
            table.row([
                Cell::new(&it.interface),
                Cell::new(it.role),
                Cell::new(units::count(it.received)),
                Cell::new(units::bytes(it.received_bytes)),
                Cell::new(units::count(it.transmitted)),
                Cell::new(units::bytes(it.transmitted_bytes)),
                Cell::new(units::count(it.drops)).tone(drops),
                Cell::new(&it.instance),
            ]);
        }
        text.push_str(&table.render(style, 0));
        text
    }
}
