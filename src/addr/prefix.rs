//! Networks.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::family::Family;
use super::text::excerpt;

/// Why text or a pair of values is not a prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// The address part is not an IPv4 or IPv6 address.
    #[error("'{0}' is not an IPv4 or IPv6 address")]
    Address(String),
    /// The length is missing, not a number, or out of range for the family.
    #[error("prefix length {length} is not in 0..={limit}")]
    Length {
        /// What was given.
        length: i32,
        /// 32 or 128.
        limit: u8,
    },
    /// An interface's address that does not say how long its network is.
    #[error("'{0}' has no prefix length: write {0}/LENGTH")]
    NoLength(String),
    /// Text after the slash that is not a number.
    #[error("'{0}' is not a prefix length")]
    LengthText(String),
}

/// A network: an address and a length, host bits zero by construction.
///
/// Unlike [`ipnet::IpNet`], where `10.1.2.3/24 != 10.1.2.0/24`, two values are equal exactly when
/// they are the same network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(IpNet);

/// The outcome of reading a prefix that may carry host bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Masked {
    /// The network.
    pub prefix: Prefix,
    /// True if host bits were set and have been cleared; worth a warning.
    pub had_host_bits: bool,
}

impl Prefix {
    /// `0.0.0.0/0`.
    pub const DEFAULT_V4: Self = Self(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)));
    /// `::/0`.
    pub const DEFAULT_V6: Self = Self(IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)));

    /// A network from an address and a length; host bits are cleared.
    ///
    /// # Errors
    /// A length out of range for the address's family.
    pub fn new(address: IpAddr, length: u8) -> Result<Self, PrefixError> {
        Ok(Self::masked(address, i32::from(length))?.prefix)
    }

    /// As [`Prefix::new`], from a length of any integer, telling whether host bits were set.
    ///
    /// # Errors
    /// A length out of range for the address's family.
    pub fn masked(address: IpAddr, length: i32) -> Result<Masked, PrefixError> {
        let limit = Family::of(address).bits();
        let checked = u8::try_from(length).ok().filter(|&l| l <= limit);
        let length = checked.ok_or(PrefixError::Length { length, limit })?;
        let given =
            IpNet::new(address, length).map_err(|_| PrefixError::Length { length: i32::from(length), limit })?;
        let prefix = Self(given.trunc());
        Ok(Masked { prefix, had_host_bits: prefix.0 != given })
    }

    /// The network of one address: /32 or /128.
    #[must_use]
    pub fn host(address: IpAddr) -> Self {
        Self(IpNet::from(address))
    }

    /// Reads `address/length`, or a bare address as a host prefix.
    ///
    /// # Errors
    /// Says which part is wrong.
    pub fn parse_masked(text: &str) -> Result<Masked, PrefixError> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| PrefixError::Address(excerpt(address)))?;
        let length = match length {
            Some(digits) if !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| PrefixError::LengthText(excerpt(digits)))?
            }
            Some(other) => return Err(PrefixError::LengthText(excerpt(other))),
            None => i32::from(Family::of(address).bits()),
        };
        Self::masked(address, length)
    }

    /// The first address, host bits zero.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.0.addr()
    }

    /// The number of network bits.
    #[must_use]
    pub fn length(&self) -> u8 {
        self.0.prefix_len()
    }

    /// IPv4 or IPv6.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(self.address())
    }

    /// True if the address lies inside.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// True if every address of `other` lies inside; equal networks cover each other.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.family() == other.family() && self.length() <= other.length() && self.contains(other.address())
    }

    /// True for a /32 or /128.
    #[must_use]
    pub fn is_host(&self) -> bool {
        self.length() == self.family().bits()
    }

    /// True for `0.0.0.0/0` and `::/0`.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.length() == 0
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    /// Reads as [`Prefix::parse_masked`]; host bits are cleared in silence.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::parse_masked(text)?.prefix)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_bits_are_cleared_and_told() {
        let masked = Prefix::parse_masked("10.1.2.3/24").unwrap();
        assert_eq!(masked.prefix.to_string(), "10.1.2.0/24");
        assert!(masked.had_host_bits);
        assert!(!Prefix::parse_masked("10.1.2.0/24").unwrap().had_host_bits);
    }

    #[test]
    fn same_network_is_equal() {
        assert_eq!("10.1.2.3/24".parse::<Prefix>().unwrap(), "10.1.2.77/24".parse::<Prefix>().unwrap());
        assert_eq!("0.0.0.0/0".parse::<Prefix>().unwrap(), Prefix::DEFAULT_V4);
    }

    #[test]
    fn bad_text_names_the_part() {
        let error = |text: &str| text.parse::<Prefix>().unwrap_err().to_string();
        assert_eq!(error("10.1/16"), "'10.1' is not an IPv4 or IPv6 address");
        assert_eq!(error("10.0.0.0/33"), "prefix length 33 is not in 0..=32");
        assert_eq!(error("10.0.0.0/+8"), "'+8' is not a prefix length");
        assert_eq!(error("10.0.0.0/"), "'' is not a prefix length");
        assert_eq!(error("::/129"), "prefix length 129 is not in 0..=128");
        assert!(Prefix::masked("10.0.0.0".parse().unwrap(), -1).is_err());
    }

    #[test]
    fn covering_respects_family_and_length() {
        let prefix = |text: &str| text.parse::<Prefix>().unwrap();
        assert!(prefix("10.0.0.0/8").covers(&prefix("10.1.0.0/16")));
        assert!(prefix("10.0.0.0/8").covers(&prefix("10.0.0.0/8")));
        assert!(!prefix("10.1.0.0/16").covers(&prefix("10.0.0.0/8")));
        assert!(!Prefix::DEFAULT_V4.covers(&Prefix::DEFAULT_V6));
    }
}
