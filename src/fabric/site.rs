//! The seam between steps and the kernel, and how steps are gone through.

use crate::addr::InterfaceName;

use super::observed::Observed;
use super::plan::{give_back, missing, put_again, surplus, take_over};
use super::step::{Side, Step};
use super::{Phase, Record};

/// Why a step could not be done, or nothing could be seen: one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SiteError(pub String);

/// What steps are done to.
pub trait Site {
    /// Looks at the host.
    ///
    /// # Errors
    /// The kernel does not tell.
    fn observe(&mut self, device: InterfaceName, host: InterfaceName) -> Result<Observed, SiteError>;

    /// Does a step. What is done already is no failure, nor is it that what shall go is not there.
    ///
    /// # Errors
    /// It was refused; nothing of it was done.
    fn perform(&mut self, step: &Step, record: &Record) -> Result<(), SiteError>;

    /// Seconds since the machine has started.
    fn now(&self) -> u64;
}

/// Why a card was not taken or not given back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {reason}{}", self.aftermath())]
pub struct Failed {
    /// The step, in words.
    pub what: String,
    /// Why it failed.
    pub reason: String,
    /// What could not be undone; empty if all is as before.
    pub left: Vec<String>,
    /// A take-over, of which everything that was done is undone.
    pub undone: bool,
}

impl Failed {
    fn of(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { what: what.into(), reason: reason.into(), left: Vec::new(), undone: false }
    }

    fn aftermath(&self) -> String {
        match (self.undone, self.left.is_empty()) {
            (_, false) => format!("; not everything could be undone: {}", self.left.join("; ")),
            (true, true) => "; everything is as before".to_owned(),
            (false, true) => String::new(),
        }
    }
}

/// Takes a card. The record holds what is moved and has to be fresh.
///
/// # Errors
/// The step that failed. Everything is given back then.
pub fn take(site: &mut dyn Site, record: &mut Record, observed: &Observed) -> Result<(), Failed> {
    let done = take_steps(site, record, observed);
    done.map_err(|mut failed| {
        let left = give(site, record, false).err();
        failed.left = left.into_iter().map(|left| left.to_string()).collect();
        failed.undone = true;
        failed
    })
}

fn take_steps(site: &mut dyn Site, record: &mut Record, observed: &Observed) -> Result<(), Failed> {
    for step in take_over(record, observed) {
        // Held is what can be seen to be held.
        if step == Step::Write(Phase::Held) {
            let seen = look(site, record)?;
            if let Some(first) = missing(record, &seen, Side::Host).first() {
                return Err(Failed::of(
                    format!("look whether {} has everything", record.host),
                    format!("{first} is missing"),
                ));
            }
        }
        perform(site, record, &step)?;
    }
    Ok(())
}

/// Gives a card back, from wherever things are; does all that can be done. While it is held, what others
/// have changed at the tap goes with it.
///
/// # Errors
/// What is not as it shall be; what was written down stays then.
pub fn give(site: &mut dyn Site, record: &mut Record, is_held: bool) -> Result<(), Failed> {
    let observed = look(site, record)?;
    let now = site.now();
    record.catch_up(&observed, now, is_held);
    let mut failures = Vec::new();
    let mut go = |site: &mut dyn Site, record: &mut Record, steps: Vec<Step>| {
        for step in steps {
            failures.extend(perform(site, record, &step).err());
        }
    };
    let steps = give_back(record, &observed);
    go(site, record, steps);
    let brought = surplus(record, &look(site, record)?);
    go(site, record, brought);
    let lacking = missing(record, &look(site, record)?, Side::Device);
    if lacking.is_empty() && failures.is_empty() {
        return perform(site, record, &Step::Forget);
    }
    let mut failed = failures.into_iter().next().unwrap_or_else(|| {
        let what = format!("look whether {} has everything", record.device.name);
        Failed::of(what, format!("{} is missing", lacking.join(", ")))
    });
    failed.left = lacking;
    Err(failed)
}

/// Puts on the tap again what it has lost, as [`Record::is_cut_off`] tells.
///
/// # Errors
/// What could not be put there.
pub fn mend(site: &mut dyn Site, record: &mut Record, observed: &Observed) -> Result<(), Failed> {
    *record = record.aged(site.now());
    let mut failures = Vec::new();
    for step in put_again(record, observed) {
        failures.extend(perform(site, record, &step).err());
    }
    let lacking = missing(record, &look(site, record)?, Side::Host);
    if lacking.is_empty() {
        return Ok(());
    }
    Err(failures.into_iter().next().unwrap_or_else(|| {
        Failed::of(format!("look whether {} has everything", record.host), format!("{} is missing", lacking.join(", ")))
    }))
}

fn look(site: &mut dyn Site, record: &Record) -> Result<Observed, Failed> {
    let seen = site.observe(record.device.name, record.host);
    seen.map_err(|error| Failed::of(format!("look at {}", record.device.name), error.to_string()))
}

fn perform(site: &mut dyn Site, record: &mut Record, step: &Step) -> Result<(), Failed> {
    if let Step::Write(phase) = step {
        record.phase = *phase;
    }
    site.perform(step, record).map_err(|error| Failed::of(step.text(record), error.to_string()))
}
