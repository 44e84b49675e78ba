//! `vgw audit …`

use clap::Subcommand;

/// `vgw audit …`
#[derive(Debug, Subcommand)]
pub enum AuditVerb {
    /// Does what a controller does when it returns: starts an audit.
    #[command(after_help = "Example:\n  vgw audit connect")]
    Connect,
    /// Sets the time that later audits leave for replay: 0 ends them at once, -1 switches them off.
    #[command(after_help = "Example:\n  vgw audit timer 60000\n  vgw audit timer -1")]
    Timer {
        /// Milliseconds.
        #[arg(value_name = "MILLISECONDS", allow_negative_numbers = true)]
        milliseconds: i32,
    },
}
