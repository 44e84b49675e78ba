//! `vgw top`

use std::cmp::Reverse;
use std::io::{self, Write};
use std::time::Duration;

use rustix::event::{Timespec, poll};

use crate::api::generated::virtual_gateway::TVirtualGatewaySyncClient;
use crate::clock::{Clock, Moment};

use super::super::args::{Column, TopArguments};
use super::super::failure::Failure;
use super::super::render::{Style, Tone};
use super::super::report::{Busy, Report, Status, Top};
use super::super::run::Form;
use super::super::wire;
use super::terminal::{Heard, Terminal};

/// What the daemon has counted, and when.
struct Look {
    at: Moment,
    status: Status,
}

/// Shows what interfaces do, again and again until somebody has seen enough, or once.
///
/// # Errors
/// The daemon no longer answers, or there is no terminal to show it on.
pub(in crate::cli) fn top(
    arguments: &TopArguments,
    daemon: &mut dyn TVirtualGatewaySyncClient,
    form: Form,
    clock: &dyn Clock,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let first = look(daemon, clock)?;
    if arguments.once {
        pause(first.at + arguments.interval, clock)?;
        let mut top = between(&first, &look(daemon, clock)?);
        sort(&mut top, arguments.sort);
        return super::write(out, &form.text(&top)?).map(drop);
    }
    let refused = |field: &str, reason: &str| Failure::Usage { field: field.to_owned(), reason: reason.to_owned() };
    let Form::People(style) = form else {
        return Err(refused("--json", "vgw top goes on for ever: with --once it is one object"));
    };
    let terminal = Terminal::take().map_err(Failure::Output)?;
    let mut terminal = terminal.ok_or_else(|| refused("", "vgw top needs a terminal; elsewhere there is --once"))?;
    live(arguments, daemon, style, clock, first, &mut terminal)
}

/// Draws until `q` or a signal ends it.
fn live(
    arguments: &TopArguments,
    daemon: &mut dyn TVirtualGatewaySyncClient,
    style: Style,
    clock: &dyn Clock,
    first: Look,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (mut last, mut column) = (first, arguments.sort);
    let mut top = between(&last, &last);
    loop {
        sort(&mut top, column);
        let keys = style.paint(Tone::Faint, "sort by: p packets  b bytes  d drops  n name    q quit");
        terminal.draw(&style.guard(&format!("{keys}\n{}", top.render(style)))).map_err(Failure::Output)?;
        let due = last.at + arguments.interval;
        match terminal.wait(due - clock.now()).map_err(Failure::Output)? {
            Heard::Key(b'p') => column = Column::Packets,
            Heard::Key(b'b') => column = Column::Bytes,
            Heard::Key(b'd') => column = Column::Drops,
            Heard::Key(b'n') => column = Column::Name,
            Heard::Key(b'q') | Heard::End => return Ok(()),
            Heard::Key(_) | Heard::Nothing => {}
        }
        if clock.now() >= due {
            let next = look(daemon, clock)?;
            top = between(&last, &next);
            last = next;
        }
    }
}

fn look(daemon: &mut dyn TVirtualGatewaySyncClient, clock: &dyn Clock) -> Result<Look, Failure> {
    let status = wire::status(daemon.status()?);
    Ok(Look { at: clock.now(), status })
}

fn between(before: &Look, after: &Look) -> Top {
    let over = u64::try_from((after.at - before.at).as_millis()).unwrap_or(u64::MAX);
    Top::between(&before.status, &after.status, over)
}

/// What is most comes first; what is equal is sorted by name.
fn sort(top: &mut Top, column: Column) {
    let most = |it: &Busy| match column {
        Column::Packets => it.received + it.transmitted,
        Column::Bytes => it.received_bytes + it.transmitted_bytes,
        Column::Drops => it.drops,
        Column::Name => 0,
    };
    top.sort = match column {
        Column::Packets => "packets",
        Column::Bytes => "bytes",
        Column::Drops => "drops",
        Column::Name => "name",
    };
    top.interfaces.sort_by(|one, other| {
        let key = |it: &Busy| Reverse(most(it));
        key(one).cmp(&key(other)).then_with(|| one.interface.cmp(&other.interface))
    });
}

/// Waits until then.
fn pause(until: Moment, clock: &dyn Clock) -> Result<(), Failure> {
    loop {
        let left: Duration = until - clock.now();
        if left.is_zero() {
            return Ok(());
        }
        match poll(&mut [], Timespec::try_from(left).ok().as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Failure::Output(io::Error::from(error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(interface: &str, packets: u64, bytes: u64, drops: u64) -> Busy {
        Busy {
            interface: interface.to_owned(),
            role: "guest",
            instance: "net1".to_owned(),
            received: packets,
            received_bytes: bytes,
            transmitted: 1,
            transmitted_bytes: 98,
            drops,
        }
    }

    #[test]
    fn each_column_has_its_order() {
        let interfaces = vec![busy("tap2", 5, 9000, 1), busy("tap1", 7, 500, 1), busy("tap3", 6, 600, 2)];
        let mut top = Top { over_ms: 1000, sort: "name", interfaces };
        for (column, word, expected) in [
            (Column::Packets, "packets", ["tap1", "tap3", "tap2"]),
            (Column::Bytes, "bytes", ["tap2", "tap3", "tap1"]),
            (Column::Drops, "drops", ["tap3", "tap1", "tap2"]),
            (Column::Name, "name", ["tap1", "tap2", "tap3"]),
        ] {
            sort(&mut top, column);
            let names: Vec<&str> = top.interfaces.iter().map(|it| &*it.interface).collect();
            assert_eq!((top.sort, &names[..]), (word, &expected[..]));
        }
        let shown = top.render(Style::PLAIN);
        let expected = "18 packets/s, 9.8 KiB/s, 4 drops/s by 3 interfaces in the last 1 s, sorted by name\n\n\
            interface  role   rx packets/s  rx bytes/s  tx packets/s  tx bytes/s  drops/s  instance\n\
            tap1       guest             7       500 B             1        98 B        1  net1\n";
        assert!(shown.starts_with(expected), "{shown}");
    }
}
