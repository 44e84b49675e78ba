//! The seam between steps and the kernel, and how steps are gone through.

use crate::addr::InterfaceName;

use super::card::Card;
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

    /// The devices that may be a card: no taps.
    ///
    /// # Errors
    /// The kernel does not tell.
    fn cards(&mut self) -> Result<Vec<Card>, SiteError>;

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
    /// Why what was written down of it is there all the same.
    pub kept: Option<SiteError>,
}

/// A card that was given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// Why what was written down could not be thrown away: the next who reads it gives back what it tells of.
    pub kept: Option<SiteError>,
}

impl Failed {
    fn of(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { what: what.into(), reason: reason.into(), left: Vec::new(), undone: false, kept: None }
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
        match give(site, record, false) {
            Ok(given) => failed.kept = given.kept,
            Err(left) => failed.left = vec![left.to_string()],
        }
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

/// The steps by which a card is given back, wherever it and things are now; nothing is done. While it is held, what
/// others have changed at the tap goes with it: the record is brought up to date.
///
/// # Errors
/// The card is not there, or nothing can be seen.
pub fn return_steps(site: &mut dyn Site, record: &mut Record, is_held: bool) -> Result<Vec<Step>, Failed> {
    let what = || format!("look for {}", record.device.name);
    let cards = site.cards().map_err(|error| Failed::of(what(), error.to_string()))?;
    let place = record.find(&cards).ok_or_else(|| {
        let reason = "no device has its index, nor its name and its MAC address: it is given back when it is there";
        Failed::of(what(), format!("{reason} ({})", record.mac))
    })?;
    let is_new = record.follow(place);
    let observed = look(site, record)?;
    record.catch_up(&observed, site.now(), is_held);
    // Before the new place is written down: who is killed in between finds a new card again.
    let renewed = is_new.then_some(Step::Renew).into_iter();
    Ok(renewed.chain(give_back(record, &observed)).collect())
}

/// Gives a card back as [`return_steps`] says; does all that can be done. A disk that refuses does not keep it from
/// ending: what was written down tells of what is still to be done, and then nothing is.
///
/// # Errors
/// What is not as it shall be; what was written down stays then.
pub fn give(site: &mut dyn Site, record: &mut Record, is_held: bool) -> Result<Given, Failed> {
    let mut steps = return_steps(site, record, is_held)?;
    let mut failures = go(site, record, &steps);
    let brought = surplus(record, &look(site, record)?);
    failures.extend(go(site, record, &brought));
    let lacking = missing(record, &look(site, record)?, Side::Device);
    if lacking.is_empty() && failures.is_empty() {
        steps.extend(brought);
        steps.push(Step::Forget);
        return Ok(Given { steps, kept: site.perform(&Step::Forget, record).err() });
    }
    let mut failed = failures.into_iter().next().unwrap_or_else(|| {
        let what = format!("look whether {} has everything", record.device.name);
        Failed::of(what, format!("{} is missing", lacking.join(", ")))
    });
    failed.left = lacking;
    Err(failed)
}

/// Does steps whatever comes of each: what has failed, the disk aside.
fn go(site: &mut dyn Site, record: &mut Record, steps: &[Step]) -> Vec<Failed> {
    let mut failures = Vec::new();
    for step in steps {
        failures.extend(perform(site, record, step).err().filter(|_| !matches!(step, Step::Write(_))));
    }
    failures
}

/// Puts on the tap again what it has lost, as [`Record::is_cut_off`] tells.
///
/// # Errors
/// What could not be put there.
pub fn mend(site: &mut dyn Site, record: &mut Record, observed: &Observed) -> Result<(), Failed> {
    *record = record.aged(site.now());
    let failures = go(site, record, &put_again(record, observed));
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
