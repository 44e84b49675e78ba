//! The guests' taps: those that a service manager has kept are opened again at the start, and all are removed
//! when their port goes.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;

use crate::addr::InterfaceName;
use crate::gateway::PortSpec;

use super::guest;
use super::kept::{KeptName, fingerprint};
use super::kernel::{LinuxKernel, TapSettings};
use super::tap::Tap;

/// By port. One of a tap's queues is at hand as long as its port stands: so the tap does not go with the workers'
/// queues, one after the other, which takes 20 ms each, and it is known where it is.
#[derive(Debug, Default)]
pub(super) struct GuestTaps {
    /// What was kept for us and no port has asked for yet.
    waiting: BTreeMap<KeptName, Vec<OwnedFd>>,
    standing: BTreeMap<InterfaceName, Standing>,
}

/// A port's tap.
#[derive(Debug)]
struct Standing {
    tap: Tap,
    /// What it is kept by, if somebody keeps it.
    kept: Option<KeptName>,
}

impl GuestTaps {
    pub(super) fn new(waiting: BTreeMap<KeptName, Vec<OwnedFd>>) -> Self {
        Self { waiting, standing: BTreeMap::new() }
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
        kernel: &mut LinuxKernel,
    ) -> Option<Vec<Tap>> {
        let name = KeptName::Guest(spec.name, fingerprint(spec, settings.queue_length));
        let kept = self.waiting.remove(&name)?;
        let tap = Tap::kept(kept.first()?.try_clone().ok()?);
        let taken = Tap::resume(kept, settings.queues).map_err(|error| error.to_string());
        let taken = taken.and_then(|(interface, mut taps)| {
            Tap::renew(&mut taps, interface).map(|()| taps).map_err(|error| error.to_string())
        });
        let standing = Standing { tap, kept: Some(name) };
        match taken {
            Ok(taps) => {
                self.standing.insert(spec.name, standing);
                Some(taps)
            }
            Err(error) => {
                tracing::warn!(port = %spec.name, "its tap was kept, and is of no use: {error}");
                remove(vec![standing], kernel);
                None
            }
        }
    }

    /// Removes what was kept of a port's tap as it was before, which may have the same name.
    pub(super) fn clear(&mut self, port: &InterfaceName, kernel: &mut LinuxKernel) {
        let waiting = std::mem::take(&mut self.waiting);
        let (gone, others) =
            waiting.into_iter().partition(|(name, _)| matches!(name, KeptName::Guest(other, _) if other == port));
        self.waiting = others;
        remove_kept(gone, kernel);
    }

    /// Takes note of a port's tap that was made, and has it kept if there is somebody to keep it.
    ///
    /// # Errors
    /// No descriptor to be had.
    pub(super) fn hold(
        &mut self,
        spec: &PortSpec,
        settings: TapSettings,
        taps: &[Tap],
        kernel: &mut LinuxKernel,
    ) -> io::Result<()> {
        let Some(tap) = taps.first() else { return Ok(()) };
        let tap = tap.try_clone()?;
        let name = KeptName::Guest(spec.name, fingerprint(spec, settings.queue_length));
        let kept = kernel.store.is_there().then_some(name);
        if kept.is_some() {
            let descriptors: Vec<_> = taps.iter().map(Tap::descriptor).collect();
            kernel.store.keep(&name.to_string(), &descriptors);
        }
        self.standing.insert(spec.name, Standing { tap, kept });
        Ok(())
    }

    /// Removes ports' taps, all at once.
    pub(super) fn close(&mut self, ports: &[InterfaceName], kernel: &mut LinuxKernel) {
        remove(ports.iter().filter_map(|port| self.standing.remove(port)).collect(), kernel);
    }

    /// Removes the taps that nobody keeps: they would go with our descriptors, one after the other.
    pub(super) fn close_unkept(&mut self, kernel: &mut LinuxKernel) {
        let (kept, unkept) = std::mem::take(&mut self.standing).into_iter().partition(|(_, tap)| tap.kept.is_some());
        self.standing = kept;
        remove(unkept.into_values().collect(), kernel);
    }

    /// Removes what no port has asked for.
    pub(super) fn end_of_start(&mut self, kernel: &mut LinuxKernel) {
        remove_kept(std::mem::take(&mut self.waiting), kernel);
    }
}

fn remove_kept(kept: BTreeMap<KeptName, Vec<OwnedFd>>, kernel: &mut LinuxKernel) {
    let mut taps = Vec::new();
    for (name, mut descriptors) in kept {
        match descriptors.pop().map(Tap::kept) {
            Some(tap) => taps.push(Standing { tap, kept: Some(name) }),
            None => kernel.store.forget(&name.to_string()),
        }
    }
    remove(taps, kernel);
}

/// Removes taps: those of our namespace in one request, others side by side.
fn remove(taps: Vec<Standing>, kernel: &mut LinuxKernel) {
    // Whoever has deleted one before us has done what is wanted.
    let there = taps.iter().filter_map(|standing| Some((standing.tap.interface().ok()?.0, &standing.tap)));
    let (here, elsewhere): (Vec<_>, Vec<_>) = there.partition(|(_, tap)| tap.is_here());
    let here: Vec<InterfaceName> = here.into_iter().map(|(name, _)| name).collect();
    if let Err(reason) = kernel.delete_taps(&here) {
        tracing::error!("guests' taps are not removed: {reason}");
    }
    let elsewhere: Vec<&Tap> = elsewhere.into_iter().map(|(_, tap)| tap).collect();
    for error in guest::remove(&elsewhere) {
        tracing::error!("a guest's tap is not removed: {error}");
    }
    for name in taps.iter().filter_map(|standing| standing.kept) {
        kernel.store.forget(&name.to_string());
    }
}
