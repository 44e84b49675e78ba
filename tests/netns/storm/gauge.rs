//! What the daemon takes of the host, from one quiet point to the next.

use std::fmt;

use crate::daemon::Daemon;

/// What may come and go: buffers of connections, of held packets, of the allocator.
const SLACK_KIB: u64 = 8 << 10;
/// Connections of the storm's own clients, and the strangers'.
const SLACK_DESCRIPTORS: u64 = 64;

/// Memory (KiB) and descriptors at each quiet point since the daemon was started.
#[derive(Debug, Default)]
pub(super) struct Gauge(Vec<(u64, u64)>);

impl Gauge {
    pub(super) fn read(&mut self, daemon: &Daemon<'_>) {
        self.0.push((daemon.resident(), daemon.descriptors()));
    }

    /// Fails if the last quarter shows more than the third: what grows with time never stops.
    pub(super) fn assert_flat(&self) {
        let quarter = self.0.len() / 4;
        let [third, last] = [2, 3].map(|number| &self.0[number * quarter..(number + 1) * quarter]);
        let most = |part: &[(u64, u64)], what: fn(&(u64, u64)) -> u64| part.iter().map(what).max().unwrap_or(0);
        for (what, slack) in [(memory as fn(&(u64, u64)) -> u64, SLACK_KIB), (descriptors, SLACK_DESCRIPTORS)] {
            assert!(most(last, what) <= most(third, what) + slack, "{self:?}");
        }
    }
}

fn memory(reading: &(u64, u64)) -> u64 {
    reading.0
}

fn descriptors(reading: &(u64, u64)) -> u64 {
    reading.1
}

impl fmt::Display for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "memory (KiB), by eighths of the time:")?;
        let eighth = (self.0.len() / 8).max(1);
        for part in self.0.chunks(eighth) {
            write!(f, " {}", part.iter().map(memory).max().unwrap_or(0))?;
        }
        let most = self.0.iter().map(descriptors).max().unwrap_or(0);
        write!(f, "; at most {most} descriptors")
    }
}
