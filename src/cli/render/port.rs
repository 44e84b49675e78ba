//! Guests' ports.

use super::super::report::{Dhcp, Port, Ports, Report, RouterAdvertisements};
use super::page::Page;
use super::style::{Style, Tone};
use super::table::{Cell, Table, left};
use super::{standing, traffic};

impl Report for Ports {
    const SCHEMA: &'static str = "vgw.ports/1";

    fn render(&self, style: Style) -> String {
        if self.ports.is_empty() {
            return "no ports\n".to_owned();
        }
        table(&self.ports, style, 0)
    }
}

/// The ports in `vgw status`: how they are doing. What they are is in [`table`].
pub(super) fn glance(ports: &[Port], style: Style, indent: usize) -> String {
    let what = ["port", "instance", "state", "guest", "addresses"];
    let mut table = Table::new(what.map(left).into_iter().chain(traffic::OF_LATE));
    for port in ports {
        let [received, transmitted, drops_now, drops] = traffic::of_late(port.rates.as_ref(), &port.counters);
        table.row([
            Cell::new(&port.interface).tone(Tone::Strong),
            Cell::new(&port.instance),
            standing::cell(port.is_static),
            Cell::new(place(port)),
            Cell::list(&port.addresses),
            received,
            transmitted,
            drops_now,
            drops,
        ]);
    }
    table.render(style, indent)
}

/// What ports are, and what they have counted.
fn table(ports: &[Port], style: Style, indent: usize) -> String {
    let what = ["port", "instance", "state", "guest", "addresses", "mac"];
    let mut table = Table::new(what.map(left).into_iter().chain(traffic::TOTALS));
    for port in ports {
        let [received, transmitted, drops] = traffic::totals(&port.counters);
        table.row([
            Cell::new(&port.interface).tone(Tone::Strong),
            Cell::new(&port.instance),
            standing::cell(port.is_static),
            Cell::new(place(port)),
            Cell::list(&port.addresses),
            Cell::option(port.mac.as_deref()),
            received,
            transmitted,
            drops,
        ]);
    }
    table.render(style, indent)
}

/// How the port meets its guest: `eth0 in guest1`, `attached` once there is an interface, or a tap that
/// waits for a guest.
fn place(port: &Port) -> String {
    match &port.guest {
        Some(guest) => format!("{} in {}", guest.name, guest.netns),
        None if port.attached && port.mtu == 0 => "no interface yet".to_owned(),
        None if port.attached => "attached".to_owned(),
        None => "tap".to_owned(),
    }
}

/// What a guest is told by DHCP, in one line.
fn dhcp(told: &Dhcp) -> String {
    let Dhcp { address, router, dns, host_name, domain, lease_time } = told;
    let mut text = format!("{address} by {router} for {lease_time} s");
    for (what, value) in [("name", host_name), ("domain", domain)] {
        if let Some(value) = value {
            text += &format!(", {what} {value}");
        }
    }
    text + &servers(dns)
}

/// What a guest is told by router advertisements, in one line.
fn router_advertisements(told: &RouterAdvertisements) -> String {
    let RouterAdvertisements { network, autonomous, dns } = told;
    let network = network.as_deref().unwrap_or("no network");
    let by_itself = if *autonomous { ", addresses by itself" } else { "" };
    format!("{network}{by_itself}{}", servers(dns))
}

pub(super) fn servers(dns: &[String]) -> String {
    if dns.is_empty() { String::new() } else { format!(", dns {}", dns.join(" ")) }
}

impl Report for Port {
    const SCHEMA: &'static str = "vgw.port/1";

    fn render(&self, style: Style) -> String {
        let mut page = Page::new(style, "port", &self.interface);
        page.line("instance", &self.instance);
        page.line("state", standing::word(self.is_static));
        page.line("guest", &place(self));
        page.list("addresses", &self.addresses);
        page.list("gateways", &self.gateways);
        page.line("mac", self.mac.as_deref().unwrap_or("not learned yet"));
        page.line("mtu", &if self.mtu == 0 { "-".to_owned() } else { format!("{} bytes", self.mtu) });
        page.line("weight", &self.weight.to_string());
        if let Some(dhcp) = &self.dhcp {
            page.line("dhcp", &self::dhcp(dhcp));
        }
        if let Some(told) = &self.router_advertisements {
            page.line("router adv.", &router_advertisements(told));
        }
        if let (Some(id), Some(network)) = (&self.compute_id, &self.network) {
            page.line("compute id", id);
            page.line("network", network);
        }
        if let Some(rest) = self.deleted_in_ms {
            page.line("audit", &style.paint(Tone::Bad, standing::unconfirmed(rest)));
        }
        page.counters(&self.counters, "from the guest", "to the guest");
        page.finish()
    }
}
