//! The audit.

use super::super::report::{Audit, Report};
use super::style::{Style, Tone};
use super::units;

impl Report for Audit {
    const SCHEMA: &'static str = "vgw.audit/1";

    fn render(&self, style: Style) -> String {
        lines(self, style, 0)
    }
}

/// The audit's lines, also of `vgw status`.
pub(super) fn lines(audit: &Audit, style: Style, indent: usize) -> String {
    let connects = match audit.version {
        0 => "no controller has connected yet".to_owned(),
        1 => "a controller has connected once".to_owned(),
        times => format!("controllers have connected {} times", units::exact(times)),
    };
    let timer = match audit.timeout_ms {
        Some(0) => "the next connect deletes at once what it has not confirmed".to_owned(),
        Some(time) => format!("the next connect leaves {} for replay", units::millis(time)),
        None => "audits are switched off".to_owned(),
    };
    let mut text = format!("{:indent$}{connects}; {timer}\n", "");
    for running in &audit.running {
        let victims = match running.gateways.as_slice() {
            [] => style.paint(Tone::Good, "everything is confirmed"),
            names => style.paint(Tone::Bad, format_args!("then deletes {}", names.join(", "))),
        };
        text.push_str(&format!("{:indent$}running: {} left, {victims}\n", "", units::millis(running.remaining_ms)));
    }
    text
}
