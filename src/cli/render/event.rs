//! What has happened, a line each.

use super::super::report::{Event, Events, Gap, Report};
use super::style::{Style, Tone};
use super::units;

impl Report for Events {
    const SCHEMA: &'static str = "vgw.events/1";

    fn render(&self, style: Style) -> String {
        let gap = Some(Gap { lost: self.lost }).filter(|gap| gap.lost > 0);
        let gap = gap.map(|gap| gap.render(style)).unwrap_or_default();
        self.events.iter().fold(gap, |text, event| text + &event.render(style))
    }
}

impl Report for Event {
    const SCHEMA: &'static str = "vgw.event/1";

    fn render(&self, style: Style) -> String {
        let Self { sequence: _, time, object, name, deed, cause, instance, detail } = self;
        let tone = match deed.as_str() {
            "lost" | "began" | "disputed" => Tone::Bad,
            "deleted" | "repaired" | "rolled back" => Tone::Notice,
            "added" | "applied" | "confirmed" | "back" | "over" => Tone::Good,
            _ => Tone::Plain,
        };
        let time = style.paint(Tone::Faint, iso8601(time / 1_000_000 * 1_000_000).replace(".000000", ""));
        let what =
            if name.is_empty() { object.clone() } else { format!("{object} {}", style.paint(Tone::Strong, name)) };
        let place = instance.as_ref().map(|instance| format!(" in {instance}")).unwrap_or_default();
        let more = detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
        let cause = style.paint(Tone::Faint, format_args!("({cause})"));
        format!("{time}  {what} {}{place}{more} {cause}\n", style.paint(tone, deed))
    }
}

impl Report for Gap {
    const SCHEMA: &'static str = "vgw.gap/1";

    fn render(&self, style: Style) -> String {
        let lost = format!("{} events were missed: the daemon keeps only the latest", units::exact(self.lost));
        format!("{}\n", style.paint(Tone::Notice, lost))
    }
}

/// Microseconds since 1970 as ISO 8601 has them, in UTC: `2026-11-21T22:01:07.000123Z`.
#[must_use]
pub fn iso8601(micros: u64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant's civil_from_days: years begin in March, and repeat every 400 years.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{date:02}T{hours:02}:{minutes:02}:{seconds:02}.{fraction:06}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_iso_8601() {
        // As `date -u -d @SECONDS` has them.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (68_169_599, "1972-02-28T23:59:59.000000Z"),
            (68_169_600, "1972-02-29T00:00:00.000000Z"),
            (951_868_800, "2000-03-01T00:00:00.000000Z"),
            (1_798_761_599, "2026-12-31T23:59:59.000000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
        ] {
            assert_eq!(iso8601(seconds * 1_000_000), text);
        }
        assert_eq!(iso8601(1_500_000), "1970-01-01T00:00:01.500000Z");
    }
}
