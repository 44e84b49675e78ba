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
    /// The tap was down or has lost what a tap that is down loses: what is on it is not what shall be
    /// there, until it has been put there again.
    pub cut_off: bool,
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
        Self { record, until: patience.map(|patience| now + patience), cut_off: false }
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

    /// True if what is on the tap is what shall be given back.
    #[must_use]
    pub fn is_faithful(&self) -> bool {
        self.record.phase == super::Phase::Held && !self.cut_off
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
