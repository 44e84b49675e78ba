//! What is held is kept right, and given back when its time has come.

use std::time::Duration;

use crate::clock::Moment;
use crate::engine::command::{Caller, Failure};
use crate::engine::conductor::Conductor;
use crate::engine::events::{Cause, Deed, Happening};
use crate::engine::problem::Problem;
use crate::fabric::{Holding, Phase, Step, Wanted, mend};

use super::crossing::{Crossing, of};
use super::deeds::TakeFabric;

/// How long changes at the tap are collected before they are written down.
const COLLECT: Duration = Duration::from_millis(500);

/// The pause before a card that could not be given back is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// How often it is looked whether the host's stack still does not hear the card: nobody tells.
const WATCH: Duration = Duration::from_secs(10);

/// What the conductor keeps of a card.
#[derive(Debug, Default)]
pub(in crate::engine) struct Upkeep {
    /// What is held.
    pub(in crate::engine) holding: Option<Holding>,
    /// When what others have changed at the tap is looked at.
    look: Option<Moment>,
    /// When it is looked whether the host's stack hears the card; `None` before one is held.
    watch: Option<Moment>,
    /// Why it could not be given back, and when that is tried again.
    pub(super) stuck: Option<(String, Moment)>,
    /// What the configuration asks for and could not be taken yet.
    pub(super) waiting: Option<Waiting>,
}

/// A card that could not be taken yet.
#[derive(Debug)]
pub(super) struct Waiting {
    wanted: Wanted,
    reason: String,
    /// When it is tried again; `None` if something failed on the way, which costs frames each time.
    again: Option<Moment>,
}

impl Upkeep {
    pub(in crate::engine) fn next_deadline(&self) -> Option<Moment> {
        let until = self.holding.as_ref().and_then(Holding::deadline);
        let stuck = self.stuck.as_ref().map(|(_, again)| *again);
        let waiting = self.waiting.as_ref().and_then(|waiting| waiting.again);
        let watch = self.holding.as_ref().and(self.watch);
        [until, self.look, watch, stuck, waiting].into_iter().flatten().min()
    }

    /// The kernel tells of some change.
    pub(in crate::engine) fn stirred(&mut self, now: Moment) {
        if self.holding.is_some() && self.look.is_none() {
            self.look = Some(now + COLLECT);
        }
    }

    /// What is wrong, if something is.
    pub(in crate::engine) fn problems(&self) -> impl Iterator<Item = Problem> {
        let waiting = self.waiting.iter().map(|waiting| Problem::FabricWaiting(waiting.reason.clone()));
        waiting.chain(self.stuck.iter().map(|(reason, _)| Problem::FabricStuck(reason.clone())))
    }

    pub(super) fn fail(&mut self, reason: String, now: Moment) {
        self.stuck = Some((reason, now + AGAIN));
    }
}

impl Conductor {
    /// Takes the card that the configuration names, now or when that can be done: at start it may not be
    /// there, not be up or have no address yet. Who has written it down has nothing to confirm.
    pub(in crate::engine) fn take_configured_fabric(&mut self, wanted: Wanted) {
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

    /// Does what is due of a card that is held.
    pub(in crate::engine) fn keep_fabric(&mut self, now: Moment) {
        let waiting = self.fabric.waiting.as_ref().filter(|waiting| waiting.again.is_some_and(|again| again <= now));
        if let Some(wanted) = waiting.map(|waiting| waiting.wanted) {
            self.take_configured_fabric(wanted);
        }
        let is_overdue = self.fabric.holding.as_ref().is_some_and(|holding| holding.is_overdue(now));
        let is_due_again = self.fabric.stuck.as_ref().is_some_and(|(_, again)| *again <= now);
        if is_overdue || is_due_again {
            if is_overdue {
                tracing::warn!("nobody has confirmed that the fabric's device was taken: it is given back");
            }
            self.let_go_of_fabric(Cause::Trial);
        } else if self.fabric.look.is_some_and(|look| look <= now) {
            self.fabric.look = None;
            self.refresh_fabric();
        }
        if self.fabric.holding.is_none() {
            self.fabric.watch = None;
        } else if *self.fabric.watch.get_or_insert(now + WATCH) <= now {
            self.fabric.watch = Some(now + WATCH);
            self.watch_fabric();
        }
    }

    /// Who flushes all of nftables lets the host's stack hear everything twice.
    fn watch_fabric(&mut self) {
        let (Some(holding), Some(site)) = (&self.fabric.holding, self.platform.fabric()) else { return };
        let record = &holding.record;
        if record.phase != Phase::Held || site.is_shut() {
            return;
        }
        match site.perform(&Step::Shut, record) {
            Ok(()) => {
                tracing::warn!(device = %record.device.name, "our table of nftables was gone, and is there again");
            }
            Err(error) => tracing::error!("the host hears everything twice: {error}"),
        }
    }

    /// Gives the card back without being asked.
    fn let_go_of_fabric(&mut self, cause: Cause) {
        let device = self.fabric.holding.as_ref().map(|holding| holding.record.device.name.to_string());
        // Told where it fails.
        if self.release_fabric().is_ok() {
            let happening = Happening::new("fabric", device.unwrap_or_default(), Deed::GivenBack);
            self.recorder.record(cause, happening);
        }
    }

    /// Takes in what others have changed at the tap.
    fn refresh_fabric(&mut self) {
        let (Some(holding), Some(site)) = (&mut self.fabric.holding, self.platform.fabric()) else { return };
        let record = &mut holding.record;
        if record.phase != Phase::Held {
            return;
        }
        let observed = match site.observe(record.device.name, record.host) {
            Ok(observed) => observed,
            Err(error) => return tracing::error!("cannot see what is at {}: {error}", record.host),
        };
        let now = site.now();
        holding.cut_off |= record.is_cut_off(&observed, now);
        if holding.cut_off {
            let Some(host) = &observed.host else {
                tracing::error!("somebody has deleted {}: the host gets its device back", record.host);
                return self.let_go_of_fabric(Cause::Kernel);
            };
            if !host.up {
                return tracing::warn!("{} is down: the host has no network by it", record.host);
            }
            if let Err(failed) = mend(site, record, &observed) {
                self.fabric.look = Some(self.clock.now() + AGAIN);
                return tracing::error!("{} was down, and lacks what it had: {failed}", record.host);
            }
            holding.cut_off = false;
            tracing::info!(interface = %record.host, "it was down, and has again what it had");
            // What comes of this is looked at when the kernel tells of it.
            return;
        }
        if !record.refresh(&observed, now) {
            return;
        }
        tracing::info!(interface = %record.host, "what is on it has changed, and is written down");
        if let Err(error) = site.note(record) {
            tracing::error!("a crash would give back what was there before: {error}");
        }
        let fabric = of(record);
        Crossing { site, dataplane: &mut self.dataplane, plan: &mut self.plan }.plan_with(Some(fabric));
    }
}
