//! What two configurations differ in, element by element and key by key.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;

use crate::addr::Weight;

use super::service::{AdvertisementSpec, DhcpSpec};
use super::{
    Addressing, Applied, Attachment, Declared, GatewaySpec, GuestSpec, Limits, NetworkSpec, PortKind, PortSpec,
    StaticRoute, UplinkSpec,
};

/// An element that only one of two configurations has, or that they have differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is: `gateway`, `port`, `uplink`, `route`, `network` or `limits`; `start` for what is read at
    /// start only.
    pub kind: &'static str,
    /// Its name; empty for `limits` and `start`.
    pub name: String,
    /// What becomes of it on the way from the one to the other: added, changed or deleted.
    pub deed: Applied,
    /// The keys that differ.
    pub fields: Vec<FieldDifference>,
}

/// A key that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDifference {
    /// The key, as the configuration file spells it.
    pub key: &'static str,
    /// What it was; `None` if it was not given, or means nothing.
    pub before: Option<String>,
    /// What it is to be.
    pub after: Option<String>,
}

impl Declared {
    /// What becomes of this configuration's elements if `after` takes its place: by kind, then in the
    /// order of the files, what goes last.
    #[must_use]
    pub fn differences(&self, after: &Self) -> Vec<Difference> {
        let Self { limits, gateways, ports, uplinks, routes, networks } = self;
        let mut differences = compare(std::slice::from_ref(limits), std::slice::from_ref(&after.limits));
        differences.extend(compare(uplinks, &after.uplinks));
        differences.extend(compare(gateways, &after.gateways));
        differences.extend(compare(networks, &after.networks));
        differences.extend(compare(ports, &after.ports));
        differences.extend(compare(routes, &after.routes));
        differences
    }
}

/// An element with a name, and keys with values.
trait Keyed {
    const KIND: &'static str;

    fn name(&self) -> String;

