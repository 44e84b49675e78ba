//! Bringing kernel and workers in line with a registry. Add, delete, audit expiry, reload, start
//! after a crash, stop and rollback are all this, with another registry.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::addr::InterfaceName;
use crate::gateway::{PortKind, PortSpec, PortWant, Registry, Want, want};
use crate::host::{KernelError, Observed, Operation, diff};

use super::command::Failure;
use super::dataplane::Dataplane;
use super::platform::Platform;

/// What a step that fails does to the rest.
pub(super) enum Mode {
    /// A step for one of these gateways or ports, or for none in particular, ends the attempt.
    /// What fails for others was so before and only becomes a problem to report.
    Strict(BTreeSet<InterfaceName>),
    /// Everything that can be done is done; what fails becomes a problem to report.
    Tolerant,
}

/// Why an attempt ended.
#[derive(Debug)]
pub(super) struct Setback {
    /// What failed.
    pub(super) failure: Failure,
    /// The gateways or ports that it concerns; empty if none in particular.
    pub(super) blamed: BTreeSet<InterfaceName>,
}

/// One attempt to reach what a registry calls for.
pub(super) struct Settling<'a> {
    pub(super) platform: &'a mut dyn Platform,
    pub(super) dataplane: &'a mut Dataplane,
    pub(super) registry: &'a Registry,
    mode: Mode,
    failed: BTreeSet<InterfaceName>,
    problems: Vec<String>,
}

impl<'a> Settling<'a> {
    pub(super) fn new(
        platform: &'a mut dyn Platform,
        dataplane: &'a mut Dataplane,
        registry: &'a Registry,
        mode: Mode,
    ) -> Self {
        Self { platform, dataplane, registry, mode, failed: BTreeSet::new(), problems: Vec::new() }
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
        for (name, wanted) in &want.ports {
            let PortWant::Guest(spec) = wanted else { continue };
            match self.dataplane.port(name) {
                Some(PortWant::Guest(present)) if same_device(present, spec) => continue,
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
                Err(reason) => self.refused(Failure::Device(reason), BTreeSet::from([*name]))?,
            }
        }
        Ok(())
    }

    fn change_host(&mut self, want: &Want, have: &Observed) -> Result<(), Setback> {
        let mut attached = false;
        for operation in diff(&want.host, have) {
            let blamed = self.concerned(&operation);
            if !blamed.is_disjoint(&self.failed) {
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
            let known = !blamed.is_disjoint(&self.failed);
            if !known && !matches!(operation, Operation::Enable(_) | Operation::Restore(_)) {
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
    fn refused(&mut self, failure: Failure, blamed: BTreeSet<InterfaceName>) -> Result<(), Setback> {
        if let Mode::Strict(asked) = &self.mode
            && (blamed.is_empty() || !blamed.is_disjoint(asked))
        {
            return Err(Setback { failure, blamed });
        }
        self.problems.push(failure.to_string());
        self.failed.extend(blamed);
        Ok(())
    }

    /// The gateways that an operation is for.
    fn concerned(&self, operation: &Operation) -> BTreeSet<InterfaceName> {
        let gateway = |name: &InterfaceName| self.registry.gateway(name).map(|_| *name);
        match operation {
            Operation::AddLink(name, _)
            | Operation::SetLink(name, _)
            | Operation::AddAddress(name, _)
            | Operation::DeleteAddress(name, _) => BTreeSet::from([*name]),
            Operation::DeleteLinks(names) => names.iter().copied().collect(),
            Operation::AddRoute(_, route) | Operation::ReplaceRoute(_, route) | Operation::DeleteRoute(_, route) => {
                route.hops.iter().filter_map(|hop| gateway(&hop.device)).collect()
            }
            Operation::AddRule(rule) | Operation::DeleteRule(rule) => self.registry.announcers(&rule.from).collect(),
            Operation::Enable(setting) | Operation::Restore(setting) => {
                gateway(&setting.interface).into_iter().collect()
            }
        }
    }
}

/// True if a port's device serves both specifications.
fn same_device(present: &Arc<PortSpec>, wanted: &Arc<PortSpec>) -> bool {
    present.kind == wanted.kind && present.mtu == wanted.mtu && (present.gateways == wanted.gateways || !placed(wanted))
}

/// True if the tap was configured in a namespace, its default route included.
fn placed(spec: &PortSpec) -> bool {
    matches!(spec.kind, PortKind::Tap(Some(_)))
}
