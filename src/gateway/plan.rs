//! A registry together with what follows from it, kept in step.

use crate::addr::{InterfaceName, Uuid};
use crate::host::Surroundings;

use super::{Registry, Want};

/// A registry and what it calls for. The next plan is made from the last: that costs what has changed
/// between the two, however much stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    registry: Registry,
    surroundings: Surroundings,
    want: Want,
}

impl Plan {
    /// The plan of a registry, made from nothing. Of the host's surroundings it needs the devices by
    /// which traffic of gateways without an uplink comes back and must be let through, and the networks
    /// that no uplink may lead traffic away from.
    #[must_use]
    pub fn new(registry: Registry, surroundings: Surroundings) -> Self {
        let mut empty = registry.emptied();
        empty.set_fabric(None);
        let nothing = Self { registry: empty, surroundings: Surroundings::default(), want: Want::default() };
        nothing.then(registry, surroundings)
    }

    /// The plan of another registry, or in other surroundings.
    #[must_use]
    pub fn then(&self, registry: Registry, surroundings: Surroundings) -> Self {
        let mut want = self.want.clone();
        want.follow((&self.registry, &self.surroundings), (&registry, &surroundings));
        Self { registry, surroundings, want }
    }

    /// What was asked for.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What follows from it.
    #[must_use]
    pub fn want(&self) -> &Want {
        &self.want
    }

    /// The surroundings that it was made for.
    #[must_use]
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// Confirms gateways ([`Registry::seen`]), from which nothing follows.
    pub fn seen(&mut self, names: impl IntoIterator<Item = InterfaceName>, version: u32) {
        self.registry.seen(names, version);
    }

    /// Confirms compute services' ports ([`Registry::ports_seen`]), from which nothing follows.
    pub fn ports_seen(&mut self, ids: impl IntoIterator<Item = Uuid>, version: u32) {
        self.registry.ports_seen(ids, version);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gateway::Limits;
    use crate::gateway::steps::{any_step, any_surroundings, take};
    use crate::host::Mark;

    proptest! {
        /// However a registry came to be what it is, the plan that followed it is the one that is made
        /// of it from nothing. Several steps at once are one change, as in a reload.
        #[test]
        fn a_plan_that_follows_is_the_plan_made_anew(
            changes in prop::collection::vec(
                (prop::collection::vec(any_step(), 1..6), any_surroundings()),
                1..12,
            ),
        ) {
            let mut plan = Plan::new(Registry::new(Limits::default(), Mark::default()), Surroundings::default());
            for (steps, surroundings) in changes {
                let mut registry = plan.registry().clone();
                steps.iter().for_each(|step| take(&mut registry, step));
                plan = plan.then(registry.clone(), surroundings.clone());
                prop_assert_eq!(&plan, &Plan::new(registry, surroundings));
            }
        }
    }
}