    /// The other keys, in a fixed order; an empty value is none.
    fn keys(&self) -> Vec<(&'static str, String)>;
}

fn compare<T: Keyed>(before: &[T], after: &[T]) -> Vec<Difference> {
    let difference = |before: Option<&T>, after: Option<&T>| {
        let fields = fields(before, after);
        let deed = match (before, after) {
            (None, _) => Applied::Added,
            (_, None) => Applied::Deleted,
            _ => Applied::Changed,
        };
        let name = after.or(before)?.name();
        let is_none = deed == Applied::Changed && fields.is_empty();
        (!is_none).then_some(Difference { kind: T::KIND, name, deed, fields })
    };
    let by_name = |list: &[T]| list.iter().enumerate().map(|(at, element)| (element.name(), at)).collect();
    let (old, new): (BTreeMap<String, usize>, BTreeMap<String, usize>) = (by_name(before), by_name(after));
    let kept = after.iter().map(|element| (old.get(&element.name()).map(|at| &before[*at]), Some(element)));
    let gone = before.iter().filter(|element| !new.contains_key(&element.name())).map(|element| (Some(element), None));
    kept.chain(gone).filter_map(|(before, after)| difference(before, after)).collect()
}

fn fields<T: Keyed>(before: Option<&T>, after: Option<&T>) -> Vec<FieldDifference> {
    let keys = |element: Option<&T>| element.map(Keyed::keys).unwrap_or_default();
    let (before, after) = (keys(before), keys(after));
    let value = |list: &[(&'static str, String)], key: &str| {
        let found = list.iter().find(|(of, _)| *of == key);
        found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    };
    let all = if after.is_empty() { &before } else { &after };
    let fields =
        all.iter().map(|(key, _)| FieldDifference { key, before: value(&before, key), after: value(&after, key) });
    fields.filter(|field| field.before != field.after).collect()
}

impl Keyed for Limits {
    const KIND: &'static str = "limits";

    fn name(&self) -> String {
        String::new()
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        let Self { gateways, ports, uplinks, routes, networks } = self;
        let keys = [
            ("gateways", gateways),
            ("ports", ports),
            ("uplinks", uplinks),
            ("routes", routes),
            ("networks", networks),
        ];
        keys.map(|(key, limit)| (key, limit.to_string())).into()
    }
}

impl Keyed for GatewaySpec {
    const KIND: &'static str = "gateway";

    fn name(&self) -> String {
        self.interface.to_string()
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        let Self { interface: _, instance, subnets, routes, uplink, masquerade, weight } = self;
        vec![
            ("routing_instance", instance.to_string()),
            ("subnets", list(subnets)),
            ("routes", list(routes)),
            ("uplink", text(uplink.as_ref())),
            ("masquerade", yes(*masquerade)),
            ("weight", share(*weight)),
        ]
    }
}

impl Keyed for PortSpec {
    const KIND: &'static str = "port";

    fn name(&self) -> String {
        self.name.to_string()
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        let Self {
            name: _,
            instance,
            kind,
            addresses,
            mac,
            gateways,
            mtu,
            weight,
            dhcp,
            host_name,
            router_advertisements,
        } = self;
        let guest = match kind {
            PortKind::Tap(guest) => guest.as_ref(),
            PortKind::Attach => None,
        };
        let of_guest = |value: fn(&GuestSpec) -> String| guest.map(value).unwrap_or_default();
        let mut keys = vec![
            ("routing_instance", instance.to_string()),
            ("attach", yes(*kind == PortKind::Attach)),
            ("addresses", list(addresses)),
            ("mac", text(mac.as_ref())),
            ("gateways", list(gateways)),
            ("mtu", text(mtu.as_ref())),
            ("netns", of_guest(|guest| guest.namespace.display().to_string())),
            ("guest_name", of_guest(|guest| guest.name.to_string())),
            ("guest_addresses", of_guest(|guest| list(&guest.addresses))),
            ("weight", share(*weight)),
        ];
        keys.push(("dhcp.host_name", text(host_name.as_ref())));
        keys.extend(services(dhcp.as_ref(), router_advertisements.as_ref()));
        keys
    }
}

impl Keyed for UplinkSpec {
    const KIND: &'static str = "uplink";

    fn name(&self) -> String {
        self.name.to_string()
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        let Self { name: _, device, addressing, table } = self;
        let (address, via, lease) = match addressing {
            Addressing::Fixed(Attachment { address, via }) => (address.to_string(), via.to_string(), String::new()),
            Addressing::Leased(family) => (String::new(), String::new(), family.to_string()),
        };
        vec![
            ("device", device.to_string()),
            ("address", address),
            ("via", via),
            ("lease", lease),
            ("table", text(table.as_ref())),
        ]
    }
}

impl Keyed for StaticRoute {
    const KIND: &'static str = "route";

    fn name(&self) -> String {
        format!("{} of {}", self.prefix, self.instance)
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        vec![("via", self.next_hop.to_string())]
    }
}

impl Keyed for NetworkSpec {
    const KIND: &'static str = "network";

    fn name(&self) -> String {
        self.id.to_string()
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        let Self { id: _, instance, gateways, dhcp, router_advertisements } = self;
        let mut keys = vec![("routing_instance", instance.to_string()), ("gateways", list(gateways))];
        keys.extend(services(dhcp.as_ref(), router_advertisements.as_ref()));
        keys
    }
}

/// What guests are told, and whether.
fn services(dhcp: Option<&DhcpSpec>, advertisements: Option<&AdvertisementSpec>) -> Vec<(&'static str, String)> {
    let of_dhcp = |value: fn(&DhcpSpec) -> String| dhcp.map(value).unwrap_or_default();
    let dns = advertisements
        .map(|AdvertisementSpec { dns }| list(&dns.iter().copied().map(IpAddr::from).collect::<Vec<_>>()));
    vec![
        ("dhcp", yes(dhcp.is_some())),
        ("dhcp.prefix_length", of_dhcp(|dhcp| text(dhcp.prefix_length.as_ref()))),
        ("dhcp.dns", of_dhcp(|dhcp| list(&dhcp.dns))),
        ("dhcp.domain", of_dhcp(|dhcp| text(dhcp.domain.as_ref()))),
        ("dhcp.lease_time", of_dhcp(|dhcp| dhcp.lease_time.0.to_string())),
        ("router_advertisements", yes(advertisements.is_some())),
        ("router_advertisements.dns", dns.unwrap_or_default()),
    ]
}

/// A switch; off is what holds without the key.
fn yes(is_on: bool) -> String {
    if is_on { "true".to_owned() } else { String::new() }
}

/// A weight; 1 is what holds without the key.
fn share(weight: Weight) -> String {
    if weight == Weight::ONE { String::new() } else { weight.to_string() }
}

fn text<T: Display>(value: Option<&T>) -> String {
    value.map(T::to_string).unwrap_or_default()
}

fn list<'a, T: Display + 'a>(values: impl IntoIterator<Item = &'a T>) -> String {
    values.into_iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::fixtures::{gateway, port, route, uplink};

    fn lines(before: &Declared, after: &Declared) -> Vec<String> {
        let line = |difference: Difference| {
            let Difference { kind, name, deed, fields } = difference;
            let value = |value: Option<String>| value.unwrap_or_else(|| "-".into());
            let fields = fields
                .into_iter()
                .map(|field| format!(" {}: {} > {}", field.key, value(field.before), value(field.after)));
            format!("{} {kind} {name}{}", deed.as_str(), fields.collect::<String>())
        };
        before.differences(after).into_iter().map(line).collect()
    }

    #[test]
    fn each_element_is_compared_with_its_namesake() {
        let before = Declared {
            gateways: vec![gateway("vgw1", "a", "10.1.0.0/24"), gateway("vgw2", "b", "10.2.0.0/24")],
            ports: vec![port("tap0", "a", "10.1.0.5/32", "10.1.0.1")],
            uplinks: vec![uplink("lan", "eth1", "20.0.0.5/24", "20.0.0.1")],
            routes: vec![route("a", "8.0.0.0/8", "vgw1", "")],
            ..Declared::default()
        };
        assert_eq!(lines(&before, &before), [""; 0]);
        let after = Declared {
            limits: Limits { ports: 7, ..Limits::default() },
            gateways: vec![gateway("vgw1", "a", "10.1.0.0/24 10.9.0.0/24").by_uplink("lan")],
            ports: vec![
                PortSpec { dhcp: Some(DhcpSpec::default()), ..port("tap0", "a", "10.1.0.5/32", "10.1.0.1") },
                port("tap1", "a", "10.1.0.6/32", ""),
            ],
            uplinks: before.uplinks.clone(),
            routes: vec![route("a", "8.0.0.0/8", "vgw1", "10.1.0.9")],
            networks: Vec::new(),
        };
        let expected = [
            "changed limits  ports: 4096 > 7",
            "changed gateway vgw1 subnets: 10.1.0.0/24 > 10.1.0.0/24 10.9.0.0/24 uplink: - > lan",
            "deleted gateway vgw2 routing_instance: b > - subnets: 10.2.0.0/24 > -",
            "changed port tap0 dhcp: - > true dhcp.lease_time: - > 3600",
            "added port tap1 routing_instance: - > a addresses: - > 10.1.0.6/32",
            "changed route 8.0.0.0/8 of a via: dev vgw1 > via 10.1.0.9 dev vgw1",
        ];
        assert_eq!(lines(&before, &after), expected);
    }
}
