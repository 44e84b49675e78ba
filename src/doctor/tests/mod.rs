//! Each check finds what was planted, and nothing else.

mod checks;
mod documented;
pub(super) mod site;
