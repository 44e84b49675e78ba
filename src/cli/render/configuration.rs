//! Configurations: checked, compared, applied.

use crate::config::AtStart;

use super::super::report::{
    Check, Comparison, ConfigurationApplied, Deed, Difference, FieldDifference, Report, Trial, TrialEnd,
};
use super::host::lines;
use super::style::{Style, Tone};
use super::units;

impl Report for Check {
    const SCHEMA: &'static str = "vgw.check/1";

    fn render(&self, style: Style) -> String {
        let Self { files, gateways, ports, uplinks, routes, networks, warnings } = self;
        let counts =
            [(gateways, "gateway"), (ports, "port"), (uplinks, "uplink"), (routes, "route"), (networks, "network")];
        let counts = counts.into_iter().filter(|(count, _)| **count > 0);
        let counts = counts.map(|(count, noun)| format!("{count} {noun}{}", if *count == 1 { "" } else { "s" }));
        let counts: Vec<_> = counts.collect();
        let content = if counts.is_empty() { "it defines nothing".to_owned() } else { counts.join(", ") };
        let files = if files.is_empty() { "no file is there".to_owned() } else { files.join(", ") };
        let notice = style.paint(Tone::Notice, "note:");
        let warnings: String = warnings.iter().map(|warning| format!("{notice} {warning}\n")).collect();
        format!("{} ({files}): {content}\n{warnings}", style.paint(Tone::Good, "good"))
    }
}

impl Report for Comparison {
    const SCHEMA: &'static str = "vgw.configuration-difference/1";

    fn render(&self, style: Style) -> String {
        let steps = if self.steps.is_empty() {
            "nothing changes in the host\n".to_owned()
        } else {
            format!("{}\n{}", style.paint(Tone::Strong, "what would be done:"), lines(&self.steps, style))
        };
        differences(&self.differences, style) + &steps
    }
}

impl Report for ConfigurationApplied {
    const SCHEMA: &'static str = "vgw.configuration-applied/1";

    fn render(&self, style: Style) -> String {
        let mut text = differences(&self.differences, style);
        match self.confirm_within_ms {
            Some(time) => text.push_str(&format!(
                "applied; it is taken back in {} unless you say {}\n",
                units::millis(time),
                style.paint(Tone::Command, "vgw confirm")
            )),
            None => text.push_str("applied\n"),
        }
        if self.lasts_until_restart {
            text.push_str("the daemon reads its own file again when it is started or reloaded: keep it there\n");
        }
        text
    }
}

impl Report for Trial {
    const SCHEMA: &'static str = "vgw.trial/1";

    fn render(&self, _: Style) -> String {
        match self.ended {
            TrialEnd::Confirmed => "confirmed: the configuration stays\n".to_owned(),
            TrialEnd::RolledBack => "taken back: what stood before is back\n".to_owned(),
        }
    }
}

fn differences(differences: &[Difference], style: Style) -> String {
    let (later, now): (Vec<_>, Vec<_>) = differences.iter().partition(|difference| difference.kind == AtStart::KIND);
    let later = later.into_iter().flat_map(|difference| &difference.fields);
    let later: String = later
        .map(|field| {
            let notice = style.paint(Tone::Notice, "takes effect at the next start of vgwd:");
            format!("{notice} {}\n", key(field))
        })
        .collect();
    if now.is_empty() {
        return format!("it defines what stands already\n{later}");
    }
    let one = |Difference { kind, name, deed, fields }: &Difference| {
        let (mark, tone) = match deed {
            Some(Deed::Added) => ("+", Tone::Good),
            Some(Deed::Deleted) => ("-", Tone::Bad),
            _ => ("~", Tone::Notice),
        };
        // What goes is told by its name.
        let fields =
            fields.iter().filter(|_| *deed != Some(Deed::Deleted)).map(|field| format!("    {}\n", key(field)));
        let what = format!("{kind} {name}");
        format!(
            "{} {}\n{}",
            style.paint(tone, mark),
            style.paint(Tone::Strong, what.trim_end()),
            fields.collect::<String>()
        )
    };
    now.into_iter().map(one).collect::<String>() + &later
}

fn key(FieldDifference { key, before, after }: &FieldDifference) -> String {
    match (before, after) {
        (None, Some(after)) => format!("{key}: {after}"),
        (Some(before), None) => format!("{key}: {before} → none"),
        (Some(before), Some(after)) => format!("{key}: {before} → {after}"),
        (None, None) => key.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_the_next_start_is_said() {
        let field =
            FieldDifference { key: "dataplane.workers".into(), before: Some("1".into()), after: Some("2".into()) };
        let start = Difference { kind: AtStart::KIND.into(), name: String::new(), deed: None, fields: vec![field] };
        let comparison = Comparison { differences: vec![start], steps: Vec::new() };
        assert_eq!(
            comparison.render(Style::PLAIN),
            "it defines what stands already\n\
             takes effect at the next start of vgwd: dataplane.workers: 1 → 2\n\
             nothing changes in the host\n"
        );
    }
}
