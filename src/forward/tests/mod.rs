//! Tests of the forwarder as a whole. Each room of behaviour has its file; all play in [`Net`].

mod accounts;
mod arp;
mod crossing;
mod dhcp;
mod drops;
mod isolation;
mod local;
mod nd;
mod neighbours;
mod net;
mod refused;
mod size;
mod trace;
mod transit;
mod watch;

pub(super) use net::{FOREIGN, GUEST, HOST, Net, OTHER, OTHER_MAC, TAP, from_guest, from_host};
