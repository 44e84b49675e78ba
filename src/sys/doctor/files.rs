//! What stands in `/proc`.

use std::fs;
use std::path::PathBuf;

use crate::addr::InterfaceName;
use crate::doctor::Switches;

/// The machine's files.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
}

impl Default for Files {
    fn default() -> Self {
        Self { root: PathBuf::from("/") }
    }
}

impl Files {
    /// Files of a machine that stands in a folder.
    #[cfg(test)]
    pub(super) fn at(root: &std::path::Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where a file of the machine's is.
    pub(super) fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }

    /// A file's text; `None` if it cannot be read.
    pub(super) fn text(&self, absolute: &str) -> Option<String> {
        fs::read_to_string(self.path(absolute)).ok()
    }

    /// A number in `/proc/sys/net`.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.text(&format!("/proc/sys/net/{name}"))?.trim().parse().ok()
    }

    /// The switches of an interface.
    pub(super) fn switches(&self, interface: InterfaceName) -> Switches {
        let number = |family: &str, name: &str| self.number(&format!("{family}/conf/{interface}/{name}"));
        let small = |value: Option<u64>| value.and_then(|value| u8::try_from(value).ok()).unwrap_or(0);
        Switches {
            forwarding_v4: number("ipv4", "forwarding").is_some_and(|value| value != 0),
            reverse_path: small(number("ipv4", "rp_filter")),
            force_forwarding_v6: number("ipv6", "force_forwarding").map(|value| value != 0),
            forwarding_v6: number("ipv6", "forwarding").is_some_and(|value| value != 0),
            accept_ra: small(number("ipv6", "accept_ra")),
        }
    }

    /// Connections and the most there may be; `None` if nothing follows connections here.
    pub(super) fn conntrack(&self) -> Option<(u64, u64)> {
        Some((self.number("netfilter/nf_conntrack_count")?, self.number("netfilter/nf_conntrack_max")?))
    }

    /// The switches that are on by which bridged packets go through the filters of routed ones.
    pub(super) fn bridge_filters(&self) -> Vec<&'static str> {
        let is_on = |name: &&str| self.number(&format!("bridge/{name}")).is_some_and(|value| value != 0);
        ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"].into_iter().filter(is_on).collect()
    }

    /// The tables of x_tables in use, by the name of the program that lists them. To ask the program when
    /// there are none would load the kernel's modules.
    pub(super) fn legacy_programs(&self) -> Vec<&'static str> {
        let is_in_use = |name: &str| {
            self.text(&format!("/proc/thread-self/net/{name}")).is_some_and(|text| !text.trim().is_empty())
        };
        let programs = [("ip_tables_names", "iptables-legacy-save"), ("ip6_tables_names", "ip6tables-legacy-save")];
        programs.into_iter().filter(|(names, _)| is_in_use(names)).map(|(_, program)| program).collect()
    }
}

/// A machine with these files, and nothing else.
#[cfg(test)]
pub(super) fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Files) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let files = Files::at(folder.path());
    (folder, files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_has_for_all_is_read_from_anywhere() {
        let (_folder, files) = machine(&[
            ("proc/sys/net/netfilter/nf_conntrack_count", "262143\n"),
            ("proc/sys/net/netfilter/nf_conntrack_max", "262144\n"),
            ("proc/sys/net/bridge/bridge-nf-call-iptables", "1\n"),
            ("proc/sys/net/bridge/bridge-nf-call-ip6tables", "0\n"),
            ("proc/thread-self/net/ip_tables_names", "filter\n"),
            ("proc/thread-self/net/ip6_tables_names", ""),
            ("proc/sys/net/ipv6/conf/eth0.7/accept_ra", "2\n"),
            ("proc/sys/net/ipv4/conf/eth0.7/rp_filter", "1\n"),
        ]);
        assert_eq!(files.conntrack(), Some((262_143, 262_144)));
        assert_eq!(files.bridge_filters(), ["bridge-nf-call-iptables"]);
        assert_eq!(files.legacy_programs(), ["iptables-legacy-save"]);
        let switches = files.switches("eth0.7".parse().unwrap());
        let expected = Switches { reverse_path: 1, accept_ra: 2, ..Switches::default() };
        assert_eq!(switches, expected);
    }

    #[test]
    fn what_is_not_there_is_not_on() {
        let (_folder, files) = machine(&[]);
        assert_eq!((files.conntrack(), files.bridge_filters().len(), files.legacy_programs().len()), (None, 0, 0));
        assert_eq!(files.switches("eth0".parse().unwrap()), Switches::default());
    }
}
