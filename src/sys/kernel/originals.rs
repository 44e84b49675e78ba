//! What we found and must give back, kept on disk so that it outlives a killed daemon.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::addr::InterfaceName;
use crate::host::{Setting, SettingKind};
use crate::sys::state_file;

/// An adopted tap as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FoundLink {
    pub(super) index: u32,
    pub(super) mac: [u8; 6],
    pub(super) mtu: u32,
    pub(super) up: bool,
    pub(super) group: u32,
    pub(super) queue_length: u32,
    pub(super) address_generation: Option<u8>,
    pub(super) multi_queue: bool,
    pub(super) offload_header: bool,
    pub(super) packet_info: bool,
}

/// A setting that we hold, of an interface that outlives us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FoundSetting {
    /// The interface's index: another interface of that name is another story.
    pub(super) index: u32,
    /// It was on before.
    pub(super) was_on: bool,
}

/// The originals, and the file that holds those of them that must outlive us.
#[derive(Debug)]
pub(super) struct Originals {
    file: PathBuf,
    boot: String,
    saved: Contents,
    pub(super) links: BTreeMap<InterfaceName, FoundLink>,
    pub(super) settings: BTreeMap<Setting, FoundSetting>,
    /// `net.ipv6.conf.*.forwarding` before `all` was switched on.
    pub(super) ipv6_forwarding: Option<BTreeMap<String, bool>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Contents {
    /// The kernel's `boot_id`: after a reboot nothing of it is true.
    boot: String,
    links: BTreeMap<String, FoundLink>,
    settings: Vec<SavedSetting>,
    ipv6_forwarding: Option<BTreeMap<String, bool>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SavedSetting {
    interface: String,
    ipv6: bool,
    index: u32,
    was_on: bool,
}

impl Originals {
    /// Reads the file of a former run of this boot. One that cannot be read or understood is kept under another name.
    ///
    /// # Errors
    /// The directory cannot be made, or what is there can neither be read nor moved.
    pub(super) fn load(directory: &Path, boot: &str) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let file = directory.join("originals.json");
        let understood = |text: Option<Vec<u8>>| match text {
            Some(text) => Ok(serde_json::from_slice(&text)?),
            None => Ok(Contents::default()),
        };
        let mut saved = state_file::read(&file).and_then(understood).or_else(|error| set_aside(&file, &error))?;
        if saved.boot != boot {
            saved = Contents { boot: boot.to_owned(), ..Contents::default() };
        }
        let link = |(name, link): (&String, &FoundLink)| Some((name.parse().ok()?, link.clone()));
        Ok(Self {
            file,
            boot: boot.to_owned(),
            links: saved.links.iter().filter_map(link).collect(),
            settings: saved.settings.iter().filter_map(SavedSetting::read).collect(),
            ipv6_forwarding: saved.ipv6_forwarding.clone(),
            saved,
        })
    }

    /// The kernel's `boot_id`.
    pub(super) fn boot(&self) -> &str {
        &self.boot
    }

    /// Writes the file if it differs: whole or not at all, and on the disk when this returns.
    ///
    /// # Errors
    /// It cannot be written; the old one stands.
    pub(super) fn save(&mut self) -> io::Result<()> {
        let contents = Contents {
            boot: self.boot.clone(),
            links: self.links.iter().map(|(name, link)| (name.to_string(), link.clone())).collect(),
            settings: self.settings.iter().map(|(setting, found)| SavedSetting::new(setting, found)).collect(),
            ipv6_forwarding: self.ipv6_forwarding.clone(),
        };
        if contents == self.saved {
            return Ok(());
        }
        state_file::replace(&self.file, &serde_json::to_vec_pretty(&contents)?, 0o644)?;
        self.saved = contents;
        Ok(())
    }
}

impl SavedSetting {
    fn new(setting: &Setting, found: &FoundSetting) -> Self {
        Self {
            interface: setting.interface.to_string(),
            ipv6: setting.kind == SettingKind::ForwardV6,
            index: found.index,
            was_on: found.was_on,
        }
    }

    fn read(&self) -> Option<(Setting, FoundSetting)> {
        let kind = if self.ipv6 { SettingKind::ForwardV6 } else { SettingKind::ForwardV4 };
        let setting = Setting { interface: self.interface.parse().ok()?, kind };
        Some((setting, FoundSetting { index: self.index, was_on: self.was_on }))
    }
}

fn set_aside(file: &Path, error: &io::Error) -> io::Result<Contents> {
    let aside = state_file::put_aside(file)?;
    tracing::warn!(aside = %aside.display(), %error, "what it says about settings to restore is lost");
    Ok(Contents::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTING: &str = "eth1";

    fn setting(kind: SettingKind) -> Setting {
        Setting { interface: SETTING.parse().unwrap(), kind }
    }

    fn found() -> FoundSetting {
        FoundSetting { index: 3, was_on: false }
    }

    #[test]
    fn what_must_outlive_us_is_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let mut originals = Originals::load(directory.path(), "boot").unwrap();
        originals.settings.insert(setting(SettingKind::ForwardV6), found());
        originals.ipv6_forwarding = Some(BTreeMap::from([("all".to_owned(), false)]));
        originals.save().unwrap();

        let again = Originals::load(directory.path(), "boot").unwrap();
        assert_eq!(again.settings, BTreeMap::from([(setting(SettingKind::ForwardV6), found())]));
        assert_eq!(again.ipv6_forwarding, originals.ipv6_forwarding);

        let rebooted = Originals::load(directory.path(), "another").unwrap();
        assert!(rebooted.settings.is_empty() && rebooted.ipv6_forwarding.is_none());
    }

    #[test]
    fn garbage_is_set_aside() {
        let directory = tempfile::tempdir().unwrap();
        for garbage in ["", "{\"boot\": 1", "{\"boot\":\"boot\",\"links\":{},\"settings\":7,\"ipv6_forwarding\":null}"]
        {
            fs::write(directory.path().join("originals.json"), garbage).unwrap();
            let originals = Originals::load(directory.path(), "boot").unwrap();
            assert!(originals.settings.is_empty());
            let aside = directory.path().join("originals.json.aside-1");
            assert_eq!(fs::read_to_string(&aside).unwrap(), garbage);
            fs::remove_file(aside).unwrap();
        }
    }
}
