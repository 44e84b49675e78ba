//! Everything on one screen.

use super::super::report::{Confinement, Problem, Rates, Report, Status};
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
        if let Some(sandbox) = &self.sandbox {
            text.push_str(&format!("sandbox: {}\n", confinements(sandbox, style)));
        }
        let mut section = |title: &str, lines: &str| {
            text.push_str(&format!("\n{}\n{lines}", style.paint(Tone::Strong, title)));
        };
        let none = format!("{:INDENT$}{}\n", "", style.paint(Tone::Faint, "none"));
        let or_none = |count: usize, lines: String| if count == 0 { none.clone() } else { lines };
        if let Some(rates) = &self.rates {
            section("Traffic", &traffic(rates));
        }
        section("Gateways", &or_none(self.gateways.len(), gateway::glance(&self.gateways, style, INDENT)));
        section("Ports", &or_none(self.ports.len(), port::glance(&self.ports, style, INDENT)));
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
            let lines: String = match &self.problem_details {
                Some(details) => numbered(details, style),
                None => sentences(&self.problems, style),
            };
            section(&format!("Problems ({})", self.problems.len()), &lines);
        }
        text
    }
}

/// What holds the daemon's threads to what they need: by name if it is in force, else with the reason.
fn confinements(sandbox: &[Confinement], style: Style) -> String {
    let told = |Confinement { means, extent, reason }: &Confinement| {
        let why = reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
        match extent.as_str() {
            "all" => means.clone(),
            "part" => format!("{means} in part{why}"),
            _ => style.paint(Tone::Bad, format_args!("{means} not in force{why}")),
        }
    };
    sandbox.iter().map(told).collect::<Vec<_>>().join(", ")
}

/// Problems with what cures them.
fn numbered(problems: &[Problem], style: Style) -> String {
    let lines = problems.iter().zip(1..).map(|(Problem { id, sentence, cure }, number)| {
        let number = format!("{number}.");
        let (margin, number) = (INDENT + number.len(), style.paint(Tone::Bad, number));
        let (id, cure) = (style.paint(Tone::Faint, id), style.paint(Tone::Command, cure));
        format!("{:INDENT$}{number} {sentence}\n{:margin$} {id}: {cure}\n", "", "")
    });
    lines.collect()
}

/// Problems of a daemon that tells no more of them.
fn sentences(problems: &[String], style: Style) -> String {
    let lines = problems.iter().zip(1..).map(|(problem, number)| {
        format!("{:INDENT$}{} {problem}\n", "", style.paint(Tone::Bad, format_args!("{number}.")))
    });
    lines.collect()
}

/// The traffic in a second.
fn traffic(rates: &Rates) -> String {
    let second = |count: u64| units::count(units::per_second(count, rates.over_ms));
    let bytes = units::bytes(units::per_second(rates.bytes, rates.over_ms));
    let over = units::millis(rates.over_ms);
    let (packets, drops) = (second(rates.packets), second(rates.drops));
    format!("{:INDENT$}{packets} packets/s, {bytes}/s, {drops} drops/s in the last {over}\n", "")
}
