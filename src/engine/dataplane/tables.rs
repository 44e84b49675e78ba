//! The instances' routes, as the workers are told of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use crate::addr::{InstanceId, InstanceName, InterfaceName, PortId, Prefix};
use crate::engine::worker::Message;
use crate::gateway::{InstanceWant, PortWant};
use crate::routing::{NextHop, Rib};

use super::{Dataplane, Postponed, Published};

impl Dataplane {
    /// Publishes instances with what is new or leads elsewhere; routes that are no longer wanted
    /// stay until [`Dataplane::publish_removals`]. Ways by ports that do not stand yet share in a
    /// route from [`Dataplane::publish_postponed`] on, as long as it has another way.
    pub(in crate::engine) fn publish_additions(&mut self, want: &OrdMap<InstanceName, InstanceWant>) {
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
    pub(super) fn by(
        &self,
        next_hop: &NextHop<InterfaceName>,
        is_so: impl Fn(&InterfaceName) -> bool,
    ) -> NextHop<PortId> {
        next_hop.resolve(|name| is_so(&name).then(|| self.id_of(&name)).flatten())
    }

    /// Publishes what waited for ports to stand and to be up. A way by a guest's port that has no device
    /// yet waits on, as long as the route has another.
    pub(in crate::engine) fn publish_postponed(&mut self) {
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
    pub(in crate::engine) fn publish_removals(&mut self, want: &OrdMap<InstanceName, InstanceWant>) {
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
    pub(super) fn publish(&mut self, name: &InstanceName, change: impl FnOnce(&mut Rib)) {
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
    use crate::addr::{Family, Weight};
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
            host_name: None,
            router_advertisements: None,
        });
        let specs: Vec<Arc<PortSpec>> = specs.map(Arc::new).collect();
        let hops = specs.iter().map(|spec| Hop { port: spec.name, gateway: None, weight: Weight::ONE });
        let route = Arc::new(RouteWant { next_hop: NextHop::group(hops), origin: Origin::Port });
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
        let route = |origin| Arc::new(RouteWant { next_hop: NextHop::Unreachable, origin });
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
