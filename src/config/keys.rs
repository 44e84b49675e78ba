//! The keys of the configuration, as their manual has them: vgwd.toml(5) is made from this table. What
//! is accepted is said in [`super::shape`]; a test holds both together.

mod declared;
mod settings;

/// A table of the file.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// The keys that lead to it, with dots between them.
    pub path: &'static str,
    /// How it is written.
    pub header: &'static str,
    /// Its keys are read at start only; [`super::AtStart`] has their values.
    pub at_start: bool,
    /// What it is for.
    pub meaning: &'static str,
    /// Its keys, in the order of explanation.
    pub keys: &'static [Key],
}

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// The form of its value.
    pub form: &'static str,
    /// What holds without it.
    pub absent: Absent,
    /// What it says.
    pub meaning: &'static str,
}

/// What holds without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// It must be there.
    Refused,
    /// It must be there unless this one is.
    Instead(&'static str),
    /// This value.
    Default(&'static str),
}

/// A key that must be there.
const fn must(name: &'static str, form: &'static str, meaning: &'static str) -> Key {
    Key { name, form, absent: Absent::Refused, meaning }
}

/// A key that must be there unless another is.
const fn or(name: &'static str, other: &'static str, form: &'static str, meaning: &'static str) -> Key {
    Key { name, form, absent: Absent::Instead(other), meaning }
}

/// A key with a default.
const fn may(name: &'static str, form: &'static str, default: &'static str, meaning: &'static str) -> Key {
    Key { name, form, absent: Absent::Default(default), meaning }
}

/// Every table of the file.
pub const SECTIONS: &[Section] = &[
    declared::GATEWAY,
    declared::PORT,
    declared::PORT_DHCP,
    declared::PORT_ROUTER_ADVERTISEMENTS,
    declared::UPLINK,
    declared::ROUTE,
    declared::ROUTE_VIA,
    declared::NETWORK,
    declared::NETWORK_DHCP,
    declared::NETWORK_ROUTER_ADVERTISEMENTS,
    settings::AUDIT,
    settings::API,
    settings::REST,
    settings::METRICS,
    settings::FABRIC,
    settings::LIMITS,
    settings::HOST,
    settings::DATAPLANE,
    settings::COMPAT,
];

#[cfg(test)]
mod tests;
