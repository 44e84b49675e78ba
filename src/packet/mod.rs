//! Bytes with meaning: a frame with its offload header, a checked view of it, in-place edits and
//! the messages that the gateway writes itself.

pub mod arp;
mod batch;
mod buffer;
pub mod checksum;
mod coalesce;
pub mod dhcp;
mod ethernet;
#[cfg(test)]
mod exhaustive;
mod fragment;
mod frame;
pub mod icmp;
mod ip;
mod ipv4;
mod ipv6;
pub mod nd;
mod offload;
pub mod rewrite;
#[cfg(test)]
pub(crate) mod sample;
mod segment;

pub use batch::Batch;
pub use buffer::{Packet, ReceiveError};
pub use coalesce::Coalescer;
pub use ethernet::{ARP, ETHERNET_HEADER, IPV6, Stations};
pub use fragment::Fragments;
pub use frame::{Content, Frame, FrameError};
pub use ip::{Fragment, Ip, protocol};
pub use offload::{
    Checksum, Offload, OffloadError, SegmentKind, Segmentation, SuperPackets, VNET_HEADER, transport_end,
};
pub use segment::Segments;
