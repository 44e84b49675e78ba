//! The ports, as the workers are told of them, and their numbers.

use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use crate::addr::{InstanceId, InstanceName, InterfaceName, Mac, PortId};
use crate::engine::device::Device;
use crate::engine::service;
use crate::engine::worker::Message;
use crate::forward::{PortConfig, PortRole};
use crate::gateway::{FABRIC, FabricEnd, PortWant};
use crate::host::sharing;
use crate::packet::SuperPackets;

use super::Dataplane;

impl Dataplane {
    /// Says which ports are to stand: each gets a number, so that routes can name it before it does.
    pub(in crate::engine) fn expect(&mut self, ports: &OrdMap<InterfaceName, PortWant>) {
        let before = std::mem::replace(&mut self.expected, ports.clone());
        for difference in before.diff(ports) {
            match difference {
                DiffItem::Add(name, _) if !self.numbers.contains_key(name) => {
                    let id = PortId(self.port_numbers.take());
                    self.numbers.insert(*name, id);
                    self.names.insert(id, *name);
                }
                DiffItem::Remove(name, _) => self.release(name),
                _ => {}
            }
        }
    }

    /// Gives back the number of a port that is neither expected nor stands.
    pub(super) fn release(&mut self, name: &InterfaceName) {
        if self.expected.contains_key(name) || self.told.contains_key(name) {
            return;
        }
        if let Some(id) = self.numbers.remove(name) {
            self.names.remove(&id);
            self.port_numbers.release(id.0);
        }
    }

    /// The expected ports that do not stand, or stand as something else.
    pub(in crate::engine) fn differing(&self) -> Vec<InterfaceName> {
        let differing = self.told.diff(&self.expected).filter_map(|difference| match difference {
            DiffItem::Add(name, _) | DiffItem::Update { new: (name, _), .. } => Some(*name),
            DiffItem::Remove(..) => None,
        });
        differing.collect()
    }

    /// Hands a port to the workers, one queue each; a port of that name gets the new queues, and keeps
    /// its number and its counters.
    pub(in crate::engine) fn attach(
        &mut self,
        name: InterfaceName,
        want: &PortWant,
        mtu: u32,
        queues: Vec<Box<dyn Device>>,
    ) {
        let super_packets = queues.first().map_or(SuperPackets::ALL, |queue| queue.super_packets());
        let Some(config) = self.config(name, want, mtu, super_packets) else { return };
        for (worker, queue) in self.workers.iter().zip(queues) {
            worker.link.send(Message::Attach(config.clone(), queue));
        }
        self.taken.insert(name, (mtu, super_packets));
        self.told.insert(name, want.clone());
    }

    /// Closes a port's queues. The port stays, with its number and its counters, and awaits others.
    pub(in crate::engine) fn close(&self, name: &InterfaceName) {
        if let Some(id) = self.id_of(name) {
            self.tell(|| Message::Close(id));
        }
    }

    /// Brings the ports that stand in line with what is expected: some are told to be otherwise, those
    /// that are no longer expected go with their queues.
    pub(in crate::engine) fn update_ports(&mut self) {
        let (before, expected) = (self.told.clone(), self.expected.clone());
        for difference in before.diff(&expected) {
            match difference {
                DiffItem::Update { new: (name, want), .. } => {
                    let Some(&(mtu, super_packets)) = self.taken.get(name) else { continue };
                    let Some(config) = self.config(*name, want, mtu, super_packets) else { continue };
                    self.tell(|| Message::Configure(config.clone()));
                    self.told.insert(*name, want.clone());
                }
                DiffItem::Remove(name, _) => self.detach(name),
                // Its device could not be opened.
                DiffItem::Add(..) => {}
            }
        }
        self.told = sharing(&self.told, &self.expected);
    }

    /// Takes a port away and closes its queues.
    pub(in crate::engine) fn detach(&mut self, name: &InterfaceName) {
        if self.told.remove(name).is_some() {
            self.taken.remove(name);
            if let Some(id) = self.id_of(name) {
                self.tell(|| Message::Detach(id));
            }
            self.release(name);
        }
    }

    /// What a port that stands was last told to be.
    pub(in crate::engine) fn port(&self, name: &InterfaceName) -> Option<&PortWant> {
        self.told.get(name)
    }

    /// The routing instance of a port that stands.
    pub(in crate::engine) fn instance_of(&self, name: &InterfaceName) -> Option<InstanceName> {
        instance(self.told.get(name)?)
    }

    /// The ports that stand, with their routing instances.
    pub(in crate::engine) fn ports(&self) -> Vec<(InterfaceName, Option<InstanceName>)> {
        self.told.iter().map(|(name, want)| (*name, instance(want))).collect()
    }

    /// A port's MTU.
    pub(in crate::engine) fn mtu(&self, name: &InterfaceName) -> Option<u32> {
        self.taken.get(name).map(|(mtu, _)| *mtu)
    }

    fn config(
        &self,
        name: InterfaceName,
        want: &PortWant,
        mtu: u32,
        super_packets: SuperPackets,
    ) -> Option<PortConfig> {
        let (id, instance) = self.numbers(&name, &instance(want)?)?;
        let config = PortConfig {
            id,
            name,
            instance,
            role: PortRole::Gateway,
            mac: Mac::GATEWAY,
            peer_mac: Some(Mac::GATEWAY),
            mtu,
            super_packets,
            addresses: Vec::new(),
            own_addresses: Vec::new(),
            lease: None,
            advertisement: None,
        };
        Some(match want {
            PortWant::Gateway { own_addresses, .. } => {
                PortConfig { own_addresses: own_addresses.iter().copied().collect(), ..config }
            }
            PortWant::Guest(spec, told) => PortConfig {
                role: PortRole::Guest,
                peer_mac: spec.mac,
                addresses: spec.addresses.iter().copied().collect(),
                own_addresses: spec.gateways.iter().copied().collect(),
                lease: service::lease(spec, *told, mtu).map(Arc::new),
                advertisement: service::advertisement(spec, *told, mtu).map(Arc::new),
                ..config
            },
            PortWant::Fabric(end, fabric) => {
                let role = match end {
                    FabricEnd::Wire => PortRole::FabricWire(self.id_of(&fabric.host)?),
                    FabricEnd::Host => PortRole::FabricHost(self.id_of(&fabric.wire)?),
                };
                let own_addresses = fabric.addresses.iter().copied().collect();
                PortConfig { role, mac: fabric.mac, peer_mac: Some(fabric.mac), own_addresses, ..config }
            }
        })
    }

    /// The numbers of a port and of its instance.
    pub(super) fn numbers(&self, port: &InterfaceName, instance: &InstanceName) -> Option<(PortId, InstanceId)> {
        Some((self.id_of(port)?, self.instances.get(instance)?.instance.id))
    }

    pub(super) fn id_of(&self, name: &InterfaceName) -> Option<PortId> {
        self.numbers.get(name).copied()
    }

    /// The name of a port that stands or is expected.
    pub(in crate::engine) fn name_of(&self, id: PortId) -> Option<InterfaceName> {
        self.names.get(&id).copied()
    }
}

/// The routing instance that a port belongs to.
fn instance(want: &PortWant) -> Option<InstanceName> {
    match want {
        PortWant::Gateway { instance, .. } => Some(instance.clone()),
        PortWant::Guest(spec, _) => Some(spec.instance.clone()),
        PortWant::Fabric(..) => InstanceName::new(FABRIC).ok(),
    }
}
