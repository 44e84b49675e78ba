//! `vgw doctor …`

use std::net::IpAddr;

use clap::Args;

use crate::doctor::Check;

/// `vgw doctor …`
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Tells what is in order too, what could not be seen, and the routes that the outside needs.
    #[arg(short, long)]
    pub verbose: bool,
    /// Does what cures a finding and is safe, without asking; of one check only if it is named.
    #[arg(long, value_name = "CHECK", num_args = 0..=1)]
    pub fix: Option<Option<Check>>,
    /// Sends no packets: judges by what can be read.
    #[arg(long)]
    pub no_probe: bool,
    /// A station outside that answers ping: checks that answers find their way to the gateways' networks.
    #[arg(long, value_name = "ADDRESS")]
    pub peer: Option<IpAddr>,
}
