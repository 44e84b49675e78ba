//! Bringing kernel and workers in line with a registry. Add, delete, audit expiry, reload, start
//! after a crash, stop and rollback are all this, with another registry.

use std::collections::BTreeSet;

use crate::gateway::{PortKind, PortSpec, PortWant, Registry, Want, want};
use crate::host::{KernelError, Observed, Operation, diff};

use super::command::Failure;
use super::concern::{Subject, concerned};
use super::dataplane::Dataplane;
use super::platform::Platform;

/// What a step that fails does to the rest.
pub(super) enum Mode {
    /// A step for one of these that fails ends the attempt. What fails for others was so before, and
    /// becomes a problem to report.
    Strict(BTreeSet<Subject>),
    /// Everything that can be done is done; what fails becomes a problem to report.
    Tolerant,
}

/// Why an attempt ended.
#[derive(Debug)]
pub(super) struct Setback {
    /// What failed.
    pub(super) failure: Failure,
    /// Whom it concerns; empty if nothing can be done for anybody.
    pub(super) blamed: BTreeSet<Subject>,
}

/// One attempt to reach what a registry calls for.
pub(super) struct Settling<'a> {
    pub(super) platform: &'a mut dyn Platform,
    pub(super) dataplane: &'a mut Dataplane,
    /// What stands, or stood before the attempt.
    pub(super) standing: &'a Registry,
    /// What is to be.
    pub(super) registry: &'a Registry,
    mode: Mode,
    failed: BTreeSet<Subject>,
    problems: Vec<String>,
}

impl<'a> Settling<'a> {
    pub(super) fn new(
        platform: &'a mut dyn Platform,
        dataplane: &'a mut Dataplane,
        standing: &'a Registry,
        registry: &'a Registry,
        mode: Mode,
    ) -> Self {
        Self { platform, dataplane, standing, registry, mode, failed: BTreeSet::new(), problems: Vec::new() }
    }

    /// Makes the attempt. Order is part of the contract: tables, ports, then what invites traffic;
    /// in reverse for what goes. The problems that were tolerated come back.
    ///
    /// # Errors
    /// What ended a strict attempt; the caller settles the old registry again.
    pub(super) fn run(mut self) -> Result<Vec<String>, Setback> {
        let tables: Vec<u32> = self.registry.uplinks().map(|uplink| uplink.table).collect();
        self.platform.claim_tables(&tables);
        let have = self.observe()?;
        let want = want(self.registry, &have.exit_devices);
        self.dataplane.promise(want.ports.keys().copied());
        self.dataplane.publish_additions(&want.instances);
        self.open_guests(&want)?;
        self.change_host(&want, &have)?;
        self.update_ports(&want);
        self.dataplane.publish_removals(&want.instances);
        self.dataplane.barrier();
        self.verify()?;
        Ok(self.problems)
    }

    fn observe(&mut self) -> Result<Observed, Setback> {
        self.platform.observe().map_err(|error| Setback { failure: error.into(), blamed: BTreeSet::new() })
    }

    /// Opens guests' ports that are new or must be opened anew.
    fn open_guests(&mut self, want: &Want) -> Result<(), Setback> {
        let lost = self.dataplane.lost();
        for (name, wanted) in &want.ports {
            let PortWant::Guest(spec) = wanted else { continue };
            match self.dataplane.port(name) {
                Some(PortWant::Guest(present)) if same_device(present, spec) && !lost.contains(name) => continue,
                // The old device goes first: it may have the same name in the same namespace.
                Some(_) => {
                    self.dataplane.detach(name);
                    self.dataplane.barrier();
                    self.dataplane.promise(want.ports.keys().copied());
                    self.dataplane.publish_additions(&want.instances);
                }
                None => {}
            }
            match self.platform.open_port(spec) {
                Ok(open) => self.dataplane.attach(*name, wanted, open.mtu, open.queues),
                Err(reason) => self.refused(Failure::Device(reason), [Subject::Interface(*name)].into())?,
            }
        }
        Ok(())
    }

