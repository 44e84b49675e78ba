//! The end of the demonstration; its steps are shown while they are taken.

use super::super::report::{Demo, EndedDemos, Report};
use super::{Style, Tone};

impl Report for Demo {
    const SCHEMA: &'static str = "vgw.demo/1";

    fn render(&self, style: Style) -> String {
        let heading = |text: &str| format!("\n{}\n", style.paint(Tone::Strong, text));
        let Some(kept) = &self.kept else { return heading("Every step held.") };
        let hints = kept.explore.iter().map(|hint| format!("    {}\n        {}\n", hint.command, hint.about));
        heading("It stays. To explore:")
            + &hints.collect::<String>()
            + &heading("What stands:")
            + &kept.status.render(style)
    }
}

impl Report for EndedDemos {
    const SCHEMA: &'static str = "vgw.demo-stop/1";

    fn render(&self, _: Style) -> String {
        if self.ended.is_empty() {
            return "no demonstration was kept\n".to_owned();
        }
        let lines = self.ended.iter();
        lines.map(|demo| format!("{} ended, {} namespaces deleted\n", demo.name, demo.namespaces.len())).collect()
    }
}
