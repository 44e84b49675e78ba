//! Gateways.

use super::super::report::{Gateway, Gateways, Report};
use super::page::Page;
use super::style::{Style, Tone};
use super::table::{Cell, Table, left};
use super::{standing, traffic, units};

impl Report for Gateways {
    const SCHEMA: &'static str = "vgw.gateways/1";

    fn render(&self, style: Style) -> String {
        if self.gateways.is_empty() {
            return "no gateways\n".to_owned();
        }
        table(&self.gateways, style, 0)
    }
}

/// What gateways are, and what they have counted.
fn table(gateways: &[Gateway], style: Style, indent: usize) -> String {
    let what = ["interface", "instance", "state", "subnets", "routes", "uplink", "masquerade"];
    let mut table = Table::new(what.map(left).into_iter().chain(traffic::TOTALS).chain([left("audit")]));
    for gateway in gateways {
        let [received, transmitted, drops] = traffic::totals(&gateway.counters);
        table.row([
            Cell::new(&gateway.interface).tone(Tone::Strong),
            Cell::new(&gateway.instance),
            standing::cell(gateway.is_static),
            Cell::list(&gateway.subnets),
            Cell::list(&gateway.routes),
            Cell::option(gateway.uplink.as_deref()),
            choice(gateway.masquerade),
            received,
            transmitted,
            drops,
            audit(gateway),
        ]);
    }
    table.render(style, indent)
}

/// The gateways in `vgw status`: how they are doing. What they are is in [`table`].
pub(super) fn glance(gateways: &[Gateway], style: Style, indent: usize) -> String {
    let what = ["interface", "instance", "state", "subnets", "uplink"];
    let mut table = Table::new(what.map(left).into_iter().chain(traffic::OF_LATE).chain([left("audit")]));
    for gateway in gateways {
        let [received, transmitted, drops_now, drops] = traffic::of_late(gateway.rates.as_ref(), &gateway.counters);
        table.row([
            Cell::new(&gateway.interface).tone(Tone::Strong),
            Cell::new(&gateway.instance),
            standing::cell(gateway.is_static),
            Cell::list(&gateway.subnets),
            Cell::option(gateway.uplink.as_deref()),
            received,
            transmitted,
            drops_now,
            drops,
            audit(gateway),
        ]);
    }
    table.render(style, indent)
}

fn audit(gateway: &Gateway) -> Cell {
    match gateway.deleted_in_ms {
        Some(rest) => Cell::new(standing::unconfirmed(rest)).tone(Tone::Bad),
        None if gateway.is_static => Cell::new("exempt").tone(Tone::Faint),
        None => Cell::new("confirmed").tone(Tone::Good),
    }
}

impl Report for Gateway {
    const SCHEMA: &'static str = "vgw.gateway/1";

    fn render(&self, style: Style) -> String {
        let mut page = Page::new(style, "gateway", &self.interface);
        page.line("instance", &self.instance);
        page.line("state", standing::word(self.is_static));
        page.list("subnets", &self.subnets);
        page.list("routes", &self.routes);
        page.line("uplink", self.uplink.as_deref().unwrap_or("-"));
        page.line("masquerade", &masquerade(self));
        page.line("weight", &self.weight.to_string());
        match self.deleted_in_ms {
            Some(rest) => page.line("audit", &style.paint(Tone::Bad, standing::unconfirmed(rest))),
            None if self.is_static => page.line("audit", "exempt"),
            None => page.line("audit", &format!("confirmed, version {}", self.version)),
        }
        page.counters(&self.counters, "from the host", "to the host");
        page.finish()
    }
}

/// `no`, or what has left under another address.
fn masquerade(gateway: &Gateway) -> String {
    match &gateway.masqueraded {
        _ if !gateway.masquerade => "no".to_owned(),
        Some(traffic) => format!("yes, {} packets, {}", units::exact(traffic.packets), units::bytes(traffic.bytes)),
        None => "yes".to_owned(),
    }
}

/// `yes` or `no`.
fn choice(is_so: bool) -> Cell {
    if is_so { Cell::new("yes") } else { Cell::new("no").tone(Tone::Faint) }
}
