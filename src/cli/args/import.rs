//! `vgw import …`

use std::path::PathBuf;

use clap::Args;

/// A file of OpenContrail's.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// The file is devstack's localrc or local.conf, with the variables CONTRAIL_VGW_*.
    #[arg(long)]
    pub devstack: bool,
    /// The file: contrail-vrouter-agent.conf, of which the sections [GATEWAY-n] count.
    pub file: PathBuf,
}
