//! The guests' taps that a service manager keeps: opened again at the start, removed when their port goes.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use crate::addr::InterfaceName;
use crate::gateway::PortSpec;

use super::guest;
use super::kept::{KeptName, fingerprint};
use super::kernel::TapSettings;
use super::service::DescriptorStore;
use super::tap::Tap;

/// By port. A tap whose queues somebody keeps does not go when we close ours: it is deleted, for which one
/// of its queues is at hand.
#[derive(Debug, Default)]
pub(super) struct GuestTaps {
    /// What was kept for us and no port has asked for yet.
    waiting: BTreeMap<KeptName, Vec<OwnedFd>>,
    kept: BTreeMap<InterfaceName, (KeptName, Tap)>,
}

impl GuestTaps {
    pub(super) fn new(waiting: BTreeMap<KeptName, Vec<OwnedFd>>) -> Self {
        Self { waiting, kept: BTreeMap::new() }
    }

    /// True if packets may wait in what was kept for us.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The queues that were kept of a port's tap, if it serves this port as it is. One that does not is removed.
    pub(super) fn resume(
        &mut self,
        spec: &PortSpec,
        settings: TapSettings,
        store: &mut DescriptorStore,
    ) -> Option<Vec<Tap>> {
        let name = KeptName::Guest(spec.name, fingerprint(spec, settings.queue_length));
        let kept = self.waiting.remove(&name)?;
        let at_hand = Tap::kept(kept.first()?.try_clone().ok()?);
        let taken = Tap::resume(kept, settings.queues).map_err(|error| error.to_string());
        let taken = taken.and_then(|(interface, mut taps)| {
            Tap::renew(&mut taps, interface).map(|()| taps).map_err(|error| error.to_string())
        });
        match taken {
            Ok(taps) => {
                self.kept.insert(spec.name, (name, at_hand));
                Some(taps)
            }
            Err(error) => {
                tracing::warn!(port = %spec.name, "its tap was kept, and is of no use: {error}");
                remove(&name, &at_hand, store);
                None
            }
        }
    }

    /// Removes what was kept of a port's tap as it was before, which may have the same name.
    pub(super) fn clear(&mut self, port: &InterfaceName, store: &mut DescriptorStore) {
        self.close(port, store);
        let waiting = std::mem::take(&mut self.waiting);
        let (gone, others) =
            waiting.into_iter().partition(|(name, _)| matches!(name, KeptName::Guest(other, _) if other == port));
        self.waiting = others;
        remove_all(gone, store);
    }

    /// Has a port's tap kept.
    pub(super) fn keep(&mut self, spec: &PortSpec, settings: TapSettings, taps: &[Tap], store: &mut DescriptorStore) {
        if !store.is_there() {
            return;
        }
        let name = KeptName::Guest(spec.name, fingerprint(spec, settings.queue_length));
        match taps.first().map(Tap::try_clone) {
            Some(Ok(tap)) => {
                let descriptors: Vec<_> = taps.iter().map(Tap::descriptor).collect();
                store.keep(&name.to_string(), &descriptors);
                self.kept.insert(spec.name, (name, tap));
            }
            Some(Err(error)) => tracing::warn!(port = %spec.name, %error, "its tap does not outlive a restart"),
            None => {}
        }
    }

    /// Removes a port's tap.
    pub(super) fn close(&mut self, port: &InterfaceName, store: &mut DescriptorStore) {
        if let Some((name, tap)) = self.kept.remove(port) {
            remove(&name, &tap, store);
        }
    }

    /// Removes what no port has asked for.
    pub(super) fn end_of_start(&mut self, store: &mut DescriptorStore) {
        remove_all(std::mem::take(&mut self.waiting), store);
    }
}

fn remove_all(kept: BTreeMap<KeptName, Vec<OwnedFd>>, store: &mut DescriptorStore) {
    for (name, mut descriptors) in kept {
        match descriptors.pop().map(Tap::kept) {
            Some(tap) => remove(&name, &tap, store),
            None => store.forget(&name.to_string()),
        }
    }
}

fn remove(name: &KeptName, tap: &Tap, store: &mut DescriptorStore) {
    // Whoever has deleted it before us has done what is wanted.
    if tap.interface().is_ok()
        && let Err(error) = guest::remove(tap)
    {
        tracing::error!(kept = %name, "a guest's tap is not removed: {error}");
    }
    store.forget(&name.to_string());
}
