//! The guests' taps: those that a service manager has kept are taken up at the start, and all are removed
//! when their port goes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use crate::addr::InterfaceName;
use crate::gateway::{PortKind, PortSpec};

use super::guest;
use super::kept::{KeptName, fingerprint};
use super::kernel::{LinuxKernel, TapSettings};
use super::namespaces::Namespaces;
use super::tap::Tap;

/// By port. One of a tap's queues is at hand as long as its port stands: so the tap does not go with the workers'
/// queues, one after the other, which takes 20 ms each, and it is known where it is.
#[derive(Debug, Default)]
pub(super) struct GuestTaps {
    /// What was kept for us, until it is known which ports there are to be.
    kept: BTreeMap<KeptName, Vec<OwnedFd>>,
    standing: BTreeMap<InterfaceName, Standing>,
}

/// A port's tap.
#[derive(Debug)]
struct Standing {
    tap: Tap,
    /// What it is kept by, if somebody keeps it.
    kept: Option<KeptName>,
    /// Its queues until they are taken, if it was kept for us.
    queues: Vec<Tap>,
}

impl GuestTaps {
    pub(super) fn new(kept: BTreeMap<KeptName, Vec<OwnedFd>>) -> Self {
        Self { kept, standing: BTreeMap::new() }
    }

    /// Takes up what was kept for us and serves one of these ports as it is. Everything else is removed: nothing of
    /// it is in the way of what is made afterwards.
    pub(super) fn take_up(
        &mut self,
        ports: &mut dyn Iterator<Item = &PortSpec>,
        settings: TapSettings,
        namespaces: &Namespaces,
        kernel: &mut LinuxKernel,
    ) {
        let kept = std::mem::take(&mut self.kept);
        if kept.is_empty() {
            return;
        }
        let taps = ports.filter(|spec| matches!(spec.kind, PortKind::Tap(_)));
        let wanted: BTreeMap<KeptName, &PortSpec> = taps.map(|spec| (kept_name(spec, settings), spec)).collect();
        let mut useless = Vec::new();
        for (name, queues) in kept {
            let mut taps: Vec<Tap> = queues.into_iter().map(Tap::kept).collect();
            let spec = wanted.get(&name);
            match spec.ok_or_else(|| "no port asks for it".to_owned()).and_then(|spec| {
                check(&mut taps, spec, settings, namespaces)?;
                taps[0].try_clone().map(|tap| (spec.name, tap)).map_err(|error| error.to_string())
            }) {
                Ok((port, tap)) => drop(self.standing.insert(port, Standing { tap, kept: Some(name), queues: taps })),
                Err(reason) => {
                    tracing::info!(kept = %name, "a guest's tap was kept and is removed: {reason}");
                    useless.extend(taps.pop().map(|tap| Standing { tap, kept: Some(name), queues: Vec::new() }));
                }
            }
        }
        remove(useless, kernel);
    }

    /// True if packets may wait in what was kept for us.
    pub(super) fn is_waiting(&self) -> bool {
        self.standing.values().any(|standing| !standing.queues.is_empty())
    }

    /// The queues of a port's tap that was taken up; once. A tap that was made for a port that is otherwise now is
    /// removed.
    pub(super) fn take_queues(
        &mut self,
        spec: &PortSpec,
        settings: TapSettings,
        kernel: &mut LinuxKernel,
    ) -> Option<Vec<Tap>> {
        let standing = self.standing.get_mut(&spec.name)?;
        if spec.kind != PortKind::Attach && standing.kept == Some(kept_name(spec, settings)) {
            let queues = std::mem::take(&mut standing.queues);
            if !queues.is_empty() {
                return Some(queues);
            }
        }
        self.close(&[spec.name], kernel);
        None
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
        let name = kept_name(spec, settings);
        let descriptors: Vec<_> = taps.iter().map(Tap::descriptor).collect();
        let kept = kernel.store.keep(&name, &descriptors).then_some(name);
        self.standing.insert(spec.name, Standing { tap, kept, queues: Vec::new() });
        Ok(())
    }

    /// The ports whose tap is not in their guest's present namespace. What holds a queue of a tap holds the
    /// namespace in which it was made too (`tun_chr_open` in drivers/net/tun.c): one that was removed does not go
    /// as long as we have the tap.
    pub(super) fn displaced(&self, ports: &[&PortSpec], namespaces: &Namespaces) -> BTreeSet<InterfaceName> {
        let is_displaced = |spec: &&&PortSpec| {
            let PortKind::Tap(Some(place)) = &spec.kind else { return false };
            let Some(standing) = self.standing.get(&spec.name) else { return false };
            match namespaces.open(guest::namespace_path(&place.namespace)) {
                // Of one that was deleted in there the queues tell.
                Ok(namespace) => standing.tap.interface().is_ok() && !standing.tap.is_in(&namespace),
                Err(error) => error.kind() == io::ErrorKind::NotFound,
            }
        };
        let displaced: BTreeSet<InterfaceName> = ports.iter().filter(is_displaced).map(|spec| spec.name).collect();
        for interface in &displaced {
            tracing::warn!(%interface, "the guest's network namespace is gone, or another one now");
        }
        displaced
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
}

fn kept_name(spec: &PortSpec, settings: TapSettings) -> KeptName {
    KeptName::Guest(spec.name, fingerprint(spec, settings.queue_length))
}

/// Makes kept queues those of a port, if they are: their tap must be the guest's interface in the guest's present
/// namespace, which may be another of the same name.
fn check(taps: &mut [Tap], spec: &PortSpec, settings: TapSettings, namespaces: &Namespaces) -> Result<(), String> {
    let (name, namespace) = match &spec.kind {
        PortKind::Tap(Some(place)) => (place.name, namespaces.open(guest::namespace_path(&place.namespace))),
        _ => (spec.name, File::open(Tap::OWN_NAMESPACE)),
    };
    let interface = Tap::resume(taps, settings.queues).map_err(|error| error.to_string())?;
    if interface != name {
        return Err(format!("its name is {interface} now"));
    }
    let namespace = namespace.map_err(|error| format!("the guest's namespace cannot be opened: {error}"))?;
    if !taps[0].is_in(&namespace) {
        return Err("it is not in the guest's namespace".to_owned());
    }
    Tap::renew(taps, interface).map_err(|error| error.to_string())
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
        kernel.store.forget(&name);
    }
}
