//! A packet that is not forwarded, and whether its sender is told.

use crate::packet::icmp::Problem;

use super::DropReason;

/// Why a packet goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its sender is not told.
    Silent(DropReason),
    /// Its sender is told, if the rules for ICMP errors allow it.
    Told(DropReason, Problem),
}

impl From<DropReason> for Refusal {
    fn from(reason: DropReason) -> Self {
        Self::Silent(reason)
    }
}
