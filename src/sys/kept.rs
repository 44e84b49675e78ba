//! What a service manager keeps of ours: the queues of taps, and how they are named.

use std::collections::BTreeMap;
use std::fmt;
use std::os::fd::OwnedFd;

use crate::addr::InterfaceName;
use crate::gateway::{PortKind, PortSpec};

/// The form of the names; another one is not understood, and what bears it is made anew.
const FORM: &str = "vgw1";

/// What a kept tap is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeptName {
    /// A gateway's.
    Gateway(InterfaceName),
    /// A guest's port, with the [`fingerprint`] of what it was made for.
    Guest(InterfaceName, u32),
}

/// At most 30 characters: all names of all that is kept go through one string
/// ([`super::service::DescriptorStore::keep`]), and there are thousands.
impl fmt::Display for KeptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway(name) => write!(f, "{FORM}.g.{name}"),
            Self::Guest(name, fingerprint) => write!(f, "{FORM}.p{fingerprint:08x}.{name}"),
        }
    }
}

impl KeptName {
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(FORM)?.strip_prefix('.')?;
        if let Some(name) = rest.strip_prefix("g.") {
            return Some(Self::Gateway(name.parse().ok()?));
        }
        // The name may hold dots itself.
        let (fingerprint, name) = rest.strip_prefix('p')?.split_once('.')?;
        Some(Self::Guest(name.parse().ok()?, u32::from_str_radix(fingerprint, 16).ok()?))
    }
}

/// What was given to us at the start.
#[derive(Debug, Default)]
pub struct Kept {
    pub(super) taps: BTreeMap<KeptName, Vec<OwnedFd>>,
    /// All names, each as often as there is a descriptor of that name: they are still kept.
    pub(super) names: Vec<String>,
    /// Names of ours that are not understood.
    pub(super) unknown: Vec<String>,
}

impl Kept {
    /// Sorts out what is ours. What is not is closed here, and stays with whoever keeps it.
    #[must_use]
    pub fn sort(given: Vec<(String, OwnedFd)>) -> Self {
        let mut kept = Self::default();
        for (name, descriptor) in given {
            kept.names.push(name.clone());
            match KeptName::parse(&name) {
                Some(name) => kept.taps.entry(name).or_default().push(descriptor),
                None if name.starts_with("vgw") => kept.unknown.push(name),
                None => tracing::warn!(name, "a descriptor was given to us that is not ours: it is left alone"),
            }
        }
        kept
    }
}

/// A number for what a guest's tap was made for, the same in every build: FNV-1a of 32 bits over the words.
pub(super) fn fingerprint(spec: &PortSpec, queue_length: u32) -> u32 {
    let mut words = vec![format!("mtu {}", spec.mtu.unwrap_or_default()), format!("queue {queue_length}")];
    words.extend(spec.mac.map(|mac| format!("mac {mac}")));
    if let PortKind::Tap(Some(place)) = &spec.kind {
        words.push(format!("netns {}", place.namespace.display()));
        words.push(format!("name {}", place.name));
        words.extend(place.addresses.iter().map(|address| format!("address {address}")));
        words.extend(spec.gateways.iter().map(|gateway| format!("gateway {gateway}")));
    }
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    words.join("\n").as_bytes().iter().fold(0x811c_9dc5, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_written() {
        let odd: InterfaceName = "a.b-c_d@e012345".parse().unwrap();
        for name in [KeptName::Gateway(odd), KeptName::Guest(odd, 0), KeptName::Guest(odd, u32::MAX)] {
            let text = name.to_string();
            assert_eq!(KeptName::parse(&text), Some(name), "{text}");
            assert!(!text.contains(':') && text.len() <= 30, "{text}");
        }
        // A name that an earlier build has given stays what it means.
        assert_eq!(KeptName::parse("vgw1.g.vgw1"), Some(KeptName::Gateway("vgw1".parse().unwrap())));
        for text in ["vgw1.g.", "vgw2.g.vgw1", "vgw1.p.vgw1", "vgw1.pxyz.vgw1", "vgw1.p00.", "sshd.socket"] {
            assert_eq!(KeptName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_ours_is_not_taken() {
        let file = || OwnedFd::from(tempfile::tempfile().unwrap());
        let names = ["vgw1.g.vgw1", "vgw1.g.vgw1", "vgw9.g.vgw1", "sshd.socket"];
        let kept = Kept::sort(names.iter().map(|&name| (name.to_owned(), file())).collect());
        assert_eq!(kept.taps.len(), 1);
        assert_eq!(kept.taps.values().next().unwrap().len(), 2);
        assert_eq!(kept.unknown, ["vgw9.g.vgw1"]);
        assert_eq!(kept.names, names);
    }
}
