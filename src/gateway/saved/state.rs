//! Everything that is saved, as it stands.

use std::time::Duration;

use imbl::OrdMap;

use crate::clock::Moment;
use crate::gateway::{Auditee, Audits, Registry};
use crate::host::Observed;

use super::{Key, Record, Saved, Thing, Unfit, differing};

/// What stands, and what is to stand again when it can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// What stands. Of it, what calls have added is saved.
    pub registry: Registry,
    /// What was saved and does not fit now.
    pub unfit: Unfit,
    /// What calls had added and the configuration on trial defines: it is theirs again when that is taken
    /// back.
    pub replaced: OrdMap<Key, Thing>,
    /// The audits.
    pub audits: Audits,
}

impl State {
    /// Nothing but what the configuration defines.
    #[must_use]
    pub fn new(registry: Registry, timeout: Option<Duration>) -> Self {
        Self { registry, unfit: Unfit::default(), replaced: OrdMap::new(), audits: Audits::new(timeout) }
    }

    /// Takes up what a former daemon has saved, beside what the configuration defines, which wins where
    /// both have the same name. `now` is when this daemon starts, `is_same_clock` whether the deadlines are
    /// of the clock that says so.
    pub fn restore(&mut self, saved: Saved, host: &Observed, now: Moment, is_same_clock: bool) {
        let Saved { things, audits } = saved;
        for (auditee, audit) in audits {
            let present = self.audits.of_mut(auditee);
            *present = audit.resumed(present.timeout(), now, is_same_clock);
        }
        let mut things: Vec<Thing> = things.into_values().collect();
        things.sort_by_key(Thing::precedence);
        for mut thing in things {
            if let Some((auditee, version)) = thing.version() {
                let audit = self.audits.of_mut(auditee);
                *audit = std::mem::take(audit).at_least(*version);
            }
            if let Err(refusal) = self.registry.restore(&thing, host) {
                self.unfit.put(thing, refusal);
            }
        }
    }

    /// What is left of this state when the configuration in it, which is on trial, is taken back for the one
    /// `before`: that is saved.
    #[must_use]
    pub fn taken_back(self, before: &Self) -> Self {
        let replaced = self.registry.taken_over_since(&before.registry);
        let replaced = replaced.into_iter().map(|thing| (thing.key(), thing)).collect();
        let audits = self.audits.with_timers_of(&before.audits);
        Self { replaced, audits, ..self }
    }

    /// What is to be written down of the way from another state to this one. Costs what differs.
    #[must_use]
    pub fn records_since(&self, before: &Self) -> Vec<Record> {
        let mut records = self.unfit.records_since(&before.unfit);
        differing(&before.replaced, &self.replaced, &mut records);
        records.extend(self.registry.records_since(&before.registry));
        // What did not fit may stand now, and what stood may be replaced for a while.
        records.sort_by_key(|record| !matches!(record, Record::Forget(_)));
        let changed = Auditee::ALL.into_iter().filter(|of| self.audits.of(*of) != before.audits.of(*of));
        records.extend(changed.map(|auditee| self.audit(auditee)));
        records
    }

    /// Everything that is saved.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let (registry, unfit) = (self.registry.emptied(), Unfit::default());
        let nothing = Self { registry, unfit, replaced: OrdMap::new(), ..self.clone() };
        self.records_since(&nothing).into_iter().chain(Auditee::ALL.map(|of| self.audit(of))).collect()
    }

    fn audit(&self, of: Auditee) -> Record {
        Record::Audit(of, self.audits.of(of).clone())
    }
}
