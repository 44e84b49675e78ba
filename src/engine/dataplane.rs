//! The workers seen as one: which port and which instance has which number, and what was last
//! published.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;

use crate::addr::{Family, InstanceId, InstanceName, InterfaceName, Mac, PortId, Prefix};
use crate::forward::{PortConfig, PortCounters, PortRole};
use crate::gateway::{InstanceWant, PortWant};
use crate::packet::SuperPackets;
use crate::routing::{Instance, NextHop};

use super::device::Device;
use super::worker::{Message, Running};

/// How long a worker may take to answer; it takes microseconds unless something is broken.
const PATIENCE: Duration = Duration::from_secs(10);

/// A port that the workers have.
struct Port {
    config: PortConfig,
    /// What it was last told to be.
    want: PortWant,
}

/// An instance that the workers have.
struct Published {
    instance: Arc<Instance>,
    /// Its routes as published.
    routes: BTreeMap<Prefix, NextHop<PortId>>,
}

/// What the workers know of a port, summed over them.
#[derive(Debug, Clone, Default)]
pub(super) struct PortTotals {
    pub(super) counters: PortCounters,
    pub(super) learned: Option<Mac>,
    /// Its interface is down or gone, as far as a worker has noticed.
    pub(super) lost: bool,
}

/// The workers and what they were told.
pub(super) struct Dataplane {
    workers: Vec<Running>,
    ports: BTreeMap<InterfaceName, Port>,
    /// Numbers promised to ports that are about to come.
    promised: BTreeMap<InterfaceName, PortId>,
    /// Names of the ports by number.
    names: BTreeMap<PortId, InterfaceName>,
    instances: BTreeMap<InstanceName, Published>,
    port_numbers: Numbers,
    instance_numbers: Numbers,
}

/// Small numbers, each given to one at a time.
#[derive(Default)]
struct Numbers {
    free: Vec<u32>,
    next: u32,
}

impl Numbers {
    fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }

    fn release(&mut self, number: u32) {
        self.free.push(number);
    }
}

impl Dataplane {
    pub(super) fn new(workers: Vec<Running>) -> Self {
        Self {
            workers,
            ports: BTreeMap::new(),
            promised: BTreeMap::new(),
            names: BTreeMap::new(),
            instances: BTreeMap::new(),
            port_numbers: Numbers::default(),
            instance_numbers: Numbers::default(),
        }
    }

    /// Number of workers, and so of queues that a port needs.
    pub(super) fn queues(&self) -> usize {
        self.workers.len()
    }

    /// Gives a number to every port that is to come, so that routes can name it before it stands.
    pub(super) fn promise(&mut self, names: impl Iterator<Item = InterfaceName>) {
        for (_, broken) in std::mem::take(&mut self.promised) {
            self.port_numbers.release(broken.0);
        }
        for name in names.filter(|name| !self.ports.contains_key(name)) {
            self.promised.insert(name, PortId(self.port_numbers.take()));
        }
    }

    /// Publishes instances with what is new or leads elsewhere; routes that are no longer wanted
    /// stay until [`Dataplane::publish_removals`].
    pub(super) fn publish_additions(&mut self, want: &BTreeMap<InstanceName, InstanceWant>) {
        for (name, wanted) in want {
            let id = match self.instances.get(name) {
                Some(published) => published.instance.id,
                None => InstanceId(self.instance_numbers.take()),
            };
            let resolved = self.resolve(wanted);
            let published = self.instances.entry(name.clone()).or_insert_with(|| Published {
                instance: Arc::new(Instance::new(id, name.clone())),
                routes: BTreeMap::new(),
            });
            let changed: Vec<_> =
                resolved.into_iter().filter(|(prefix, hop)| published.routes.get(prefix) != Some(hop)).collect();
            if changed.is_empty() && !published.routes.is_empty() {
                continue;
            }
            let mut next = (*published.instance).clone();
            for (prefix, next_hop) in changed {
                next.insert(prefix, next_hop.clone());
                published.routes.insert(prefix, next_hop);
            }
            published.instance = Arc::new(next);
            let instance = Arc::clone(&published.instance);
            self.tell(|| Message::Publish(Arc::clone(&instance)));
        }
    }

    /// Takes back routes and instances that are no longer wanted.
    pub(super) fn publish_removals(&mut self, want: &BTreeMap<InstanceName, InstanceWant>) {
        let mut messages: Vec<Arc<Instance>> = Vec::new();
        for (name, published) in &mut self.instances {
            let Some(wanted) = want.get(name) else { continue };
            let gone: Vec<Prefix> =
                published.routes.keys().filter(|prefix| !wanted.routes.contains_key(prefix)).copied().collect();
            if gone.is_empty() {
                continue;
            }
            let mut next = (*published.instance).clone();
            for prefix in &gone {
                next.remove(prefix);
                published.routes.remove(prefix);
            }
            published.instance = Arc::new(next);
            messages.push(Arc::clone(&published.instance));
        }
        for instance in messages {
            self.tell(|| Message::Publish(Arc::clone(&instance)));
        }
        let gone: Vec<InstanceName> = self.instances.keys().filter(|name| !want.contains_key(name)).cloned().collect();
        for name in gone {
            if let Some(published) = self.instances.remove(&name) {
                self.tell(|| Message::Withdraw(published.instance.id));
                self.instance_numbers.release(published.instance.id.0);
            }
        }
    }

