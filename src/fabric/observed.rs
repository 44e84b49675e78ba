//! What the host has, as far as a take-over depends on it.

use crate::addr::{InterfaceName, Mac};

use super::step::{Place, Side};
use super::{Address, Neighbour, Route, Settings};

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Index and name.
    pub place: Place,
    /// Its MAC address.
    pub mac: Mac,
    /// Largest packet, bytes.
    pub mtu: u32,
    /// Administratively up.
    pub up: bool,
    /// The loopback interface.
    pub loopback: bool,
    /// An Ethernet device.
    pub ethernet: bool,
    /// The index of the bridge, bond or the like that it belongs to.
    pub master: Option<u32>,
    /// Devices on top of it: VLANs, macvlans, tunnels bound to it.
    pub uppers: Vec<InterfaceName>,
    /// How the kernel makes IPv6 link-local addresses; `None` without IPv6.
    pub address_generation: Option<u8>,
    /// What of [`super::COPIED`] it has.
    pub settings: Settings,
}

/// A rule that looks at the device by which a packet comes or goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRule {
    /// Its priority.
    pub priority: u32,
    /// The device that it names.
    pub device: InterfaceName,
}

/// What was seen at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// The card.
    pub device: Option<Device>,
    /// The device with the tap's name.
    pub host: Option<Device>,
    /// The addresses of all devices, in the kernel's order.
    pub addresses: Vec<Address>,
    /// The routes of all tables, in the kernel's order, those aside that the kernel makes by itself with
    /// an address.
    pub routes: Vec<Route>,
    /// The permanent neighbours of all devices.
    pub neighbours: Vec<Neighbour>,
    /// The rules that name a device.
    pub rules: Vec<DeviceRule>,
}

impl Observed {
    /// Where a side is, if it is there.
    pub(super) fn place(&self, side: Side) -> Option<Place> {
        let device = match side {
            Side::Device => &self.device,
            Side::Host => &self.host,
        };
        device.as_ref().map(|device| device.place)
    }
}
