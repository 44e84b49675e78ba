//! What an accepted request did.

/// What an accepted request did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is new.
    Added,
    /// It stood and was changed by the difference.
    Changed,
    /// It stood exactly so.
    Unchanged,
    /// It is gone.
    Deleted,
    /// There was nothing to delete.
    Absent,
}
