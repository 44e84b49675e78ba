//! What a request did.

use super::super::report::{Deed, Outcome, Report};
use super::style::{Style, Tone};

impl Report for Outcome {
    const SCHEMA: &'static str = "vgw.outcome/1";

    fn render(&self, style: Style) -> String {
        let deed = match self.outcome {
            Deed::Added => "added",
            Deed::Changed => "changed",
            Deed::Unchanged => "unchanged",
            Deed::Deleted => "deleted",
        };
        format!("{} {} {deed}\n", self.object, style.paint(Tone::Strong, &self.name))
    }
}
