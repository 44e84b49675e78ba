//! When the host is looked at without being asked.

use std::time::Duration;

use crate::clock::{Jitter, Moment};
use crate::host::Occasion;

/// How long nothing must be heard before a repair begins, so that a burst of notices is one repair.
const QUIET: Duration = Duration::from_millis(50);

/// How long a repair may be put off from the first notice on.
const LIMIT: Duration = Duration::from_millis(500);

/// The time after a repair that belongs to others, in times of what the repair took. A host on which
/// others change something that matters all the time is looked at for a tenth of the time at most.
const SHARE: u32 = 9;

/// The pause after a repair for which the kernel could not be observed; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// The longest pause before a step that failed for a passing reason is tried again; the first is as above.
const LONGEST_WAIT: Duration = Duration::from_secs(32);

/// What is to be done when.
#[derive(Debug)]
pub(super) struct Schedule {
    every: Option<Duration>,
    jitter: Jitter,
    check: Option<Moment>,
    news: Option<News>,
    retry: Option<Moment>,
    /// The pause before the next retry.
    pause: Duration,
    /// When steps that failed for a passing reason are tried again.
    again: Option<Moment>,
    /// The pause before they are tried after that.
    wait: Duration,
    /// Before this no news is taken up.
    rest: Moment,
}

/// Something was heard.
#[derive(Debug, Clone, Copy)]
struct News {
    due: Moment,
    /// It is not put off beyond this.
    last: Moment,
}

impl Schedule {
    /// Checks everything every so often, or never, and looks when there is news.
    pub(super) fn new(every: Option<Duration>, jitter: Jitter, now: Moment) -> Self {
        let (pause, wait) = (FIRST_PAUSE, FIRST_PAUSE);
        let (check, news, retry, again) = (None, None, None, None);
        let mut schedule = Self { every, jitter, check, news, retry, pause, again, wait, rest: now };
        schedule.plan_check(now);
        schedule
    }

    fn plan_check(&mut self, now: Moment) {
        self.check = self.every.map(|every| now + self.jitter.spread(every));
    }

    /// There is, or may be, something to repair.
    pub(super) fn heard(&mut self, now: Moment) {
        if self.news.is_none() && self.retry.is_none() {
            self.news = Some(News { due: (now + QUIET).max(self.rest), last: (now + LIMIT).max(self.rest) });
        }
    }

    /// True while something that was heard waits: no need to listen.
    pub(super) fn is_waiting(&self) -> bool {
        self.news.is_some() || self.retry.is_some()
    }

    /// More is being told just now. True if the repair that is due is put off for that.
    pub(super) fn put_off(&mut self, now: Moment) -> bool {
        let Some(news) = self.news.as_mut().filter(|news| now < news.last) else { return false };
        news.due = (now + QUIET).min(news.last);
        true
    }

    /// Something is not as it should be for a reason that passes by itself, and nobody will tell when: it is tried
    /// again, at longer and longer intervals. What happens in between does not put that off, nor is it put
    /// off by that.
    pub(super) fn unfinished(&mut self, now: Moment) {
        if self.again.is_none_or(|again| again <= now) {
            self.again = Some(now + self.jitter.spread(self.wait));
            self.wait = (self.wait * 2).min(LONGEST_WAIT);
        }
    }

    /// There is nothing of that kind.
    pub(super) fn finished(&mut self) {
        (self.again, self.wait) = (None, FIRST_PAUSE);
    }

    /// True if it is time to try again.
    pub(super) fn is_time_to_try(&self, now: Moment) -> bool {
        self.again.is_some_and(|again| again <= now)
    }

    /// What is due. It stays so until [`Schedule::looked`] or [`Schedule::failed`], or what is tried again is
    /// [`Schedule::finished`] or still [`Schedule::unfinished`].
    pub(super) fn due(&self, now: Moment) -> Option<Occasion> {
        let is_due = |moment: Option<Moment>| moment.is_some_and(|moment| moment <= now);
        if is_due(self.check) {
            return Some(Occasion::Check);
        }
        let heard = self.news.map(|news| news.due);
        (is_due(heard) || is_due(self.retry) || is_due(self.again)).then_some(Occasion::News)
    }

    /// The host is as it should be, as far as that is possible; the last look began at `began`.
    pub(super) fn looked(&mut self, occasion: Occasion, began: Moment, now: Moment) {
        (self.news, self.retry, self.pause) = (None, None, FIRST_PAUSE);
        self.rest = now + (now - began) * SHARE;
        if occasion == Occasion::Check {
            self.plan_check(now);
        }
    }

