//! Host state as people know it: the `ip` commands that would do the same.

use std::borrow::Cow;
use std::fmt;

use crate::addr::{Family, InterfaceName, Weight, shell_word};

use super::operation::Operation;
use super::state::{HostLink, HostRoute, Masquerade, RouteKey, Rule, RuleAction, Setting, SettingKind, Translation};

/// An interface's name in a command that somebody may type again.
fn word(name: &InterfaceName) -> Cow<'_, str> {
    shell_word(name.as_str())
}

/// Names printed of a long list.
const SHOWN_LINKS: usize = 8;

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddLink(name, HostLink { mac, mtu, .. }) => {
                write!(f, "link add {} address {mac} mtu {mtu} type tap", word(name))
            }
            Self::SetLink(name, HostLink { mac, mtu, up, .. }) => {
                let state = if *up { "up" } else { "down" };
                write!(f, "link set {} address {mac} mtu {mtu} {state}", word(name))
            }
            Self::DeleteLinks(names) => {
                f.write_str("link delete")?;
                names.iter().take(SHOWN_LINKS).try_for_each(|name| write!(f, " {}", word(name)))?;
                match names.len().saturating_sub(SHOWN_LINKS) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
            Self::AddAddress(name, address) => write!(f, "address add {address} dev {}", word(name)),
            Self::DeleteAddress(name, address) => write!(f, "address delete {address} dev {}", word(name)),
            Self::AddRoute(key, route) => write!(f, "route add {}", key.leading(route)),
            Self::ReplaceRoute(key, route) => write!(f, "route replace {}", key.leading(route)),
            Self::DeleteRoute(key, route) => write!(f, "route delete {}", key.leading(route)),
            Self::AddRule(rule) => write!(f, "rule add {rule}"),
            Self::DeleteRule(rule) => write!(f, "rule delete {rule}"),
            Self::Enable(setting) => write!(f, "sysctl {setting}=1"),
            Self::Restore(setting) => write!(f, "sysctl {setting} restored"),
            Self::AddMasquerade(masquerade) => write!(f, "nft add element inet vgw {masquerade}"),
            Self::DeleteMasquerade(masquerade) => write!(f, "nft delete element inet vgw {masquerade}"),
            Self::ClearMasquerades => f.write_str("nft delete table inet vgw"),
        }
    }
}

impl RouteKey {
    /// The whole route as `ip route` prints it: `10.1.0.0/24 dev vgw1 table 20100`.
    pub fn leading<'a>(&'a self, to: &'a HostRoute) -> impl fmt::Display + 'a {
        fmt::from_fn(move |f| {
            if to.hops.is_empty() {
                f.write_str("unreachable ")?;
            }
            write!(f, "{}", self.prefix)?;
            let lead = if to.hops.len() > 1 { " nexthop" } else { "" };
            for hop in &to.hops {
                f.write_str(lead)?;
                if let Some(via) = hop.via {
                    write!(f, " via {via}")?;
                }
                write!(f, " dev {}", word(&hop.device))?;
                if hop.weight != Weight::ONE {
                    write!(f, " weight {}", hop.weight)?;
                }
            }
            if let Some(source) = to.source {
                write!(f, " src {source}")?;
            }
            write_rest(self, f)
        })
    }
}

fn write_rest(key: &RouteKey, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if key.table != RouteKey::MAIN {
        write!(f, " table {}", key.table)?;
    }
    if key.metric != 0 {
        write!(f, " metric {}", key.metric)?;
    }
    Ok(())
}

impl fmt::Display for RouteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.prefix)?;
        write_rest(self, f)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { priority, from, action } = self;
        write!(f, "from {from} ")?;
        match action {
            RuleAction::Lookup(table) => write!(f, "lookup {table}")?,
            RuleAction::Goto(target) => write!(f, "goto {target}")?,
            RuleAction::Nop => f.write_str("nop")?,
        }
        write!(f, " pref {priority}")
    }
}

impl fmt::Display for Masquerade {
    /// The set or map of nftables, and the element in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subnet, to } = self;
        let family = match subnet.family() {
            Family::V4 => 4,
            Family::V6 => 6,
        };
        match to {
            Translation::Device => write!(f, "anywhere{family} {{ {subnet} }}"),
            Translation::Uplink(device, address) => {
                let quoted = format!("\"{device}\"");
                // What a shell leaves alone it leaves alone in quotation marks too.
                let is_plain = word(device) == device.as_str();
                let device = if is_plain { quoted.as_str().into() } else { shell_word(&quoted) };
                write!(f, "uplinks{family} {{ {subnet} . {device} : {address} }}")
            }
        }
    }
}

