//! The host's device that is taken in front of it.

use std::time::Duration;

use super::super::report::{Fabric, FabricDeed, Report, Restored};
use super::duration;
use super::style::{Style, Tone};

impl Report for Fabric {
    const SCHEMA: &'static str = "vgw.fabric/1";

    fn render(&self, style: Style) -> String {
        let (Some(device), Some(interface)) = (&self.device, &self.interface) else {
            return "no device is taken\n".to_owned();
        };
        let mut text = format!("{} is ", style.paint(Tone::Strong, device));
        text += &match (self.state, self.left_ms) {
            ("giving-back", _) => style.paint(Tone::Bad, "not given back whole; that is tried again"),
            (_, Some(left)) => {
                let left = duration(Duration::from_millis(left));
                style.paint(Tone::Notice, format!("taken, and given back in {left} unless it is confirmed"))
            }
            _ => style.paint(Tone::Good, "taken"),
        };
        let mac = self.mac.as_deref().unwrap_or_default();
        text += &format!("; the host has {} in its place, {mac}\n", style.paint(Tone::Strong, interface));
        for (what, lines) in
            [("addresses", &self.addresses), ("routes", &self.routes), ("neighbours", &self.neighbours)]
        {
            if !lines.is_empty() {
                text += &format!("{what}\n");
            }
            text.extend(lines.iter().map(|line| format!("  {line}\n")));
        }
        text
    }
}

impl Report for FabricDeed {
    const SCHEMA: &'static str = "vgw.fabric-deed/1";

    fn render(&self, style: Style) -> String {
        let mut text = String::new();
        for warning in &self.warnings {
            text += &format!("{} {warning}\n", style.paint(Tone::Notice, "note:"));
        }
        if !self.dry_run {
            return text + &self.fabric.render(style);
        }
        text += &format!("nothing is done; these would be the {} steps:\n", self.steps.len());
        text.extend(self.steps.iter().map(|step| format!("  {step}\n")));
        text
    }
}

impl Report for Restored {
    const SCHEMA: &'static str = "vgw.fabric-restored/1";

    fn render(&self, style: Style) -> String {
        let reason = self.reason.as_deref().unwrap_or_default();
        match (&self.device, &self.aside, &self.forgotten) {
            (Some(device), ..) => {
                let mut text = format!("the host has {} as it had it before\n", style.paint(Tone::Strong, device));
                if !reason.is_empty() {
                    let bad =
                        style.paint(Tone::Bad, "what was written down is still there, and would be given back again");
                    text += &format!("{bad}: {reason}\n");
                }
                text
            }
            (None, Some(aside), Some(device)) => format!(
                "nothing is given back: {} stays as it is, and what it had is kept as {aside}\n",
                style.paint(Tone::Strong, device)
            ),
            (None, Some(aside), None) => {
                format!("nothing is given back: what was written down is kept as {aside}, since {reason}\n")
            }
            (None, None, _) => "nothing to give back\n".to_owned(),
        }
    }
}
