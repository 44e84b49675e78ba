//! Our table: how it is made, changed and read, in the JSON of libnftables-json(5).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::{Value, json};

use crate::addr::{Family, InterfaceName, Prefix};
use crate::host::{Masquerade, Traffic, Translation};

/// The table's name, in the family inet.
pub(super) const TABLE: &str = "vgw";

/// Priority of the chain that translates (`NF_IP_PRI_NAT_SRC`), where everybody's is.
const TRANSLATE: i32 = 100;

/// Changes that are carried out together.
#[derive(Debug, Default)]
pub(crate) struct Transaction(Vec<Value>);

impl Transaction {
    /// Makes the table, empty, in place of whatever has its name.
    ///
    /// Each packet of a new connection is looked up at most twice, however many networks there are:
    /// by network and device among those with an uplink, by network among the others. Packets to our
    /// own links, which are those in `group` and the next one, are let through before that. The
    /// second chain counts what was translated; only the first packet of a connection comes through
    /// the first.
    pub(crate) fn make(&mut self, group: u32) {
        let table = json!({"family": "inet", "name": TABLE});
        self.0.extend([
            json!({"add": {"table": table}}),
            json!({"delete": {"table": table}}),
            json!({"add": {"table": table}}),
        ]);
        for (name, kind) in [("translate", "nat"), ("count", "filter")] {
            let priority = if kind == "nat" { TRANSLATE } else { TRANSLATE + 1 };
            self.0.push(json!({"add": {"chain": {"family": "inet", "table": TABLE, "name": name, "type": kind,
                "hook": "postrouting", "prio": priority, "policy": "accept"}}}));
        }
        let to_ours = json!({"match": {"op": "==", "left": {"meta": {"key": "oifgroup"}},
            "right": {"set": [group, group.saturating_add(1)]}}});
        self.rule("translate", &[to_ours, json!({"return": null})]);
        for family in [Family::V4, Family::V6] {
            self.add_family(family);
        }
    }

    fn add_family(&mut self, family: Family) {
        let Words { protocol, address_type, .. } = Words::of(family);
        let [anywhere, uplinks, sent] = sets(family);
        let set = json!({"family": "inet", "table": TABLE, "name": anywhere, "type": address_type,
            "flags": ["interval"]});
        let counted = json!({"family": "inet", "table": TABLE, "name": sent, "type": address_type,
            "flags": ["interval"], "stmt": [{"counter": null}]});
        let map = json!({"family": "inet", "table": TABLE, "name": uplinks, "type": [address_type, "ifname"],
            "map": address_type, "flags": ["interval"]});
        self.0.extend([json!({"add": {"set": set}}), json!({"add": {"set": counted}}), json!({"add": {"map": map}})]);
        let source = json!({"payload": {"protocol": protocol, "field": "saddr"}});
        let by_uplink = json!({"concat": [source, {"meta": {"key": "oifname"}}]});
        let address = json!({"map": {"key": by_uplink, "data": format!("@{uplinks}")}});
        self.rule("translate", &[json!({"snat": {"family": protocol, "addr": address}})]);
        let is_in = json!({"match": {"op": "==", "left": source, "right": format!("@{anywhere}")}});
        self.rule("translate", &[is_in, json!({"masquerade": null})]);
        let from = json!({"ct": {"key": format!("{protocol} saddr"), "dir": "original"}});
        self.rule(
            "count",
            &[
                json!({"match": {"op": "==", "left": {"ct": {"key": "direction"}}, "right": "original"}}),
                json!({"match": {"op": "in", "left": {"ct": {"key": "status"}}, "right": "snat"}}),
                json!({"match": {"op": "==", "left": from, "right": format!("@{sent}")}}),
            ],
        );
    }

    fn rule(&mut self, chain: &str, expressions: &[Value]) {
        self.0.push(json!({"add": {"rule": {"family": "inet", "table": TABLE, "chain": chain, "expr": expressions}}}));
    }

