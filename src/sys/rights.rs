//! What the daemon must be allowed to do, checked before it starts.

use std::io;

use rustix::fs::{Mode, OFlags};
use rustix::thread::{CapabilitySet, capabilities};

use super::tap::DEVICE_NODE;

/// What is missing.
#[derive(Debug, thiserror::Error)]
pub enum MissingRight {
    /// A capability is not in the effective set.
    #[error("the right {0} is missing: {1} need it")]
    Capability(&'static str, &'static str),
    /// The capabilities cannot be read.
    #[error("the process's capabilities cannot be read")]
    Unknown(#[source] io::Error),
    /// The device node for taps cannot be opened.
    #[error("the device {DEVICE_NODE} cannot be opened (is the kernel module tun loaded?)")]
    Device(#[source] io::Error),
}

/// Checks what every gateway needs: `CAP_NET_ADMIN` and the device node for taps.
///
/// # Errors
/// The first thing that is missing.
pub fn check() -> Result<(), MissingRight> {
    require(CapabilitySet::NET_ADMIN, "CAP_NET_ADMIN", "taps, routes and rules")?;
    let how = OFlags::RDWR | OFlags::CLOEXEC;
    rustix::fs::open(DEVICE_NODE, how, Mode::empty()).map(drop).map_err(|errno| MissingRight::Device(errno.into()))
}

/// Checks what attached ports need on top: `CAP_NET_RAW`.
///
/// # Errors
/// It is missing.
pub fn check_attach() -> Result<(), MissingRight> {
    require(CapabilitySet::NET_RAW, "CAP_NET_RAW", "attached ports")
}

fn require(right: CapabilitySet, name: &'static str, what: &'static str) -> Result<(), MissingRight> {
    let sets = capabilities(None).map_err(|errno| MissingRight::Unknown(errno.into()))?;
    if sets.effective.contains(right) { Ok(()) } else { Err(MissingRight::Capability(name, what)) }
}
