//! Networks that leave under another address.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::BorrowedFd;

use serde_json::Value;

use crate::addr::Prefix;
use crate::host::{Masquerade, Observed, Operation, Outcome, Traffic, Translation};
use crate::sys::nft::{self, Generations, Listing, ProgramError, Transaction};

use super::failed::Failed;
use super::linux::{LinuxKernel, all};

/// What is known of our table.
#[derive(Debug)]
pub(super) struct Masquerading {
    generations: Generations,
    /// The ruleset's number when the rest was found out.
    known_at: Option<u32>,
    table: Table,
    /// What is in our table.
    standing: BTreeSet<Masquerade>,
    /// What others took the place of: it needs no deleting any more.
    displaced: BTreeSet<Masquerade>,
    /// How `nft` lists the table without its elements, as we made it.
    frame: Option<Vec<Value>>,
}

/// Whether our table is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    Absent,
    Ours,
    /// It is there and not as this process made it: somebody has changed it, or a killed daemon left it.
    Spoiled,
}

impl Masquerading {
    pub(super) fn open() -> Result<Self, Failed> {
        let generations = Generations::open().map_err(|error| Failed::file("cannot ask for nf_tables", &error))?;
        Ok(Self {
            generations,
            known_at: None,
            table: Table::Absent,
            standing: BTreeSet::new(),
            displaced: BTreeSet::new(),
            frame: None,
        })
    }

    /// Readable when somebody may have changed our table.
    pub(super) fn notices(&self) -> BorrowedFd<'_> {
        self.generations.notices()
    }

    /// Finds out what is there, if anybody has changed the ruleset since.
    fn look(&mut self) -> Result<(), Failed> {
        let unheard = |error| Failed::file("cannot ask for nf_tables", &error);
        let present = self.generations.present().map_err(unheard)?;
        if present.is_some() && present == self.known_at {
            return Ok(());
        }
        self.standing.clear();
        self.table = Table::Absent;
        if present.is_some() && self.generations.has_table().map_err(unheard)? {
            match nft::list() {
                Ok(listed) => self.take_over(Listing::read(listed)),
                Err(error) => {
                    tracing::warn!(%error, "the table inet vgw is there and cannot be read");
                    self.table = Table::Spoiled;
                }
            }
        }
        self.known_at = present;
        Ok(())
    }

    fn take_over(&mut self, listing: Option<Listing>) {
        let exact = |listing: &Listing| self.frame.as_ref() == Some(&listing.frame) && listing.is_consistent();
        match listing.filter(exact) {
            Some(listing) => {
                self.table = Table::Ours;
                self.standing = listing.masquerades;
            }
            None => self.table = Table::Spoiled,
        }
    }

    /// Makes of the table one with these elements, in one transaction; without any, there is none.
    fn commit(&mut self, wanted: BTreeSet<Masquerade>, group: u32) -> Result<(), Failed> {
        let mut transaction = Transaction::default();
        if wanted.is_empty() {
            transaction.remove();
        } else {
            if self.table != Table::Ours {
                transaction.make(group);
            }
            transaction.change(&self.standing, &wanted);
        }
        nft::run(&transaction.text())?;
        self.table = if wanted.is_empty() { Table::Absent } else { Table::Ours };
        let deaf = |error| Failed::file("cannot listen to nf_tables", &error);
        self.generations.listen(!wanted.is_empty()).map_err(deaf)?;
        self.standing = wanted;
        if self.table == Table::Ours && self.frame.is_none() {
            self.frame = Listing::read(nft::list()?).map(|listing| listing.frame);
        }
        // If the number is another one, somebody has been at work in between: that is looked at next time.
        self.known_at = self.known_at.map(|known| known.wrapping_add(1));
        Ok(())
    }

    fn add(&mut self, wanted: &[Masquerade], group: u32) -> Result<Vec<Outcome>, Failed> {
        self.look()?;
        let mut standing = self.standing.clone();
        let mut outcomes = Vec::with_capacity(wanted.len());
        for masquerade in wanted {
            let in_the_way: Vec<_> = standing.iter().filter(|other| excludes(masquerade, other)).copied().collect();
            for other in in_the_way.into_iter().filter(|other| other != masquerade) {
                standing.remove(&other);
                self.displaced.insert(other);
            }
            self.displaced.remove(masquerade);
            let is_new = standing.insert(*masquerade);
            outcomes.push(if is_new { Outcome::Done } else { Outcome::AlreadySo });
        }
        if standing != self.standing {
            self.commit(standing, group)?;
        }
        Ok(outcomes)
    }

    fn delete(&mut self, unwanted: &[Masquerade], group: u32) -> Result<Vec<Outcome>, Failed> {
        self.look()?;
        let mut standing = self.standing.clone();
        let mut outcomes = Vec::with_capacity(unwanted.len());
        for masquerade in unwanted {
            let was_there = standing.remove(masquerade) || self.displaced.remove(masquerade);
            outcomes.push(if was_there { Outcome::Done } else { Outcome::AlreadySo });
        }
        if standing != self.standing {
            self.commit(standing, group)?;
        }
        Ok(outcomes)
    }

    fn clear(&mut self, group: u32) -> Result<Outcome, Failed> {
        self.look()?;
        if self.table == Table::Absent {
            return Ok(Outcome::AlreadySo);
        }
        self.commit(BTreeSet::new(), group)?;
        Ok(Outcome::Done)
    }
}

