//! `vgw host …`

use clap::Subcommand;

/// `vgw host …`
#[derive(Debug, Subcommand)]
pub enum HostVerb {
    /// Shows every object of the daemon's in the kernel, and why it is there.
    #[command(after_help = "Example:\n  vgw host show")]
    Show,
    /// Shows what is to be done so that the kernel is as it should be.
    #[command(after_help = "Example:\n  vgw host diff -j | jq -e '.steps == []'")]
    Diff,
}
