//! The record on disk.

use serde::{Deserialize, Serialize};

use crate::addr::{InterfaceName, Mac};

use super::step::Place;
use super::{Address, Neighbour, Phase, Record, Route, Settings};

/// What the first key says: other content is none of ours.
const FORMAT: &str = "vgw.fabric/1";

/// Where and when we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// The number of this run of the kernel (`/proc/sys/kernel/random/boot_id`).
    pub boot: String,
    /// The network namespace's inode.
    pub namespace: u64,
}

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    format: String,
    boot: String,
    namespace: u64,
    phase: Phase,
    device: String,
    index: u32,
    interface: String,
    mac: String,
    mtu: u32,
    read_at: u64,
    addresses: Vec<Address>,
    routes: Vec<Route>,
    neighbours: Vec<Neighbour>,
    settings: Settings,
    address_generation: Option<u8>,
}

/// Why what is in the file is not to be acted on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadJournal {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It cannot be read: torn, or not ours.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// The machine was started since: what it tells of is gone.
    #[error("it is from before the machine was started")]
    OtherBoot,
    /// It tells of another network namespace.
    #[error("it is of another network namespace")]
    OtherNamespace,
}

/// What is to be done with what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// There is no journal.
    Nothing,
    /// The card has to be given back.
    Restore(Box<Record>),
    /// The file is put aside.
    Aside(BadJournal),
}

impl Journal {
    /// What is to be written.
    #[must_use]
    pub fn of(record: &Record, here: &Here) -> Self {
        Self {
            format: FORMAT.to_owned(),
            boot: here.boot.clone(),
            namespace: here.namespace,
            phase: record.phase,
            device: record.device.name.to_string(),
            index: record.device.index,
            interface: record.host.to_string(),
            mac: record.mac.to_string(),
            mtu: record.mtu,
            read_at: record.read_at,
            addresses: record.addresses.clone(),
            routes: record.routes.clone(),
            neighbours: record.neighbours.clone(),
            settings: record.settings.clone(),
            address_generation: record.address_generation,
        }
    }

    /// Judges what was found.
    #[must_use]
    pub fn judge(found: Option<&[u8]>, here: &Here) -> Verdict {
        let Some(bytes) = found else { return Verdict::Nothing };
        if bytes.trim_ascii().is_empty() {
            return Verdict::Aside(BadJournal::Empty);
        }
        match Self::read(bytes, here) {
            Ok(record) => Verdict::Restore(Box::new(record)),
            Err(bad) => Verdict::Aside(bad),
        }
    }

    fn read(bytes: &[u8], here: &Here) -> Result<Record, BadJournal> {
        let journal: Self = serde_json::from_slice(bytes).map_err(|error| BadJournal::Unreadable(error.to_string()))?;
        if journal.format != FORMAT {
            return Err(BadJournal::Unreadable(format!("its format is {:?}, not {FORMAT:?}", journal.format)));
        }
        if journal.boot != here.boot {
            return Err(BadJournal::OtherBoot);
        }
        if journal.namespace != here.namespace {
            return Err(BadJournal::OtherNamespace);
        }
        let name = |text: &str| InterfaceName::new(text).map_err(|error| BadJournal::Unreadable(error.to_string()));
        let mac: Mac = journal.mac.parse().map_err(|_| BadJournal::Unreadable("mac: not a MAC address".to_owned()))?;
        Ok(Record {
            phase: journal.phase,
            device: Place { index: journal.index, name: name(&journal.device)? },
            host: name(&journal.interface)?,
            mac,
            mtu: journal.mtu,
            read_at: journal.read_at,
            addresses: journal.addresses,
            routes: journal.routes,
            neighbours: journal.neighbours,
            settings: journal.settings,
            address_generation: journal.address_generation,
        })
    }
}
