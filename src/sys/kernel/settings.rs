//! Switches that must be on, and what they were.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::addr::InterfaceName;
use crate::host::{Operation, Outcome, Setting, SettingKind};
use crate::sys::netlink::{Link, LinkChange, Request};

use super::failed::Failed;
use super::linux::{LinuxKernel, no_interface};
use super::originals::FoundSetting;

impl LinuxKernel {
    /// Switches settings on. What is to be given back one day is on the disk before; what the switches
    /// of a tap were that goes with us is nobody's concern.
    pub(super) fn enable(&mut self, operations: &[Operation]) -> Vec<Result<Outcome, Failed>> {
        self.switch_all(operations, true)
    }

    /// Puts settings back to what they were.
    pub(super) fn restore(&mut self, operations: &[Operation]) -> Vec<Result<Outcome, Failed>> {
        self.switch_all(operations, false)
    }

    fn switch_all(&mut self, operations: &[Operation], on: bool) -> Vec<Result<Outcome, Failed>> {
        let mut requests = Vec::new();
        let mut others = BTreeMap::new();
        for (number, operation) in operations.iter().enumerate() {
            let (Operation::Enable(setting) | Operation::Restore(setting)) = operation else { continue };
            if on && self.is_passing(setting.interface) {
                self.passing.insert(*setting);
            } else if !self.passing.remove(setting) {
                let outcome = if on { self.enable_lasting(setting) } else { self.restore_lasting(setting) };
                others.insert(number, outcome.map(|()| Outcome::Done));
                continue;
            }
            match (setting.kind, self.held.get(&setting.interface)) {
                (SettingKind::ForwardV4, Some(held)) => {
                    let change = LinkChange { forwarding_v4: Some(on), ..LinkChange::default() };
                    requests.push((number, Request::change_link(held.index, &change)));
                }
                (SettingKind::ForwardV6, Some(_)) => {
                    let switched = self.switch_v6(setting, on).and_then(|()| self.let_go_of_v6());
                    others.insert(number, switched.map(|()| Outcome::Done));
                }
                // It went with its tap.
                (_, None) => drop(others.insert(number, self.let_go_of_v6().map(|()| Outcome::AlreadySo))),
            }
        }
        let mut outcomes =
            self.ask(operations.len(), requests, |error| (!on && error.is_gone()).then_some(Outcome::AlreadySo));
        others.into_iter().for_each(|(number, outcome)| outcomes[number] = outcome);
        outcomes
    }

    /// True for a tap that goes with us.
    fn is_passing(&self, interface: InterfaceName) -> bool {
        self.held.get(&interface).is_some_and(|held| !held.adopted)
    }

    fn enable_lasting(&mut self, setting: &Setting) -> Result<(), Failed> {
        let link = self.netlink.link(setting.interface)?.ok_or_else(|| no_interface(setting.interface))?;
        let was_on = self.is_on(setting, &link)?;
        let found = FoundSetting { index: link.index, was_on };
        self.originals.settings.entry(*setting).or_insert(found);
        if setting.kind == SettingKind::ForwardV6 && !was_on {
            self.remember_v6(setting)?;
        }
        let switch = |kernel: &mut Self| if was_on { Ok(()) } else { kernel.switch(setting, &link, true) };
        self.save_originals().and_then(|()| switch(self)).inspect_err(|_| {
            self.originals.settings.remove(setting);
            if !self.holds_v6() {
                self.originals.ipv6_forwarding = None;
            }
        })?;
        if !was_on {
            tracing::info!(%setting, on = true, "changed a setting of the host");
        }
        Ok(())
    }

    fn restore_lasting(&mut self, setting: &Setting) -> Result<(), Failed> {
        let Some(found) = self.originals.settings.get(setting).copied() else { return Ok(()) };
        let link = self.netlink.link(setting.interface)?.filter(|link| link.index == found.index);
        if let Some(link) = link.filter(|_| !found.was_on) {
            self.switch(setting, &link, false)?;
            tracing::info!(%setting, on = false, "changed a setting of the host");
        }
        self.originals.settings.remove(setting);
        self.let_go_of_v6()
    }

    /// The settings that we hold and that are on. One that is off again, or whose interface went,
    /// is nobody's: somebody else has decided since, and there is nothing left to restore.
    pub(super) fn held_settings(&mut self, links: &[Link]) -> Result<BTreeSet<Setting>, Failed> {
        let links: BTreeMap<InterfaceName, &Link> = links.iter().map(|link| (link.name, link)).collect();
        let settings: Vec<Setting> = self.originals.settings.keys().chain(&self.passing).copied().collect();
        let mut held = BTreeSet::new();
        for setting in settings {
            let link = links.get(&setting.interface);
            if let Some(link) = link.filter(|link| self.holds(&setting, link))
                && self.is_on(&setting, link)?
            {
                held.insert(setting);
            }
        }
        // One whose interface has another name for a while is still to be given back.
        let is_renamed = |setting: &Setting, found: &FoundSetting| {
            links.values().any(|link| link.index == found.index && link.name != setting.interface)
        };
        self.originals.settings.retain(|setting, found| held.contains(setting) || is_renamed(setting, found));
        self.passing.retain(|setting| held.contains(setting));
        Ok(held)
    }

