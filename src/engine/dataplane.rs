//! The workers seen as one: which port and which instance has which number, and what was last
//! published.

mod ports;
mod tables;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;
use imbl::OrdMap;

use crate::addr::{Family, InstanceId, InstanceName, InterfaceName, Mac, PortId, Prefix};
use crate::forward::{LastDrops, PortCounters, Watch};
use crate::gateway::{InstanceWant, PortWant};
use crate::packet::SuperPackets;
use crate::routing::{Instance, NextHop, Rib};

use super::worker::{Message, Running};

/// How long a worker may take to answer; it takes microseconds unless something is broken.
const PATIENCE: Duration = Duration::from_secs(10);

/// An instance that the workers have.
struct Published {
    rib: Rib,
    /// What they were last told.
    instance: Arc<Instance>,
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
    /// The ports that are to stand, as last said.
    expected: OrdMap<InterfaceName, PortWant>,
    /// The ports that stand, as the workers were last told.
    told: OrdMap<InterfaceName, PortWant>,
    /// What the devices of the ports that stand take: MTU and super-packets.
    taken: BTreeMap<InterfaceName, (u32, SuperPackets)>,
    /// A port's number holds from when it is expected until it is neither expected nor stands, so
    /// that routes can name it before, and through a change of its device.
    numbers: BTreeMap<InterfaceName, PortId>,
    names: BTreeMap<PortId, InterfaceName>,
    /// The instances' routes as the workers were last told.
    published: OrdMap<InstanceName, InstanceWant>,
    /// Routes with ways by ports that do not stand yet.
    postponed: BTreeMap<(InstanceName, Prefix), Postponed>,
    instances: BTreeMap<InstanceName, Published>,
    /// What workers may still use; the last owner frees the memory, and that should not be a worker.
    retired: Vec<Arc<Instance>>,
    port_numbers: Numbers,
    instance_numbers: Numbers,
}

/// A route that waits for ports.
struct Postponed {
    /// With all its ways.
    wanted: NextHop<InterfaceName>,
    /// As the workers have it.
    told: NextHop<PortId>,
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
            expected: OrdMap::new(),
            told: OrdMap::new(),
            taken: BTreeMap::new(),
            numbers: BTreeMap::new(),
            names: BTreeMap::new(),
            published: OrdMap::new(),
            postponed: BTreeMap::new(),
            instances: BTreeMap::new(),
            retired: Vec::new(),
            port_numbers: Numbers::default(),
            instance_numbers: Numbers::default(),
        }
    }

    /// Number of workers, and so of queues that a port needs.
    pub(super) fn queues(&self) -> usize {
        self.workers.len()
    }

    /// Returns when every worker has done all that it was told before.
    pub(super) fn barrier(&mut self) {
        let (done, all_done) = bounded(self.workers.len());
        self.tell(|| Message::Barrier(done.clone()));
        for _ in &self.workers {
            // A worker that panics takes the process with it; one that is stuck must not hold up calls.
            if all_done.recv_timeout(PATIENCE).is_err() {
                tracing::error!("a worker does not answer");
                return;
            }
        }
        self.retired.clear();
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

    /// The packets that each worker has dropped from its number on; a worker without one tells all that
    /// it remembers. One that does not answer has none to tell.
    pub(super) fn last_drops(&self, since: &[u64]) -> Vec<LastDrops> {
        let (reply, reports) = bounded(self.workers.len());
        for (number, worker) in self.workers.iter().enumerate() {
            let from = since.get(number).copied().unwrap_or(0);
            worker.link.send(Message::LastDrops(number, from, reply.clone()));
        }
        let unheard = |number| LastDrops { next: since.get(number).copied().unwrap_or(0), ..LastDrops::default() };
        let mut told: Vec<LastDrops> = (0..self.workers.len()).map(unheard).collect();
        for _ in &self.workers {
            let Ok((number, drops)) = reports.recv_timeout(PATIENCE) else { break };
            told[number] = drops;
        }
        told
    }

    /// An instance's number.
    pub(super) fn instance_id(&self, name: &InstanceName) -> Option<InstanceId> {
        self.instances.get(name).map(|published| published.instance.id)
    }

    /// Has every worker show packets.
    pub(super) fn watch(&self, watch: impl Fn() -> Watch) {
        self.tell(|| Message::Watch(watch()));
    }

    /// Ports whose interface is down or gone. As [`Dataplane::totals`], this asks every worker about
    /// every port: not for each request.
    pub(super) fn lost(&self) -> BTreeSet<InterfaceName> {
        self.totals().into_iter().filter(|(_, totals)| totals.lost).map(|(name, _)| name).collect()
    }

    /// Everything stands that is asked for at the start: packets are read from now on.
    pub(super) fn open(&self) {
        self.tell(|| Message::Open);
    }

    /// Ends the workers; their queues are closed.
    pub(super) fn stop(self) {
        for worker in self.workers {
            worker.stop();
        }
    }

    fn tell(&self, message: impl Fn() -> Message) {
        for worker in &self.workers {
            worker.link.send(message());
        }
    }
}
