//! Gateways, and what a gateway's page has in common with a port's.

use super::super::report::{Counters, Gateway, Gateways, Rates, Report};
use super::style::{Style, Tone};
use super::table::{Align, Cell, Table};
use super::units;

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
    let mut table = Table::new(&[
        ("interface", Align::Left),
        ("instance", Align::Left),
        ("state", Align::Left),
        ("subnets", Align::Left),
        ("routes", Align::Left),
        ("uplink", Align::Left),
        ("masquerade", Align::Left),
        ("rx packets", Align::Right),
        ("tx packets", Align::Right),
        ("drops", Align::Right),
        ("audit", Align::Left),
    ]);
    for gateway in gateways {
        let [received, transmitted, drops] = traffic(&gateway.counters);
        table.row([
            Cell::new(&gateway.interface).tone(Tone::Strong),
            Cell::new(&gateway.instance),
            state(gateway.is_static),
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
    let mut table = Table::new(&[
        ("interface", Align::Left),
        ("instance", Align::Left),
        ("state", Align::Left),
        ("subnets", Align::Left),
        ("uplink", Align::Left),
        ("rx pps", Align::Right),
        ("tx pps", Align::Right),
        ("drops/s", Align::Right),
        ("drops", Align::Right),
        ("audit", Align::Left),
    ]);
    for gateway in gateways {
        let [received, transmitted, drops_now, drops] = of_late(gateway.rates.as_ref(), &gateway.counters);
        table.row([
            Cell::new(&gateway.interface).tone(Tone::Strong),
            Cell::new(&gateway.instance),
            state(gateway.is_static),
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

/// `static` or `dynamic`.
pub(super) fn state(is_static: bool) -> Cell {
    Cell::new(if is_static { "static" } else { "dynamic" })
}

/// Received, transmitted and dropped packets as cells.
pub(super) fn traffic(counters: &Counters) -> [Cell; 3] {
    let drops = counters.drops();
    [
        Cell::new(units::count(counters.received)),
        Cell::new(units::count(counters.transmitted)),
        dropped(drops, units::count(drops)),
    ]
}

/// Packets received, sent and dropped in a second, and dropped at all, as cells.
pub(super) fn of_late(rates: Option<&Rates>, counters: &Counters) -> [Cell; 4] {
    let [_, _, drops] = traffic(counters);
    let Some(rates) = rates else { return [Cell::none(), Cell::none(), Cell::none(), drops] };
    let second = |count| units::count(units::per_second(count, rates.over_ms));
    let transmitted = rates.transmitted.map_or_else(Cell::none, |count| Cell::new(second(count)));
    [Cell::new(second(rates.packets)), transmitted, dropped(rates.drops, second(rates.drops)), drops]
}

/// Drops are noticed.
fn dropped(count: u64, shown: String) -> Cell {
    let cell = Cell::new(shown);
    if count > 0 { cell.tone(Tone::Notice) } else { cell }
}

fn audit(gateway: &Gateway) -> Cell {
    match gateway.deleted_in_ms {
        Some(rest) => Cell::new(format!("deleted in {}", units::millis(rest))).tone(Tone::Bad),
        None if gateway.is_static => Cell::new("exempt").tone(Tone::Faint),
        None => Cell::new("confirmed").tone(Tone::Good),
    }
}

impl Report for Gateway {
    const SCHEMA: &'static str = "vgw.gateway/1";

    fn render(&self, style: Style) -> String {
        let mut page = Page::new(style, "gateway", &self.interface);
        page.line("instance", &self.instance);
        page.line("state", if self.is_static { "static" } else { "dynamic" });
        page.list("subnets", &self.subnets);
        page.list("routes", &self.routes);
        page.line("uplink", self.uplink.as_deref().unwrap_or("-"));
        page.line("masquerade", &masquerade(self));
        page.line("weight", &self.weight.to_string());
        match self.deleted_in_ms {
            Some(rest) => page.line("audit", &style.paint(Tone::Bad, format!("deleted in {}", units::millis(rest)))),
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

/// One object with its properties, a line each.
pub(super) struct Page {
    style: Style,
    text: String,
}

impl Page {
    pub(super) fn new(style: Style, kind: &str, name: &str) -> Self {
        Self { style, text: format!("{} {}\n", kind, style.paint(Tone::Strong, name)) }
    }

    pub(super) fn line(&mut self, property: &str, value: &str) {
        let property = self.style.paint(Tone::Faint, format_args!("{property:<12}"));
        self.text.push_str(&format!("  {property}  {value}\n"));
    }

    pub(super) fn list(&mut self, property: &str, values: &[String]) {
        let value = if values.is_empty() { "-".to_owned() } else { values.join(", ") };
        self.line(property, &value);
    }

    /// The counters, exact; only those of the balance that are not zero, and each drop reason.
    pub(super) fn counters(&mut self, counters: &Counters, inward: &str, outward: &str) {
        let traffic =
            |packets, bytes, side: &str| format!("{} packets, {}, {side}", units::exact(packets), units::bytes(bytes));
        self.line("received", &traffic(counters.received, counters.received_bytes, inward));
        for (name, value) in [("sent on", counters.sent), ("answered", counters.answered), ("held", counters.held)] {
            if value > 0 {
                self.line(&format!("  {name}"), &units::exact(value));
            }
        }
        if counters.drops() > 0 {
            let drops = self.style.paint(Tone::Notice, units::exact(counters.drops()));
            self.line("  dropped", &drops);
        }
        for (reason, value) in &counters.dropped {
            self.line("", &format!("{} {reason}", units::exact(*value)));
        }
        self.line("transmitted", &traffic(counters.transmitted, counters.transmitted_bytes, outward));
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}
