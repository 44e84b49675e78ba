//! The two text formats, which differ in little: OpenMetrics names a counter's family without
//! `_total`, has units, and has an end.

use std::fmt::{Display, Write as _};

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// OpenMetrics 1.0.
    Open,
    /// Prometheus' own, version 0.0.4.
    Plain,
}

/// What kind of numbers a family has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// They only go up. Samples have `_total` after the family's name.
    Counter,
    /// They go up and down.
    Gauge,
}

/// A text that is being written.
#[derive(Debug)]
pub(super) struct Text {
    dialect: Dialect,
    text: String,
}

/// A family whose samples are being written.
#[derive(Debug)]
pub(super) struct Family<'a> {
    text: &'a mut String,
    sample: String,
}

impl Dialect {
    /// The one that a reader asks for.
    pub(super) fn asked(accept: &str) -> Self {
        let is_open = accept.split(',').any(|form| form.trim_start().starts_with("application/openmetrics-text"));
        if is_open { Self::Open } else { Self::Plain }
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Open => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

impl Text {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, text: String::new() }
    }

    /// Begins a family. Its name has its unit at the end, and no `_total`; its help is one sentence.
    pub(super) fn family(&mut self, kind: Kind, name: &str, help: &str) -> Family<'_> {
        let sample = if kind == Kind::Counter { format!("{name}_total") } else { name.to_owned() };
        let named = if self.dialect == Dialect::Open { name } else { &sample };
        let word = if kind == Kind::Counter { "counter" } else { "gauge" };
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(self.text, "# HELP {named} {help}");
        let _ = writeln!(self.text, "# TYPE {named} {word}");
        Family { text: &mut self.text, sample }
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> String {
        if self.dialect == Dialect::Open {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}

impl Family<'_> {
    /// A sample. What labels say is escaped.
    pub(super) fn sample(&mut self, labels: &[(&str, &dyn Display)], value: impl Display) -> &mut Self {
        self.text.push_str(&self.sample);
        for (index, (name, label)) in labels.iter().enumerate() {
            let _ = write!(self.text, "{}{name}=\"", if index == 0 { '{' } else { ',' });
            for c in label.to_string().chars() {
                match c {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    c => self.text.push(c),
                }
            }
            self.text.push('"');
        }
        let _ = writeln!(self.text, "{} {value}", if labels.is_empty() { "" } else { "}" });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(dialect: Dialect) -> String {
        let mut text = Text::new(dialect);
        text.family(Kind::Counter, "vgw_drops", "Packets dropped.").sample(&[("reason", &"a\\b\"c\nd"), ("n", &1)], 7);
        text.family(Kind::Gauge, "vgw_ports", "Ports.").sample(&[], 0.5);
        text.finish()
    }

    #[test]
    fn both_formats_are_as_their_readers_have_them() {
        let samples = ["vgw_drops_total{reason=\"a\\\\b\\\"c\\nd\",n=\"1\"} 7\n", "vgw_ports 0.5\n"];
        let gauge = "# HELP vgw_ports Ports.\n# TYPE vgw_ports gauge\n";
        let open = "# HELP vgw_drops Packets dropped.\n# TYPE vgw_drops counter\n";
        assert_eq!(written(Dialect::Open), [open, samples[0], gauge, samples[1], "# EOF\n"].concat());
        let plain = open.replace("vgw_drops ", "vgw_drops_total ");
        assert_eq!(written(Dialect::Plain), [&plain, samples[0], gauge, samples[1]].concat());
    }

    #[test]
    fn the_reader_chooses() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        assert_eq!(Dialect::asked(prometheus), Dialect::Open);
        assert_eq!(Dialect::asked("text/plain, application/openmetrics-text"), Dialect::Open);
        assert_eq!((Dialect::asked(""), Dialect::asked("*/*")), (Dialect::Plain, Dialect::Plain));
    }
}
