//! `vgw demo …`

use clap::Args;

/// `vgw demo …`
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Leaves everything running and tells how to explore it.
    #[arg(long, conflicts_with = "stop")]
    pub keep: bool,
    /// Ends every demonstration that was kept.
    #[arg(long)]
    pub stop: bool,
}
