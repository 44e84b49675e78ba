//! When a worker begins to read.

use std::time::Duration;

use crate::clock::Moment;

/// How long the guests have to say who they are before what waits for them is sent on: they answer within a
/// millisecond if they do.
const GREETING: Duration = Duration::from_millis(200);

/// How often it is looked whether they have.
pub(super) const LOOK: Duration = Duration::from_millis(1);

/// What a worker reads. After a restart thousands of packets may wait in the queues of taps: they are not read before
/// there are tables to forward them by, and those for guests not before the guests' MACs are known, since
/// only few packets can wait for one in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Nothing: not everything stands yet.
    Shut,
    /// What guests send, their answers among it, until then.
    Greeting(Moment),
    /// Everything.
    Open,
}

impl Gate {
    /// Guests are asked for from now on.
    pub(super) fn greeting(now: Moment) -> Self {
        Self::Greeting(now + GREETING)
    }

    /// What is read now, if guests are still asked for or not.
    pub(super) fn pass(&mut self, is_asking: bool, now: Moment) {
        if let Self::Greeting(until) = *self
            && (!is_asking || now >= until)
        {
            *self = Self::Open;
        }
    }
}
