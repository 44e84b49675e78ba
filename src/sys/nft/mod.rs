//! The kernel's packet filter, as far as masquerade (docs/decisions/masquerade.md) and the fabric need it.

mod generation;
mod program;
mod table;

pub(super) use generation::Generations;
pub(super) use program::{ProgramError, check, has_device_table, list, ruleset, run};
pub(super) use table::{Listing, Transaction};