    /// Removes the table with all that is in it.
    pub(crate) fn remove(&mut self) {
        self.0.push(json!({"delete": {"table": {"family": "inet", "name": TABLE}}}));
    }

    /// Makes of the elements that stand those that are to be. Those of one set go together: `nft` looks
    /// through the whole set for each of its commands.
    pub(crate) fn change(&mut self, before: &BTreeSet<Masquerade>, after: &BTreeSet<Masquerade>) {
        let (old, new) = (elements(before), elements(after));
        let gone = old.iter().map(|(set, old)| ("delete", *set, old, new.get(set)));
        let added = new.iter().map(|(set, new)| ("add", *set, new, old.get(set)));
        for (verb, set, these, those) in gone.chain(added) {
            let differing = these.iter().filter(|(key, data)| those.and_then(|those| those.get(*key)) != Some(*data));
            let written: Vec<Value> = differing
                .map(|(key, data)| match data {
                    Some(address) if verb == "add" => json!([key.written(), address.to_string()]),
                    _ => key.written(),
                })
                .collect();
            if !written.is_empty() {
                let elements = json!({"family": "inet", "table": TABLE, "name": set, "elem": written});
                self.0.push(json!({verb: {"element": elements}}));
            }
        }
    }

    /// For `nft`.
    pub(crate) fn text(&self) -> Value {
        json!({"nftables": self.0})
    }
}

/// How nftables calls things of an address family.
struct Words {
    protocol: &'static str,
    address_type: &'static str,
}

impl Words {
    fn of(family: Family) -> Self {
        match family {
            Family::V4 => Self { protocol: "ip", address_type: "ipv4_addr" },
            Family::V6 => Self { protocol: "ip6", address_type: "ipv6_addr" },
        }
    }
}

/// The set of networks that leave by any device, the map of those with an uplink, and the set of all
/// with their counters.
fn sets(family: Family) -> [&'static str; 3] {
    match family {
        Family::V4 => ["anywhere4", "uplinks4", "sent4"],
        Family::V6 => ["anywhere6", "uplinks6", "sent6"],
    }
}

/// What is told from one another in a set or map.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(Prefix, Option<InterfaceName>);

impl Key {
    fn written(&self) -> Value {
        match self {
            Self(subnet, None) => written(*subnet),
            Self(subnet, Some(device)) => json!({"concat": [written(*subnet), device.as_str()]}),
        }
    }
}

/// The elements of each set, those of a map with their data.
fn elements(masquerades: &BTreeSet<Masquerade>) -> BTreeMap<&'static str, BTreeMap<Key, Option<IpAddr>>> {
    let mut elements: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for Masquerade { subnet, to } in masquerades {
        let [anywhere, uplinks, sent] = sets(subnet.family());
        let (set, device, address) = match to {
            Translation::Device => (anywhere, None, None),
            Translation::Uplink(device, address) => (uplinks, Some(*device), Some(*address)),
        };
        elements.entry(set).or_default().insert(Key(*subnet, device), address);
        elements.entry(sent).or_default().insert(Key(*subnet, None), None);
    }
    elements
}

fn written(subnet: Prefix) -> Value {
    if subnet.is_host() {
        return json!(subnet.address().to_string());
    }
    json!({"prefix": {"addr": subnet.address().to_string(), "len": subnet.length()}})
}

/// What a table is when it is listed.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Listing {
    /// Everything but elements and handles: what does not change in a table of ours.
    pub(crate) frame: Vec<Value>,
    /// What is translated.
    pub(crate) masquerades: BTreeSet<Masquerade>,
    /// What is counted.
    pub(crate) traffic: BTreeMap<Prefix, Traffic>,
}

impl Listing {
    /// Reads what `nft` has listed; `None` if there are elements in it that we do not write.
    pub(crate) fn read(mut listed: Value) -> Option<Self> {
        let mut listing = Self::default();
        for object in listed.get_mut("nftables")?.as_array_mut()? {
            let (kind, object) = object.as_object_mut()?.iter_mut().next()?;
            if kind == "metainfo" {
                continue;
            }
            let kind = kind.clone();
            let fields = object.as_object_mut()?;
            fields.remove("handle");
            let elements = fields.remove("elem").unwrap_or_else(|| json!([]));
            let name = fields.get("name").and_then(Value::as_str).unwrap_or_default();
            for element in elements.as_array()? {
                listing.take(name, element)?;
            }
            listing.frame.push(json!({kind: object}));
        }
        Some(listing)
    }

