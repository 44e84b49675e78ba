//! What is in force. It is one for the whole process, as what it tells of is.

use std::sync::{Mutex, PoisonError};

use crate::engine::{Extent, Sandbox};

/// `None` until something was asked for.
#[derive(Debug)]
pub(super) struct Record {
    landlock: Option<Extent>,
    seccomp: Option<Extent>,
    capabilities: Option<Extent>,
}

/// One of the kernel's means.
#[derive(Debug, Clone, Copy)]
pub(super) enum Means {
    Landlock,
    Seccomp,
    Capabilities,
}

static PROCESS: Mutex<Record> = Mutex::new(Record::new());

impl Record {
    pub(super) const fn new() -> Self {
        Self { landlock: None, seccomp: None, capabilities: None }
    }

    /// Takes in what has become of one request, of whatever thread.
    pub(super) fn note(&mut self, means: Means, extent: Extent) {
        let place = match means {
            Means::Landlock => &mut self.landlock,
            Means::Seccomp => &mut self.seccomp,
            Means::Capabilities => &mut self.capabilities,
        };
        *place = Some(match place.take() {
            Some(before) => before.and(extent),
            None => extent,
        });
    }

    pub(super) fn sandbox(&self) -> Sandbox {
        let told = |extent: &Option<Extent>| extent.clone().unwrap_or(Extent::None("nothing was asked for".to_owned()));
        Sandbox { landlock: told(&self.landlock), seccomp: told(&self.seccomp), capabilities: told(&self.capabilities) }
    }
}

/// Notes it for this process.
pub(super) fn note(means: Means, extent: Extent) {
    PROCESS.lock().unwrap_or_else(PoisonError::into_inner).note(means, extent);
}

/// How far this process is held to what it needs.
#[must_use]
pub fn in_force() -> Sandbox {
    PROCESS.lock().unwrap_or_else(PoisonError::into_inner).sandbox()
}
