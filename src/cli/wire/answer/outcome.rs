//! What became of something.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

/// What an accepted request did; `None` if there was nothing to delete.
pub(in crate::cli) fn outcome(answer: wire::Outcome) -> Option<report::Deed> {
    match answer {
        wire::Outcome::ADDED => Some(report::Deed::Added),
        wire::Outcome::UNCHANGED => Some(report::Deed::Unchanged),
        wire::Outcome::DELETED => Some(report::Deed::Deleted),
        wire::Outcome::ABSENT => None,
        // CHANGED, and what a later daemon may know: it has done something.
        _ => Some(report::Deed::Changed),
    }
}

/// What became of a lease.
pub(in crate::cli) fn lease_outcome(answer: wire::Outcome) -> report::LeaseOutcome {
    match answer {
        wire::Outcome::ADDED => report::LeaseOutcome::Added,
        wire::Outcome::UNCHANGED => report::LeaseOutcome::Unchanged,
        wire::Outcome::DELETED => report::LeaseOutcome::Deleted,
        wire::Outcome::ABSENT => report::LeaseOutcome::Absent,
        // CHANGED, and what a later daemon may know: it has done something.
        _ => report::LeaseOutcome::Changed,
    }
}
