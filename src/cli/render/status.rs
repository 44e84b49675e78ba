//! Everything on one screen.

use super::super::report::{Report, Status};
use super::style::{Style, Tone};
use super::{audit, gateway, port, repair, units, uplink};

const INDENT: usize = 2;

impl Report for Status {
    const SCHEMA: &'static str = "vgw.status/1";

    fn render(&self, style: Style) -> String {
        let workers = if self.workers == 1 { "worker" } else { "workers" };
        let mut text = format!(
            "{} {}, up {}, {} {workers}\n",
            style.paint(Tone::Strong, "vgwd"),
            self.version,
            units::millis(self.uptime_ms),
            self.workers
        );
        let mut section = |title: &str, lines: &str| {
            text.push_str(&format!("\n{}\n{lines}", style.paint(Tone::Strong, title)));
        };
        let none = format!("{:INDENT$}{}\n", "", style.paint(Tone::Faint, "none"));
        let or_none = |count: usize, lines: String| if count == 0 { none.clone() } else { lines };
        section("Gateways", &or_none(self.gateways.len(), gateway::table(&self.gateways, style, INDENT)));
        section("Ports", &or_none(self.ports.len(), port::table(&self.ports, style, INDENT)));
        if !self.uplinks.is_empty() {
            section("Uplinks", &uplink::table(&self.uplinks, style, INDENT));
        }
        section("Audit", &audit::lines(&self.audit, style, INDENT));
        if let Some(time) = self.trial_ends_in_ms {
            let command = style.paint(Tone::Command, "vgw confirm");
            let line = format!("{:INDENT$}is taken back in {} unless you say {command}\n", "", units::millis(time));
            section("Configuration on trial", &line);
        }
        if let Some(repairs) = self.repairs.as_ref().filter(|repairs| !repairs.counts.is_empty()) {
            section("Repairs", &repair::lines(repairs, INDENT));
        }
        if !self.problems.is_empty() {
            let lines: String = numbered(&self.problems, style).collect();
            section(&format!("Problems ({})", self.problems.len()), &lines);
        }
        text
    }
}

fn numbered(problems: &[String], style: Style) -> impl Iterator<Item = String> {
    problems.iter().zip(1..).map(move |(problem, number)| {
        format!("{:INDENT$}{} {problem}\n", "", style.paint(Tone::Bad, format_args!("{number}.")))
    })
}
