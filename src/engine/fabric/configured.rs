//! The card that the configuration names.

use std::time::Duration;

use crate::clock::Moment;
use crate::engine::command::{Caller, Failure};
use crate::engine::conductor::Conductor;
use crate::fabric::Wanted;

use super::deeds::TakeFabric;

/// The pause before what could not be done is tried again.
pub(super) const AGAIN: Duration = Duration::from_secs(10);

/// A card that is not taken yet, or no more.
#[derive(Debug)]
pub(super) struct Waiting {
    wanted: Wanted,
    pub(super) reason: String,
    /// When it is tried again; `None` if something failed on the way, which costs frames each time.
    pub(super) again: Option<Moment>,
}

impl Conductor {
    /// Takes the card that the configuration names, now or when that can be done: at start it may not be
    /// there, not be up or have no address yet. Who has written it down has nothing to confirm.
    pub(in crate::engine) fn take_configured_fabric(&mut self, wanted: Wanted) {
        self.fabric.configured = Some(wanted);
        let before = self.fabric.waiting.take().map(|waiting| waiting.reason);
        let asked = TakeFabric { wanted, confirm: None, dry: false };
        let Err(failure) = self.take_fabric(&Caller::Configuration, asked) else { return };
        let reason = failure.to_string();
        if before.as_ref() != Some(&reason) {
            tracing::error!(device = %wanted.device, "the fabric's device is not taken: {reason}");
        }
        let has_failed = matches!(failure, Failure::FabricStep(_));
        let again = (!has_failed).then(|| self.clock.now() + AGAIN);
        self.fabric.waiting = Some(Waiting { wanted, reason, again });
    }

    /// Tries again what is due.
    pub(super) fn wait_for_fabric(&mut self, now: Moment) {
        let waiting = self.fabric.waiting.as_ref().filter(|waiting| waiting.again.is_some_and(|again| again <= now));
        if let Some(wanted) = waiting.map(|waiting| waiting.wanted) {
            self.take_configured_fabric(wanted);
        }
    }

    /// The card that is held is given back for this reason, though nobody has asked: if the configuration names it, it is
    /// taken again afterwards.
    pub(super) fn retake_fabric(&mut self, reason: &str) {
        let (Some(wanted), Some(holding)) = (self.fabric.configured, &self.fabric.holding) else { return };
        if (holding.record.device.name, holding.record.host) == (wanted.device, wanted.interface) {
            let again = Some(self.clock.now() + AGAIN);
            self.fabric.waiting = Some(Waiting { wanted, reason: reason.to_owned(), again });
        }
    }
}