    /// Hands a port to the workers, one queue each; a port of that name gets the new queues.
    pub(super) fn attach(&mut self, name: InterfaceName, want: &PortWant, mtu: u32, queues: Vec<Box<dyn Device>>) {
        let super_packets = queues.first().map_or(SuperPackets::ALL, |queue| queue.super_packets());
        let Some(config) = self.config(name, want, mtu, super_packets) else { return };
        for (worker, queue) in self.workers.iter().zip(queues) {
            worker.link.send(Message::Attach(config.clone(), queue));
        }
        self.promised.remove(&name);
        self.names.insert(config.id, name);
        self.ports.insert(name, Port { config, want: want.clone() });
    }

    /// Brings a port that stands in line with a changed wish, its device staying as it is.
    pub(super) fn configure(&mut self, name: InterfaceName, want: &PortWant) {
        let Some(PortConfig { mtu, super_packets, .. }) = self.ports.get(&name).map(|port| &port.config) else {
            return;
        };
        let Some(config) = self.config(name, want, *mtu, *super_packets) else { return };
        self.tell(|| Message::Configure(config.clone()));
        self.ports.insert(name, Port { config, want: want.clone() });
    }

    /// Takes a port away and closes its queues.
    pub(super) fn detach(&mut self, name: &InterfaceName) {
        if let Some(port) = self.ports.remove(name) {
            self.tell(|| Message::Detach(port.config.id));
            self.names.remove(&port.config.id);
            self.port_numbers.release(port.config.id.0);
        }
    }

    /// What a port that stands was last told to be.
    pub(super) fn port(&self, name: &InterfaceName) -> Option<&PortWant> {
        self.ports.get(name).map(|port| &port.want)
    }

    /// Names of the ports that stand.
    pub(super) fn ports(&self) -> Vec<InterfaceName> {
        self.ports.keys().copied().collect()
    }

    /// A port's MTU.
    pub(super) fn mtu(&self, name: &InterfaceName) -> Option<u32> {
        self.ports.get(name).map(|port| port.config.mtu)
    }

    /// Returns when every worker has done all that it was told before.
    pub(super) fn barrier(&self) {
        let (done, all_done) = bounded(self.workers.len());
        self.tell(|| Message::Barrier(done.clone()));
        for _ in &self.workers {
            // A worker that panics takes the process with it; one that is stuck must not hold up calls.
            if all_done.recv_timeout(PATIENCE).is_err() {
                tracing::error!("a worker does not answer");
                return;
            }
        }
    }

    /// Number of routes of an instance, by family.
    pub(super) fn route_count(&self, name: &InstanceName, family: Family) -> usize {
        self.instances.get(name).map_or(0, |published| published.instance.count(family))
    }

    /// What an address matches in an instance, and where it leads.
    pub(super) fn lookup(
        &self,
        name: &InstanceName,
        address: IpAddr,
    ) -> Option<(Option<Prefix>, NextHop<InterfaceName>)> {
        let instance = &self.instances.get(name)?.instance;
        let next_hop = instance.lookup(address).resolve(|id| self.name_of(id));
        Some((instance.matched(address), next_hop))
    }

    /// What the workers have counted, by port.
    pub(super) fn totals(&self) -> BTreeMap<InterfaceName, PortTotals> {
        let (reply, reports) = bounded(self.workers.len());
        self.tell(|| Message::Report(reply.clone()));
        let mut totals: BTreeMap<InterfaceName, PortTotals> = BTreeMap::new();
        for _ in &self.workers {
            let Ok(ports) = reports.recv_timeout(PATIENCE) else { break };
            for report in ports {
                if let Some(name) = self.name_of(report.port) {
                    let total = totals.entry(name).or_default();
                    total.counters += &report.counters;
                    total.learned = total.learned.or(report.learned);
                    total.lost |= report.lost;
                }
            }
        }
        totals
    }

    /// Ports whose interface is down or gone.
    pub(super) fn lost(&self) -> BTreeSet<InterfaceName> {
        self.totals().into_iter().filter(|(_, totals)| totals.lost).map(|(name, _)| name).collect()
    }

    /// Ends the workers; their queues are closed.
    pub(super) fn stop(self) {
        for worker in self.workers {
            worker.stop();
        }
    }

    fn config(
        &self,
        name: InterfaceName,
        want: &PortWant,
        mtu: u32,
        super_packets: SuperPackets,
    ) -> Option<PortConfig> {
        let instance = match want {
            PortWant::Gateway { instance, .. } => instance,
            PortWant::Guest(spec) => &spec.instance,
        };
        let (id, instance) = self.numbers(&name, instance)?;
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
        };
        Some(match want {
            PortWant::Gateway { own_addresses, .. } => {
                PortConfig { own_addresses: own_addresses.iter().copied().collect(), ..config }
            }
            PortWant::Guest(spec) => PortConfig {
                role: PortRole::Guest,
                peer_mac: spec.mac,
                addresses: spec.addresses.iter().copied().collect(),
                own_addresses: spec.gateways.iter().copied().collect(),
                ..config
            },
        })
    }

    /// The numbers of a port and of its instance; both stand or were promised.
    fn numbers(&self, port: &InterfaceName, instance: &InstanceName) -> Option<(PortId, InstanceId)> {
        Some((self.id_of(port)?, self.instances.get(instance)?.instance.id))
    }

    fn resolve(&self, want: &InstanceWant) -> Vec<(Prefix, NextHop<PortId>)> {
        want.routes.iter().map(|(prefix, route)| (*prefix, route.next_hop.resolve(|name| self.id_of(&name)))).collect()
    }

    fn id_of(&self, name: &InterfaceName) -> Option<PortId> {
        self.ports.get(name).map(|port| port.config.id).or_else(|| self.promised.get(name).copied())
    }

    fn name_of(&self, id: PortId) -> Option<InterfaceName> {
        self.names.get(&id).copied()
    }

    fn tell(&self, message: impl Fn() -> Message) {
        for worker in &self.workers {
            worker.link.send(message());
        }
    }
}
