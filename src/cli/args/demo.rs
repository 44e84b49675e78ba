//! `vgw demo …`

use clap::Args;

/// `vgw demo …`
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Leaves everything running and tells how to explore it.
    #[arg(long, conflicts_with = "stop")]
    pub keep: bool,
    /// Shows the packets' ways with the host's card taken, as OpenContrail's vRouter has it.
    #[arg(long, conflicts_with_all = ["keep", "stop"])]
    pub fabric: bool,
    /// Ends every demonstration that was kept.
    #[arg(long)]
    pub stop: bool,
}
