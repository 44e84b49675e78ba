//! Why a device cannot be taken.

use crate::addr::InterfaceName;

use super::observed::{Device, Observed};

/// Why a device cannot be taken; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none of that name.
    #[error("there is no interface {0}")]
    Absent(InterfaceName),
    /// It has no wire.
    #[error("{0} is the loopback interface")]
    Loopback(InterfaceName),
    /// Its frames are not Ethernet's.
    #[error("{0} is no Ethernet device")]
    NotEthernet(InterfaceName),
    /// It is switched off.
    #[error("{0} is down")]
    Down(InterfaceName),
    /// It has nothing yet that the tap could have.
    #[error("{0} has no address yet")]
    Bare(InterfaceName),
    /// A bridge or a bond has it.
    #[error("{0} belongs to another device (a bridge, a bond, a VRF), whose addresses and routes count")]
    Enslaved(InterfaceName),
    /// What is on top of it would no longer hear anything.
    #[error("{1} is on top of {0}, and would be cut off: it has to be on the tap")]
    Covered(InterfaceName, InterfaceName),
    /// Something of ours uses it.
    #[error("{0} is the device of {1}")]
    InUse(InterfaceName, String),
    /// A route leads to a next hop object, which would have to be moved itself.
    #[error("the route {0} leads by {1} to next hop object {2}, which cannot be moved")]
    NextHopObject(String, InterfaceName, u32),
    /// The tap's name is taken.
    #[error("there is an interface {0} already")]
    HostExists(InterfaceName),
    /// Both have the same name.
    #[error("{0} is the device itself")]
    Same(InterfaceName),
    /// None is held.
    #[error("no device is held")]
    NotHeld,
    /// One is held.
    #[error("{0} is held already")]
    Held(InterfaceName),
}

impl Refusal {
    /// The field of a request that is at fault; empty if it is none.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::HostExists(_) | Self::Same(_) => "interface",
            Self::NotHeld => "",
            _ => "device",
        }
    }

    /// The device that can be taken, as it is now.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check(device: InterfaceName, host: InterfaceName, observed: &Observed) -> Result<&Device, Self> {
        let found = observed.device.as_ref().ok_or(Self::Absent(device))?;
        if device == host {
            return Err(Self::Same(host));
        }
        if found.loopback {
            return Err(Self::Loopback(device));
        }
        if !found.ethernet {
            return Err(Self::NotEthernet(device));
        }
        if !found.up {
            return Err(Self::Down(device));
        }
        if found.master.is_some() {
            return Err(Self::Enslaved(device));
        }
        if let Some(upper) = found.uppers.first() {
            return Err(Self::Covered(device, *upper));
        }
        if observed.host.is_some() {
            return Err(Self::HostExists(host));
        }
        let mut routes = observed.routes.iter().filter(|route| route.uses(found.place.index));
        match routes.find_map(|route| Some((route, route.next_hop_object()?))) {
            Some((route, object)) => Err(Self::NextHopObject(route.to_string(), device, object)),
            None => Ok(found),
        }
    }
}