    fn change_host(&mut self, want: &Want, have: &Observed) -> Result<(), Setback> {
        let mut attached = false;
        for operation in diff(&want.host, have) {
            let blamed = self.concerned(&operation);
            if self.is_in_vain(&blamed) {
                continue;
            }
            if attached && !matches!(operation, Operation::AddLink(..)) {
                // Taps are made first; before anything invites traffic to them, their ports stand.
                self.dataplane.barrier();
                attached = false;
            }
            self.release_adopted(&operation);
            match self.platform.apply(&operation) {
                Ok(()) => attached |= self.attach_made(want, &operation),
                Err(error) => self.refused(error.into(), blamed)?,
            }
        }
        Ok(())
    }

    /// Closes the queues of taps that are about to be given back. Those that we made are closed
    /// after they are deleted: closing them before would delete them one by one, which is slow.
    fn release_adopted(&mut self, operation: &Operation) {
        let Operation::DeleteLinks(names) = operation else { return };
        let adopted: Vec<_> = names.iter().filter(|name| self.platform.is_adopted(name)).collect();
        if !adopted.is_empty() {
            adopted.into_iter().for_each(|name| self.dataplane.detach(name));
            self.dataplane.barrier();
        }
    }

    /// Hands a tap that was just made to the workers.
    fn attach_made(&mut self, want: &Want, operation: &Operation) -> bool {
        let Operation::AddLink(name, link) = operation else { return false };
        let queues = self.platform.take_queues(name);
        if let Some(wanted) = want.ports.get(name).filter(|_| !queues.is_empty()) {
            self.dataplane.attach(*name, wanted, link.mtu, queues);
        }
        true
    }

    /// Ports that changed without a new device, and ports that are gone.
    fn update_ports(&mut self, want: &Want) {
        for name in self.dataplane.ports() {
            match want.ports.get(&name) {
                None => self.dataplane.detach(&name),
                Some(wanted) if self.dataplane.port(&name) != Some(wanted) => self.dataplane.configure(name, wanted),
                Some(_) => {}
            }
        }
    }

    /// Looks whether the kernel kept what it was told: something else may have undone it, and some
    /// changes are accepted and ignored. What comes and goes meanwhile on the host, such as another
    /// way out, is left to the next attempt.
    fn verify(&mut self) -> Result<(), Setback> {
        let have = self.observe()?;
        let want = want(self.registry, &have.exit_devices);
        for operation in diff(&want.host, &have) {
            let blamed = self.concerned(&operation);
            if !self.is_in_vain(&blamed) && !matches!(operation, Operation::Enable(_) | Operation::Restore(_)) {
                let error = KernelError {
                    operation: operation.to_string(),
                    reason: "accepted, but not in effect afterwards".into(),
                    errno: 0,
                };
                self.refused(error.into(), blamed)?;
            }
        }
        Ok(())
    }

    /// A step was refused: the end of this attempt, or a problem to report.
    fn refused(&mut self, failure: Failure, blamed: BTreeSet<Subject>) -> Result<(), Setback> {
        if self.is_asked(&blamed) {
            return Err(Setback { failure, blamed });
        }
        self.problems.push(failure.to_string());
        self.failed.extend(blamed);
        Ok(())
    }

    fn concerned(&self, operation: &Operation) -> BTreeSet<Subject> {
        concerned(operation, [self.standing, self.registry])
    }

    fn is_asked(&self, blamed: &BTreeSet<Subject>) -> bool {
        matches!(&self.mode, Mode::Strict(asked) if !blamed.is_disjoint(asked))
    }

    /// True for a step that cannot succeed since one before it did not, and that nobody waits for.
    /// One that is asked for is tried all the same: its refusal is the answer.
    fn is_in_vain(&self, blamed: &BTreeSet<Subject>) -> bool {
        !blamed.is_disjoint(&self.failed) && !self.is_asked(blamed)
    }
}

/// True if a port's device serves both specifications. A tap that was configured as its guest's
/// interface bears the guest's MAC and routes.
fn same_device(present: &PortSpec, wanted: &PortSpec) -> bool {
    let same_guest = match wanted.kind {
        PortKind::Attach => true,
        PortKind::Tap(None) => present.mac == wanted.mac,
        PortKind::Tap(Some(_)) => present.mac == wanted.mac && present.gateways == wanted.gateways,
    };
    present.kind == wanted.kind && present.mtu == wanted.mtu && same_guest
}
