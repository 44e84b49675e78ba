//! `vgw trace`

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::addr::InterfaceName;

/// A packet that is only imagined, and where it comes in.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("entry").required(true).args(["port", "from_device"]))]
pub struct TraceArguments {
    /// A port that a guest sends the packet by, or a gateway's tap that the host sends it by.
    #[arg(long, value_name = "INTERFACE")]
    pub port: Option<InterfaceName>,
    /// A device of the host that the packet comes in by from outside.
    #[arg(long, value_name = "DEVICE")]
    pub from_device: Option<InterfaceName>,
    /// Where it says it is from.
    #[arg(long, value_name = "ADDRESS", required_unless_present = "pcap")]
    pub src: Option<IpAddr>,
    /// Where it is to go.
    #[arg(long, value_name = "ADDRESS", required_unless_present = "pcap")]
    pub dst: Option<IpAddr>,
    /// tcp, udp, icmp or a number.
    #[arg(long, value_name = "PROTOCOL", default_value = "icmp", value_parser = protocol)]
    pub proto: Protocol,
    /// The source port of TCP or UDP.
    #[arg(long, value_name = "NUMBER")]
    pub sport: Option<u16>,
    /// The destination port of TCP or UDP.
    #[arg(long, value_name = "NUMBER")]
    pub dport: Option<u16>,
    /// The TTL or hop limit that it is sent with.
    #[arg(long, value_name = "NUMBER")]
    pub ttl: Option<u8>,
    /// Bytes of the IP packet; as few as it takes if absent.
    #[arg(long, value_name = "BYTES")]
    pub length: Option<u16>,
    /// Routers may fragment it (IPv4).
    #[arg(long)]
    pub may_fragment: bool,
    /// Takes the packet from a capture file instead, pcap or pcapng.
    #[arg(long, value_name = "FILE", conflicts_with_all = OF_A_PACKET)]
    pub pcap: Option<PathBuf>,
    /// Which frame of the file, counted from 1 as Wireshark does; the first if absent.
    #[arg(long, value_name = "NUMBER", requires = "pcap", conflicts_with_all = OF_A_PACKET)]
    pub frame: Option<usize>,
    /// Traces the answer too, from where the packet arrives.
    #[arg(long)]
    pub both_ways: bool,
}

/// What a frame of a file says itself, and where it cannot come in.
const OF_A_PACKET: [&str; 9] =
    ["src", "dst", "proto", "sport", "dport", "ttl", "length", "may_fragment", "from_device"];

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// ICMP of the packet's family.
    Icmp,
    /// By its number.
    Number(u8),
}

fn protocol(text: &str) -> Result<Protocol, String> {
    match text {
        "icmp" | "icmpv6" => Ok(Protocol::Icmp),
        "tcp" => Ok(Protocol::Number(6)),
        "udp" => Ok(Protocol::Number(17)),
        _ => text.parse().map(Protocol::Number).map_err(|_| "it is tcp, udp, icmp or a number up to 255".to_owned()),
    }
}
