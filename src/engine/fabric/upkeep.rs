//! What is kept of a card, and what is done when without being asked.

use std::time::Duration;

use crate::clock::Moment;
use crate::engine::conductor::Conductor;
use crate::engine::events::{Cause, Deed, Happening};
use crate::engine::problem::Problem;
use crate::fabric::{Holding, Wanted};

use super::configured::{AGAIN, Waiting};

/// How long changes at the tap are collected before they are written down.
const COLLECT: Duration = Duration::from_millis(500);

/// How often it is looked whether the host's stack still does not hear the card: nobody tells.
const WATCH: Duration = Duration::from_secs(10);

/// What the conductor keeps of a card.
#[derive(Debug, Default)]
pub(in crate::engine) struct Upkeep {
    /// What is held.
    pub(in crate::engine) holding: Option<Holding>,
    /// When what others have changed at the tap is looked at.
    pub(super) look: Option<Moment>,
    /// When it is looked whether the host's stack hears the card; `None` before one is held.
    watch: Option<Moment>,
    /// Why it could not be given back, and when that is tried again.
    pub(super) stuck: Option<(String, Moment)>,
    /// Why what is held, or that nothing is, is not written down, and when that is tried again.
    pub(super) unwritten: Option<(String, Moment)>,
    /// Why it is not known what an earlier daemon has taken.
    pub(super) unread: Option<String>,
    /// What the configuration asks for.
    pub(super) configured: Option<Wanted>,
    /// What it asks for and could not be taken yet.
    pub(super) waiting: Option<Waiting>,
}

impl Upkeep {
    pub(in crate::engine) fn next_deadline(&self) -> Option<Moment> {
        let until = self.holding.as_ref().and_then(Holding::deadline);
        let again = [&self.stuck, &self.unwritten].map(|tried| tried.as_ref().map(|(_, again)| *again));
        let waiting = self.waiting.as_ref().and_then(|waiting| waiting.again);
        let watch = self.holding.as_ref().and(self.watch);
        [until, self.look, watch, waiting].into_iter().chain(again).flatten().min()
    }

    /// What is wrong, if something is.
    pub(in crate::engine) fn problems(&self) -> impl Iterator<Item = Problem> {
        let waiting = self.waiting.iter().map(|waiting| Problem::FabricWaiting(waiting.reason.clone()));
        let unwritten = self.unwritten.iter().map(|(reason, _)| reason).chain(&self.unread);
        let stuck = self.stuck.iter().map(|(reason, _)| Problem::FabricStuck(reason.clone()));
        waiting.chain(stuck).chain(unwritten.cloned().map(Problem::FabricJournal))
    }

    pub(super) fn fail(&mut self, reason: String, now: Moment) {
        self.stuck = Some((reason, now + AGAIN));
    }

    /// The disk refuses: what is written down is not what is.
    pub(super) fn not_written(&mut self, reason: String, now: Moment) {
        if self.unwritten.as_ref().is_none_or(|(before, _)| *before != reason) {
            tracing::error!("a crash would give back what was there before: {reason}");
        }
        self.unwritten = Some((reason, now + AGAIN));
    }
}

impl Conductor {
    /// The kernel tells of some change.
    pub(in crate::engine) fn fabric_stirred(&mut self) {
        if self.fabric.holding.is_some() {
            let now = self.clock.now();
            self.fabric.look.get_or_insert(now + COLLECT);
            // Whoever has another way takes it at once.
            self.follow_carrier();
        }
    }

    /// Does what is due.
    pub(in crate::engine) fn keep_fabric(&mut self, now: Moment) {
        let is_due = |moment: Option<Moment>| moment.is_some_and(|moment| moment <= now);
        self.wait_for_fabric(now);
        if is_due(self.fabric.unwritten.as_ref().map(|(_, again)| *again)) {
            self.write_fabric_down();
        }
        if self.fabric.holding.as_ref().is_some_and(|holding| holding.is_overdue(now)) {
            tracing::warn!("nobody has confirmed that the fabric's device was taken: it is given back");
            self.let_go_of_fabric(Cause::Trial);
        } else if is_due(self.fabric.stuck.as_ref().map(|(_, again)| *again)) {
            self.let_go_of_fabric(Cause::Daemon);
        } else if is_due(self.fabric.look) {
            self.fabric.look = None;
            self.refresh_fabric();
        }
        if self.fabric.holding.is_none() {
            (self.fabric.watch, self.fabric.look) = (None, None);
        } else if *self.fabric.watch.get_or_insert(now + WATCH) <= now {
            self.fabric.watch = Some(now + WATCH);
            self.watch_fabric();
        }
    }

    /// Gives the card back without being asked.
    pub(super) fn let_go_of_fabric(&mut self, cause: Cause) {
        let Some(device) = self.fabric.holding.as_ref().map(|holding| holding.record.device.name) else { return };
        // Told where it fails.
        if self.release_fabric().is_ok() {
            tracing::info!(%device, "given back");
            self.recorder.record(cause, Happening::new("fabric", device.to_string(), Deed::GivenBack));
        }
    }
}