    fn take(&mut self, set: &str, element: &Value) -> Option<()> {
        let family = [Family::V4, Family::V6].into_iter().find(|family| sets(*family).contains(&set))?;
        let [anywhere, uplinks, _] = sets(family);
        if set == anywhere {
            self.masquerades.insert(Masquerade { subnet: network(element)?, to: Translation::Device });
        } else if set == uplinks {
            let (key, address) = (element.get(0)?.get("concat")?, element.get(1)?.as_str()?);
            let device: InterfaceName = key.get(1)?.as_str()?.parse().ok()?;
            let to = Translation::Uplink(device, address.parse().ok()?);
            self.masquerades.insert(Masquerade { subnet: network(key.get(0)?)?, to });
        } else {
            let element = element.get("elem")?;
            let count = |what| element.get("counter")?.get(what)?.as_u64();
            let traffic = Traffic { packets: count("packets")?, bytes: count("bytes")? };
            self.traffic.insert(network(element.get("val")?)?, traffic);
        }
        Some(())
    }

    /// True if exactly what is translated is counted.
    pub(crate) fn is_consistent(&self) -> bool {
        let subnets: BTreeSet<Prefix> = self.masquerades.iter().map(|masquerade| masquerade.subnet).collect();
        subnets.iter().eq(self.traffic.keys())
    }
}

fn network(value: &Value) -> Option<Prefix> {
    if let Some(address) = value.as_str() {
        return Some(Prefix::host(address.parse().ok()?));
    }
    let prefix = value.get("prefix")?;
    let address: IpAddr = prefix.get("addr")?.as_str()?.parse().ok()?;
    Prefix::new(address, u8::try_from(prefix.get("len")?.as_u64()?).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_read_as_it_was_written() {
        let listed = json!({"nftables": [
            {"metainfo": {"version": "1.0.6"}},
            {"table": {"family": "inet", "name": "vgw", "handle": 2}},
            {"set": {"name": "anywhere4", "handle": 1, "elem": ["10.0.0.1", {"prefix": {"addr": "10.1.0.0", "len": 16}}]}},
            {"set": {"name": "sent6", "handle": 2, "elem": [
                {"elem": {"val": {"prefix": {"addr": "2001:db8::", "len": 64}}, "counter": {"packets": 3, "bytes": 252}}}]}},
            {"map": {"name": "uplinks6", "elem": [
                [{"concat": [{"prefix": {"addr": "2001:db8::", "len": 64}}, "eth1"]}, "2001:db8:20::5"]]}},
        ]});
        let listing = Listing::read(listed.clone()).unwrap();
        let written: BTreeSet<String> = listing.masquerades.iter().map(ToString::to_string).collect();
        let expected = [
            "anywhere4 { 10.0.0.1/32 }",
            "anywhere4 { 10.1.0.0/16 }",
            "uplinks6 { 2001:db8::/64 . \"eth1\" : 2001:db8:20::5 }",
        ];
        assert_eq!(written, expected.map(str::to_owned).into());
        assert_eq!(listing.traffic.values().collect::<Vec<_>>(), [&Traffic { packets: 3, bytes: 252 }]);
        assert!(!listing.is_consistent(), "10.1.0.0/16 is not counted");
        let frame = listing.frame.iter().map(ToString::to_string).collect::<String>();
        assert!(!frame.contains("handle") && !frame.contains("elem") && frame.contains("uplinks6"), "{frame}");

        let mut strange = listed;
        strange["nftables"][2]["set"]["elem"][0] = json!({"range": ["10.0.0.1", "10.0.0.9"]});
        assert_eq!(Listing::read(strange), None, "we write no ranges");
    }
}
