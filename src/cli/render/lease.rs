//! What became of leases.

use super::super::report::{LeaseOutcome, Leases, Report};
use super::style::{Style, Tone};

impl Report for Leases {
    const SCHEMA: &'static str = "vgw.leases/1";

    fn render(&self, style: Style) -> String {
        let lines = self.leases.iter().map(|lease| {
            let outcome = match lease.outcome {
                LeaseOutcome::Added => "added",
                LeaseOutcome::Changed => "changed",
                LeaseOutcome::Unchanged => "unchanged",
                LeaseOutcome::Deleted => "deleted",
                LeaseOutcome::Absent => "absent before and now",
                LeaseOutcome::Recorded => "recorded: no daemon answers, and the next one finds it when it starts",
            };
            let name = format!("{}.{}", lease.device, lease.family);
            format!("lease {} {outcome}\n", style.paint(Tone::Strong, &name))
        });
        lines.collect()
    }
}
