//! `vgw drops`

use clap::Args;

use crate::addr::{InstanceName, InterfaceName};

/// `vgw drops`
#[derive(Debug, Args)]
pub struct DropsArguments {
    /// Only packets that came in by this port or gateway's tap.
    #[arg(long, value_name = "INTERFACE")]
    pub port: Option<InterfaceName>,
    /// Only packets that came in by a port of this routing instance.
    #[arg(long, value_name = "FQN")]
    pub instance: Option<InstanceName>,
    /// Only packets that were dropped for this reason, such as `IP_RPFILTER`.
    #[arg(long, value_name = "NAME")]
    pub reason: Option<String>,
    /// Shows the last packets instead of the counts, as far as they are remembered.
    #[arg(short, long)]
    pub last: bool,
    /// As --last, and goes on with each that is dropped; with -j a JSON object a line.
    #[arg(short, long)]
    pub follow: bool,
}
