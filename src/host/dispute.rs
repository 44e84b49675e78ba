//! Wars with other programs: the same thing is put right, and undone, again and again.
//!
//! Each thing is judged by itself. One that was repaired [`REPAIRS`] times within [`Disputes::WINDOW`] is in
//! dispute: from then on it is repaired only every so often, at longer and longer intervals, until
//! it has stayed as it was put for a while.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::clock::{Jitter, Moment};

use super::object::Object;

/// Repairs of one thing within [`Disputes::WINDOW`] that make a dispute.
const REPAIRS: usize = 5;

/// The pause after the repair that made the dispute; each further repair doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What was repaired lately, and what of it is in dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disputes {
    /// The latest repairs of what is not in dispute, oldest first, fewer than [`REPAIRS`] of each.
    recent: BTreeMap<Object, VecDeque<Moment>>,
    /// When what no longer counts of it is next looked for.
    sweep: Moment,
    running: BTreeMap<Object, Dispute>,
    jitter: Jitter,
}

/// A thing that somebody keeps undoing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dispute {
    /// Number of its repairs, those before the dispute included.
    pub repairs: u64,
    /// It is left alone until then.
    pub until: Moment,
    pause: Duration,
    /// The pause was over at the last [`Disputes::pass`].
    is_open: bool,
}

/// What the passing of time has brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Passed {
    /// Something may be repaired again.
    pub is_open: bool,
    /// Disputes that are over.
    pub over: Vec<Object>,
}

impl Disputes {
    /// The time in which repairs count, and for which a thing must stay as it is until its dispute is over.
    pub const WINDOW: Duration = Duration::from_secs(60);

    /// Nothing has been repaired yet. The jitter spreads the pauses, so that two programs that wait
    /// alike do not go on meeting.
    #[must_use]
    pub fn new(jitter: Jitter) -> Self {
        Self { recent: BTreeMap::new(), sweep: Moment::ORIGIN, running: BTreeMap::new(), jitter }
    }

    /// A thing was repaired. True if that makes a dispute of it.
    pub fn repaired(&mut self, object: Object, now: Moment) -> bool {
        if let Some(dispute) = self.running.get_mut(&object) {
            let pause = (dispute.pause * 2).min(LONGEST_PAUSE);
            let (repairs, until) = (dispute.repairs + 1, now + self.jitter.spread(pause));
            *dispute = Dispute { repairs, until, pause, is_open: false };
            return false;
        }
        let repairs = self.recent.entry(object).or_default();
        forget(repairs, now);
        repairs.push_back(now);
        let begins = repairs.len() == REPAIRS;
        if begins {
            self.recent.remove(&object);
            let until = now + self.jitter.spread(FIRST_PAUSE);
            let dispute = Dispute { repairs: REPAIRS as u64, until, pause: FIRST_PAUSE, is_open: false };
            self.running.insert(object, dispute);
        }
        begins
    }

    /// True for a thing that is not to be repaired now.
    #[must_use]
    pub fn rests(&self, object: &Object, now: Moment) -> bool {
        !object.leads() && self.running.get(object).is_some_and(|dispute| now < dispute.until)
    }

    /// Opens pauses that are over, and ends disputes in which nothing has happened since. Costs as much
    /// as there are disputes.
    pub fn pass(&mut self, now: Moment) -> Passed {
        let mut passed = Passed::default();
        self.running.retain(|object, dispute| {
            let is_over = now >= dispute.until + Disputes::WINDOW;
            if is_over {
                passed.over.push(*object);
            }
            passed.is_open |= !is_over && !dispute.is_open && now >= dispute.until;
            dispute.is_open = now >= dispute.until;
            !is_over
        });
        if now >= self.sweep {
            self.recent.retain(|_, repairs| {
                forget(repairs, now);
                !repairs.is_empty()
            });
            self.sweep = now + Disputes::WINDOW;
        }
        passed
    }

    /// When [`Disputes::pass`] next has something to tell.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let deadline =
            |dispute: &Dispute| if dispute.is_open { dispute.until + Disputes::WINDOW } else { dispute.until };
        self.running.values().map(deadline).min()
    }

    /// The disputes that are not over.
    pub fn running(&self) -> impl Iterator<Item = (&Object, &Dispute)> {
        self.running.iter()
    }
}

/// Forgets repairs that no longer count.
fn forget(repairs: &mut VecDeque<Moment>, now: Moment) {
    while repairs.front().is_some_and(|repair| *repair + Disputes::WINDOW < now) {
        repairs.pop_front();
    }
}

#[cfg(test)]
mod tests;