    /// The kernel could not be observed: this is tried again.
    pub(super) fn failed(&mut self, now: Moment) {
        (self.news, self.again) = (None, None);
        self.retry = Some(now + self.jitter.spread(self.pause));
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        if self.check.is_some_and(|check| check <= now) {
            self.plan_check(now);
        }
    }

    /// When [`Schedule::due`] next has something to say.
    pub(super) fn next_deadline(&self) -> Option<Moment> {
        let heard = self.news.map(|news| news.due);
        [self.check, heard, self.retry, self.again].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::ORIGIN + Duration::from_millis(millis)
    }

    fn schedule(every: Option<Duration>) -> Schedule {
        Schedule::new(every, Jitter::NONE, at(0))
    }

    #[test]
    fn an_idle_host_is_looked_at_by_the_check_only() {
        assert_eq!(schedule(None).next_deadline(), None);
        let mut schedule = schedule(Some(Duration::from_secs(60)));
        assert_eq!(schedule.next_deadline(), Some(at(60_000)));
        assert_eq!((schedule.due(at(59_999)), schedule.due(at(60_000))), (None, Some(Occasion::Check)));
        schedule.looked(Occasion::Check, at(60_000), at(60_010));
        assert_eq!(schedule.next_deadline(), Some(at(120_010)));
    }

    #[test]
    fn a_burst_is_one_repair_and_not_put_off_for_ever() {
        let mut schedule = schedule(None);
        schedule.heard(at(0));
        let mut now = 0;
        while now < 10_000 {
            now = (schedule.next_deadline().unwrap() - Moment::ORIGIN).as_millis().try_into().unwrap();
            assert_eq!(schedule.due(at(now)), Some(Occasion::News));
            // There is always something more.
            schedule.heard(at(now));
            if !schedule.put_off(at(now)) {
                break;
            }
            assert_eq!(schedule.due(at(now)), None);
        }
        assert_eq!(now, 500);
        schedule.looked(Occasion::News, at(500), at(500));
        assert_eq!(schedule.next_deadline(), None);
    }

    #[test]
    fn looks_that_take_long_are_rare() {
        let mut schedule = schedule(None);
        schedule.looked(Occasion::News, at(0), at(100));
        schedule.heard(at(110));
        assert_eq!(schedule.next_deadline(), Some(at(1000)));
        schedule.looked(Occasion::News, at(1000), at(1001));
        schedule.heard(at(1100));
        assert_eq!(schedule.next_deadline(), Some(at(1150)), "a short one costs nothing");
    }

    #[test]
    fn a_look_that_fails_is_tried_again_at_growing_intervals() {
        let mut schedule = schedule(Some(Duration::from_secs(60)));
        schedule.heard(at(0));
        let mut now = at(50);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            schedule.failed(now);
            // Doubt that lasts is no news.
            schedule.heard(now);
            let next = schedule.next_deadline().unwrap();
            pauses.push((next - now).as_millis());
            now = next;
            assert_eq!(schedule.due(now), Some(Occasion::News));
        }
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 8000]);
        schedule.looked(Occasion::News, now, now);
        assert!(!schedule.is_waiting());
        schedule.failed(now);
        assert_eq!(schedule.next_deadline(), Some(now + FIRST_PAUSE));
    }

    #[test]
    fn what_fails_for_a_passing_reason_is_tried_again_at_growing_intervals() {
        let mut schedule = schedule(None);
        let mut now = at(0);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            schedule.unfinished(now);
            let next = schedule.next_deadline().unwrap();
            // Requests meanwhile meet the same.
            schedule.unfinished(now + FIRST_PAUSE / 2);
            assert_eq!((schedule.next_deadline(), schedule.is_time_to_try(now)), (Some(next), false));
            // And news has its turn.
            schedule.heard(now);
            assert_eq!(schedule.due(now + QUIET), Some(Occasion::News));
            schedule.looked(Occasion::News, now, now);
            pauses.push((next - now).as_millis());
            now = next;
            assert_eq!((schedule.due(now), schedule.is_time_to_try(now)), (Some(Occasion::News), true));
        }
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 32_000]);
        schedule.finished();
        assert_eq!((schedule.due(now), schedule.next_deadline()), (None, None));
        schedule.unfinished(now);
        assert_eq!(schedule.next_deadline(), Some(now + FIRST_PAUSE));
        // Nothing can be tried while nothing can be seen.
        schedule.failed(now + FIRST_PAUSE);
        assert_eq!(schedule.due(now + FIRST_PAUSE), None);
    }

    #[test]
    fn a_check_that_fails_is_not_due_at_once_again() {
        let mut schedule = schedule(Some(Duration::from_secs(60)));
        schedule.failed(at(60_000));
        assert_eq!((schedule.due(at(60_000)), schedule.next_deadline()), (None, Some(at(60_500))));
    }
}
