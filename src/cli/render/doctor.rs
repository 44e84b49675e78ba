//! What is wrong.

use super::super::report::{Diagnosis, Finding, Fixed, Report};
use super::style::{Style, Tone};

impl Report for Diagnosis {
    const SCHEMA: &'static str = "vgw.doctor/1";

    fn render(&self, style: Style) -> String {
        let mut text: String = self.fixed.iter().map(|fixed| line(fixed, style)).collect();
        if !self.fixed.is_empty() && !self.findings.is_empty() {
            text.push('\n');
        }
        let findings: Vec<String> = self.findings.iter().map(|finding| paragraph(finding, style)).collect();
        text += &findings.join("\n");
        if self.findings.is_empty() {
            text += &format!("{}\n", style.paint(Tone::Good, "nothing is wrong"));
        }
        if self.verbose {
            text += &self.rest(style);
        }
        text
    }
}

impl Diagnosis {
    /// What is of interest only to those who ask for it.
    fn rest(&self, style: Style) -> String {
        let list = |title: &str, lines: &[String], tone: Tone| {
            let lines: String = lines.iter().map(|line| format!("  {}\n", style.paint(tone, line))).collect();
            if lines.is_empty() { lines } else { format!("\n{}\n{lines}", style.paint(Tone::Strong, title)) }
        };
        list("In order", &self.in_order, Tone::Good)
            + &list("Not looked at", &self.unseen, Tone::Notice)
            + &list("Routes that the outside needs", &self.routes_outside, Tone::Command)
    }
}

fn paragraph(finding: &Finding, style: Style) -> String {
    let tone = if finding.severity == "failure" { Tone::Bad } else { Tone::Notice };
    let Finding { id, severity, subject, evidence, cure, remark, fixable } = finding;
    let mut text = format!("{} {}: {subject}\n", style.paint(tone, severity), style.paint(Tone::Strong, id));
    for seen in evidence {
        text += &format!("  {seen}\n");
    }
    for command in cure {
        text += &format!("  {} {}\n", style.paint(Tone::Faint, "$"), style.paint(Tone::Command, command));
    }
    if *fixable {
        text += &format!("  {}\n", style.paint(Tone::Faint, format_args!("vgw doctor --fix {id} does it")));
    }
    if let Some(remark) = remark {
        text += &format!("  {}\n", style.paint(Tone::Faint, remark));
    }
    text
}

fn line(fixed: &Fixed, style: Style) -> String {
    let Fixed { id, subject, command, dry_run, failure } = fixed;
    let (deed, tone) = match failure {
        Some(_) => ("failed", Tone::Bad),
        None if *dry_run => ("would do", Tone::Notice),
        None => ("done", Tone::Good),
    };
    let why = failure.as_ref().map_or(String::new(), |why| format!(": {why}"));
    format!("{} {id}: {subject}: {}{why}\n", style.paint(tone, deed), style.paint(Tone::Command, command))
}
