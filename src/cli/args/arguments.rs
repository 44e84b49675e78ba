//! The first words, and the options that stand everywhere.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::{
    ApplyArguments, AuditVerb, CaptureArguments, CompleteArguments, ConfigurationArguments, DemoArguments,
    DoctorArguments, DropsArguments, EventsArguments, FabricVerb, GatewayVerb, HostVerb, ImportArguments, InstanceVerb,
    NetworkVerb, PortVerb, RouteVerb, TopArguments, TraceArguments, UplinkVerb,
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
    /// Tells why a packet does, or does not, arrive: its way step by step, through vgwd and the host.
    ///
    /// Nothing is sent: the daemon runs its own forwarder on the packet, and asks the kernel what it
    /// would do with it. The host's firewall is not asked. Exit code 0 if the packet arrives, 1 if not.
    #[command(after_help = "Example:\n  vgw trace --port tap0 --src 192.168.1.253 --dst 10.1.1.253 --both-ways\n  \
                            vgw trace --port tap0 --src 192.168.1.253 --dst 10.1.1.253 --proto tcp --dport 80\n  \
                            vgw trace --from-device eth0 --src 10.1.1.253 --dst 192.168.1.253\n  \
                            vgw trace --port tap0 --pcap guest.pcap --frame 3")]
    Trace(Box<TraceArguments>),
    /// What has happened: changes and who asked for them, audits, repairs, problems.
    ///
    /// With --json --follow each line is an object, of the schema vgw.event/1.
    #[command(
        after_help = "Example:\n  vgw events\n  vgw events -f\n  vgw events -f -j | jq 'select(.deed == \"repaired\")'"
    )]
    Events(EventsArguments),
    /// Which interfaces are busy: packets, bytes and drops in a second, as they come.
    ///
    /// The keys p, b, d and n sort by packets, bytes, drops and name, q ends it.
    #[command(after_help = "Example:\n  vgw top\n  vgw top --sort drops --interval 5\n  vgw top --once -j")]
    Top(TopArguments),
    /// Captures packets as they pass the ports: received, sent after the edit, and dropped with the reason.
    #[command(after_help = "Example:\n  vgw capture --port tap0 host 10.0.0.1 and not port 22\n  \
                            vgw capture --drops\n  vgw capture -w - | wireshark -k -i -")]
    Capture(CaptureArguments),
    /// Builds guests, a compute node and an outside host in namespaces and shows the gateway at work.
    #[command(
        after_help = "Example:\n  sudo vgw demo\n  sudo vgw demo --fabric\n  sudo vgw demo --keep\n  sudo vgw demo --stop"
    )]
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
    /// Checks a configuration file and its drop-ins. The daemon need not run.
    #[command(after_help = "Example:\n  vgw check\n  vgw check /etc/vgw/vgwd.toml.new")]
    Check(ConfigurationArguments),
    /// What may stand where the cursor is; the shells' completion asks.
    #[command(hide = true, disable_help_flag = true)]
    Complete(CompleteArguments),
}

impl Verb {
    /// Why it cannot be tried out with --dry-run, if that is so before it is looked at more closely.
    #[must_use]
    pub fn never_dry(&self) -> Option<&'static str> {
        match self {
            Self::Daemon(DaemonVerb::Fabric(FabricVerb::Restore(_))) => {
                Some("a rescue is not tried out; 'vgw fabric show' says what is taken while the daemon runs")
            }
            Self::Daemon(_) => None,
            Self::Doctor(given) => given.fix.is_none().then_some("the doctor changes nothing without --fix"),
            Self::Demo(_) => Some("the demonstration changes only namespaces that it makes itself"),
            Self::Trace(_)
            | Self::Capture(_)
            | Self::Events(_)
            | Self::Top(_)
            | Self::Import(_)
            | Self::Check(_)
            | Self::Complete(_) => Some("it changes nothing anyhow"),
        }
    }
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
    /// The host's own device, taken in front of the host.
    #[command(subcommand)]
    Fabric(FabricVerb),
    /// What of the host's kernel is the daemon's.
    #[command(subcommand)]
    Host(HostVerb),
    /// Shows what a configuration file would change.
    #[command(after_help = "Example:\n  vgw diff new.toml\n  vgw diff -j | jq -e '.differences == []'")]
    Diff(ConfigurationArguments),
    /// Makes a configuration file the one that stands, all or nothing.
    ///
    /// With --confirm what stood before comes back by itself, unless 'vgw confirm' is called in time.
    #[command(
        after_help = "Example:\n  vgw apply new.toml --dry-run\n  vgw apply new.toml --confirm 60s\n  vgw confirm"
    )]
    Apply(ApplyArguments),
    /// Keeps the configuration that was applied with --confirm.
    #[command(after_help = "Example:\n  vgw confirm")]
    Confirm,
    /// Takes the configuration back that was applied with --confirm.
    #[command(after_help = "Example:\n  vgw rollback")]
    Rollback,
    /// What was dropped and why: counts by reason, or the last packets.
    #[command(
        after_help = "Example:\n  vgw drops\n  vgw drops --port tap0 --follow\n  vgw drops --reason IP_RPFILTER -j"
    )]
    Drops(DropsArguments),
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
            Self::Apply(_) => true,
            Self::Fabric(verb) => verb.is_change(),
            Self::Instance(_) | Self::Host(_) | Self::Drops(_) | Self::Status | Self::Audit { .. } => false,
            Self::Diff(_) | Self::Confirm | Self::Rollback => false,
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
