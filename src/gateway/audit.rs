//! The audit window: which gateways a reconnected controller has not confirmed in time.
//!
//! As the peer's: every connect raises the version and starts a one-shot timer of its own; at
//! expiry every dynamic gateway is deleted that was last confirmed before that connect. Timers that
//! run are not touched by later calls. Nothing is bound to a connection or a client.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Moment;

/// Versions and running timers. What a threshold hits is
/// [`Registry::stale`](super::Registry::stale)'s answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    version: u32,
    timeout: Option<Duration>,
    // What the configuration says that `timeout` should be.
    configured: Option<Duration>,
    // In the order in which they were started, so their thresholds rise; deadlines need not.
    timers: Vec<Timer>,
}

/// A running audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// When it expires.
    pub deadline: Moment,
    /// How long it runs in all.
    pub window: Duration,
    /// The connect version that started it; what was last confirmed before it goes at expiry.
    pub threshold: u32,
}

impl Audit {
    /// The peer's timeout, which is ours unless configured otherwise.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

    /// The most audits that run at once. One more takes the place of the newest, whose gateways get
    /// the later deadline: calls in a loop must not fill the memory, and none may be deleted early.
    pub const MAX_TIMERS: usize = 64;

    /// Version 0, no timer running; `None` switches audits off.
    #[must_use]
    pub fn new(timeout: Option<Duration>) -> Self {
        Self { version: 0, timeout, configured: timeout, timers: Vec::new() }
    }

    /// An audit as a former daemon has saved it.
    ///
    /// # Errors
    /// What no audit is like.
    pub(super) fn saved(
        version: u32,
        timeout: Option<Duration>,
        configured: Option<Duration>,
        timers: Vec<Timer>,
    ) -> Result<Self, String> {
        if timers.len() > Self::MAX_TIMERS {
            return Err(format!("running: more than {} audits", Self::MAX_TIMERS));
        }
        let thresholds = timers.iter().map(|timer| timer.threshold).chain([version]);
        if !thresholds.is_sorted() {
            return Err("running: the thresholds do not rise to the version".to_owned());
        }
        Ok(Self { version, timeout, configured, timers })
    }

    /// The audit in a daemon that starts now, where the configuration sets the timer to `configured`: what
    /// a controller has set holds until the configuration says something else than it did. A window that is
    /// open goes on if its deadline is of this clock and still to come. Otherwise it begins anew: while no
    /// daemon was there no controller could be heard.
    #[must_use]
    pub(super) fn resumed(&self, configured: Option<Duration>, now: Moment, is_same_clock: bool) -> Self {
        let timeout = if self.configured == configured { self.timeout } else { configured };
        let resumed = |timer: &Timer| {
            let in_full = now + timer.window;
            let goes_on = is_same_clock && timer.deadline > now && timer.deadline <= in_full;
            Timer { deadline: if goes_on { timer.deadline } else { in_full }, ..*timer }
        };
        Self { version: self.version, timeout, configured, timers: self.timers.iter().map(resumed).collect() }
    }

    /// The same, with a version that is at least this one.
    #[must_use]
    pub(super) fn at_least(self, version: u32) -> Self {
        Self { version: self.version.max(version), ..self }
    }

    /// How often a controller has connected: the version that gateways are confirmed in now. It
    /// stays at its greatest value, where audits delete no more than they ought to.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// What the next connect's timer will be; `None` if audits are switched off.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// What the configuration has set the timer to.
    pub(super) fn configured(&self) -> Option<Duration> {
        self.configured
    }

    /// The running audits, in the order of their connects.
    pub(super) fn timers(&self) -> &[Timer] {
        &self.timers
    }

    /// Sets the timer of later connects, if the configuration has another than it had: what a controller
    /// has set holds until then.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        if self.configured != timeout {
            (self.timeout, self.configured) = (timeout, timeout);
        }
    }

    /// The same audit when another configuration than the one `before` is taken back: the timer is as it
    /// was, unless a controller has set it since.
    #[must_use]
    pub fn with_timer_of(&self, before: &Self) -> Self {
        let mut tried = before.clone();
        tried.set_timeout(self.configured);
        let timeout = if self.timeout == tried.timeout { before.timeout } else { self.timeout };
        Self { timeout, configured: before.configured, ..self.clone() }
    }

    /// Sets the timer of later connects from the compatible API's milliseconds: negative switches audits
    /// off, 0 lets them expire at once.
    pub fn set_timeout_millis(&mut self, millis: i32) {
        self.timeout = u64::try_from(millis).ok().map(Duration::from_millis);
    }

    /// A controller has (re)connected: raises the version and starts a timer.
    pub fn connect(&mut self, now: Moment) {
        self.version = self.version.saturating_add(1);
        let Some(timeout) = self.timeout else { return };
        if self.timers.len() == Self::MAX_TIMERS {
            self.timers.pop();
        }
        self.timers.push(Timer { deadline: now + timeout, window: timeout, threshold: self.version });
    }

    /// Ends the timers that are due and returns the greatest of their thresholds, which covers the
    /// others'. `None` if no timer is due.
    #[must_use = "gateways older than the threshold are to be deleted"]
    pub fn expire(&mut self, now: Moment) -> Option<u32> {
        let due = self.timers.extract_if(.., |timer| timer.deadline <= now);
        due.map(|timer| timer.threshold).max()
    }

    /// When [`Audit::expire`] next has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.timers.iter().map(|timer| timer.deadline).min()
    }

    /// When a gateway that was last confirmed in `version` is deleted unless it is confirmed again.
    #[must_use]
    pub fn deadline_of(&self, version: u32) -> Option<Moment> {
        let hits = self.timers.iter().filter(|timer| version < timer.threshold);
        hits.map(|timer| timer.deadline).min()
    }

    /// The running audits, soonest first.
    #[must_use]
    pub fn running(&self) -> Vec<Timer> {
        let mut timers = self.timers.clone();
        timers.sort_by_key(|timer| timer.deadline);
        timers
    }
}

impl Default for Audit {
    fn default() -> Self {
        Self::new(Some(Self::DEFAULT_TIMEOUT))
    }
}
