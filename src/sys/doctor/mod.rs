//! Looking at this machine for what may be wrong (docs/doctor.md).
//!
//! Nothing is changed: files, netlink and listings are read, neighbours asked for, and the packets of the
//! probe put in at gateways' taps.

mod capture;
mod files;
mod inject;
mod iptables;
mod look;
mod managers;
mod nftables;
mod probe;
mod ways;

pub use look::ThisHost;
