//! What has happened: a ring of the latest events, which anybody may read or wait for without
//! holding up the conductor.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::addr::InstanceName;
use crate::clock::Clock;
use crate::gateway::Applied;
use crate::host::Occasion;

use super::command::Caller;
use super::shared::{Bulletin, Extract, Since};

/// Events that are kept. With [`TEXT`] this bounds the memory to some 4 MiB; a usual event takes a tenth of
/// its share.
const KEPT: usize = 4096;

/// Bytes of an event's name and of its detail; what is longer is cut.
const TEXT: usize = 512;

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// From 1 on, one by one, since the daemon has started.
    pub sequence: u64,
    /// When, by the host's clock: since 1970-01-01 00:00 UTC.
    pub time: Duration,
    /// Who or what led to it.
    pub cause: Cause,
    /// What it was.
    pub happening: Happening,
}

/// What led to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Somebody has asked for it.
    Caller(Caller),
    /// An audit came to its end.
    Audit,
    /// Something of ours was not as it should be.
    Repair(Occasion),
    /// A configuration was not confirmed in time.
    Trial,
    /// The host has changed.
    Kernel,
    /// The daemon has started.
    Daemon,
}

/// What has happened to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// The kind of thing, as in `virtual_gateway.thrift`.
    pub object: &'static str,
    /// Its name; empty if it has none.
    pub name: String,
    /// What happened to it.
    pub deed: Deed,
    /// The routing instance, where it has one.
    pub instance: Option<InstanceName>,
    /// More of it, for people; empty if there is no more.
    pub detail: String,
}

/// What happens to things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It is new.
    Added,
    /// It was changed.
    Changed,
    /// It is gone.
    Deleted,
    /// It runs now.
    Started,
    /// It runs no more.
    Ended,
    /// It has another value.
    Set,
    /// Something else has undone it, and it was put right.
    Repaired,
    /// It is undone again and again.
    Disputed,
    /// It stands, perhaps on trial.
    Applied,
    /// It was on trial and is kept.
    Confirmed,
    /// It was on trial, and what stood before is back.
    RolledBack,
    /// The host's device is held.
    Taken,
    /// The host has its device again.
    GivenBack,
    /// Its interface is down or gone.
    Lost,
    /// Its interface is there again.
    Back,
    /// It has come up.
    Began,
    /// It is no more.
    Over,
}

/// The events after some event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventsView {
    /// Oldest first.
    pub events: Vec<Event>,
    /// The number of the last that has happened; 0 if none has.
    pub newest: u64,
    /// How many of those asked for are no longer kept.
    pub lost: u64,
}

/// The latest events. Clones share them.
#[derive(Debug, Clone)]
pub struct Events(Arc<Bulletin<Event>>);

impl Default for Events {
    fn default() -> Self {
        Self(Arc::new(Bulletin::new(KEPT)))
    }
}

/// Where the conductor notes what happens.
#[derive(Clone)]
pub(super) struct Recorder {
    events: Events,
    clock: Arc<dyn Clock>,
}

impl Events {
    /// At most `max` events; if there is none yet, waits for one at most so long, or until
    /// [`Events::close`].
    #[must_use]
    pub fn read(&self, from: Since, max: usize, wait: Duration) -> EventsView {
        let Extract { items, newest, lost } = self.0.read(from, max, wait);
        EventsView { events: items, newest, lost }
    }

    /// Whoever waits has his answer at once, now and later: the daemon is stopping.
    pub fn close(&self) {
        self.0.close();
    }

    fn record(&self, time: Duration, cause: Cause, mut happening: Happening) {
        cut(&mut happening.name);
        cut(&mut happening.detail);
        self.0.post(|sequence| Event { sequence, time, cause, happening });
    }
}

/// Cuts a text at a character's border.
fn cut(text: &mut String) {
    if text.len() > TEXT {
        text.truncate(text.floor_char_boundary(TEXT));
    }
}

impl Recorder {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { events: Events::default(), clock }
    }

    pub(super) fn events(&self) -> Events {
        self.events.clone()
    }

    pub(super) fn record(&self, cause: Cause, happening: Happening) {
        self.events.record(self.clock.time_of_day(), cause, happening);
    }
}

impl Happening {
    pub(super) fn new(object: &'static str, name: impl Into<String>, deed: Deed) -> Self {
        Self { object, name: name.into(), deed, instance: None, detail: String::new() }
    }

    pub(super) fn of_instance(self, instance: Option<&InstanceName>) -> Self {
        Self { instance: instance.cloned(), ..self }
    }

    pub(super) fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}

impl Deed {
    /// The deed of an accepted request; `None` if it has changed nothing.
    pub(super) fn of(applied: Applied) -> Option<Self> {
        match applied {
            Applied::Added => Some(Self::Added),
            Applied::Changed => Some(Self::Changed),
            Applied::Deleted => Some(Self::Deleted),
            Applied::Unchanged | Applied::Absent => None,
        }
    }

    /// The word for programs and people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Started => "started",
            Self::Ended => "ended",
            Self::Set => "set",
            Self::Repaired => "repaired",
            Self::Disputed => "disputed",
            Self::Applied => "applied",
            Self::Confirmed => "confirmed",
            Self::RolledBack => "rolled back",
            Self::Taken => "taken",
            Self::GivenBack => "given back",
            Self::Lost => "lost",
            Self::Back => "back",
            Self::Began => "began",
            Self::Over => "over",
        }
    }
}

impl From<&Caller> for Cause {
    fn from(caller: &Caller) -> Self {
        Self::Caller(caller.clone())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller(caller) => caller.fmt(f),
            Self::Audit => f.write_str("audit"),
            Self::Repair(occasion) => write!(f, "repair ({})", occasion.as_str()),
            Self::Trial => f.write_str("trial"),
            Self::Kernel => f.write_str("kernel"),
            Self::Daemon => f.write_str("daemon"),
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

#[cfg(test)]
mod tests;
