//! The kernel's packet filter, as far as masquerade (docs/decisions/masquerade.md) and the fabric need it.

mod device;
mod generation;
mod program;
mod table;

pub(super) use device::{has_device_table, remove_device_table};
pub(super) use generation::Generations;
pub(super) use program::{ProgramError, check, list, ruleset, run};
pub(super) use table::{Listing, Transaction};
