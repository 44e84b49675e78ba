//! What the daemon tells of itself, as far as it matters to a diagnosis.

use std::net::IpAddr;

use crate::addr::{Family, InterfaceAddress, InterfaceName, Prefix};

/// What the daemon tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// By interface.
    pub gateways: Vec<Gateway>,
    /// By name.
    pub uplinks: Vec<Uplink>,
    /// By interface.
    pub ports: Vec<Port>,
    /// What it has found wrong itself.
    pub problems: Vec<Problem>,
    /// By which of the kernel's means its threads are not held to what they need.
    pub unconfined: Vec<Unconfined>,
}

/// A means of the kernel's that does not hold the daemon's threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unconfined {
    /// `landlock`, `seccomp` or `capabilities`.
    pub means: String,
    /// Why not.
    pub reason: String,
}

/// What the daemon has found wrong itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its kind, as `vgw status` has it.
    pub id: String,
    /// What is wrong.
    pub sentence: String,
    /// The command that cures it; words in capitals are to be filled in.
    pub cure: String,
}

/// A gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Its tap.
    pub name: InterfaceName,
    /// Its routing instance.
    pub instance: String,
    /// What the host is told is behind it.
    pub subnets: Vec<Prefix>,
    /// What guests reach by it.
    pub routes: Vec<Prefix>,
    /// The uplink that it names.
    pub uplink: Option<String>,
    /// Its packets leave under another address.
    pub masquerade: bool,
    /// What came in by it.
    pub traffic: Traffic,
}

/// An uplink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uplink {
    /// Its name.
    pub name: String,
    /// The host's device.
    pub device: InterfaceName,
    /// The host's address there; `None` without a lease.
    pub address: Option<InterfaceAddress>,
    /// The router; `None` without a lease.
    pub via: Option<IpAddr>,
    /// Its routing table.
    pub table: u32,
}

/// A guest's port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its interface.
    pub name: InterfaceName,
    /// Its routing instance.
    pub instance: String,
    /// What is behind it, and by what the guest knows its gateway.
    pub addresses: Vec<Prefix>,
    /// Largest packet, bytes.
    pub mtu: u32,
    /// It was there before it became a port.
    pub attached: bool,
    /// It was put into a guest's namespace.
    pub placed: bool,
    /// What came in by it.
    pub traffic: Traffic,
}

/// What came in by a port or a gateway's tap, packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// All of it.
    pub received: u64,
    /// Dropped, since the queue of where it was to go was full (`FULL_RING`).
    pub full_ring: u64,
}

impl Told {
    /// The uplink that decides about a gateway's packets of a family; `None` if table main does.
    #[must_use]
    pub fn uplink_of(&self, gateway: &Gateway, family: Family) -> Option<&Uplink> {
        let name = gateway.uplink.as_ref()?;
        self.uplinks.iter().find(|uplink| {
            uplink.name == *name && uplink.address.is_some_and(|address| Family::of(address.address) == family)
        })
    }

    /// The interfaces on the host that vgwd has made.
    pub fn taps(&self) -> impl Iterator<Item = InterfaceName> {
        let ports = self.ports.iter().filter(|port| !port.attached && !port.placed).map(|port| port.name);
        self.gateways.iter().map(|gateway| gateway.name).chain(ports)
    }
}
