//! An instance's routes: shown, and changed many at a time.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use crate::addr::{InstanceName, Prefix};
use crate::gateway::{Applied, Key, Refusal, Registry, RouteWant, StaticRoute};

use super::command::{Caller, Failure};
use super::conductor::Conductor;
use super::events::{Deed, Happening};
use super::knowledge::Knowledge;
use super::view::RouteView;

/// Changes of an instance's static routes, all or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteChanges {
    /// The instance.
    pub instance: InstanceName,
    /// Deleted before anything is added; what is not there is no error.
    pub delete: Vec<Prefix>,
    /// Added, or made to lead there. All are routes of the instance.
    pub add: Vec<StaticRoute>,
}

/// How many routes of a request came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RouteOutcomes {
    /// They are new.
    pub added: usize,
    /// They lead elsewhere now.
    pub changed: usize,
    /// They stood exactly so.
    pub unchanged: usize,
    /// They are gone.
    pub deleted: usize,
    /// There was nothing to delete.
    pub absent: usize,
}

impl RouteOutcomes {
    fn count(&mut self, applied: Applied) {
        match applied {
            Applied::Added => self.added += 1,
            Applied::Changed => self.changed += 1,
            Applied::Unchanged => self.unchanged += 1,
            Applied::Deleted => self.deleted += 1,
            Applied::Absent => self.absent += 1,
        }
    }
}

impl Conductor {
    /// Changes static routes of an instance: one settling, and one event for each kind of change.
    pub(super) fn change_routes(&mut self, caller: &Caller, changes: RouteChanges) -> Result<RouteOutcomes, Failure> {
        let outcome = self.settle_routes(&changes);
        let instance = &changes.instance;
        match &outcome {
            Ok(outcomes) => {
                let RouteOutcomes { added, changed, unchanged, deleted, absent } = *outcomes;
                tracing::info!(%caller, %instance, added, changed, unchanged, deleted, absent, "routes changed");
                for (applied, count) in
                    [(Applied::Added, added), (Applied::Changed, changed), (Applied::Deleted, deleted)]
                {
                    if let Some(deed) = Deed::of(applied).filter(|_| count > 0) {
                        let happening = Happening::new("routes", instance.to_string(), deed);
                        let happening = happening.of_instance(Some(instance)).saying(format!("routes: {count}"));
                        self.recorder.record(caller.into(), happening);
                    }
                }
            }
            Err(failure) => tracing::debug!(%caller, %instance, "routes not changed: {failure}"),
        }
        outcome
    }

    fn settle_routes(&mut self, changes: &RouteChanges) -> Result<RouteOutcomes, Failure> {
        let mut knowledge = Knowledge::default();
        let mut outcomes = loop {
            self.learn(&mut knowledge)?;
            let mut next = self.plan.registry().clone();
            let outcomes = make(changes, &mut next)?;
            match self.settle(next, BTreeSet::new()) {
                Ok(()) => break outcomes,
                Err(setback) if knowledge.is_to_blame(&setback.failure) => {}
                Err(setback) => return Err(*setback.failure),
            }
        };
        // What does not stand can be deleted all the same if it was to stand again.
        if !self.memory.unfit.is_empty() {
            let key = |prefix: &Prefix| Key::Route(changes.instance.clone(), *prefix);
            let forgotten = changes.delete.iter().filter(|prefix| self.memory.unfit.forget(&key(prefix))).count();
            outcomes.absent = outcomes.absent.saturating_sub(forgotten);
            outcomes.deleted += forgotten;
        }
        Ok(outcomes)
    }

    /// The routes of an instance, by prefix.
    pub(super) fn routes(&self, instance: &InstanceName) -> Result<Vec<RouteView>, Failure> {
        self.routes_after(instance, None, usize::MAX)
    }

    /// The routes of an instance whose prefix comes after this one, at most so many.
    pub(super) fn routes_after(
        &self,
        instance: &InstanceName,
        after: Option<Prefix>,
        max: usize,
    ) -> Result<Vec<RouteView>, Failure> {
        let wanted = self.plan.want().instances.get(instance);
        let wanted = wanted.ok_or_else(|| Refusal::UnknownInstance(instance.clone()))?;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let view = |(prefix, route): (&Prefix, &Arc<RouteWant>)| RouteView {
            prefix: *prefix,
            next_hop: route.next_hop.clone(),
            origin: route.origin.as_str(),
        };
        Ok(wanted.routes.range((from, Bound::Unbounded)).take(max).map(view).collect())
    }
}

/// Makes the changes in a registry; if one does not fit, the registry is of no use.
fn make(changes: &RouteChanges, registry: &mut Registry) -> Result<RouteOutcomes, Refusal> {
    let mut outcomes = RouteOutcomes::default();
    for prefix in &changes.delete {
        outcomes.count(match registry.delete_route(&changes.instance, *prefix) {
            Err(Refusal::NotFound { .. }) => Applied::Absent,
            other => other?,
        });
    }
    for route in &changes.add {
        outcomes.count(registry.add_route(route.clone())?);
    }
    Ok(outcomes)
}
