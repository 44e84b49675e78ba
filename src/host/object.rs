//! Single things in the kernel, by what makes them the same thing before and after a change.

use std::fmt;

use crate::addr::{InterfaceAddress, InterfaceName};

use super::operation::Operation;
use super::state::{HostLink, RouteKey, Rule, Setting};

/// The identity of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// A tap.
    Link(InterfaceName),
    /// An address on it.
    Address(InterfaceName, InterfaceAddress),
    /// A route.
    Route(RouteKey),
    /// A source rule.
    Rule(Rule),
    /// A switch.
    Setting(Setting),
}

impl Operation {
    /// What the operation is about.
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
            | Self::Restore(_) => true,
            Self::AddLink(..)
            | Self::SetLink(..)
            | Self::AddAddress(..)
            | Self::AddRoute(..)
            | Self::ReplaceRoute(..)
            | Self::AddRule(_)
            | Self::Enable(_) => false,
        }
    }

    /// The objects with all that the operation says of them, as `ip` lists them.
    #[must_use]
    pub fn described(&self) -> String {
        let line = |f: &mut fmt::Formatter<'_>| match self {
            Self::AddLink(name, link) | Self::SetLink(name, link) => {
                let HostLink { mac, mtu, up: _ } = link;
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
        };
        fmt::from_fn(line).to_string()
    }
}
