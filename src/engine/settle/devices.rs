//! Queues: those of guests' ports, and those of taps.

use std::collections::BTreeSet;

use imbl::ordmap::DiffItem;

use crate::addr::InterfaceName;
use crate::engine::concern::Subject;
use crate::engine::platform::OpenError;
use crate::engine::problem::Problem;
use crate::gateway::{Port, PortKind, PortSpec, PortWant};
use crate::host::Operation;

use super::{Mode, Progress, Setback, Settling};

impl Settling<'_> {
    /// Removes what has a name that something of another kind is to have: a gateway's tap becomes a guest's port, or
    /// the other way round. A gateway's tap whose queues were closed goes too, and is made again.
    pub(super) fn clear_names(&mut self, progress: &mut Progress) -> Result<(), Setback> {
        let (mut links, mut ports) = (Vec::new(), Vec::new());
        for name in self.dataplane.differing() {
            let present = self.dataplane.port(&name);
            let is_link = self.mirror.seen().ours.links.contains_key(&name);
            match self.plan.want().ports.get(&name) {
                Some(PortWant::Guest(..)) if is_link => links.push(name),
                Some(PortWant::Gateway { .. }) => match present {
                    Some(PortWant::Guest(spec, _)) if spec.kind != PortKind::Attach => ports.push(name),
                    None if is_link && !self.platform.has_queues(&name) => links.push(name),
                    _ => {}
                },
                _ => {}
            }
        }
        if links.is_empty() && ports.is_empty() {
            return Ok(());
        }
        links.iter().chain(&ports).for_each(|name| self.dataplane.detach(name));
        self.dataplane.barrier();
        self.platform.close_ports(&ports);
        if !links.is_empty() {
            self.carry_out(vec![Operation::DeleteLinks(links)], progress)?;
        }
        // With a link goes what hangs on it.
        self.look()
    }

    /// Opens guests' ports that are new or must be opened anew.
    pub(super) fn open_guests(&mut self, progress: &mut Progress) -> Result<(), Setback> {
        let lost = if self.looked || self.asks_for_guest() { self.lost() } else { BTreeSet::new() };
        if self.looked {
            progress.lost = Some(lost.clone());
        }
        let names: BTreeSet<InterfaceName> = self.dataplane.differing().into_iter().chain(lost.clone()).collect();
        let mut due = Vec::new();
        for name in names {
            let Some(PortWant::Guest(spec, _)) = self.plan.want().ports.get(&name) else { continue };
            let stands = match self.dataplane.port(&name) {
                Some(PortWant::Guest(present, _)) if same_device(present, spec) && !lost.contains(&name) => continue,
                other => other.is_some(),
            };
            // Attaching once more disturbs nobody, and a port that stays keeps its counters.
            let stays = lost.contains(&name) && self.attaches(&name) && spec.kind == PortKind::Attach;
            due.push((name, stands && !stays, stays));
        }
        // Old devices go first: a new one may have the same name in the same namespace.
        let old: Vec<InterfaceName> = due.iter().filter(|(_, goes, _)| *goes).map(|(name, ..)| *name).collect();
        if !old.is_empty() {
            old.iter().for_each(|name| self.dataplane.close(name));
            self.dataplane.barrier();
            self.platform.close_ports(&old);
        }
        for (name, _, stays) in due {
            let Some(wanted @ PortWant::Guest(spec, _)) = self.plan.want().ports.get(&name) else { continue };
            let opened =
                if self.is_awaited(&name) { Err(OpenError::Absent(name)) } else { self.platform.open_port(spec) };
            match opened {
                Ok(open) => {
                    self.dataplane.attach(name, wanted, open.mtu, open.queues);
                    progress.opened = true;
                }
                Err(error) => {
                    if !stays {
                        self.dataplane.detach(&name);
                    }
                    if matches!(error, OpenError::Absent(_)) && self.may_wait(&name) {
                        // The kernel tells when the interface is there.
                        progress.problems.push(Problem::PortAbsent { port: name, reason: error.to_string() });
                        continue;
                    }
                    self.refused(error.into(), [Subject::Interface(name)].into(), progress)?;
                }
            }
        }
        Ok(())
    }

    /// The ports whose interface is down or gone, or no longer with the guest.
    fn lost(&self) -> BTreeSet<InterfaceName> {
        let names = self.dataplane.ports();
        let placed = names.iter().filter_map(|(name, _)| match self.dataplane.port(name) {
            Some(PortWant::Guest(spec, _)) if matches!(spec.kind, PortKind::Tap(Some(_))) => Some(&**spec),
            _ => None,
        });
        let mut lost = self.dataplane.lost();
        lost.extend(self.platform.displaced(&placed.collect::<Vec<&PortSpec>>()));
        lost
    }

    /// Has what outlives the queues of guests' ports removed whose ports have gone.
    pub(super) fn close_guests(&mut self) {
        let before = &self.standing.want().ports;
        let gone = before.diff(&self.plan.want().ports).filter_map(|difference| match difference {
            DiffItem::Remove(name, PortWant::Guest(..)) => Some(*name),
            DiffItem::Update { old: (name, PortWant::Guest(..)), new: (_, want) } => {
                (!matches!(want, PortWant::Guest(..))).then_some(*name)
            }
            _ => None,
        });
        let gone: Vec<InterfaceName> = gone.collect();
        if !gone.is_empty() {
            self.platform.close_ports(&gone);
        }
    }

    /// True for a port that waits for its interface, which is known not to be there. The kernel tells when it
    /// comes: until then nobody need ask for it again and again.
    fn is_awaited(&self, name: &InterfaceName) -> bool {
        !self.mirror.is_in_doubt() && !self.mirror.seen().has_link(name) && self.may_wait(name)
    }

    /// True for a port that is no failure without its interface.
    fn may_wait(&self, name: &InterfaceName) -> bool {
        self.plan.registry().port(name).is_some_and(Port::may_wait)
    }

    /// True for a port that is attached to somebody else's interface.
    fn attaches(&self, name: &InterfaceName) -> bool {
        matches!(self.dataplane.port(name), Some(PortWant::Guest(spec, _)) if spec.kind == PortKind::Attach)
    }

    /// True if a guest's port that stands is asked for: perhaps because it is lost.
    fn asks_for_guest(&self) -> bool {
        let is_guest = |subject: &Subject| match subject {
            Subject::Interface(name) => matches!(self.dataplane.port(name), Some(PortWant::Guest(..))),
            Subject::Uplink(_) => false,
        };
        matches!(&self.mode, Mode::Strict(asked) if asked.iter().any(is_guest))
    }

    /// Closes the queues of taps that are about to be given back. Those that we made are closed
    /// after they are deleted: closing them before would delete them one by one, which is slow.
    pub(super) fn release_adopted(&mut self, operations: &[Operation]) {
        let doomed = operations.iter().flat_map(|operation| match operation {
            Operation::DeleteLinks(names) => names.as_slice(),
            _ => &[],
        });
        let adopted: Vec<_> = doomed.filter(|name| self.platform.is_adopted(name)).collect();
        if !adopted.is_empty() {
            adopted.into_iter().for_each(|name| self.dataplane.detach(name));
            self.dataplane.barrier();
        }
    }

    /// Hands taps to the workers that have none: those that were just made, and those that could not
    /// be given back.
    pub(super) fn attach_taps(&mut self, made: BTreeSet<InterfaceName>) {
        let mut attached = false;
        let missing = self.dataplane.differing().into_iter().filter(|name| self.dataplane.port(name).is_none());
        let names: BTreeSet<_> = made.into_iter().chain(missing).collect();
        let want = self.plan.want();
        for name in names {
            let (Some(wanted @ PortWant::Gateway { .. }), Some(link)) =
                (want.ports.get(&name), want.host.links.get(&name))
            else {
                continue;
            };
            let queues = self.platform.take_queues(&name);
            if !queues.is_empty() {
                self.dataplane.attach(name, wanted, link.mtu, queues);
                attached = true;
            }
        }
        if attached {
            self.dataplane.barrier();
        }
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
