//! Taking over uplinks that others have set up.

use crate::addr::InterfaceName;
use crate::gateway::{Applied, Found, UplinkSpec, recognise};

use super::change::Change;
use super::command::Failure;
use super::conductor::Conductor;
use super::view::{ImportView, RehearsalView, StepView};

impl Conductor {
    /// Shows what could be taken over, of these devices or of all, and does so unless it is `dry`: the
    /// uplink first, and when it stands the rules and routes that did the same so far, so that there is
    /// no moment without them. One that cannot be taken over does not keep the others from it.
    ///
    /// # Errors
    /// The host could not be surveyed.
    pub(super) fn import(&mut self, devices: &[InterfaceName], dry: bool) -> Result<Vec<ImportView>, Failure> {
        let registry = self.plan.registry();
        let found = recognise(&self.platform.survey()?, |name| registry.uplink(name).is_some());
        let asked = found.into_iter().filter(|found| devices.is_empty() || devices.contains(&found.uplink.device));
        Ok(asked.map(|found| self.import_one(found, dry)).collect())
    }

    fn import_one(&mut self, mut found: Found, dry: bool) -> ImportView {
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
            if dry { Ok(()) } else { self.take_over(adding.as_ref(), &found) }
        });
        if let Err(reason) = &outcome {
            tracing::warn!(uplink = %found.uplink.name, reason, "not taken over");
        }
        ImportView { layout: found.layout, uplink: found.uplink, table: found.table, steps, hindrance: outcome.err() }
    }

    fn take_over(&mut self, adding: Option<&Change>, found: &Found) -> Result<(), String> {
        if let Some(adding) = adding {
            self.change_one(adding).map_err(|failure| failure.to_string())?;
        }
        let removed = self.platform.remove_foreign(&found.rules, &found.routes);
        self.mirror.doubt();
        removed.map_err(|error| format!("the uplink stands, but what it replaces could not be removed: {error}"))?;
        tracing::info!(uplink = %found.uplink.name, table = found.table, "taken over from {}", found.layout.as_str());
        Ok(())
    }
}

/// True if two uplinks differ in name and table only.
fn does_the_same(one: &UplinkSpec, other: &UplinkSpec) -> bool {
    (one.device, one.addressing) == (other.device, other.addressing)
}
