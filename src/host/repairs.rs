//! What was put right, counted.

use std::collections::BTreeMap;

use crate::clock::Moment;

use super::object::Kind;

/// What led to a repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Occasion {
    /// The kernel told of a change.
    News,
    /// The periodic check.
    Check,
    /// A request for something else, a reload, or an audit.
    Request,
}

/// How often which kind of thing was repaired on which occasion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repairs {
    counts: BTreeMap<(Kind, Occasion), u64>,
    last: Option<Moment>,
}

impl Occasion {
    /// The name that users see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::News => "notice",
            Self::Check => "check",
            Self::Request => "request",
        }
    }
}

impl Repairs {
    /// One thing was repaired.
    pub fn count(&mut self, kind: Kind, occasion: Occasion, now: Moment) {
        *self.counts.entry((kind, occasion)).or_default() += 1;
        self.last = Some(now);
    }

    /// The counts, by kind.
    pub fn counts(&self) -> impl Iterator<Item = (Kind, Occasion, u64)> {
        self.counts.iter().map(|((kind, occasion), count)| (*kind, *occasion, *count))
    }

    /// When the last one was.
    #[must_use]
    pub fn last(&self) -> Option<Moment> {
        self.last
    }
}
