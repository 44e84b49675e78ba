//! Ethernet addresses.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use super::text::excerpt;

/// A 48-bit Ethernet address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

/// Text that is not an Ethernet address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a MAC address (six hexadecimal bytes separated by ':')")]
pub struct ParseMacError(String);

impl Mac {
    /// The address a gateway shows to guests and to the host, as the peer's: 00:00:5e:00:01:00.
    pub const GATEWAY: Self = Self([0x00, 0x00, 0x5e, 0x00, 0x01, 0x00]);
    /// ff:ff:ff:ff:ff:ff.
    pub const BROADCAST: Self = Self([0xff; 6]);
    /// All zero: no address.
    pub const ZERO: Self = Self([0; 6]);

    /// True for group addresses, broadcast included (IEEE 802.3, 3.2.3: the I/G bit).
    #[must_use]
    pub fn is_multicast(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// True for an address that one station can own: neither group nor all zero.
    #[must_use]
    pub fn is_station(self) -> bool {
        !self.is_multicast() && self != Self::ZERO
    }

    /// The Ethernet group that carries an IPv6 multicast address (RFC 2464, section 7).
    #[must_use]
    pub fn of_ipv6_multicast(group: Ipv6Addr) -> Self {
        let o = group.octets();
        Self([0x33, 0x33, o[12], o[13], o[14], o[15]])
    }

    /// The link-local address formed from this MAC by modified EUI-64 (RFC 4291, appendix A).
    #[must_use]
    pub fn link_local(self) -> Ipv6Addr {
        let [a, b, c, d, e, f] = self.0;
        Ipv6Addr::from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Mac {
    type Err = ParseMacError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseMacError(excerpt(text));
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().ok_or_else(error)?;
            if part.len() != 2 || !part.bytes().all(|c| c.is_ascii_hexdigit()) {
                return Err(error());
            }
            *byte = u8::from_str_radix(part, 16).map_err(|_| error())?;
        }
        if parts.next().is_some() {
            return Err(error());
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let mac: Mac = "00:00:5e:00:01:00".parse().unwrap();
        assert_eq!(mac, Mac::GATEWAY);
        assert_eq!(mac.to_string(), "00:00:5e:00:01:00");
    }

    #[test]
    fn bad_text_is_refused() {
        for text in
            ["", "0:0:5e:0:1:0", "00:00:5e:00:01", "00:00:5e:00:01:00:00", "zz:00:5e:00:01:00", "+0:00:5e:00:01:00"]
        {
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
        assert!("02:0\t".parse::<Mac>().unwrap_err().to_string().starts_with(r"'02:0\t' is not"));
    }

    #[test]
    fn link_local_is_modified_eui64() {
        assert_eq!(Mac::GATEWAY.link_local(), "fe80::200:5eff:fe00:100".parse::<Ipv6Addr>().unwrap());
    }
}
