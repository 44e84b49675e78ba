//! Requests that change something: judged, settled, and judged again where what was known of the
//! kernel was out of date.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::addr::InterfaceName;
use crate::gateway::{Applied, Declared, Difference, Key, Refusal, Registry};
use crate::host::Observed;

use super::change::Change;
use super::command::{AddGateways, Caller, Failure, ReloadError};
use super::concern::Subject;
use super::conductor::Conductor;
use super::events::{Cause, Deed, Happening};
use super::knowledge::Knowledge;
use super::log::Matter;

impl Conductor {
    /// Adds gateways, each judged by itself.
    pub(super) fn add_gateways(&mut self, caller: &Caller, add: AddGateways) -> Vec<Result<Applied, Failure>> {
        let version = self.audits.gateways.version();
        let names: Vec<InterfaceName> = add.specs.iter().map(|spec| spec.interface).collect();
        let answers = self.place_each(&names, &|registry, index, host| {
            let spec = &add.specs[index];
            let spec = if add.keep_uplinks { registry.with_present_uplink(spec) } else { spec.clone() };
            registry.add_gateway(spec, version, host)
        });
        // Whatever became of its request, a controller that names a gateway has not forgotten it.
        let seen: Vec<InterfaceName> = names.iter().copied().chain(add.seen).collect();
        self.memory.unfit.seen(seen.iter().copied().map(Key::Gateway), version);
        self.plan.seen(seen, version);
        for (spec, answer) in add.specs.iter().zip(&answers) {
            let matter = Matter::new("gateway", spec.interface).of_interface(spec.interface);
            matter.of_instance(&spec.instance).tell(&self.recorder, caller, answer);
        }
        answers
    }

    /// Places things that go by these names, each judged by itself by `place`, which is given its index.
    /// All that pass are settled at once; what the kernel refuses is left out, and the rest is tried again.
    pub(super) fn place_each(
        &mut self,
        names: &[InterfaceName],
        place: &dyn Fn(&mut Registry, usize, &Observed) -> Result<Applied, Refusal>,
    ) -> Vec<Result<Applied, Failure>> {
        let mut broken: BTreeMap<InterfaceName, Failure> = BTreeMap::new();
        let mut knowledge = Knowledge::default();
        loop {
            if let Err(failure) = self.learn(&mut knowledge) {
                return names.iter().map(|_| Err(failure.clone())).collect();
            }
            let mut next = self.plan.registry().clone();
            let host = self.mirror.seen();
            let answer = |(index, name)| match broken.get(name) {
                Some(failure) => Err(failure.clone()),
                None => place(&mut next, index, host).map_err(Failure::from),
            };
            let answers: Vec<Result<Applied, Failure>> = names.iter().enumerate().map(answer).collect();
            if answers.iter().any(|answer| knowledge.is_wanting(answer)) {
                continue;
            }
            let asked: BTreeSet<_> = names.iter().filter(|name| !broken.contains_key(name)).copied().collect();
            let Err(setback) = self.settle(next, subjects(&asked)) else { return answers };
            if knowledge.is_to_blame(&setback.failure) {
                continue;
            }
            // Every round breaks at least one element, so the rounds end.
            let culprit = |name: &&InterfaceName| setback.blamed.contains_key(&Subject::Interface(**name));
            let culprits: Vec<InterfaceName> = asked.iter().filter(culprit).copied().collect();
            if culprits.is_empty() {
                return answers
                    .into_iter()
                    .map(|answer| answer.and_then(|_| Err((*setback.failure).clone())))
                    .collect();
            }
            let failure = |name| setback.blamed.get(&Subject::Interface(name)).unwrap_or(&*setback.failure).clone();
            broken.extend(culprits.into_iter().map(|name| (name, failure(name))));
        }
    }

    pub(super) fn delete_gateways(
        &mut self,
        caller: &Caller,
        names: &[InterfaceName],
    ) -> Vec<Result<Applied, Failure>> {
        let mut knowledge = Knowledge::default();
        let mut answers = loop {
            let mut next = self.plan.registry().clone();
            let delete = |name| next.delete_gateway(name).map_err(Failure::from);
            let answers: Vec<Result<Applied, Failure>> = names.iter().map(delete).collect();
            if !answers.contains(&Ok(Applied::Deleted)) {
                break answers;
            }
            let outcome = self
                .learn(&mut knowledge)
                .and_then(|()| self.settle(next, subjects(names)).map_err(|setback| *setback.failure));
            match outcome {
                Ok(()) => break answers,
                Err(failure) if knowledge.is_to_blame(&failure) => {}
                Err(failure) => {
                    let undone = |answer| if answer == Ok(Applied::Deleted) { Err(failure.clone()) } else { answer };
                    break answers.into_iter().map(undone).collect();
                }
            }
        };
        for (name, answer) in names.iter().zip(&mut answers) {
            if *answer == Ok(Applied::Absent) && self.memory.unfit.forget(&Key::Gateway(*name)) {
                *answer = Ok(Applied::Deleted);
            }
            Matter::new("gateway", name).of_interface(*name).tell(&self.recorder, caller, answer);
        }
        answers
    }