impl fmt::Display for Setting {
    /// The name in the tree of `sysctl`, with the separator that interface names may not contain.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            SettingKind::ForwardV4 => write!(f, "net/ipv4/conf/{}/forwarding", word(&self.interface)),
            SettingKind::ForwardV6 => write!(f, "net/ipv6/conf/{}/force_forwarding", word(&self.interface)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::addr::{InterfaceName, Mac};
    use crate::host::HostHop;

    use super::*;

    fn name(text: &str) -> InterfaceName {
        text.parse().unwrap()
    }

    fn route(table: u32, metric: u32, prefix: &str, hops: &[(&str, Option<&str>)]) -> Operation {
        let hops = hops.iter().map(|(device, via)| HostHop {
            device: name(device),
            via: via.map(|via| via.parse().unwrap()),
            weight: Weight::ONE,
        });
        let route = HostRoute { hops: hops.collect(), source: None };
        Operation::AddRoute(RouteKey { table, prefix: prefix.parse().unwrap(), metric }, route)
    }

    #[test]
    fn operations_read_as_commands() {
        let link = HostLink { mac: Mac::GATEWAY, mtu: 1500, up: true, in_order: true };
        let rule = Rule { priority: 20_120, from: "10.1.0.0/24".parse().unwrap(), action: RuleAction::Lookup(20_100) };
        let setting = Setting { interface: name("eth0.100"), kind: SettingKind::ForwardV4 };
        let operations = [
            Operation::AddLink(name("vgw1"), link),
            Operation::SetLink(name("vgw1"), link),
            Operation::DeleteLinks(vec![name("vgw1"), name("vgw2")]),
            Operation::AddAddress(name("vgw1"), "fe80::1/64".parse().unwrap()),
            route(254, 0, "10.1.0.0/24", &[("vgw1", None)]),
            route(20_100, 5, "0.0.0.0/0", &[("eth1", Some("20.0.0.1"))]),
            route(254, 1024, "2001:db8::/64", &[("vgw1", Some("fe80::1")), ("vgw2", Some("fe80::1"))]),
            route(20_100, 0, "0.0.0.0/0", &[]),
            Operation::AddRule(rule),
            Operation::DeleteRule(rule),
            Operation::AddRule(Rule { action: RuleAction::Goto(20_200), ..rule }),
            Operation::DeleteRule(Rule { action: RuleAction::Nop, ..rule }),
            Operation::Enable(setting),
            Operation::Restore(Setting { kind: SettingKind::ForwardV6, ..setting }),
            Operation::AddMasquerade(Masquerade {
                subnet: "10.1.0.0/24".parse().unwrap(),
                to: Translation::Uplink(name("eth1"), "20.0.0.5".parse().unwrap()),
            }),
            Operation::DeleteMasquerade(Masquerade {
                subnet: "2001:db8::/64".parse().unwrap(),
                to: Translation::Device,
            }),
            Operation::ClearMasquerades,
        ];
        let printed: Vec<_> = operations.iter().map(ToString::to_string).collect();
        assert_eq!(
            printed,
            [
                "link add vgw1 address 00:00:5e:00:01:00 mtu 1500 type tap",
                "link set vgw1 address 00:00:5e:00:01:00 mtu 1500 up",
                "link delete vgw1 vgw2",
                "address add fe80::1/64 dev vgw1",
                "route add 10.1.0.0/24 dev vgw1",
                "route add 0.0.0.0/0 via 20.0.0.1 dev eth1 table 20100 metric 5",
                "route add 2001:db8::/64 nexthop via fe80::1 dev vgw1 nexthop via fe80::1 dev vgw2 metric 1024",
                "route add unreachable 0.0.0.0/0 table 20100",
                "rule add from 10.1.0.0/24 lookup 20100 pref 20120",
                "rule delete from 10.1.0.0/24 lookup 20100 pref 20120",
                "rule add from 10.1.0.0/24 goto 20200 pref 20120",
                "rule delete from 10.1.0.0/24 nop pref 20120",
                "sysctl net/ipv4/conf/eth0.100/forwarding=1",
                "sysctl net/ipv6/conf/eth0.100/force_forwarding restored",
                "nft add element inet vgw uplinks4 { 10.1.0.0/24 . \"eth1\" : 20.0.0.5 }",
                "nft delete element inet vgw anywhere6 { 2001:db8::/64 }",
                "nft delete table inet vgw",
            ]
        );
    }

    /// What a call names reaches root's shell only as a name.
    #[test]
    fn names_are_words() {
        let evil = name("$(id);it's");
        let link = HostLink { mac: Mac::GATEWAY, mtu: 1500, up: true, in_order: true };
        let masquerade = Masquerade {
            subnet: "10.1.0.0/24".parse().unwrap(),
            to: Translation::Uplink(evil, "20.0.0.5".parse().unwrap()),
        };
        let operations = [
            Operation::AddLink(evil, link),
            Operation::SetLink(evil, link),
            Operation::DeleteLinks(vec![evil]),
            Operation::AddAddress(evil, "fe80::1/64".parse().unwrap()),
            Operation::DeleteAddress(evil, "fe80::1/64".parse().unwrap()),
            route(254, 0, "10.1.0.0/24", &[(evil.as_str(), None)]),
            Operation::Enable(Setting { interface: evil, kind: SettingKind::ForwardV4 }),
            Operation::Enable(Setting { interface: evil, kind: SettingKind::ForwardV6 }),
        ];
        for operation in operations {
            assert!(operation.to_string().contains(r"'$(id);it'\''s'"), "{operation}");
        }
        assert!(Operation::AddMasquerade(masquerade).to_string().contains(r#" '"$(id);it'\''s"' "#));
    }

    #[test]
    fn long_lists_of_links_are_cut() {
        let names: Vec<_> = (0..1000).map(|i| name(&format!("vgw{i}"))).collect();
        let text = Operation::DeleteLinks(names).to_string();
        assert_eq!(text, "link delete vgw0 vgw1 vgw2 vgw3 vgw4 vgw5 vgw6 vgw7 and 992 more");
    }
}
