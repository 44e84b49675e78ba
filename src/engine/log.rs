//! What the log and the events say of requests: who asked, for what, and what became of it.

use std::fmt;

use tracing::field::display;

use crate::addr::{InstanceName, InterfaceName};
use crate::gateway::{Applied, Audit, Auditee};

use super::change::Change;
use super::command::{Caller, Failure};
use super::events::{Deed, Happening, Recorder};

/// What a line is about: people read the first two, programs look for the others.
pub(super) struct Matter<'a> {
    object: &'static str,
    name: String,
    detail: String,
    interface: Option<InterfaceName>,
    instance: Option<&'a InstanceName>,
}

impl<'a> Matter<'a> {
    pub(super) fn new(object: &'static str, name: impl fmt::Display) -> Self {
        Self { object, name: name.to_string(), detail: String::new(), interface: None, instance: None }
    }

    /// The matter of a change of one thing.
    pub(super) fn of(change: &'a Change) -> Self {
        let (object, name) = (change.object(), change.name());
        Self { object, name, detail: String::new(), interface: change.interface(), instance: change.instance() }
    }

    pub(super) fn saying(self, detail: String) -> Self {
        Self { detail, ..self }
    }

    pub(super) fn of_interface(self, interface: InterfaceName) -> Self {
        Self { interface: Some(interface), ..self }
    }

    pub(super) fn of_instance(self, instance: &'a InstanceName) -> Self {
        Self { instance: Some(instance), ..self }
    }

    /// One line, as information if something has changed; then it is an event too.
    pub(super) fn tell(self, recorder: &Recorder, caller: &Caller, outcome: &Result<Applied, Failure>) {
        let Self { object, name, detail, interface, instance } = self;
        if let Some(deed) = outcome.as_ref().ok().copied().and_then(Deed::of) {
            let happening = Happening::new(object, &*name, deed).of_instance(instance).saying(&*detail);
            recorder.record(caller.into(), happening);
        }
        let what = [object, " ", &name, if detail.is_empty() { "" } else { ": " }, &detail].concat();
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

/// A controller has connected, and the audit of its things has begun.
pub(super) fn audit_started(of: Auditee, audit: &Audit) -> Happening {
    let time = audit.timeout().map_or("none to end it".to_owned(), |time| format!("{} ms", time.as_millis()));
    let detail = format!("version {}, timer: {time}", audit.version());
    Happening::new("audit", of.to_string(), Deed::Started).saying(detail)
}

/// An audit has deleted so many things.
pub(super) fn audit_ended(of: Auditee, deleted: usize) -> Happening {
    Happening::new("audit", of.to_string(), Deed::Ended).saying(format!("{deleted} {of} deleted"))
}
