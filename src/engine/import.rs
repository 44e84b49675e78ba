//! Taking over uplinks that others have set up.

use crate::addr::InterfaceName;
use crate::gateway::{Applied, Found, UplinkSpec, recognise};

use super::change::Change;
use super::command::{Caller, Failure};
use super::conductor::Conductor;
use super::log::Matter;
use super::view::{ImportView, RehearsalView, StepView};

impl Conductor {
    /// Shows what could be taken over, of these devices or of all, and does so unless it is `dry`: the
    /// uplink first, and when it stands the rules and routes that did the same so far, so that there is
    /// no moment without them. One that cannot be taken over does not keep the others from it.
    ///
    /// # Errors
    /// The host could not be surveyed.
    pub(super) fn import(
        &mut self,
        caller: &Caller,
        devices: &[InterfaceName],
        dry: bool,
    ) -> Result<Vec<ImportView>, Failure> {
        let registry = self.plan.registry();
        let found = recognise(&self.platform.kernel().survey()?, |name| registry.uplink(name).is_some());
        let asked = found.into_iter().filter(|found| devices.is_empty() || devices.contains(&found.uplink.device));
        Ok(asked.map(|found| self.import_one(caller, found, dry)).collect())
    }

    fn import_one(&mut self, caller: &Caller, mut found: Found, dry: bool) -> ImportView {
        // One that stands already, from the configuration file for example, only has the others removed.
        let stands = self.plan.registry().uplinks().find(|uplink| does_the_same(&uplink.spec, &found.uplink));
        let adding = match stands.map(|uplink| uplink.spec.name.clone()) {
            Some(name) => {
                found.uplink.name = name;
                None
            }
            None => Some(Change::AddUplink(found.uplink.clone())),
        };
        let mut steps = Vec::new();
        let rehearsed = match (&found.hindrance, &adding) {
            (Some(hindrance), _) => Err(hindrance.clone()),
            (None, Some(adding)) => self.rehearse(adding).map_err(|failure| failure.to_string()),
            (None, None) => Ok(RehearsalView { applied: Applied::Unchanged, steps: Vec::new() }),
        };
        let outcome = rehearsed.and_then(|rehearsal| {
            steps = rehearsal.steps;
            let owners = [format!("uplink {}", found.uplink.name)];
            let step = |command| StepView { command, owners: owners.to_vec() };
            steps.extend(found.rules.iter().map(|rule| step(format!("rule delete {rule}"))));
            steps.extend(found.routes.iter().map(|route| step(format!("route delete {route}"))));
            if dry { Ok(()) } else { self.take_over(caller, adding.as_ref(), &found) }
        });
        if let Err(reason) = &outcome {
            tracing::warn!(%caller, uplink = %found.uplink.name, reason, "not taken over");
        }
        ImportView { layout: found.layout, uplink: found.uplink, table: found.table, steps, hindrance: outcome.err() }
    }

    fn take_over(&mut self, caller: &Caller, adding: Option<&Change>, found: &Found) -> Result<(), String> {
        if let Some(adding) = adding {
            let outcome = self.change_one(adding);
            Matter::of(adding).tell(&self.recorder, caller, &outcome);
            outcome.map_err(|failure| failure.to_string())?;
        }
        let (rules, routes) = (found.rules.len(), found.routes.len());
        let removed = self.platform.kernel().remove_foreign(&found.rules, &found.routes);
        self.mirror.doubt();
        removed.map_err(|error| format!("the uplink stands, but what it replaces could not be removed: {error}"))?;
        let origin = found.layout.as_str();
        let detail = format!("taken over from {origin}; of others {rules} rules and {routes} routes were removed");
        let matter = Matter::new("uplink", &found.uplink.name).saying(detail).of_interface(found.uplink.device);
        matter.tell(&self.recorder, caller, &Ok(Applied::Changed));
        Ok(())
    }
}

/// True if two uplinks differ in name and table only.
fn does_the_same(one: &UplinkSpec, other: &UplinkSpec) -> bool {
    (one.device, one.addressing) == (other.device, other.addressing)
}
