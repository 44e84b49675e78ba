//! Networks of compute services.

use super::super::report::{Network, NetworkDhcp, Networks, Report};
use super::page::Page;
use super::port::servers;
use super::standing;
use super::style::{Style, Tone};
use super::table::{Cell, Table, left};

impl Report for Networks {
    const SCHEMA: &'static str = "vgw.networks/1";

    fn render(&self, style: Style) -> String {
        if self.networks.is_empty() {
            return "no networks\n".to_owned();
        }
        let mut table = Table::new([
            left("network"),
            left("state"),
            left("instance"),
            left("gateways"),
            left("guests are told by"),
        ]);
        for network in &self.networks {
            table.row([
                Cell::new(&network.id).tone(Tone::Strong),
                standing::cell(network.is_static),
                Cell::new(&network.instance),
                Cell::list(&network.gateways),
                Cell::list(&services(network)),
            ]);
        }
        table.render(style, 0)
    }
}

impl Report for Network {
    const SCHEMA: &'static str = "vgw.network/1";

    fn render(&self, style: Style) -> String {
        let mut page = Page::new(style, "network", &self.id);
        page.line("instance", &self.instance);
        page.line("state", standing::word(self.is_static));
        page.list("gateways", &self.gateways);
        page.line("dhcp", &self.dhcp.as_ref().map_or("no".to_owned(), dhcp));
        let told = |dns: &[String]| format!("yes{}", servers(dns));
        page.line("router adv.", &self.router_advertisements.as_ref().map_or("no".to_owned(), |it| told(&it.dns)));
        page.finish()
    }
}

fn services(network: &Network) -> Vec<String> {
    let services = [("dhcp", network.dhcp.is_some()), ("router adv.", network.router_advertisements.is_some())];
    services.into_iter().filter(|(_, is_on)| *is_on).map(|(name, _)| name.to_owned()).collect()
}

/// What guests are told by DHCP, in one line.
fn dhcp(told: &NetworkDhcp) -> String {
    let NetworkDhcp { prefix_length, dns, domain, lease_time } = told;
    let length = prefix_length.map(|length| format!(", length {length}")).unwrap_or_default();
    let domain = domain.as_ref().map(|domain| format!(", domain {domain}")).unwrap_or_default();
    format!("for {lease_time} s{length}{domain}{}", servers(dns))
}
