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

impl Applied {
    /// The word for logs and people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Absent => "absent",
        }
    }
}
