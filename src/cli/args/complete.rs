//! `vgw complete …`, which only shells type.

use std::ffi::OsString;

use clap::Args;

/// A command line that is being typed.
#[derive(Debug, Args)]
pub struct CompleteArguments {
    /// Its words behind `vgw`; the last is the one to be completed, perhaps empty.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<OsString>,
}
