//! Taps of ours while we run, wherever others put them.

use std::collections::BTreeSet;

use crate::addr::InterfaceName;
use crate::host::{Setting, SettingKind};
use crate::sys::kept::KeptName;
use crate::sys::netlink::{Link, Notice};
use crate::sys::tap::Tap;

use super::linux::LinuxKernel;

/// A link of ours while we run.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) index: u32,
    /// It was there before us and stays after us.
    pub(super) adopted: bool,
    /// It was up when it was last seen or heard of.
    pub(super) up: bool,
    /// Its queues until they are taken.
    pub(super) queues: Vec<Tap>,
    /// One of them afterwards, if there was a descriptor for it: by it the tap is known in any network namespace.
    pub(super) hand: Option<Tap>,
}

impl Held {
    pub(super) fn new(index: u32, adopted: bool, up: bool, queues: Vec<Tap>) -> Self {
        Self { index, adopted, up, queues, hand: None }
    }

    fn tap(&self) -> Option<&Tap> {
        self.hand.as_ref().or(self.queues.first())
    }

    /// True if the tap stands here under this name.
    fn is_here(&self, name: InterfaceName) -> bool {
        self.tap().is_some_and(|tap| tap.interface().is_ok_and(|(now, _)| now == name) && tap.is_here())
    }

    /// Has a tap that we have made, and that was not deleted, go with its queues: somebody has moved it to another
    /// network namespace, where we do not look.
    fn let_go(&self, name: InterfaceName) {
        let Some(tap) = self.tap().filter(|tap| tap.interface().is_ok()) else { return };
        match tap.persist(name, false) {
            Ok(()) => tracing::warn!(interface = %name, "the tap was taken out of our network namespace: it goes"),
            Err(error) => tracing::warn!(interface = %name, %error, "the tap stays where it was taken"),
        }
    }
}

impl LinuxKernel {
    /// Drops what is held of a tap, and what is kept of it for the next start.
    pub(super) fn forget(&mut self, name: InterfaceName) {
        if let Some(held) = self.held.remove(&name).filter(|held| !held.adopted) {
            self.store.forget(&KeptName::Gateway(name));
            held.let_go(name);
        }
        for kind in [SettingKind::ForwardV4, SettingKind::ForwardV6] {
            self.passing.remove(&Setting { interface: name, kind });
        }
    }

    /// True for a tap of ours that came back after it was let go. All others that bear our alias are to stay when
    /// their queues are closed.
    pub(super) fn was_let_go(&self, link: &Link) -> bool {
        let passes = link.tap.is_some_and(|facts| !facts.persistent);
        passes && link.ours && link.group == self.mark.group && !self.is_held(link)
    }

    /// Drops what is held of taps that have gone: whatever has such a name and such a number by now is somebody
    /// else's (who makes a link may choose both). If notices were lost, each of them may have gone.
    pub(super) fn forget_gone(&mut self, notices: Option<&[Notice]>) {
        let gone: Option<BTreeSet<u32>> = notices.map(|notices| notices.iter().filter_map(gone).collect());
        let is_gone = |(name, held): &(&InterfaceName, &Held)| match &gone {
            Some(gone) => gone.contains(&held.index),
            None => !held.is_here(**name),
        };
        if gone.as_ref().is_none_or(|gone| !gone.is_empty()) {
            let names: Vec<InterfaceName> = self.held.iter().filter(is_gone).map(|(name, _)| *name).collect();
            names.into_iter().for_each(|name| self.forget(name));
        }
    }
}

/// The index of a link that was there.
fn gone(notice: &Notice) -> Option<u32> {
    match notice {
        Notice::Link(step) if step.gone => Some(step.index),
        _ => None,
    }
}
