//! Routing instances, their routes and lookups.

use std::fmt;

use super::super::report::{Instance, Instances, Lookup, NextHop, Report, Routes, RoutesChanged};
use super::style::{Style, Tone};
use super::table::{Cell, Table, left, right};
use super::units;

impl Report for Instances {
    const SCHEMA: &'static str = "vgw.instances/1";

    fn render(&self, style: Style) -> String {
        if self.instances.is_empty() {
            return "no routing instances\n".to_owned();
        }
        let mut table =
            Table::new([left("instance"), right("IPv4 routes"), right("IPv6 routes"), left("gateways"), left("ports")]);
        for Instance { name, routes_v4, routes_v6, gateways, ports } in &self.instances {
            table.row([
                Cell::new(name).tone(Tone::Strong),
                Cell::new(units::exact(*routes_v4)),
                Cell::new(units::exact(*routes_v6)),
                Cell::list(gateways),
                Cell::list(ports),
            ]);
        }
        table.render(style, 0)
    }
}

impl Report for Routes {
    const SCHEMA: &'static str = "vgw.routes/1";

    fn render(&self, style: Style) -> String {
        if self.routes.is_empty() {
            return format!("no routes in {}\n", self.instance);
        }
        let mut table = Table::new([left("prefix"), left("next hop"), left("origin")]);
        for route in &self.routes {
            table.row([
                Cell::new(&route.prefix).tone(Tone::Strong),
                Cell::list(&ways(&route.next_hop)),
                Cell::new(&route.origin).tone(Tone::Faint),
            ]);
        }
        table.render(style, 0)
    }
}

impl Report for RoutesChanged {
    const SCHEMA: &'static str = "vgw.routes-changed/1";

    fn render(&self, style: Style) -> String {
        let Self { instance, added, changed, unchanged, deleted, absent } = self;
        let counts = [
            (added, "added"),
            (changed, "changed"),
            (unchanged, "unchanged"),
            (deleted, "deleted"),
            (absent, "not there to be deleted"),
        ];
        let counts = counts.iter().filter(|(count, _)| **count > 0);
        let counts: Vec<String> = counts.map(|(count, what)| format!("{} {what}", units::exact(**count))).collect();
        let counts = if counts.is_empty() { "none given".to_owned() } else { counts.join(", ") };
        format!("routes of {}: {counts}\n", style.paint(Tone::Strong, instance))
    }
}

impl Report for Lookup {
    const SCHEMA: &'static str = "vgw.lookup/1";

    fn render(&self, style: Style) -> String {
        let address = style.paint(Tone::Strong, &self.address);
        match &self.matched {
            Some(prefix) => format!("{address}  {}  matches {prefix}\n", self.next_hop),
            None => format!("{address}  {}\n", style.paint(Tone::Notice, "no route, the sender is told")),
        }
    }
}

/// Each way out of a next hop.
fn ways(next_hop: &NextHop) -> Vec<String> {
    match next_hop {
        NextHop::Forward { hops } => hops
            .iter()
            .map(|hop| {
                let via = hop.gateway.as_ref().map(|gateway| format!("via {gateway} ")).unwrap_or_default();
                let weight = if hop.weight == 1 { String::new() } else { format!(" weight {}", hop.weight) };
                format!("{via}dev {}{weight}", hop.port)
            })
            .collect(),
        NextHop::Local => vec!["local".to_owned()],
        NextHop::Discard => vec!["discard".to_owned()],
        NextHop::Unreachable => vec!["unreachable".to_owned()],
        NextHop::NoRoute => vec!["no route".to_owned()],
        NextHop::Unknown => vec!["unknown to this vgw".to_owned()],
    }
}

impl fmt::Display for NextHop {
    /// As `ip route` prints: `via 10.0.0.1 dev tap0`, several ways behind `nexthop`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match ways(self).as_slice() {
            [way] => f.write_str(way),
            ways => write!(f, "nexthop {}", ways.join(" nexthop ")),
        }
    }
}