    /// True if a setting of this very link is held, and on.
    pub(super) fn is_held_on(&self, setting: &Setting, link: &Link) -> Result<bool, Failed> {
        Ok(self.holds(setting, link) && self.is_on(setting, link)?)
    }

    /// True if this very link's setting is one that we hold.
    fn holds(&self, setting: &Setting, link: &Link) -> bool {
        let found = self.originals.settings.get(setting).is_some_and(|found| found.index == link.index);
        found || self.passing.contains(setting) && self.is_held(link)
    }

    /// Notes how IPv6 forwarding was, before it is switched on for the whole host.
    fn remember_v6(&mut self, setting: &Setting) -> Result<(), Failed> {
        if !self.switches.has_force_forwarding() {
            let found = self.switches.forwarding().map_err(|error| unreadable(setting, &error))?;
            self.originals.ipv6_forwarding.get_or_insert(found);
        }
        Ok(())
    }

    fn holds_v6(&self) -> bool {
        let mut held = self.originals.settings.keys().chain(&self.passing);
        held.any(|setting| setting.kind == SettingKind::ForwardV6)
    }

    /// Switches IPv6 forwarding of the whole host back once no interface needs it.
    pub(super) fn release_ipv6(&mut self) -> Result<(), Failed> {
        if self.originals.ipv6_forwarding.is_none() || self.holds_v6() {
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

    /// Switches IPv6 forwarding of the whole host back if no interface needs it any more, and strikes
    /// out on the disk what is over.
    pub(super) fn let_go_of_v6(&mut self) -> Result<(), Failed> {
        self.release_ipv6()?;
        self.strike_originals();
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
                Ok(self.netlink.change_link(link.index, &change)?)
            }
            SettingKind::ForwardV6 => self.switch_v6(setting, on),
        }
    }

    fn switch_v6(&mut self, setting: &Setting, on: bool) -> Result<(), Failed> {
        if self.switches.has_force_forwarding() {
            let failed = |error| match io::Error::kind(&error) {
                io::ErrorKind::NotFound => no_interface(setting.interface),
                _ => Failed::file(&format!("cannot write {setting}"), &error),
            };
            return self.switches.force(&setting.interface, on).map_err(failed);
        }
        // Off only when the last interface lets go: `release_ipv6`.
        if !on || self.switches.forwards().map_err(|error| unreadable(setting, &error))? {
            return Ok(());
        }
        self.remember_v6(setting)?;
        self.save_originals()?;
        let failed = |error| Failed::file("cannot write net/ipv6/conf/all/forwarding", &error);
        self.switches.forward_all().map_err(failed)?;
        tracing::warn!(
            interface = %setting.interface,
            "net.ipv6.conf.all.forwarding switched on: this kernel cannot forward IPv6 for single interfaces"
        );
        Ok(())
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
    use crate::sys::kernel::held::Held;
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
        killed.apply(&[Operation::Enable(setting)]).remove(0).unwrap();
        assert_eq!(fs::read_to_string(&all).unwrap(), "1\n");
        drop(killed);

        let mut kernel = old_kernel(state.path(), tree.path());
        assert!(kernel.observe().unwrap().ours.settings.contains(&setting));
        kernel.apply(&[Operation::Restore(setting)]).remove(0).unwrap();
        assert_eq!(fs::read_to_string(&all).unwrap(), "0\n");
        assert!(kernel.originals.ipv6_forwarding.is_none());
        assert!(kernel.observe().unwrap().ours.settings.is_empty());
    }

    #[test]
    fn the_switch_for_all_goes_back_with_the_last_tap_that_needs_it() {
        let state = tempfile::tempdir().unwrap();
        let tree = tempfile::tempdir().unwrap();
        let all = tree.path().join("all/forwarding");
        fs::create_dir(tree.path().join("all")).unwrap();
        fs::write(&all, "0\n").unwrap();
        let mut kernel = old_kernel(state.path(), tree.path());
        let settings =
            ["tap1", "tap2"].map(|tap| Setting { interface: tap.parse().unwrap(), kind: SettingKind::ForwardV6 });
        for (index, setting) in (1..).zip(&settings) {
            let held = Held::new(index, false, true, Vec::new());
            kernel.held.insert(setting.interface, held);
            kernel.apply(&[Operation::Enable(*setting)]).remove(0).unwrap();
        }
        let after = settings.map(|setting| {
            kernel.apply(&[Operation::Restore(setting)]).remove(0).unwrap();
            fs::read_to_string(&all).unwrap()
        });
        assert_eq!(after, ["1\n", "0\n"]);
        let kernel = old_kernel(state.path(), tree.path());
        assert!(kernel.originals.ipv6_forwarding.is_none(), "nothing is left on the disk to be given back");
    }
}
