//! What is the daemon's in the kernel, and what would be changed there.

use super::super::report::{
    Deed, ForeignUplink, HostDifference, HostObjects, Import, ObjectState, Rehearsal, Report, Step,
};
use super::style::{Style, Tone};
use super::table::{Cell, Table, left};

/// The words that `ip` takes; other commands stand for themselves.
const OF_IP: [&str; 4] = ["link", "address", "route", "rule"];

impl Report for HostObjects {
    const SCHEMA: &'static str = "vgw.host-objects/1";

    fn render(&self, style: Style) -> String {
        if self.objects.is_empty() {
            return "nothing in the kernel is vgw's\n".to_owned();
        }
        let mut table = Table::new([left("object"), left("state"), left("for"), left("because")]);
        for object in &self.objects {
            let (state, tone) = match object.state {
                ObjectState::InPlace => ("in place", Tone::Faint),
                ObjectState::Missing => ("missing", Tone::Bad),
                ObjectState::Differs => ("differs", Tone::Bad),
                ObjectState::LeftOver => ("left over", Tone::Notice),
                ObjectState::Unknown => ("unknown to this vgw", Tone::Notice),
            };
            table.row([
                Cell::new(&object.object).tone(Tone::Strong),
                Cell::new(state).tone(tone),
                Cell::list(&object.owners),
                Cell::new(&object.purpose),
            ]);
        }
        table.render(style, 0)
    }
}

impl Report for HostDifference {
    const SCHEMA: &'static str = "vgw.host-difference/1";

    fn render(&self, style: Style) -> String {
        if self.steps.is_empty() {
            return "nothing to do: the kernel is as it should be\n".to_owned();
        }
        lines(&self.steps, style)
    }
}

impl Report for Rehearsal {
    const SCHEMA: &'static str = "vgw.rehearsal/1";

    fn render(&self, style: Style) -> String {
        let deed = match self.outcome {
            Deed::Added => "would be added",
            Deed::Changed => "would be changed",
            Deed::Unchanged => "stands exactly so",
            Deed::Deleted => "would be deleted",
        };
        let end = if self.steps.is_empty() { "; nothing changes in the host" } else { ":" };
        let name = style.paint(Tone::Strong, &self.name);
        format!("{} {name} {deed}{end}\n{}", self.object, lines(&self.steps, style))
    }
}

impl Report for Import {
    const SCHEMA: &'static str = "vgw.uplink-import/1";

    fn render(&self, style: Style) -> String {
        if self.uplinks.is_empty() {
            return "nobody else's uplinks found\n".to_owned();
        }
        let one = |found: &ForeignUplink| {
            let ForeignUplink { layout, name, device, address, via, foreign_table, steps, hindrance } = found;
            let name = style.paint(Tone::Strong, name);
            let what = format!("uplink {name}: {address} dev {device} via {via}, table {foreign_table}, by {layout}\n");
            let became = match (hindrance, self.dry_run) {
                (Some(reason), _) => format!("  {} {reason}\n", style.paint(Tone::Bad, "not taken over:")),
                (None, true) => lines(steps, style),
                (None, false) => format!(
                    "  taken over; to keep it, write into the configuration file:\n\n  [[uplink]]\n  name = \"{}\"\n  \
                     device = \"{device}\"\n  address = \"{address}\"\n  via = \"{via}\"\n\n",
                    found.name
                ),
            };
            what + &became
        };
        self.uplinks.iter().map(one).collect()
    }
}

/// The steps as a shell would take them, each with a comment that tells for whom it is if that is known.
pub(super) fn lines(steps: &[Step], style: Style) -> String {
    let line = |step: &Step| {
        let is_of_ip = step.command.split(' ').next().is_some_and(|word| OF_IP.contains(&word));
        let lead = if is_of_ip { "ip " } else { "" };
        if step.owners.is_empty() {
            return format!("{lead}{}\n", step.command);
        }
        let owners = style.paint(Tone::Faint, format_args!("# {}", step.owners.join(", ")));
        format!("{lead}{}  {owners}\n", step.command)
    };
    steps.iter().map(line).collect()
}
