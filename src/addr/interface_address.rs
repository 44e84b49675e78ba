//! Addresses of interfaces.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::prefix::{Prefix, PrefixError};
use super::text::excerpt;

/// An address on an interface with the length of its network, host bits kept: `20.0.0.5/24`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceAddress {
    /// The interface's own address.
    pub address: IpAddr,
    length: u8,
}

impl InterfaceAddress {
    /// Pairs an address with its network's length.
    ///
    /// # Errors
    /// A length out of range for the address's family.
    pub fn new(address: IpAddr, length: u8) -> Result<Self, PrefixError> {
        Prefix::new(address, length).map(|_| Self { address, length })
    }

    /// The connected network.
    #[must_use]
    pub fn network(&self) -> Prefix {
        // The length was checked by `new`.
        Prefix::new(self.address, self.length).unwrap_or_else(|_| Prefix::host(self.address))
    }

    /// The length of the connected network.
    #[must_use]
    pub fn length(&self) -> u8 {
        self.length
    }
}

impl FromStr for InterfaceAddress {
    type Err = PrefixError;

    /// Reads `address/length`. An address alone is refused: that its network is itself is rarely meant,
    /// and has to be said.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let network = Prefix::parse_masked(text)?.prefix;
        if !text.contains('/') {
            return Err(PrefixError::NoLength(excerpt(text)));
        }
        let address = text.split('/').next().unwrap_or(text);
        let address = address.parse().map_err(|_| PrefixError::Address(excerpt(address)))?;
        Self::new(address, network.length())
    }
}

impl fmt::Display for InterfaceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.address, self.length))
    }
}

impl fmt::Debug for InterfaceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interface_addresses_keep_their_host_bits() {
        let address: InterfaceAddress = "20.0.0.5/24".parse().unwrap();
        assert_eq!(address.to_string(), "20.0.0.5/24");
        assert_eq!(address.network().to_string(), "20.0.0.0/24");
    }

    #[test]
    fn interface_addresses_say_how_long_their_network_is() {
        let error = |text: &str| text.parse::<InterfaceAddress>().unwrap_err().to_string();
        assert_eq!(error("20.0.0.5"), "'20.0.0.5' has no prefix length: write 20.0.0.5/LENGTH");
        assert_eq!(error("fd00::5"), "'fd00::5' has no prefix length: write fd00::5/LENGTH");
        assert_eq!(error("20.0.0.300"), "'20.0.0.300' is not an IPv4 or IPv6 address");
        assert_eq!("20.0.0.5/32".parse::<InterfaceAddress>().unwrap().length(), 32);
    }
}
