//! How a take-over stands.

use std::time::Duration;

use crate::clock::Moment;

use super::Record;

/// A card that is held, for good or until somebody has to confirm it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// What was moved.
    pub record: Record,
    /// When it is given back unless it is confirmed.
    until: Option<Moment>,
}

/// How a take-over stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing is taken.
    Absent,
    /// It is taken, and given back at that moment unless it is confirmed.
    Unconfirmed(Moment),
    /// It is taken for good.
    Held,
    /// It could not be given back whole.
    GivingBack,
}

impl Holding {
    /// Taken for good, or until it is confirmed within that time.
    #[must_use]
    pub fn new(record: Record, now: Moment, patience: Option<Duration>) -> Self {
        Self { record, until: patience.map(|patience| now + patience) }
    }

    /// Makes it last. False if it does already.
    pub fn confirm(&mut self) -> bool {
        self.until.take().is_some()
    }

    /// When it is given back unless it is confirmed.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.until
    }

    /// True if nobody has confirmed it in time.
    #[must_use]
    pub fn is_overdue(&self, now: Moment) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> State {
        match self.until {
            _ if self.record.phase == super::Phase::GivingBack => State::GivingBack,
            Some(until) => State::Unconfirmed(until),
            None => State::Held,
        }
    }
}