    /// Replaces the static part of the registry, and looks whether all is as it should be.
    pub(super) fn reload(
        &mut self,
        caller: &Caller,
        declared: &Declared,
        timeout: Option<Duration>,
    ) -> Result<Vec<Difference>, ReloadError> {
        self.mirror.doubt();
        self.learn(&mut Knowledge::default())?;
        let mut next = self.plan.registry().clone();
        let before = next.declared();
        next.reload(declared, self.mirror.seen())?;
        let asked = declared.gateways.iter().map(|spec| spec.interface);
        let asked = subjects(asked.chain(declared.ports.iter().map(|spec| spec.name)));
        // What a lease comes to is not the file's fault.
        let uplinks = declared.uplinks.iter().filter(|spec| spec.lease().is_none());
        let uplinks = uplinks.map(|spec| Subject::Uplink(spec.name.clone()));
        self.mirror.doubt();
        self.settle(next, asked.into_iter().chain(uplinks).collect()).map_err(|setback| *setback.failure)?;
        self.audits.set_timeout(timeout);
        let differences = before.differences(declared);
        let applied = Happening::new("configuration", "", Deed::Applied);
        self.recorder.record(caller.into(), applied.saying(format!("differences: {}", differences.len())));
        self.tell_differences(&caller.into(), &differences);
        self.look_for_leases();
        Ok(differences)
    }

    /// What another configuration has changed.
    pub(super) fn tell_differences(&self, cause: &Cause, differences: &[Difference]) {
        for Difference { kind, name, deed, fields: _ } in differences {
            if let Some(deed) = Deed::of(*deed) {
                self.recorder.record(cause.clone(), Happening::new(kind, &**name, deed));
            }
        }
    }

    /// One change of one thing, all or nothing.
    pub(super) fn change(&mut self, caller: &Caller, change: &Change) -> Result<Applied, Failure> {
        let outcome = match change {
            // Gateways have an audit to tell.
            Change::AddGateway(spec) => {
                let add = AddGateways { specs: vec![spec.clone()], seen: Vec::new(), keep_uplinks: false };
                return only(self.add_gateways(caller, add));
            }
            Change::DeleteGateway(name) => return only(self.delete_gateways(caller, &[*name])),
            // What does not stand can be deleted all the same if it was to stand again.
            _ if self.resting(change).is_some_and(|key| self.memory.unfit.forget(&key)) => Ok(Applied::Deleted),
            _ => self.change_one(change),
        };
        if matches!(change, Change::AddUplink(spec) if spec.lease().is_some()) && outcome.is_ok() {
            // The uplink stands whatever becomes of its lease; what it was before must not.
            self.look_for_leases();
        }
        Matter::of(change).tell(&self.recorder, caller, &outcome);
        outcome
    }

    /// What a change deletes, if that does not fit and does not stand.
    pub(super) fn resting(&self, change: &Change) -> Option<Key> {
        let is_resting = |key: &Key| self.memory.unfit.contains(key) && !self.plan.registry().stands(key);
        change.deleted().filter(is_resting)
    }

    pub(super) fn change_one(&mut self, change: &Change) -> Result<Applied, Failure> {
        if change.needs_a_look() {
            self.mirror.doubt();
        }
        let asked = change.asked(self.plan.registry());
        let mut knowledge = Knowledge::default();
        loop {
            self.learn(&mut knowledge)?;
            let mut next = self.plan.registry().clone();
            let applied =
                change.make(&mut next, self.audits.gateways.version(), self.mirror.seen()).map_err(Failure::from);
            if knowledge.is_wanting(&applied) {
                continue;
            }
            let applied = applied?;
            match self.settle(next, asked.clone()) {
                Ok(()) => return Ok(applied),
                Err(setback) if knowledge.is_to_blame(&setback.failure) => {}
                Err(setback) => return Err(*setback.failure),
            }
        }
    }

    /// Makes sure that what is known of the kernel is good enough to judge a request by it.
    pub(super) fn learn(&mut self, knowledge: &mut Knowledge) -> Result<(), Failure> {
        self.mirror.listen(self.platform.kernel());
        if self.mirror.is_in_doubt() || knowledge.must_be_fresh && !knowledge.is_fresh {
            self.mirror.refresh(self.platform.kernel())?;
            self.mirror.share_with(&self.plan.want().host);
            knowledge.is_fresh = true;
            // Nothing may come of this request, and what was heard is heard no more.
            self.vigil.schedule.heard(self.clock.now());
        }
        Ok(())
    }
}

pub(super) fn subjects(names: impl IntoIterator<Item: Borrow<InterfaceName>>) -> BTreeSet<Subject> {
    names.into_iter().map(|name| Subject::Interface(*name.borrow())).collect()
}

/// The only answer to a request of one element.
fn only(answers: Vec<Result<Applied, Failure>>) -> Result<Applied, Failure> {
    // Every element is answered.
    answers.into_iter().next().unwrap_or(Err(Failure::Stopping))
}
