//! The workers seen as one: which port and which instance has which number, and what was last
//! published.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;
use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use crate::addr::{Family, InstanceId, InstanceName, InterfaceName, Mac, PortId, Prefix};
use crate::forward::{PortConfig, PortCounters, PortRole};
use crate::gateway::{InstanceWant, PortWant};
use crate::host::sharing;
use crate::packet::SuperPackets;
use crate::routing::{Instance, NextHop, Rib};

use super::device::Device;
use super::service;
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

    /// Says which ports are to stand: each gets a number, so that routes can name it before it does.
    pub(super) fn expect(&mut self, ports: &OrdMap<InterfaceName, PortWant>) {
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
    fn release(&mut self, name: &InterfaceName) {
        if self.expected.contains_key(name) || self.told.contains_key(name) {
            return;
        }
        if let Some(id) = self.numbers.remove(name) {
            self.names.remove(&id);
            self.port_numbers.release(id.0);
        }
    }

    /// Publishes instances with what is new or leads elsewhere; routes that are no longer wanted
    /// stay until [`Dataplane::publish_removals`]. Ways by ports that do not stand yet share in a
    /// route from [`Dataplane::publish_postponed`] on, as long as it has another way.
    pub(super) fn publish_additions(&mut self, want: &OrdMap<InstanceName, InstanceWant>) {
        let before = self.published.clone();
        for difference in before.diff(want) {
            let (name, old, wanted) = match difference {
                DiffItem::Add(name, wanted) => (name, None, wanted),
                DiffItem::Update { old: (_, old), new: (name, wanted) } => (name, Some(old), wanted),
                DiffItem::Remove(..) => continue,
            };
            let mut told = old.cloned().unwrap_or_default();
            let mut changed = Vec::new();
            for difference in told.routes.clone().diff(&wanted.routes) {
                if let DiffItem::Add(prefix, route) | DiffItem::Update { new: (prefix, route), .. } = difference {
                    let before = told.routes.insert(*prefix, route.clone());
                    // Another origin is nothing to the workers.
                    if before.is_none_or(|before| before.next_hop != route.next_hop) {
                        let next_hop = route.next_hop.resolve(|name| self.id_of(&name));
                        let stands = |name: &InterfaceName| self.told.contains_key(name);
                        let ready = self.by(&route.next_hop, stands);
                        let key = (name.clone(), *prefix);
                        if ready == next_hop {
                            self.postponed.remove(&key);
                            changed.push((*prefix, next_hop));
                            continue;
                        }
                        let told = if is_way(&ready) { ready } else { next_hop };
                        changed.push((*prefix, told.clone()));
                        self.postponed.insert(key, Postponed { wanted: route.next_hop.clone(), told });
                    }
                }
            }
            self.published.insert(name.clone(), told);
            if old.is_none() || !changed.is_empty() {
                self.publish(name, |rib| {
                    for (prefix, next_hop) in changed {
                        rib.insert(prefix, next_hop);
                    }
                });
            }
        }
    }

    /// A next hop with those ways only for whose ports `is_so`.
    fn by(&self, next_hop: &NextHop<InterfaceName>, is_so: impl Fn(&InterfaceName) -> bool) -> NextHop<PortId> {
        next_hop.resolve(|name| is_so(&name).then(|| self.id_of(&name)).flatten())
    }

    /// Publishes what waited for ports to stand and to be up. A way by a guest's port that has no device
    /// yet waits on, as long as the route has another.
    pub(super) fn publish_postponed(&mut self) {
        let mut due: BTreeMap<InstanceName, Vec<(Prefix, NextHop<PortId>)>> = BTreeMap::new();
        let mut postponed = std::mem::take(&mut self.postponed);
        postponed.retain(|(name, prefix), route| {
            let waits = |name: &InterfaceName| {
                matches!(self.expected.get(name), Some(PortWant::Guest(..))) && !self.told.contains_key(name)
            };
            let all = self.by(&route.wanted, |_| true);
            let ready = self.by(&route.wanted, |name| !waits(name));
            let is_done = ready == all;
            let next_hop = if is_way(&ready) { ready } else { all };
            if next_hop != route.told {
                due.entry(name.clone()).or_default().push((*prefix, next_hop.clone()));
                route.told = next_hop;
            }
            !is_done
        });
        self.postponed = postponed;
        for (name, routes) in due {
            self.publish(&name, |rib| routes.into_iter().for_each(|(prefix, next_hop)| rib.insert(prefix, next_hop)));
        }
    }

    /// Takes back routes and instances that are no longer wanted.
    pub(super) fn publish_removals(&mut self, want: &OrdMap<InstanceName, InstanceWant>) {
        let before = std::mem::replace(&mut self.published, want.clone());
        self.postponed.retain(|(name, prefix), route| {
            let wanted = want.get(name).and_then(|instance| instance.routes.get(prefix));
            wanted.is_some_and(|wanted| wanted.next_hop == route.wanted)
        });
        for difference in before.diff(want) {
            match difference {
                DiffItem::Update { old: (_, old), new: (name, wanted) } => {
                    let gone: Vec<Prefix> = old.routes.diff(&wanted.routes).filter_map(removed).collect();
                    if !gone.is_empty() {
                        self.publish(name, |rib| gone.iter().for_each(|prefix| rib.remove(prefix)));
                    }
                }
                DiffItem::Remove(name, _) => {
                    if let Some(Published { instance, .. }) = self.instances.remove(name) {
                        self.tell(|| Message::Withdraw(instance.id));
                        self.instance_numbers.release(instance.id.0);
                        self.retired.push(instance);
                    }
                }
                // Published with the additions.
                DiffItem::Add(..) => {}
            }
        }
    }

    /// Hands a changed instance to the workers; it is new if there was none of that name.
    fn publish(&mut self, name: &InstanceName, change: impl FnOnce(&mut Rib)) {
        let (mut rib, old) = match self.instances.remove(name) {
            Some(Published { rib, instance }) => (rib, Some(instance)),
            None => (Rib::new(InstanceId(self.instance_numbers.take()), name.clone()), None),
        };
        change(&mut rib);
        let instance = rib.publish();
        self.tell(|| Message::Publish(Arc::clone(&instance)));
        self.retired.extend(old);
        self.instances.insert(name.clone(), Published { rib, instance });
    }

    /// The expected ports that do not stand, or stand as something else.
    pub(super) fn differing(&self) -> Vec<InterfaceName> {
        let differing = self.told.diff(&self.expected).filter_map(|difference| match difference {
            DiffItem::Add(name, _) | DiffItem::Update { new: (name, _), .. } => Some(*name),
            DiffItem::Remove(..) => None,
        });
        differing.collect()
    }

    /// Hands a port to the workers, one queue each; a port of that name gets the new queues, and keeps
    /// its number and its counters.
    pub(super) fn attach(&mut self, name: InterfaceName, want: &PortWant, mtu: u32, queues: Vec<Box<dyn Device>>) {
        let super_packets = queues.first().map_or(SuperPackets::ALL, |queue| queue.super_packets());
        let Some(config) = self.config(name, want, mtu, super_packets) else { return };
        for (worker, queue) in self.workers.iter().zip(queues) {
            worker.link.send(Message::Attach(config.clone(), queue));
        }
        self.taken.insert(name, (mtu, super_packets));
        self.told.insert(name, want.clone());
    }

    /// Closes a port's queues. The port stays, with its number and its counters, and awaits others.
    pub(super) fn close(&self, name: &InterfaceName) {
        if let Some(id) = self.id_of(name) {
            self.tell(|| Message::Close(id));
        }
    }

    /// Brings the ports that stand in line with what is expected: some are told to be otherwise, those
    /// that are no longer expected go with their queues.
    pub(super) fn update_ports(&mut self) {
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
    pub(super) fn detach(&mut self, name: &InterfaceName) {
        if self.told.remove(name).is_some() {
            self.taken.remove(name);
            if let Some(id) = self.id_of(name) {
                self.tell(|| Message::Detach(id));
            }
            self.release(name);
        }
    }

    /// What a port that stands was last told to be.
    pub(super) fn port(&self, name: &InterfaceName) -> Option<&PortWant> {
        self.told.get(name)
    }

    /// A port's MTU.
    pub(super) fn mtu(&self, name: &InterfaceName) -> Option<u32> {
        self.taken.get(name).map(|(mtu, _)| *mtu)
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

    /// Ports whose interface is down or gone. As [`Dataplane::totals`], this asks every worker about
    /// every port: not for each request.
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
            PortWant::Guest(spec, _) => &spec.instance,
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
        })
    }

    /// The numbers of a port and of its instance.
    fn numbers(&self, port: &InterfaceName, instance: &InstanceName) -> Option<(PortId, InstanceId)> {
        Some((self.id_of(port)?, self.instances.get(instance)?.instance.id))
    }

    fn id_of(&self, name: &InterfaceName) -> Option<PortId> {
        self.numbers.get(name).copied()
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

/// True if packets go on by some port.
fn is_way(next_hop: &NextHop<PortId>) -> bool {
    matches!(next_hop, NextHop::Forward(_))
}

/// The key of an entry that the new map lacks.
fn removed<K: Copy, V>(difference: DiffItem<'_, '_, K, V>) -> Option<K> {
    match difference {
        DiffItem::Remove(key, _) => Some(*key),
        DiffItem::Add(..) | DiffItem::Update { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::addr::Weight;
    use crate::gateway::{Origin, PortKind, PortSpec, RouteWant, ToldNetworks};
    use crate::routing::Hop;

    use super::*;

    /// One instance with one address, behind these ports.
    fn shared(ports: &[&str]) -> (OrdMap<InterfaceName, PortWant>, OrdMap<InstanceName, InstanceWant>) {
        let specs = ports.iter().map(|name| PortSpec {
            name: name.parse().unwrap(),
            instance: "red".parse().unwrap(),
            kind: PortKind::Attach,
            addresses: ["10.0.0.9/32".parse().unwrap()].into(),
            mac: None,
            gateways: [].into(),
            mtu: None,
            weight: Weight::ONE,
            dhcp: None,
            router_advertisements: None,
        });
        let specs: Vec<Arc<PortSpec>> = specs.map(Arc::new).collect();
        let hops = specs.iter().map(|spec| Hop { port: spec.name, gateway: None, weight: Weight::ONE });
        let route = RouteWant { next_hop: NextHop::group(hops), origin: Origin::Port };
        let routes = [("10.0.0.9/32".parse().unwrap(), route)].into_iter().collect();
        let instances = [("red".parse().unwrap(), InstanceWant { routes })].into_iter().collect();
        (specs.into_iter().map(|spec| (spec.name, PortWant::Guest(spec, ToldNetworks::default()))).collect(), instances)
    }

    #[test]
    fn flows_are_spread_over_ports_that_have_a_device() {
        let mut dataplane = Dataplane::new(Vec::new());
        let settle = |dataplane: &mut Dataplane, wanted: &[&str], opened: &[&str]| {
            let (ports, instances) = shared(wanted);
            dataplane.expect(&ports);
            dataplane.publish_additions(&instances);
            for name in opened {
                let name = name.parse().unwrap();
                dataplane.attach(name, &ports[&name], 1500, Vec::new());
            }
            dataplane.publish_postponed();
            dataplane.update_ports();
            dataplane.publish_removals(&instances);
            let (_, next_hop) = dataplane.lookup(&"red".parse().unwrap(), "10.0.0.9".parse().unwrap()).unwrap();
            let NextHop::Forward(hops) = next_hop else { panic!("{next_hop}") };
            hops.iter().map(|hop| hop.port.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(settle(&mut dataplane, &["tap1"], &[]), "tap1", "it has no other way");
        assert_eq!(settle(&mut dataplane, &["tap1", "tap2"], &["tap2"]), "tap2");
        assert_eq!(settle(&mut dataplane, &["tap1", "tap2", "tap3"], &["tap3"]), "tap2 tap3");
        assert_eq!(settle(&mut dataplane, &["tap1", "tap2", "tap3"], &["tap1"]), "tap1 tap2 tap3");
        assert!(dataplane.postponed.is_empty());
        assert_eq!(settle(&mut dataplane, &["tap3", "tap4"], &[]), "tap3");
        assert_eq!(settle(&mut dataplane, &["tap3"], &[]), "tap3");
        assert!(dataplane.postponed.is_empty(), "nobody waits for what is not wanted");
    }

    fn wants(routes: &[(&str, Origin)]) -> OrdMap<InstanceName, InstanceWant> {
        let route = |origin| RouteWant { next_hop: NextHop::Unreachable, origin };
        let routes = routes.iter().map(|(prefix, origin)| (prefix.parse().unwrap(), route(*origin)));
        [(InstanceName::new("red").unwrap(), InstanceWant { routes: routes.collect() })].into_iter().collect()
    }

    #[test]
    fn an_instance_is_published_when_the_workers_have_something_to_learn() {
        let mut dataplane = Dataplane::new(Vec::new());
        let mut published = |routes: &[(&str, Origin)]| {
            let want = wants(routes);
            let before = dataplane.retired.len();
            dataplane.publish_additions(&want);
            let additions = dataplane.retired.len() - before;
            dataplane.publish_removals(&want);
            let (name, instance) = dataplane.instances.first_key_value().unwrap();
            assert_eq!(instance.instance.count(Family::V4), want[name].routes.len());
            assert!(dataplane.published == want);
            (additions, dataplane.retired.len() - before - additions)
        };
        let (one, two) = ("10.1.0.0/16", "10.2.0.0/16");
        assert_eq!(published(&[]), (0, 0), "the first one replaces none");
        assert_eq!(published(&[(one, Origin::Subnet), (two, Origin::Subnet)]), (1, 0));
        assert_eq!(published(&[(one, Origin::Subnet)]), (0, 1), "only a removal");
        assert_eq!(published(&[(one, Origin::Static)]), (0, 0), "only another origin");
        assert_eq!(published(&[(two, Origin::Static)]), (1, 1));
    }
}
