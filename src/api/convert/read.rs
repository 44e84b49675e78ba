//! Reading single fields.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;

use crate::addr::{Family, InstanceName, InterfaceName, Masked, Prefix, Uuid};
use crate::api::text::shown;
use crate::gateway::UplinkName;

use super::Fault;

/// Reads an interface's name.
pub(crate) fn interface_name(field: &str, text: &str) -> Result<InterfaceName, Fault> {
    InterfaceName::new(text).map_err(|error| Fault::new(field, error))
}

/// Reads a routing instance's name.
pub(crate) fn instance_name(text: &str) -> Result<InstanceName, Fault> {
    InstanceName::new(text).map_err(|error| Fault::new("routing_instance", error))
}

/// Reads an uplink's name.
pub(crate) fn uplink_name(field: &str, text: &str) -> Result<UplinkName, Fault> {
    UplinkName::new(text).map_err(|error| Fault::new(field, error))
}

/// Reads a UUID.
pub(crate) fn uuid(field: &str, text: &str) -> Result<Uuid, Fault> {
    text.parse().map_err(|error| Fault::new(field, error))
}

/// Reads an address family.
pub(crate) fn family(field: &str, text: &str) -> Result<Family, Fault> {
    text.parse().map_err(|error| Fault::new(field, error))
}

/// Reads an address.
pub(crate) fn address(field: &str, text: &str) -> Result<IpAddr, Fault> {
    text.parse().map_err(|_| Fault::new(field, format!("'{}' is not an IPv4 or IPv6 address", shown(text))))
}

/// Reads a prefix; bits behind its length are cleared, with a warning that names `owner`.
pub(crate) fn prefix(owner: &dyn Display, field: &str, text: &str) -> Result<Prefix, Fault> {
    let masked = Prefix::parse_masked(text).map_err(|error| Fault::new(field, error))?;
    Ok(unmasked(owner, field, text, masked))
}

/// Reads a list of prefixes; duplicates count once.
pub(super) fn prefixes(owner: &dyn Display, field: &str, texts: &[String]) -> Result<BTreeSet<Prefix>, Fault> {
    texts.iter().enumerate().map(|(index, text)| prefix(owner, &format!("{field}[{index}]"), text)).collect()
}

/// Reads a list of values that read themselves; duplicates count once.
pub(super) fn set<T>(field: &str, texts: &[String]) -> Result<BTreeSet<T>, Fault>
where
    T: FromStr<Err: Display> + Ord,
{
    Ok(list(field, texts)?.into_iter().collect())
}

/// Reads a list of values that read themselves, in their order.
pub(super) fn list<T: FromStr<Err: Display>>(field: &str, texts: &[String]) -> Result<Vec<T>, Fault> {
    let value =
        |(index, text): (usize, &String)| text.parse().map_err(|error| Fault::new(format!("{field}[{index}]"), error));
    texts.iter().enumerate().map(value).collect()
}

/// Reads a value that reads itself, if it is there.
pub(super) fn optional<T: FromStr<Err: Display>>(field: &str, text: Option<&str>) -> Result<Option<T>, Fault> {
    text.map(str::parse).transpose().map_err(|error| Fault::new(field, error))
}

/// The prefix that was meant. Warns if it is not the one that was written.
pub(super) fn unmasked(owner: &dyn Display, field: &str, given: &str, masked: Masked) -> Prefix {
    let Masked { prefix, had_host_bits } = masked;
    if had_host_bits {
        tracing::warn!("{owner}: {field}: {} has host bits set and is taken as {prefix}", shown(given));
    }
    prefix
}
