//! The IPv6 forwarding switches, which netlink can only read, and the check of sources.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use crate::addr::InterfaceName;

/// `net.ipv6.conf` of the network namespace of the calling thread.
#[derive(Debug)]
pub(super) struct Ipv6Switches {
    tree: PathBuf,
}

/// Entries that look like interfaces and are not.
const ALL: &str = "all";
const DEFAULT: &str = "default";
const FORWARDING: &str = "forwarding";
const FORCE_FORWARDING: &str = "force_forwarding";

impl Default for Ipv6Switches {
    fn default() -> Self {
        Self { tree: PathBuf::from("/proc/sys/net/ipv6/conf") }
    }
}

impl Ipv6Switches {
    /// Switches that are files elsewhere.
    #[cfg(test)]
    pub(super) fn at(tree: &std::path::Path) -> Self {
        Self { tree: tree.to_owned() }
    }

    /// True if the kernel can forward what comes in by one interface only (6.17).
    pub(super) fn has_force_forwarding(&self) -> bool {
        self.tree.join(ALL).join(FORCE_FORWARDING).exists()
    }

    /// `force_forwarding` of an interface.
    pub(super) fn forced(&self, interface: &InterfaceName) -> io::Result<bool> {
        self.read(interface_entry(interface)?, FORCE_FORWARDING)
    }

    /// Sets `force_forwarding` of an interface.
    pub(super) fn force(&self, interface: &InterfaceName, on: bool) -> io::Result<()> {
        self.write(interface_entry(interface)?, FORCE_FORWARDING, on)
    }

    /// `all/forwarding`: whether the host forwards at all.
    pub(super) fn forwards(&self) -> io::Result<bool> {
        self.read(ALL, FORWARDING)
    }

    /// `forwarding` of every interface and of `all` and `default`, by name.
    pub(super) fn forwarding(&self) -> io::Result<BTreeMap<String, bool>> {
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(&self.tree)? {
            let Ok(name) = entry?.file_name().into_string() else { continue };
            match self.read(&name, FORWARDING) {
                Ok(on) => drop(found.insert(name, on)),
                // The interface went while the list was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Switches `all/forwarding` on, and with it `forwarding` of every interface.
    pub(super) fn forward_all(&self) -> io::Result<()> {
        self.write(ALL, FORWARDING, true)
    }

    /// Undoes [`Ipv6Switches::forward_all`]: `all` first, which sets every interface, then those that
    /// were otherwise. Interfaces that came since keep the value of `all`.
    pub(super) fn restore_forwarding(&self, found: &BTreeMap<String, bool>) -> io::Result<()> {
        let all = found.get(ALL).copied().unwrap_or_default();
        self.write(ALL, FORWARDING, all)?;
        for (name, on) in found.iter().filter(|(_, on)| **on != all) {
            match self.write(name, FORWARDING, *on) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn read(&self, entry: &str, switch: &str) -> io::Result<bool> {
        Ok(fs::read_to_string(self.tree.join(entry).join(switch))?.trim() != "0")
    }

    fn write(&self, entry: &str, switch: &str, on: bool) -> io::Result<()> {
        let path = self.tree.join(entry).join(switch);
        // Not created if missing: the tree is the kernel's.
        let mut file = fs::OpenOptions::new().write(true).open(path)?;
        io::Write::write_all(&mut file, if on { b"1\n" } else { b"0\n" })
    }
}

/// An interface's entry. The kernel lets an interface be called `all` or `default`, but its
/// switches are not those.
fn interface_entry(interface: &InterfaceName) -> io::Result<&str> {
    match interface.as_str() {
        ALL | DEFAULT => Err(io::ErrorKind::InvalidInput.into()),
        name => Ok(name),
    }
}

/// `net.ipv4.conf.{all,IF}.rp_filter`, the greater of both, which is what holds.
pub(super) fn reverse_path_filter(interface: &InterfaceName) -> io::Result<u8> {
    let read = |entry: &str| {
        let text = fs::read_to_string(PathBuf::from("/proc/sys/net/ipv4/conf").join(entry).join("rp_filter"))?;
        text.trim().parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
    };
    Ok(u8::max(read(ALL)?, read(interface_entry(interface)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree as older kernels have it, without `force_forwarding`.
    fn tree(values: &[(&str, bool)]) -> (tempfile::TempDir, Ipv6Switches) {
        let directory = tempfile::tempdir().unwrap();
        for (name, on) in values {
            fs::create_dir(directory.path().join(name)).unwrap();
            fs::write(directory.path().join(name).join(FORWARDING), if *on { "1\n" } else { "0\n" }).unwrap();
        }
        let switches = Ipv6Switches::at(directory.path());
        (directory, switches)
    }

    #[test]
    fn every_interface_gets_its_own_value_back() {
        let (directory, switches) = tree(&[("all", false), ("default", false), ("eth0", false), ("eth1", true)]);
        assert!(!switches.has_force_forwarding());
        let found = switches.forwarding().unwrap();
        switches.forward_all().unwrap();
        assert!(switches.forwards().unwrap());
        // What the kernel does when `all` is written.
        fs::write(directory.path().join("eth0").join(FORWARDING), "1\n").unwrap();
        fs::write(directory.path().join("eth1").join(FORWARDING), "0\n").unwrap();
        switches.restore_forwarding(&found).unwrap();
        assert!(!switches.forwards().unwrap());
        assert!(switches.forwarding().unwrap()["eth1"]);
    }

    #[test]
    fn interfaces_that_went_are_no_obstacle() {
        let (directory, switches) = tree(&[("all", false), ("eth1", true)]);
        let found = switches.forwarding().unwrap();
        fs::remove_dir_all(directory.path().join("eth1")).unwrap();
        switches.restore_forwarding(&found).unwrap();
        assert!(!directory.path().join("eth1").exists());
    }

    #[test]
    fn an_interface_called_all_does_not_reach_the_switch_for_all() {
        let (directory, switches) = tree(&[("all", false)]);
        fs::write(directory.path().join("all").join(FORCE_FORWARDING), "0\n").unwrap();
        assert!(switches.force(&"all".parse().unwrap(), true).is_err());
        assert_eq!(fs::read_to_string(directory.path().join("all").join(FORCE_FORWARDING)).unwrap(), "0\n");
    }
}
