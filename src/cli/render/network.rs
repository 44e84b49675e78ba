//! Networks of compute services.

use super::super::report::{Networks, Report};
use super::gateway::state;
use super::style::{Style, Tone};
use super::table::{Align, Cell, Table};

impl Report for Networks {
    const SCHEMA: &'static str = "vgw.networks/1";

    fn render(&self, style: Style) -> String {
        if self.networks.is_empty() {
            return "no networks\n".to_owned();
        }
        let mut table = Table::new(&[
            ("network", Align::Left),
            ("state", Align::Left),
            ("instance", Align::Left),
            ("gateways", Align::Left),
        ]);
        for network in &self.networks {
            table.row([
                Cell::new(&network.id).tone(Tone::Strong),
                state(network.is_static),
                Cell::new(&network.instance),
                Cell::list(&network.gateways),
            ]);
        }
        table.render(style, 0)
    }
}
