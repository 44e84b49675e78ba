//! An audit in JSON; times in nanoseconds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::gateway::{Audit, Auditee, Timer};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::gateway::saved) struct AuditForm {
    of: Auditee,
    version: u32,
    timeout: Option<u64>,
    configured: Option<u64>,
    running: Vec<TimerForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimerForm {
    threshold: u32,
    /// On `CLOCK_MONOTONIC` of the boot that the file names.
    deadline: u64,
    window: u64,
}

impl AuditForm {
    pub(super) fn new(of: Auditee, audit: &Audit) -> Self {
        let timer = |Timer { deadline, window, threshold }: &Timer| TimerForm {
            threshold: *threshold,
            deadline: deadline.as_nanos(),
            window: nanos(*window),
        };
        Self {
            of,
            version: audit.version(),
            timeout: audit.timeout().map(nanos),
            configured: audit.configured().map(nanos),
            running: audit.timers().iter().map(timer).collect(),
        }
    }

    pub(super) fn read(self) -> Result<(Auditee, Audit), String> {
        let timer = |TimerForm { threshold, deadline, window }| Timer {
            deadline: Moment::from_nanos(deadline),
            window: Duration::from_nanos(window),
            threshold,
        };
        let [timeout, configured] = [self.timeout, self.configured].map(|time| time.map(Duration::from_nanos));
        let timers = self.running.into_iter().map(timer).collect();
        Ok((self.of, Audit::saved(self.version, timeout, configured, timers)?))
    }
}

/// Longer times than 584 years are as good as those.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
