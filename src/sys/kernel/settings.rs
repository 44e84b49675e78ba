//! Switches that must be on, and what they were.

use std::collections::{BTreeMap, BTreeSet};

use crate::addr::InterfaceName;
use crate::host::{Setting, SettingKind};
use crate::sys::netlink::{Link, LinkChange};

use super::failed::Failed;
use super::linux::LinuxKernel;
use super::originals::FoundSetting;

impl LinuxKernel {
    /// Switches a setting on. What it was is on the disk before.
    pub(super) fn enable(&mut self, setting: &Setting) -> Result<(), Failed> {
        let link = self.existing_link(setting.interface)?;
        let was_on = self.is_on(setting, &link)?;
        let lasting = self.outlives_us(&link);
        let found = FoundSetting { index: link.index, was_on, lasting };
        self.originals.settings.entry(*setting).or_insert(found);
        if setting.kind == SettingKind::ForwardV6 && !was_on && !self.switches.has_force_forwarding() {
            let found = self.switches.forwarding().map_err(|error| unreadable(setting, &error))?;
            self.originals.ipv6_forwarding.get_or_insert(found);
        }
        self.save_originals()?;
        if was_on {
            return Ok(());
        }
        self.switch(setting, &link, true).inspect_err(|_| {
            self.originals.settings.remove(setting);
            if !self.originals.holds_ipv6() {
                self.originals.ipv6_forwarding = None;
            }
        })
    }

    /// Puts a setting back to what it was.
    pub(super) fn restore(&mut self, setting: &Setting) -> Result<(), Failed> {
        let Some(found) = self.originals.settings.get(setting).copied() else { return Ok(()) };
        let link = self.netlink.link(setting.interface)?.filter(|link| link.index == found.index);
        match link {
            Some(link) if !found.was_on => self.switch(setting, &link, false)?,
            _ => {}
        }
        self.originals.settings.remove(setting);
        self.release_ipv6()?;
        self.save_originals()
    }

    /// The settings that we hold and that are on. One that is off again, or whose interface went,
    /// is nobody's: somebody else has decided since, and there is nothing left to restore.
    pub(super) fn held_settings(&mut self, links: &[Link]) -> Result<BTreeSet<Setting>, Failed> {
        let links: BTreeMap<InterfaceName, &Link> = links.iter().map(|link| (link.name, link)).collect();
        let mut held = BTreeSet::new();
        for (setting, found) in &self.originals.settings {
            match links.get(&setting.interface) {
                Some(link) if link.index == found.index && self.is_on(setting, link)? => drop(held.insert(*setting)),
                _ => {}
            }
        }
        self.originals.settings.retain(|setting, _| held.contains(setting));
        Ok(held)
    }

    /// Switches IPv6 forwarding of the whole host back once no interface needs it.
    pub(super) fn release_ipv6(&mut self) -> Result<(), Failed> {
        if self.originals.holds_ipv6() {
            return Ok(());
        }
        if let Some(found) = &self.originals.ipv6_forwarding {
            let failed = |error| Failed::file("cannot restore net/ipv6/conf/*/forwarding", &error);
            self.switches.restore_forwarding(found).map_err(failed)?;
            tracing::info!("net.ipv6.conf.all.forwarding is as it was");
            self.originals.ipv6_forwarding = None;
        }
        Ok(())
    }

    fn is_on(&self, setting: &Setting, link: &Link) -> Result<bool, Failed> {
        match setting.kind {
            SettingKind::ForwardV4 => Ok(link.forwarding_v4),
            SettingKind::ForwardV6 if self.switches.has_force_forwarding() => {
                self.switches.forced(&setting.interface).map_err(|error| unreadable(setting, &error))
            }
            SettingKind::ForwardV6 => self.switches.forwards().map_err(|error| unreadable(setting, &error)),
        }
    }

    fn switch(&mut self, setting: &Setting, link: &Link, on: bool) -> Result<(), Failed> {
        match setting.kind {
            SettingKind::ForwardV4 => {
                let change = LinkChange { forwarding_v4: Some(on), ..LinkChange::default() };
                self.netlink.change_link(link.index, &change)?;
            }
            SettingKind::ForwardV6 if self.switches.has_force_forwarding() => {
                let failed = |error| Failed::file(&format!("cannot write {setting}"), &error);
                self.switches.force(&setting.interface, on).map_err(failed)?;
            }
            // Off only when the last interface lets go: `release_ipv6`.
            SettingKind::ForwardV6 if on => {
                let failed = |error| Failed::file("cannot write net/ipv6/conf/all/forwarding", &error);
                self.switches.forward_all().map_err(failed)?;
                tracing::warn!(
                    interface = %setting.interface,
                    "net.ipv6.conf.all.forwarding switched on: this kernel cannot forward IPv6 for single interfaces"
                );
                return Ok(());
            }
            SettingKind::ForwardV6 => return Ok(()),
        }
        if self.outlives_us(link) {
            tracing::info!(%setting, on, "changed a setting of the host");
        }
        Ok(())
    }

    fn outlives_us(&self, link: &Link) -> bool {
        !self.held.get(&link.name).is_some_and(|held| held.index == link.index && !held.adopted)
    }
}

fn unreadable(setting: &Setting, error: &std::io::Error) -> Failed {
    Failed::file(&format!("cannot read {setting}"), error)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use crate::host::{Kernel, Mark, Operation};
    use crate::sys::sysctl::Ipv6Switches;

    use super::*;

    /// A kernel without `force_forwarding`: its switches are files, its only interface loopback.
    fn old_kernel(state: &Path, tree: &Path) -> LinuxKernel {
        let mut kernel = LinuxKernel::new(Mark::default(), state, 1).unwrap();
        kernel.switches = Ipv6Switches::at(tree);
        kernel
    }

    #[test]
    fn the_switch_for_all_goes_back_with_its_last_holder_even_after_a_kill() {
        let state = tempfile::tempdir().unwrap();
        let tree = tempfile::tempdir().unwrap();
        let all = tree.path().join("all/forwarding");
        fs::create_dir(tree.path().join("all")).unwrap();
        fs::write(&all, "0\n").unwrap();
        let setting = Setting { interface: "lo".parse().unwrap(), kind: SettingKind::ForwardV6 };

        let mut killed = old_kernel(state.path(), tree.path());
        killed.apply(&Operation::Enable(setting)).unwrap();
        assert_eq!(fs::read_to_string(&all).unwrap(), "1\n");
        drop(killed);

        let mut kernel = old_kernel(state.path(), tree.path());
        assert!(kernel.observe().unwrap().ours.settings.contains(&setting));
        kernel.apply(&Operation::Restore(setting)).unwrap();
        assert_eq!(fs::read_to_string(&all).unwrap(), "0\n");
        assert!(kernel.originals.ipv6_forwarding.is_none());
        assert!(kernel.observe().unwrap().ours.settings.is_empty());
    }
}
