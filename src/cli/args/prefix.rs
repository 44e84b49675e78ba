//! How prefixes are read.

use std::net::Ipv4Addr;

use crate::addr::{InterfaceAddress, Masked, Prefix, PrefixError};

/// Reads an interface address; its length may be a netmask, as DHCP has it.
pub(super) fn with_netmask(text: &str) -> Result<InterfaceAddress, String> {
    let Some((address, Ok(mask))) = text.split_once('/').map(|(address, mask)| (address, mask.parse::<Ipv4Addr>()))
    else {
        return text.parse().map_err(|error: PrefixError| error.to_string());
    };
    let bits = u32::from(mask);
    if bits.leading_ones() + bits.trailing_zeros() != 32 {
        return Err(format!("{mask} is no netmask"));
    }
    format!("{address}/{}", bits.leading_ones()).parse().map_err(|error: PrefixError| error.to_string())
}

/// Reads a prefix, and keeps in mind whether it had host bits.
pub(super) fn masked(text: &str) -> Result<Masked, PrefixError> {
    Prefix::parse_masked(text)
}

/// What is to be said of prefixes that were taken otherwise than they were typed.
pub(super) fn notes(name: &str, given: &[Masked]) -> Vec<String> {
    let cleared = given.iter().filter(|value| value.had_host_bits);
    cleared.map(|value| format!("{name} had host bits and is taken as {}", value.prefix)).collect()
}
