//! Wars with other programs: the same thing is put right, and undone, again and again.
//!
//! Each thing is judged by itself. One that was repaired [`REPAIRS`] times within [`WINDOW`] is in
//! dispute: from then on it is repaired only every so often, at longer and longer intervals, until
//! it has stayed as it was put for a while.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::clock::{Jitter, Moment};

use super::object::Object;

/// Repairs of one thing within [`WINDOW`] that make a dispute.
const REPAIRS: usize = 5;

/// The time in which they count, and for which a thing must stay as it is until its dispute is over.
const WINDOW: Duration = Duration::from_secs(60);

/// The pause after the repair that made the dispute; each further repair doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What was repaired lately, and what of it is in dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disputes {
    records: BTreeMap<Object, Record>,
    jitter: Jitter,
}

/// The repairs of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Record {
    /// The latest, oldest first, at most [`REPAIRS`].
    repairs: VecDeque<Moment>,
    dispute: Option<Dispute>,
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
    /// Nothing has been repaired yet. The jitter spreads the pauses, so that two programs that wait
    /// alike do not go on meeting.
    #[must_use]
    pub fn new(jitter: Jitter) -> Self {
        Self { records: BTreeMap::new(), jitter }
    }

    /// A thing was repaired. True if that makes a dispute of it.
    pub fn repaired(&mut self, object: Object, now: Moment) -> bool {
        let record = self.records.entry(object).or_default();
        record.forget(now);
        if record.repairs.len() == REPAIRS {
            record.repairs.pop_front();
        }
        record.repairs.push_back(now);
        let begins = record.dispute.is_none() && record.repairs.len() == REPAIRS;
        let (repairs, pause) = match record.dispute {
            Some(Dispute { repairs, pause, .. }) => (repairs + 1, (pause * 2).min(LONGEST_PAUSE)),
            None if begins => (REPAIRS as u64, FIRST_PAUSE),
            None => return false,
        };
        let until = now + self.jitter.spread(pause);
        record.dispute = Some(Dispute { repairs, until, pause, is_open: false });
        begins
    }

    /// True for a thing that is not to be repaired now.
    #[must_use]
    pub fn rests(&self, object: &Object, now: Moment) -> bool {
        self.of(object).is_some_and(|dispute| now < dispute.until)
    }

    /// Opens pauses that are over, and ends disputes in which nothing has happened since.
    pub fn pass(&mut self, now: Moment) -> Passed {
        let mut passed = Passed::default();
        self.records.retain(|object, record| {
            if let Some(dispute) = &mut record.dispute {
                if now >= dispute.until + WINDOW {
                    passed.over.push(*object);
                    return false;
                }
                passed.is_open |= !dispute.is_open && now >= dispute.until;
                dispute.is_open = now >= dispute.until;
                return true;
            }
            record.forget(now);
            !record.repairs.is_empty()
        });
        passed
    }

    /// When [`Disputes::pass`] next has something to tell.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let disputes = self.running().map(|(_, dispute)| dispute);
        disputes.map(|dispute| if dispute.is_open { dispute.until + WINDOW } else { dispute.until }).min()
    }

    /// The dispute about a thing.
    #[must_use]
    pub fn of(&self, object: &Object) -> Option<&Dispute> {
        self.records.get(object)?.dispute.as_ref()
    }

    /// The disputes that are not over.
    pub fn running(&self) -> impl Iterator<Item = (&Object, &Dispute)> {
        self.records.iter().filter_map(|(object, record)| Some((object, record.dispute.as_ref()?)))
    }
}

impl Record {
    /// Forgets repairs that no longer count.
    fn forget(&mut self, now: Moment) {
        while self.repairs.front().is_some_and(|repair| *repair + WINDOW < now) {
            self.repairs.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
