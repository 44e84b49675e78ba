//! `vgwdump`: the name by which Wireshark, tshark and dumpcap start this program to capture (extcap(4)).
//! It is a link to `vgw` in a folder where they look.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::api::generated::virtual_gateway::{CaptureRequest, InstanceState, TVirtualGatewaySyncClient};
use crate::capture::Filter;
use crate::cli::ask::ask;
use crate::cli::failure::Failure;
use crate::clock::Clock;

use super::{Bounds, File, capture, stop_on_signals};

/// The name by which Wireshark starts it.
const NAME: &str = "vgwdump";
/// All ports.
const ALL: &str = "vgw";
/// All ports, dropped packets only.
const DROPS: &str = "vgw.drops";
const PORT: &str = "vgw.port.";
const INSTANCE: &str = "vgw.instance.";

/// Lets Wireshark capture what passes the ports of vgwd.
#[derive(Debug, Parser)]
#[command(name = NAME, version)]
pub(in crate::cli) struct Extcap {
    /// Lists what can be captured at.
    #[arg(long)]
    extcap_interfaces: bool,
    /// The version of who asks.
    #[arg(long, num_args = 0..=1, require_equals = true)]
    extcap_version: Option<Option<String>>,
    /// What to capture at.
    #[arg(long, value_name = "NAME")]
    extcap_interface: Option<String>,
    /// Tells the kind of frames.
    #[arg(long)]
    extcap_dlts: bool,
    /// Tells the options.
    #[arg(long)]
    extcap_config: bool,
    /// Only packets that this matches; alone it is only checked.
    #[arg(long, value_name = "FILTER")]
    extcap_capture_filter: Option<String>,
    /// Captures.
    #[arg(long)]
    capture: bool,
    /// Where the packets go.
    #[arg(long, value_name = "PATH")]
    fifo: Option<PathBuf>,
    /// Only packets that are dropped.
    #[arg(long)]
    drops: bool,
    /// Keeps so many bytes of each packet.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(i32).range(1..=262_144))]
    snaplen: Option<i32>,
    /// The daemon's Unix socket.
    #[arg(long, value_name = "PATH", env = "VGW_SOCKET", default_value = "/run/vgw/vgwd.sock")]
    socket: PathBuf,
}

/// True if the program was started by this name.
pub(in crate::cli) fn is_meant(words: &[OsString]) -> bool {
    words.first().is_some_and(|word| Path::new(word).file_name().is_some_and(|name| name == NAME))
}

impl Extcap {
    /// Does what Wireshark asks for; what it is answered.
    pub(in crate::cli) fn obey(&self, clock: &dyn Clock) -> Result<String, Failure> {
        if self.extcap_interfaces {
            return ask(&self.socket, |daemon| interfaces(daemon));
        }
        if self.extcap_dlts {
            return Ok("dlt {number=1}{name=EN10MB}{display=Ethernet}\n".to_owned());
        }
        if self.extcap_config {
            return Ok(self.config());
        }
        if let Some(Err(error)) = self.extcap_capture_filter.as_ref().map(|filter| filter.parse::<Filter>()) {
            return Err(usage("--extcap-capture-filter", &format!("filter: {error}")));
        }
        if !self.capture {
            return Ok(String::new());
        }
        let Some(fifo) = &self.fifo else { return Err(usage("--fifo", "tells where the packets go, and is missing")) };
        let request = self.request()?;
        let fifo = OpenOptions::new().write(true).open(fifo).map_err(Failure::Output)?;
        let (mut writer, bounds) =
            (BufWriter::new(fifo), Bounds { count: None, until: None, stop: stop_on_signals(), clock });
        ask(&self.socket, |daemon| {
            capture(daemon, request, &bounds, &mut File::new(&mut writer, self.snaplen)).map(|_| String::new())
        })
    }

    fn config(&self) -> String {
        format!(
            "arg {{number=0}}{{call=--drops}}{{display=Dropped packets only}}{{type=boolflag}}\n\
             arg {{number=1}}{{call=--snaplen}}{{display=Bytes of each packet}}{{type=integer}}{{range=1,262144}}\
             {{default=262144}}\n\
             arg {{number=2}}{{call=--socket}}{{display=The daemon's socket}}{{type=string}}{{default={}}}\n",
            self.socket.display()
        )
    }

    fn request(&self) -> Result<CaptureRequest, Failure> {
        let name = self.extcap_interface.as_deref().unwrap_or(ALL);
        let (port, routing_instance) = (name.strip_prefix(PORT), name.strip_prefix(INSTANCE));
        if port.is_none() && routing_instance.is_none() && ![ALL, DROPS].contains(&name) {
            return Err(usage("--extcap-interface", &format!("there is no {name}")));
        }
        Ok(CaptureRequest {
            port: port.map(str::to_owned),
            gateway: None,
            routing_instance: routing_instance.map(str::to_owned),
            drops_only: self.drops || name == DROPS,
            filter: self.extcap_capture_filter.clone().unwrap_or_default(),
            snap_length: self.snaplen,
        })
    }
}

/// What can be captured at.
fn interfaces(daemon: &mut dyn TVirtualGatewaySyncClient) -> Result<String, Failure> {
    let mut text = format!("extcap {{version={}}}{{display=vgw}}\n", env!("CARGO_PKG_VERSION"));
    let mut add = |value: &str, display: &str| {
        text += &format!("interface {{value={value}}}{{display=vgw: {display}}}\n");
    };
    add(ALL, "all ports");
    add(DROPS, "dropped packets");
    for InstanceState { name, gateways, ports, .. } in daemon.list_instances()? {
        // Braces and blanks have a meaning here, and instances are called what others like.
        let is_plain = name.chars().all(|c| !c.is_whitespace() && !matches!(c, '{' | '}'));
        if is_plain {
            add(&format!("{INSTANCE}{name}"), &format!("instance {name}"));
        }
        let of = if is_plain { format!(" of {name}") } else { String::new() };
        gateways.iter().for_each(|gateway| add(&format!("{PORT}{gateway}"), &format!("gateway {gateway}{of}")));
        ports.iter().for_each(|port| add(&format!("{PORT}{port}"), &format!("port {port}{of}")));
    }
    Ok(text)
}

fn usage(field: &str, reason: &str) -> Failure {
    Failure::Usage { field: field.to_owned(), reason: reason.to_owned() }
}
