//! What DHCP clients have leased, and how their hooks hand it on: one small file for each device and
//! family, which is there while the lease is.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use imbl::OrdMap;

use crate::addr::{Family, InterfaceAddress, InterfaceName};

use super::spec::UplinkName;

/// The host's address on an uplink's device, and the router on that link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attachment {
    /// The host's address; packets from it leave by the uplink.
    pub address: InterfaceAddress,
    /// The router.
    pub via: IpAddr,
}

/// Whose lease it is: each family of a device has its own. As text the name of its file, `eth1.ipv4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeaseName {
    /// The device.
    pub device: InterfaceName,
    /// The family.
    pub family: Family,
}

/// The leases of all devices, also of those that no uplink claims yet.
pub type Leases = OrdMap<LeaseName, Attachment>;

/// An uplink without an address: it waits for a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The uplink, which leads nowhere.
    pub uplink: UplinkName,
    /// The lease that it waits for.
    pub lease: LeaseName,
    /// The address that was leased there, if another uplink has it.
    pub taken: Option<IpAddr>,
}

/// What is wrong with a lease, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct LeaseError {
    /// `address`, `via`, the word that is neither, or the file's name.
    pub field: String,
    /// Why.
    pub reason: String,
}

impl LeaseError {
    fn new(field: &str, reason: impl ToString) -> Self {
        // What is no field of ours comes from a file that anything may have written.
        let field = field.chars().take(32).flat_map(char::escape_debug).collect();
        Self { field, reason: reason.to_string() }
    }
}

impl LeaseName {
    /// The folder of the lease files: beside the daemon's socket, which both sides know.
    #[must_use]
    pub fn folder(socket: &Path) -> PathBuf {
        socket.with_file_name("leases")
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { uplink, lease, taken } = self;
        write!(f, "uplink {uplink} leads nowhere: ")?;
        match taken {
            Some(address) => write!(f, "the address {address} leased there is another uplink's"),
            None => write!(f, "{} has no {} lease", lease.device, lease.family),
        }
    }
}

impl fmt::Display for LeaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.device, self.family))
    }
}

impl FromStr for LeaseName {
    type Err = LeaseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Names of devices may have dots themselves: eth1.100.
        let named = text.rsplit_once('.').ok_or_else(|| LeaseError::new("name", "is not DEVICE.FAMILY"));
        let (device, family) = named?;
        Ok(Self {
            device: device.parse().map_err(|error| LeaseError::new("device", error))?,
            family: family.parse().map_err(|error| LeaseError::new("family", error))?,
        })
    }
}

impl Attachment {
    /// Checks that a lease makes sense: one family, and a router that is somebody else.
    ///
    /// # Errors
    /// Which of both is wrong.
    pub fn check(&self, family: Family) -> Result<(), LeaseError> {
        for (field, address) in [("address", self.address.address), ("via", self.via)] {
            if Family::of(address) != family {
                return Err(LeaseError::new(field, format!("{address} is no {family} address")));
            }
            if address.is_unspecified() || address.is_multicast() || address.is_loopback() {
                return Err(LeaseError::new(field, format!("{address} is no station's address")));
            }
        }
        if self.via == self.address.address {
            return Err(LeaseError::new("via", format!("{} is the host's own address", self.via)));
        }
        Ok(())
    }
}

impl fmt::Display for Attachment {
    /// The content of a lease's file: what [`Attachment::from_str`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "address={}\nvia={}\n", self.address, self.via)
    }
}

impl FromStr for Attachment {
    type Err = LeaseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A file that somebody is still writing could end in half an address, which is one too.
        let Some(text) = text.strip_suffix('\n') else {
            return Err(LeaseError::new("end of file", "the last line has no end"));
        };
        let (mut address, mut via) = (None, None);
        for line in text.lines() {
            let (field, value) = line.split_once('=').ok_or_else(|| LeaseError::new(line, "is not FIELD=VALUE"))?;
            let is_again = match field {
                "address" => address.replace(value.parse().map_err(|error| LeaseError::new(field, error))?).is_some(),
                "via" => via.replace(router(value)?).is_some(),
                _ => return Err(LeaseError::new(field, "is not known here")),
            };
            if is_again {
                return Err(LeaseError::new(field, "stands there twice"));
            }
        }
        let missing = |field| LeaseError::new(field, "is missing");
        Ok(Self { address: address.ok_or_else(|| missing("address"))?, via: via.ok_or_else(|| missing("via"))? })
    }
}

fn router(text: &str) -> Result<IpAddr, LeaseError> {
    let shown = || text.chars().take(48).flat_map(char::escape_debug).collect::<String>();
    text.parse().map_err(|_| LeaseError::new("via", format!("'{}' is not an IPv4 or IPv6 address", shown())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::fixtures::good;

    fn wrong(text: &str) -> String {
        let read: Result<Attachment, LeaseError> = text.parse();
        read.and_then(|lease| lease.check(Family::V4)).unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_read_as_it_is_written() {
        for (address, via) in [("20.0.0.5/24", "20.0.0.1"), ("20.0.0.5/32", "9.9.9.9"), ("fd00::5/128", "fe80::1")] {
            let lease = Attachment { address: good(address), via: good(via) };
            assert_eq!(lease.to_string().parse(), Ok(lease));
        }
        for name in ["eth1.ipv4", "eth1.100.ipv6"] {
            assert_eq!(good::<LeaseName>(name).to_string(), name);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, why) in [
            ("", "end of file: the last line has no end"),
            ("address=20.0.0.5/24\nvia=20.0.0.1", "end of file: the last line has no end"),
            ("address=20.0.0.5/24\n", "via: is missing"),
            ("\n", "address: is missing"),
            ("via=20.0.0.1\n", "address: is missing"),
            ("address=20.0.0/24\nvia=20.0.0.1\n", "address: '20.0.0' is not an IPv4 or IPv6 address"),
            ("address=20.0.0.5/33\nvia=20.0.0.1\n", "address: prefix length 33 is not in 0..=32"),
            ("address=20.0.0.5/24\nvia=\u{1b}[2J\n", "via: '\\u{1b}[2J' is not an IPv4 or IPv6 address"),
            ("address=20.0.0.5/24\nvia=20.0.0.1\nvia=20.0.0.2\n", "via: stands there twice"),
            ("address=20.0.0.5/24\nrouter=20.0.0.1\n", "router: is not known here"),
            ("\0\0\n", "\\0\\0: is not FIELD=VALUE"),
            ("address=fd00::5/64\nvia=fe80::1\n", "address: fd00::5 is no ipv4 address"),
            ("address=20.0.0.5/24\nvia=fe80::1\n", "via: fe80::1 is no ipv4 address"),
            ("address=20.0.0.5/24\nvia=0.0.0.0\n", "via: 0.0.0.0 is no station's address"),
            ("address=20.0.0.5/24\nvia=20.0.0.5\n", "via: 20.0.0.5 is the host's own address"),
        ] {
            assert_eq!(wrong(text), why);
        }
        let name = |text: &str| text.parse::<LeaseName>().unwrap_err().to_string();
        assert_eq!(name("eth1"), "name: is not DEVICE.FAMILY");
        assert_eq!(name("eth1.tmp"), "family: 'tmp' is neither ipv4 nor ipv6");
        assert_eq!(name(".ipv4"), "device: the name is empty");
    }
}
