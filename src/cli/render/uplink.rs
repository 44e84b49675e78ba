//! Uplinks.

use super::super::report::{Report, Uplink, Uplinks};
use super::page::Page;
use super::standing;
use super::style::{Style, Tone};
use super::table::{Cell, Table, left, right};

impl Report for Uplinks {
    const SCHEMA: &'static str = "vgw.uplinks/1";

    fn render(&self, style: Style) -> String {
        if self.uplinks.is_empty() {
            return "no uplinks\n".to_owned();
        }
        table(&self.uplinks, style, 0)
    }
}

/// The table of uplinks, also of `vgw status`.
pub(super) fn table(uplinks: &[Uplink], style: Style, indent: usize) -> String {
    let mut table = Table::new([
        left("uplink"),
        left("state"),
        left("device"),
        left("address"),
        left("via"),
        right("table"),
        left("gateways"),
    ]);
    for uplink in uplinks {
        table.row([
            Cell::new(&uplink.name).tone(Tone::Strong),
            standing::cell(uplink.is_static),
            Cell::new(&uplink.device),
            Cell::option(uplink.address.as_deref()),
            Cell::option(uplink.via.as_deref()),
            Cell::new(uplink.table.to_string()),
            Cell::list(&uplink.gateways),
        ]);
    }
    table.render(style, indent)
}

impl Report for Uplink {
    const SCHEMA: &'static str = "vgw.uplink/1";

    fn render(&self, style: Style) -> String {
        let mut page = Page::new(style, "uplink", &self.name);
        page.line("state", standing::word(self.is_static));
        page.line("device", &self.device);
        if let Some(family) = &self.lease {
            page.line("lease", family);
        }
        for (name, value) in [("address", &self.address), ("via", &self.via)] {
            page.line(name, value.as_deref().unwrap_or("none, it leads nowhere"));
        }
        page.line("table", &self.table.to_string());
        page.list("gateways", &self.gateways);
        page.finish()
    }
}
