//! How far what is remembered of the kernel may be trusted.

use crate::gateway::Applied;

use super::command::Failure;

/// How well the kernel is known while a request is dealt with. What is remembered may be out of date:
/// neither a refusal nor a failure that may come from that is an answer before the kernel was observed.
#[derive(Default)]
pub(super) struct Knowledge {
    /// The kernel was observed for this request.
    pub(super) is_fresh: bool,
    /// It must be.
    pub(super) must_be_fresh: bool,
}

impl Knowledge {
    /// True if a refusal depends on what the host has, and that must be observed first.
    pub(super) fn is_wanting(&mut self, answer: &Result<Applied, Failure>) -> bool {
        let of_host = matches!(answer, Err(Failure::Refused(refusal)) if refusal.is_of_host());
        of_host && self.demand()
    }

    /// True if a failure may come from what was remembered, and the request is to be tried again.
    pub(super) fn is_to_blame(&mut self, failure: &Failure) -> bool {
        matches!(failure, Failure::Kernel(error) if error.is_surprise()) && self.demand()
    }

    /// Demands an observation; false if there was one already.
    fn demand(&mut self) -> bool {
        self.must_be_fresh = true;
        !self.is_fresh
    }
}