/// True if two of them cannot be in one table: they overlap in one set, or are for one device with
/// different addresses.
fn excludes(one: &Masquerade, other: &Masquerade) -> bool {
    let device = |masquerade: &Masquerade| match masquerade.to {
        Translation::Device => None,
        Translation::Uplink(device, _) => Some(device),
    };
    let (a, b) = (one.subnet, other.subnet);
    let overlap = a.covers(&b) || b.covers(&a);
    // The counted set has every network once, whatever its device.
    overlap && (a != b || device(one) == device(other))
}

impl LinuxKernel {
    /// Adds to an observation what is masqueraded.
    pub(super) fn look_at_masquerades(&mut self, observed: &mut Observed) -> Result<(), Failed> {
        self.masquerading.displaced.clear();
        self.masquerading.look()?;
        observed.ours.masquerades = self.masquerading.standing.iter().copied().collect();
        observed.spoiled_masquerades = self.masquerading.table == Table::Spoiled;
        Ok(())
    }

    /// True if somebody has changed our table. Nothing is asked if we should have none.
    pub(super) fn hears_of_masquerades(&mut self, known: &Observed) -> bool {
        if known.ours.masquerades.is_empty() {
            return false;
        }
        self.masquerading.generations.hear();
        let looked = self.masquerading.look();
        looked.is_err() || !self.masquerading.standing.iter().eq(&known.ours.masquerades)
    }

    pub(super) fn add_masquerades(&mut self, operations: &[Operation]) -> Vec<Result<Outcome, Failed>> {
        let outcomes = self.masquerading.add(&named(operations), self.mark.group);
        outcomes.map_or_else(|failed| all(operations, &failed), |outcomes| outcomes.into_iter().map(Ok).collect())
    }

    pub(super) fn delete_masquerades(&mut self, operations: &[Operation]) -> Vec<Result<Outcome, Failed>> {
        let outcomes = self.masquerading.delete(&named(operations), self.mark.group);
        outcomes.map_or_else(|failed| all(operations, &failed), |outcomes| outcomes.into_iter().map(Ok).collect())
    }

    pub(super) fn clear_masquerades(&mut self) -> Result<Outcome, Failed> {
        self.masquerading.clear(self.mark.group)
    }

    /// The counters of our table.
    pub(super) fn count_masqueraded(&mut self) -> Result<BTreeMap<Prefix, Traffic>, Failed> {
        Ok(Listing::read(nft::list()?).map(|listing| listing.traffic).unwrap_or_default())
    }
}

fn named(operations: &[Operation]) -> Vec<Masquerade> {
    let masquerades = operations.iter().filter_map(|operation| match operation {
        Operation::AddMasquerade(masquerade) | Operation::DeleteMasquerade(masquerade) => Some(*masquerade),
        _ => None,
    });
    masquerades.collect()
}

impl From<ProgramError> for Failed {
    fn from(error: ProgramError) -> Self {
        Self::new(error.errno(), error.to_string())
    }
}
