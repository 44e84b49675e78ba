//! One step of taking over or giving back.

use crate::addr::InterfaceName;

use super::{Address, Neighbour, Phase, Record, Route};

/// A device as messages and labels name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: InterfaceName,
}

/// One of the two devices between which things are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The card.
    Device,
    /// The host's tap.
    Host,
}

/// How a route is put among those with its destination and metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// In the place of the one that is moved.
    Replace,
    /// Behind those that are there; what is moved goes afterwards.
    Append,
    /// Before those that are there.
    Prepend,
}

/// One step. What it names is as the record has it, which is on the card; the side says where it goes
/// or is taken from. Each can be done again when it was done already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The record is written down, with this phase.
    Write(Phase),
    /// The tap is made, down, with the card's MAC and MTU.
    Make,
    /// A setting of the tap is made that of the card: its path below `net`, with `*` for the device.
    Set(String, String),
    /// The forwarder takes both devices.
    Join,
    /// A device is switched on.
    Raise(Side),
    /// A card that is new to the kernel gets the settings and the MTU that it had.
    Renew,
    /// An address is put on a device, bringing no routes of its own and usable at once; IPv4 on the
    /// card is put there as it was.
    AddAddress(Side, Address),
    /// An IPv6 address of the card gets the flags that it had.
    SetAddress(Address),
    /// An address is taken off.
    DeleteAddress(Side, Address),
    /// A permanent neighbour is entered.
    AddNeighbour(Side, Neighbour),
    /// A permanent neighbour is taken out.
    DeleteNeighbour(Side, Neighbour),
    /// The host's stack no longer hears what arrives at the card.
    Shut,
    /// It hears it again.
    Open,
    /// A route is made to lead by a device.
    PutRoute(Side, Route, Put),
    /// A route by a device is deleted.
    DeleteRoute(Side, Route),
    /// IPv6 is switched on at the card, or off. When it comes on, the kernel makes no address by itself.
    Ipv6(bool),
    /// How the kernel makes link-local addresses of the card, as it was.
    Generation(u8),
    /// The forwarder lets go of both devices.
    Part,
    /// The tap is removed.
    Remove,
    /// The record is thrown away.
    Forget,
}

impl Step {
    /// The step in words: as a command of `ip` where there is one.
    #[must_use]
    pub fn text(&self, record: &Record) -> String {
        let (device, host) = (record.device.name, record.host);
        let name = |side: &Side| match side {
            Side::Device => device,
            Side::Host => host,
        };
        match self {
            Self::Write(Phase::Taking) => format!("write down what is on {device}"),
            Self::Write(Phase::Held) => format!("write down that {device} is held"),
            Self::Write(Phase::GivingBack) => format!("write down that {device} is given back"),
            Self::Make => format!("make the tap {host} with MAC {} and MTU {}", record.mac, record.mtu),
            Self::Set(path, value) => format!("set net/{} to {value}", path.replace('*', host.as_str())),
            Self::Join => format!("carry every frame between {device} and {host}"),
            Self::Raise(side) => format!("ip link set {} up", name(side)),
            Self::Renew => format!("give {device}, which is new, its settings and its MTU {} again", record.mtu),
            Self::AddAddress(side, address) => format!("ip address add {address} dev {}", name(side)),
            Self::SetAddress(address) => format!("ip address change {address} dev {device}"),
            Self::DeleteAddress(side, address) => format!("ip address delete {address} dev {}", name(side)),
            Self::AddNeighbour(side, neighbour) => format!("ip neighbour add {neighbour} dev {}", name(side)),
            Self::DeleteNeighbour(side, neighbour) => format!("ip neighbour delete {neighbour} dev {}", name(side)),
            Self::Shut => format!("drop what arrives at {device} before the host's stack hears it (nftables)"),
            Self::Open => format!("let the host's stack hear {device} again (nftables)"),
            Self::PutRoute(side, route, Put::Replace) => format!("ip route replace {route} dev {}", name(side)),
            Self::PutRoute(side, route, Put::Append) => format!("ip route append {route} dev {}", name(side)),
            Self::PutRoute(side, route, Put::Prepend) => format!("ip route prepend {route} dev {}", name(side)),
            Self::DeleteRoute(side, route) => format!("ip route delete {route} dev {}", name(side)),
            Self::Ipv6(true) => format!("switch IPv6 on at {device}"),
            Self::Ipv6(false) => format!("switch IPv6 off at {device}"),
            Self::Generation(mode) => format!("set how {device} gets link-local addresses to mode {mode}"),
            Self::Part => format!("carry nothing more between {device} and {host}"),
            Self::Remove => format!("remove the tap {host}"),
            Self::Forget => format!("throw away what was written down of {device}"),
        }
    }
}
