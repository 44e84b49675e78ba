//! What the log says of requests: who asked, for what, and what became of it.

use std::fmt;

use tracing::field::display;

use crate::addr::{InstanceName, InterfaceName};
use crate::gateway::Applied;

use super::change::Change;
use super::command::{Caller, Failure};

/// What a line is about: people read the first, programs look for the others.
pub(super) struct Matter<'a> {
    what: &'a dyn fmt::Display,
    interface: Option<InterfaceName>,
    instance: Option<&'a InstanceName>,
}

impl<'a> Matter<'a> {
    pub(super) fn new(what: &'a dyn fmt::Display) -> Self {
        Self { what, interface: None, instance: None }
    }

    /// The matter of a change of one thing.
    pub(super) fn of(change: &'a Change) -> Self {
        Self { what: change, interface: change.interface(), instance: change.instance() }
    }

    pub(super) fn of_interface(self, interface: InterfaceName) -> Self {
        Self { interface: Some(interface), ..self }
    }

    pub(super) fn of_instance(self, instance: &'a InstanceName) -> Self {
        Self { instance: Some(instance), ..self }
    }

    /// One line: as information if something has changed.
    pub(super) fn log(self, caller: &Caller, outcome: &Result<Applied, Failure>) {
        let Self { what, interface, instance } = self;
        let (interface, instance) = (interface.map(display), instance.map(display));
        match outcome {
            Ok(Applied::Unchanged | Applied::Absent) => {
                tracing::debug!(%caller, %what, interface, instance, ?outcome, "nothing to do");
            }
            Ok(applied) => tracing::info!(%caller, %what, interface, instance, "{}", applied.as_str()),
            // The API warns of it, with the field at fault.
            Err(failure) => tracing::debug!(%caller, %what, interface, instance, "refused: {failure}"),
        }
    }
}
