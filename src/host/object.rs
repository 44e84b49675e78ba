//! Single things in the kernel, told apart by what makes them one thing and not another.

use std::fmt;

use crate::addr::{InterfaceAddress, InterfaceName};

use super::operation::Operation;
use super::state::{HostLink, HostState, Masquerade, RouteKey, Rule, Setting};

/// What kinds of things there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Gateways' taps.
    Link,
    /// Addresses on them.
    Address,
    /// Routes.
    Route,
    /// Source rules.
    Rule,
    /// Switches of interfaces.
    Setting,
    /// Networks that leave under another address.
    Masquerade,
}

/// One thing of a [`HostState`], whatever it is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// A tap.
    Link(InterfaceName),
    /// An address on a tap.
    Address(InterfaceName, InterfaceAddress),
    /// A route.
    Route(RouteKey),
    /// A source rule.
    Rule(Rule),
    /// A switch.
    Setting(Setting),
    /// A network that leaves under another address.
    Masquerade(Masquerade),
}

impl Kind {
    /// The name that users see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Address => "address",
            Self::Route => "route",
            Self::Rule => "rule",
            Self::Setting => "setting",
            Self::Masquerade => "masquerade",
        }
    }
}

impl Object {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Link(_) => Kind::Link,
            Self::Address(..) => Kind::Address,
            Self::Route(_) => Kind::Route,
            Self::Rule(_) => Kind::Rule,
            Self::Setting(_) => Kind::Setting,
            Self::Masquerade(_) => Kind::Masquerade,
        }
    }

    /// True if two states have the same of it, or both nothing.
    #[must_use]
    pub fn is_same_in(&self, one: &HostState, other: &HostState) -> bool {
        match self {
            Self::Link(name) => one.links.get(name) == other.links.get(name),
            Self::Address(name, address) => {
                let item = (*name, *address);
                one.addresses.contains(&item) == other.addresses.contains(&item)
            }
            Self::Route(key) => one.routes.get(key) == other.routes.get(key),
            Self::Rule(rule) => one.rules.contains(rule) == other.rules.contains(rule),
            Self::Setting(setting) => one.settings.contains(setting) == other.settings.contains(setting),
            Self::Masquerade(masquerade) => {
                one.masquerades.contains(masquerade) == other.masquerades.contains(masquerade)
            }
        }
    }

    /// True for what goes with one of these links, and has to be put back with it.
    #[must_use]
    pub fn hangs_on(&self, links: &[InterfaceName], want: &HostState) -> bool {
        match self {
            Self::Link(_) | Self::Rule(_) | Self::Masquerade(_) => false,
            Self::Address(name, _) => links.contains(name),
            Self::Setting(setting) => links.contains(&setting.interface),
            Self::Route(key) => {
                want.routes.get(key).is_some_and(|route| route.hops.iter().any(|hop| links.contains(&hop.device)))
            }
        }
    }
}

impl Object {
    /// True for what decides the way of packets and their address: while it is missing they do not stop
    /// but go wrong, so it is put back at once in every dispute.
    #[must_use]
    pub fn leads(&self) -> bool {
        match self {
            Self::Rule(_) | Self::Masquerade(_) => true,
            Self::Route(key) => key.table != RouteKey::MAIN,
            Self::Link(_) | Self::Address(..) | Self::Setting(_) => false,
        }
    }
}

impl fmt::Display for Object {
    /// Kind and name, as the printed [`Operation`]s have them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(name) => write!(f, "link {name}"),
            Self::Address(name, address) => write!(f, "address {address} dev {name}"),
            Self::Route(key) => write!(f, "route {key}"),
            Self::Rule(rule) => write!(f, "rule {rule}"),
            Self::Setting(setting) => write!(f, "setting {setting}"),
            Self::Masquerade(masquerade) => write!(f, "masquerade {masquerade}"),
        }
    }
}

impl Operation {
    /// The things that it changes.
    #[must_use]
    pub fn objects(&self) -> Vec<Object> {
        match self {
            Self::AddLink(name, _) | Self::SetLink(name, _) => vec![Object::Link(*name)],
            Self::DeleteLinks(names) => names.iter().copied().map(Object::Link).collect(),
            Self::AddAddress(name, address) | Self::DeleteAddress(name, address) => {
                vec![Object::Address(*name, *address)]
            }
            Self::AddRoute(key, _) | Self::ReplaceRoute(key, _) | Self::DeleteRoute(key, _) => {
                vec![Object::Route(*key)]
            }
            Self::AddRule(rule) | Self::DeleteRule(rule) => vec![Object::Rule(*rule)],
            Self::Enable(setting) | Self::Restore(setting) => vec![Object::Setting(*setting)],
            Self::AddMasquerade(masquerade) | Self::DeleteMasquerade(masquerade) => {
                vec![Object::Masquerade(*masquerade)]
            }
            // What others have made of the table is nothing of ours.
            Self::ClearMasquerades => Vec::new(),
        }
    }

    /// True for one that takes something away.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        match self {
            Self::DeleteLinks(_)
            | Self::DeleteAddress(..)
            | Self::DeleteRoute(..)
            | Self::DeleteRule(_)
            | Self::Restore(_)
            | Self::DeleteMasquerade(_)
            | Self::ClearMasquerades => true,
            Self::AddLink(..)
            | Self::SetLink(..)
            | Self::AddAddress(..)
            | Self::AddRoute(..)
            | Self::ReplaceRoute(..)
            | Self::AddRule(_)
            | Self::Enable(_)
            | Self::AddMasquerade(_) => false,
        }
    }

    /// The objects with all that the operation says of them, as `ip` lists them.
    #[must_use]
    pub fn described(&self) -> String {
        let line = |f: &mut fmt::Formatter<'_>| match self {
            Self::AddLink(name, link) | Self::SetLink(name, link) => {
                let HostLink { mac, mtu, up: _, in_order: _ } = link;
                write!(f, "link {name} address {mac} mtu {mtu}")
            }
            Self::DeleteLinks(names) => {
                f.write_str("link")?;
                names.iter().try_for_each(|name| write!(f, " {name}"))
            }
            Self::AddAddress(name, address) | Self::DeleteAddress(name, address) => {
                write!(f, "address {address} dev {name}")
            }
            Self::AddRoute(key, route) | Self::ReplaceRoute(key, route) | Self::DeleteRoute(key, route) => {
                write!(f, "route {}", key.leading(route))
            }
            Self::AddRule(rule) | Self::DeleteRule(rule) => write!(f, "rule {rule}"),
            Self::Enable(setting) | Self::Restore(setting) => write!(f, "sysctl {setting}=1"),
            Self::AddMasquerade(masquerade) | Self::DeleteMasquerade(masquerade) => {
                write!(f, "nft element inet vgw {masquerade}")
            }
            Self::ClearMasquerades => f.write_str("nft table inet vgw"),
        };
        fmt::from_fn(line).to_string()
    }
}
