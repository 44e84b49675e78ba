//! The first words, and the options that stand everywhere.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::{
    AuditVerb, DemoArguments, DoctorArguments, GatewayVerb, HostVerb, ImportArguments, InstanceVerb, NetworkVerb,
    PortVerb, RouteVerb, UplinkVerb,
};

/// Gives isolated virtual networks a way out on the compute node itself.
#[derive(Debug, Parser)]
#[command(
    name = "vgw",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    infer_subcommands = false,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 daemon unreachable, \
                  77 not permitted,\n78 bad configuration.\n\n\
                  Example:\n  vgw gateway add vgw1 --instance default-domain:admin:net1:net1 --subnet 192.168.1.0/24\n  \
                  vgw status"
)]
pub struct Arguments {
    /// Prints one JSON object with a versioned `schema` field, errors included.
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    /// The daemon's Unix socket.
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "VGW_SOCKET",
        hide_env_values = true,
        default_value = "/run/vgw/vgwd.sock",
        help_heading = "Everywhere"
    )]
    pub socket: PathBuf,
    /// Prints what a verb that adds or deletes something would do, and does nothing.
    #[arg(short = 'n', long, global = true, help_heading = "Everywhere")]
    pub dry_run: bool,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The first word.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// What the daemon is asked.
    #[command(flatten)]
    Daemon(DaemonVerb),
    /// Builds guests, a compute node and an outside host in namespaces and shows the gateway at work.
    #[command(after_help = "Example:\n  sudo vgw demo\n  sudo vgw demo --keep\n  sudo vgw demo --stop")]
    Demo(DemoArguments),
    /// Finds out why something does not work, and says what cures it.
    ///
    /// Looks at rights, taps, switches, routes, rules, neighbours and packet filters, and sends a packet through
    /// each gateway to see whether it comes out. Each finding has a name (docs/doctor.md), what was seen, and the
    /// command that cures it. Exit code 0: nothing is wrong.
    #[command(after_help = "Example:\n  vgw doctor\n  vgw doctor --fix\n  vgw doctor --peer 192.0.2.1\n  \
                            vgw doctor -j | jq -r '.findings[].id'")]
    Doctor(DoctorArguments),
    /// Turns the gateways of OpenContrail's configuration into a part of vgwd.toml.
    ///
    /// It goes to standard output; what is read otherwise than it is written is told on standard error. The
    /// daemon need not run, and is not changed.
    #[command(
        after_help = "Example:\n  vgw import /etc/contrail/contrail-vrouter-agent.conf > /etc/vgw/vgwd.d/agent.toml\n  \
                            vgw import --devstack localrc"
    )]
    Import(ImportArguments),
}

/// The first word of what the daemon is asked.
#[derive(Debug, Subcommand)]
pub enum DaemonVerb {
    /// Virtual gateways: a tap by which a routing instance reaches the host's IP stack.
    #[command(subcommand)]
    Gateway(GatewayVerb),
    /// Guests' ports.
    #[command(subcommand)]
    Port(PortVerb),
    /// Networks of compute services: which routing instance the ports of AddPort belong to.
    #[command(subcommand)]
    Network(NetworkVerb),
    /// Uplinks: devices of the host with a router and a routing table of their own.
    #[command(subcommand)]
    Uplink(UplinkVerb),
    /// Routing instances; they come and go with their gateways and ports.
    #[command(subcommand)]
    Instance(InstanceVerb),
    /// Routes of an instance.
    #[command(subcommand)]
    Route(RouteVerb),
    /// What of the host's kernel is the daemon's.
    #[command(subcommand)]
    Host(HostVerb),
    /// Everything on one screen, problems last.
    #[command(after_help = "Example:\n  vgw status\n  vgw status -j | jq .problems")]
    Status,
    /// The audit that deletes what a returning controller does not confirm.
    #[command(after_help = "Example:\n  vgw audit\n  vgw audit timer 30000\n  vgw audit connect")]
    Audit {
        /// What to do; shows the audit if absent.
        #[command(subcommand)]
        verb: Option<AuditVerb>,
    },
}

impl DaemonVerb {
    /// True for a verb that adds or deletes something.
    #[must_use]
    pub fn is_change(&self) -> bool {
        match self {
            Self::Gateway(verb) => verb.is_change(),
            Self::Port(verb) => verb.is_change(),
            Self::Network(verb) => verb.is_change(),
            Self::Uplink(verb) => verb.is_change(),
            Self::Route(verb) => verb.is_change(),
            Self::Instance(_) | Self::Host(_) | Self::Status | Self::Audit { .. } => false,
        }
    }

    /// What was understood otherwise than it was typed, one sentence each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        match self {
            Self::Gateway(verb) => verb.notes(),
            Self::Port(verb) => verb.notes(),
            Self::Route(verb) => verb.notes(),
            _ => Vec::new(),
        }
    }
}
