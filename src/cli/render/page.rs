//! The page of one object.

use super::super::report::Counters;
use super::style::{Style, Tone};
use super::units;

/// One object with its properties, a line each.
pub(super) struct Page {
    style: Style,
    text: String,
}

impl Page {
    pub(super) fn new(style: Style, kind: &str, name: &str) -> Self {
        Self { style, text: format!("{} {}\n", kind, style.paint(Tone::Strong, name)) }
    }

    pub(super) fn line(&mut self, property: &str, value: &str) {
        let property = self.style.paint(Tone::Faint, format_args!("{property:<12}"));
        self.text.push_str(&format!("  {property}  {value}\n"));
    }

    pub(super) fn list(&mut self, property: &str, values: &[String]) {
        let value = if values.is_empty() { "-".to_owned() } else { values.join(", ") };
        self.line(property, &value);
    }

    /// The counters, exact; only those of the balance that are not zero, and each drop reason.
    pub(super) fn counters(&mut self, counters: &Counters, inward: &str, outward: &str) {
        let traffic =
            |packets, bytes, side: &str| format!("{} packets, {}, {side}", units::exact(packets), units::bytes(bytes));
        self.line("received", &traffic(counters.received, counters.received_bytes, inward));
        for (name, value) in [("sent on", counters.sent), ("answered", counters.answered), ("held", counters.held)] {
            if value > 0 {
                self.line(&format!("  {name}"), &units::exact(value));
            }
        }
        if counters.drops() > 0 {
            let drops = self.style.paint(Tone::Notice, units::exact(counters.drops()));
            self.line("  dropped", &drops);
        }
        for (reason, value) in &counters.dropped {
            self.line("", &format!("{} {reason}", units::exact(*value)));
        }
        self.line("transmitted", &traffic(counters.transmitted, counters.transmitted_bytes, outward));
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}
