//! Names of what there is: of the daemon's things, and of the host's.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::api::Client;
use crate::api::generated::virtual_gateway::{DropQuery, TVirtualGatewaySyncClient};
use crate::doctor;

/// Somebody waits at a prompt.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a word names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Gateway,
    Port,
    /// A port, or a device of the host that may become one.
    PortOrDevice,
    /// A port or a gateway's tap.
    Interface,
    Uplink,
    Instance,
    Network,
    Device,
    Namespace,
    Family,
    /// A reason that packets were dropped for.
    Reason,
    /// A check of the doctor's.
    Check,
    File,
}

impl Kind {
    /// What an argument of a command names, if there is a list of that. `path` is the command's, without
    /// `vgw`; `id` is the argument's own name in `args`.
    pub(super) fn of(path: &str, id: &str) -> Option<Self> {
        match (path, id) {
            ("gateway add" | "gateway delete" | "gateway show", "interface") => Some(Self::Gateway),
            ("port add", "interface") => Some(Self::PortOrDevice),
            ("port delete" | "port show", "interface") => Some(Self::Port),
            ("trace" | "drops", "port") | (_, "interface") => Some(Self::Interface),
            (_, "port") => Some(Self::Port),
            (_, "uplink") => Some(Self::Uplink),
            (_, "instance") => Some(Self::Instance),
            ("network add" | "network delete", "id") => Some(Self::Network),
            (_, "device" | "devices") => Some(Self::Device),
            (_, "netns") => Some(Self::Namespace),
            (_, "family" | "lease") => Some(Self::Family),
            ("drops", "reason") => Some(Self::Reason),
            ("doctor", "fix") => Some(Self::Check),
            (_, "socket" | "file" | "pcap" | "write") => Some(Self::File),
            _ => None,
        }
    }

    /// The names that there are. A daemon that does not answer has none.
    pub(super) fn names(self, socket: &Path) -> Vec<String> {
        let ask = |question: &dyn Fn(&mut dyn TVirtualGatewaySyncClient) -> thrift::Result<Vec<String>>| {
            let client = Client::connect(socket, PATIENCE);
            client.and_then(|mut client| client.call(|daemon| question(daemon))).unwrap_or_default()
        };
        match self {
            Self::Gateway => {
                ask(&|daemon| Ok(daemon.list_gateways()?.into_iter().map(|it| it.interface_name).collect()))
            }
            Self::Port => ask(&|daemon| Ok(daemon.list_ports()?.into_iter().map(|it| it.name).collect())),
            Self::Uplink => ask(&|daemon| Ok(daemon.list_uplinks()?.into_iter().map(|it| it.name).collect())),
            Self::Instance => ask(&|daemon| Ok(daemon.list_instances()?.into_iter().map(|it| it.name).collect())),
            Self::Network => ask(&|daemon| Ok(daemon.list_networks()?.into_iter().map(|it| it.id).collect())),
            Self::PortOrDevice => [Self::Port.names(socket), Self::Device.names(socket)].concat(),
            Self::Interface => [Self::Port.names(socket), Self::Gateway.names(socket)].concat(),
            Self::Device => entries("/sys/class/net"),
            Self::Namespace => entries("/run/netns"),
            Self::Family => vec!["ipv4".to_owned(), "ipv6".to_owned()],
            Self::Reason => {
                let counts = ask(&|daemon| {
                    Ok(daemon.list_drops(DropQuery::default())?.into_iter().map(|it| it.reason).collect())
                });
                counts.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
            }
            Self::Check => doctor::Check::ALL.iter().map(ToString::to_string).collect(),
            // The shell's to list.
            Self::File => Vec::new(),
        }
    }
}

/// The names in a folder, if it can be read.
fn entries(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}
