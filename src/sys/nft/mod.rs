//! The kernel's packet filter, as far as masquerade needs it (docs/decisions/masquerade.md).

mod generation;
mod program;
mod table;

pub(super) use generation::Generations;
pub(super) use program::{ProgramError, list, run};
pub(super) use table::{Listing, Transaction};
