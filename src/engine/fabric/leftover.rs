//! What an earlier daemon has left of a card.

use crate::engine::conductor::Conductor;
use crate::fabric::{Holding, Phase, Record};

/// What was found at the start, and could not be put right before it. None of it keeps anything else from standing.
#[derive(Debug, Clone)]
pub enum Leftover {
    /// A card that is not given back: that is tried again.
    Card {
        /// What was written down of it.
        record: Box<Record>,
        /// Why it is not given back.
        reason: String,
    },
    /// The card is given back, but what was written down of it cannot be thrown away: that is tried again.
    Done(String),
    /// What was written down can be neither read nor put aside. No card is taken as long as it is there: that
    /// would write over it.
    Unread(String),
}

impl Conductor {
    pub(in crate::engine) fn inherit_fabric(&mut self, leftover: Leftover) {
        let now = self.clock.now();
        match leftover {
            Leftover::Card { record, reason } => {
                let mut holding = Holding::new(*record, now, None);
                holding.record.phase = Phase::GivingBack;
                tracing::error!(device = %holding.record.device.name, "taken by an earlier vgwd, and not given back: {reason}");
                self.fabric.holding = Some(holding);
                self.fabric.fail(reason, now);
            }
            Leftover::Done(reason) => self.fabric.not_written(reason, now),
            Leftover::Unread(reason) => {
                tracing::error!("what an earlier vgwd has taken cannot be told, and no device is taken: {reason}");
                self.fabric.unread = Some(reason);
            }
        }
    }
}
