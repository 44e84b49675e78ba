//! systemd-networkd and NetworkManager: whether they are here, and what they are told.

use std::collections::BTreeMap;
use std::fs;

use crate::doctor::Networkd;

use super::files::Files;

/// Where networkd's configuration is, the most important last (systemd.syntax(7)).
const NETWORKD: [&str; 4] = ["/usr/lib/systemd", "/usr/local/lib/systemd", "/run/systemd", "/etc/systemd"];
/// Where NetworkManager's drop-ins are, the most important last (NetworkManager.conf(5)).
const NETWORK_MANAGER: [&str; 3] =
    ["/usr/lib/NetworkManager/conf.d", "/run/NetworkManager/conf.d", "/etc/NetworkManager/conf.d"];

impl Files {
    /// How networkd treats others' routes and rules; `None` if it has not run since the machine started.
    pub(super) fn networkd(&self) -> Option<Networkd> {
        self.text("/run/systemd/netif/state")?;
        let mut networkd = Networkd { routes: true, rules: true };
        let main = NETWORKD.iter().rev().find_map(|folder| self.text(&format!("{folder}/networkd.conf")));
        let folders = NETWORKD.map(|folder| format!("{folder}/networkd.conf.d"));
        for text in main.into_iter().chain(self.drop_ins(&folders)) {
            for (section, key, value) in settings(&text) {
                let yes = !matches!(value.to_ascii_lowercase().as_str(), "no" | "n" | "false" | "f" | "0" | "off");
                match (section, key) {
                    ("Network", "ManageForeignRoutes") => networkd.routes = yes,
                    ("Network", "ManageForeignRoutingPolicyRules") => networkd.rules = yes,
                    _ => {}
                }
            }
        }
        Some(networkd)
    }

    /// The names, as patterns, of devices that NetworkManager leaves alone; `None` if it does not run.
    pub(super) fn network_manager(&self) -> Option<Vec<String>> {
        fs::metadata(self.path("/run/NetworkManager")).ok()?;
        let mut unmanaged = Vec::new();
        let main = self.text("/etc/NetworkManager/NetworkManager.conf");
        for text in main.into_iter().chain(self.drop_ins(&NETWORK_MANAGER.map(str::to_owned))) {
            let mut devices: BTreeMap<&str, (Vec<String>, bool)> = BTreeMap::new();
            for (section, key, value) in settings(&text) {
                match key {
                    "unmanaged-devices" if section == "keyfile" => unmanaged.extend(names(value)),
                    "match-device" if section.starts_with("device") => {
                        devices.entry(section).or_default().0 = names(value);
                    }
                    "managed" if section.starts_with("device") => {
                        devices.entry(section).or_default().1 = matches!(value, "0" | "no" | "false");
                    }
                    _ => {}
                }
            }
            unmanaged.extend(devices.into_values().filter(|(_, is_left)| *is_left).flat_map(|(names, _)| names));
        }
        Some(unmanaged)
    }

    /// The drop-ins of several folders by name; of two with one name the one of the later folder counts.
    fn drop_ins(&self, folders: &[String]) -> Vec<String> {
        let mut texts = BTreeMap::new();
        for folder in folders {
            let Ok(entries) = fs::read_dir(self.path(folder)) else { continue };
            for path in entries.flatten().map(|entry| entry.path()) {
                if path.extension().is_some_and(|extension| extension == "conf")
                    && let Some(name) = path.file_name()
                {
                    texts.insert(name.to_owned(), fs::read_to_string(&path).unwrap_or_default());
                }
            }
        }
        texts.into_values().collect()
    }
}

/// The settings of a file as `(section, key, value)`.
fn settings(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let mut section = "";
    text.lines().map(str::trim).filter_map(move |line| {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
            return None;
        }
        let (key, value) = line.split_once('=').filter(|_| !line.starts_with(['#', ';']))?;
        Some((section, key.trim(), value.trim()))
    })
}

/// The interfaces' names of a list of NetworkManager's, such as `mac:...,interface-name:vgw*;eth7`.
fn names(value: &str) -> Vec<String> {
    let devices = value.split([',', ';']).map(str::trim);
    let named = devices.filter_map(|device| match device.strip_prefix("interface-name:") {
        Some(name) => Some(name.trim_start_matches('=')),
        None => (!device.contains(':')).then_some(device),
    });
    named.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::files::machine;

    #[test]
    fn networkd_is_heard_where_it_runs() {
        let running = ("run/systemd/netif/state", "OPER_STATE=routable\n");
        let (_folder, files) = machine(&[("etc/systemd/networkd.conf", "")]);
        assert_eq!(files.networkd(), None, "it is installed and has not run");
        let told = |more: &[(&str, &str)]| {
            let (_folder, files) = machine(&[&[running], more].concat());
            files.networkd().map(|networkd| (networkd.routes, networkd.rules))
        };
        assert_eq!(told(&[]), Some((true, true)));
        let main =
            ("etc/systemd/networkd.conf", "[Network]\n#ManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n");
        assert_eq!(told(&[main]), Some((true, false)));
        let ours = include_str!("../../../packaging/networkd.conf");
        let vendor = ("usr/lib/systemd/networkd.conf.d/90-vgw.conf", ours);
        assert_eq!(told(&[main, vendor]), Some((false, false)));
        // The administrator's file of that name hides the vendor's.
        assert_eq!(told(&[vendor, ("etc/systemd/networkd.conf.d/90-vgw.conf", "")]), Some((true, true)));
        let later = ("run/systemd/networkd.conf.d/95.conf", "[Network]\nManageForeignRoutes = yes\n");
        assert_eq!(told(&[vendor, later]), Some((true, false)));
    }

    #[test]
    fn networkmanager_tells_what_it_leaves_alone() {
        let told = |files: &[(&str, &str)]| {
            let (_folder, files) = machine(files);
            files.network_manager()
        };
        let running = ("run/NetworkManager/devices/1", "");
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[running]), Some(vec![]));
        let ours = include_str!("../../../packaging/networkmanager.conf");
        assert_eq!(
            told(&[running, ("usr/lib/NetworkManager/conf.d/90-vgw.conf", ours)]),
            Some(vec!["vgw*".to_owned()])
        );
        let main = "[keyfile]\nunmanaged-devices=mac:00:22:68:1c:59:b1;interface-name:vgw1;interface-name:=eth7\n\
                    [device-managed]\nmatch-device=interface-name:vgw2\nmanaged=1\n";
        let found = told(&[running, ("etc/NetworkManager/NetworkManager.conf", main)]);
        assert_eq!(found, Some(vec!["vgw1".to_owned(), "eth7".to_owned()]));
    }
}
