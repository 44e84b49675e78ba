//! The host stays right without being asked: what was heard is looked into, and what others undo is
//! put right.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crossbeam_channel::{Receiver, never};

use crate::addr::InterfaceName;
use crate::clock::{Jitter, Moment};
use crate::gateway::Port;
use crate::host::{Disputes, HostState, Object, Occasion, Operation, Repairs, diff};

use super::conductor::Conductor;
use super::events::{Cause, Deed, Happening, Recorder};
use super::problem::Problem;
use super::schedule::Schedule;
use super::settle::Mode;
use super::view::{RepairCount, RepairsView};

/// What the conductor keeps of it.
#[derive(Debug)]
pub(super) struct Vigil {
    /// Has a message when the kernel may have something to say.
    pub(super) stirrings: Receiver<()>,
    pub(super) schedule: Schedule,
    pub(super) disputes: Disputes,
    pub(super) repairs: Repairs,
    /// The host's links that fell lately, and when.
    fallen: BTreeMap<InterfaceName, Moment>,
}

/// An operation that put something right, and what.
pub(super) type Repair = (Operation, Vec<Object>);

impl Vigil {
    pub(super) fn new(stirrings: Receiver<()>, check: Option<Duration>, now: Moment) -> Self {
        let seed = now.as_nanos();
        Self {
            stirrings,
            schedule: Schedule::new(check, Jitter::new(seed), now),
            disputes: Disputes::new(Jitter::new(!seed)),
            repairs: Repairs::default(),
            fallen: BTreeMap::new(),
        }
    }

    /// What to wait for beside commands. While a repair waits nobody is told of more.
    pub(super) fn stirrings(&self) -> Receiver<()> {
        if self.schedule.is_waiting() { never() } else { self.stirrings.clone() }
    }

    pub(super) fn next_deadline(&self) -> Option<Moment> {
        [self.schedule.next_deadline(), self.disputes.next_deadline()].into_iter().flatten().min()
    }

    /// These links of the host's have gone down, lost an address or gone altogether.
    pub(super) fn fell(&mut self, links: BTreeSet<InterfaceName>, now: Moment) {
        self.fallen.retain(|_, fell| *fell + Disputes::WINDOW >= now);
        self.fallen.extend(links.into_iter().map(|link| (link, now)));
    }

    /// Takes in what was put right: tells of it, counts it, and sees whether somebody keeps undoing it.
    pub(super) fn note(
        &mut self,
        repairs: &[Repair],
        want: &HostState,
        occasion: Occasion,
        now: Moment,
        recorder: &Recorder,
    ) {
        // What goes with a link, the host's or a tap, is no dispute of its own: the kernel took it.
        let mut links: Vec<InterfaceName> = self.fallen.keys().copied().collect();
        let mut repaired: BTreeSet<Object> = BTreeSet::new();
        for (operation, objects) in repairs {
            tracing::info!(occasion = occasion.as_str(), "repaired: {operation}");
            let names: Vec<String> = objects.iter().map(Object::to_string).collect();
            let happening = Happening::new("host", names.join(", "), Deed::Repaired);
            recorder.record(Cause::Repair(occasion), happening.saying(operation.to_string()));
            repaired.extend(objects);
            if let Operation::AddLink(name, _) | Operation::SetLink(name, _) = operation {
                links.push(*name);
            }
        }
        for object in repaired {
            self.repairs.count(object.kind(), occasion, now);
            if !object.hangs_on(&links, want) && self.disputes.repaired(object, now) {
                recorder.record(Cause::Kernel, Happening::new("host", object.to_string(), Deed::Disputed));
                tracing::warn!(
                    "{object}: repaired again and again, and undone by something else; from now on it is repaired \
                     only every so often"
                );
            }
        }
    }

    pub(super) fn view(&self, now: Moment) -> RepairsView {
        let counts = self.repairs.counts();
        RepairsView {
            counts: counts.map(|(kind, occasion, count)| RepairCount { kind, occasion, count }).collect(),
            last: self.repairs.last().map(|last| now - last),
        }
    }

    /// The disputes.
    pub(super) fn alarms(&self, now: Moment) -> impl Iterator<Item = Problem> {
        self.disputes.running().map(move |(object, dispute)| {
            let rest = (dispute.until > now).then(|| dispute.until - now);
            Problem::Dispute { object: *object, repairs: dispute.repairs, rest }
        })
    }
}

impl Conductor {
    /// The kernel may have something to say.
    pub(super) fn stirred(&mut self) {
        self.fabric_stirred();
        self.mirror.listen(self.platform.kernel());
    }

    /// Nobody will ever say so again.
    pub(super) fn deaf(&mut self) {
        tracing::error!("no longer told when the kernel changes: only the periodic check repairs from now on");
        self.vigil.stirrings = never();
    }

    /// Does what is due of looking and repairing.
    pub(super) fn keep_right(&mut self, now: Moment) {
        let passed = self.vigil.disputes.pass(now);
        for object in &passed.over {
            tracing::info!("{object}: stays as it was repaired; the dispute is over");
            self.recorder.record(Cause::Kernel, Happening::new("host", object.to_string(), Deed::Over));
        }
        // An attempt may have come upon another way out of the host when it was about to end.
        if self.mirror.is_in_doubt() || *self.plan.surroundings() != self.mirror.seen().surroundings {
            self.vigil.schedule.heard(now);
        }
        match self.vigil.schedule.due(now) {
            Some(Occasion::News) => {
                if self.mirror.listen(self.platform.kernel()) && self.vigil.schedule.put_off(now) {
                    return;
                }
                self.repair(Occasion::News, now);
            }
            Some(occasion) => {
                self.mirror.doubt();
                self.repair(occasion, now);
                self.retry_unfit();
            }
            None if passed.is_open => self.repair(Occasion::News, now),
            None => {}
        }
    }

    /// True if a port waits no more: its interface is there, and it does not stand yet.
    fn is_one_there(&self) -> bool {
        let (registry, seen) = (self.plan.registry(), self.mirror.seen());
        let waited = |name: &InterfaceName| registry.port(name).is_some_and(Port::may_wait) && seen.has_link(name);
        self.dataplane.differing().iter().any(waited)
    }

    /// Brings the host in line with what stands; costs next to nothing if it is.
    fn repair(&mut self, occasion: Occasion, began: Moment) {
        let seen = self.mirror.seen();
        let plan = self.plan.then(self.plan.registry().clone(), seen.surroundings.clone());
        let must_try = self.is_one_there() || self.vigil.schedule.is_time_to_try(began);
        if must_try || self.mirror.is_in_doubt() || !diff(&plan.want().host, seen).is_empty() {
            let standing = self.plan.clone();
            match self.attempt(&standing, plan, Mode::Tolerant, occasion) {
                Ok(settled) => {
                    let new = settled.problems.iter().filter(|problem| !self.problems.contains(problem));
                    new.for_each(|problem| tracing::error!("{problem}"));
                    self.keep(settled);
                }
                Err(setback) => {
                    tracing::error!("cannot see whether the host is right: {}", setback.failure);
                    self.problems = vec![Problem::Unseen(setback.failure.to_string())];
                    self.vigil.schedule.failed(self.clock.now());
                    return;
                }
            }
        }
        self.vigil.schedule.looked(occasion, began, self.clock.now());
    }
}
