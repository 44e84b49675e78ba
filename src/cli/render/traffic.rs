//! The columns of tables that say what an interface carries, gateway or port.

use super::super::report::{Counters, Rates};
use super::style::Tone;
use super::table::{Cell, Heading, right};
use super::units;

/// The headings over [`totals`].
pub(super) const TOTALS: [Heading; 3] = [right("rx packets"), right("tx packets"), right("drops")];

/// The headings over [`of_late`].
pub(super) const OF_LATE: [Heading; 4] = [right("rx pps"), right("tx pps"), right("drops/s"), right("drops")];

/// Packets received, transmitted and dropped since the interface was added.
pub(super) fn totals(counters: &Counters) -> [Cell; 3] {
    [
        Cell::new(units::count(counters.received)),
        Cell::new(units::count(counters.transmitted)),
        dropped(counters.drops(), units::count),
    ]
}

/// Packets received, transmitted and dropped in a second, and dropped since the interface was added. A
/// daemon that is older than its command line tells no rates.
pub(super) fn of_late(rates: Option<&Rates>, counters: &Counters) -> [Cell; 4] {
    let drops = dropped(counters.drops(), units::count);
    let Some(rates) = rates else { return [Cell::none(), Cell::none(), Cell::none(), drops] };
    let second = |count| units::count(units::per_second(count, rates.over_ms));
    [Cell::new(second(rates.packets)), Cell::option(rates.transmitted.map(second)), dropped(rates.drops, second), drops]
}

/// Drops are noticed.
fn dropped(count: u64, show: impl FnOnce(u64) -> String) -> Cell {
    let cell = Cell::new(show(count));
    if count > 0 { cell.tone(Tone::Notice) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::super::style::Style;
    use super::super::table::Table;
    use super::*;

    fn shown(dropped: u64) -> String {
        let dropped = [("IP_TTL".to_owned(), dropped)].into();
        let mut table = Table::new(TOTALS);
        table.row(totals(&Counters { received: 9, transmitted: 5, dropped, ..Counters::default() }));
        table.render(Style::COLOUR, 0)
    }

    #[test]
    fn drops_are_noticed() {
        assert!(shown(4).contains(&Style::COLOUR.paint(Tone::Notice, "4")), "{:?}", shown(4));
        assert!(!shown(0).contains(&Style::COLOUR.paint(Tone::Notice, "0")), "{:?}", shown(0));
    }
}
