//! What the conductor shows of everything.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::addr::{Family, InstanceName, InterfaceName, Prefix};
use crate::gateway::{Auditee, Gateway, Owner, Port, PortKind, PortWant, Refusal, Standing, Timer, ToldNetworks};
use crate::host::Traffic;

use super::command::Failure;
use super::conductor::Conductor;
use super::dataplane::PortTotals;
use super::service;
use super::view::{
    AuditView, ComputeView, Counters, GatewayView, InstanceView, LookupView, NetworkView, PortView, StatusView,
    UplinkView,
};

impl Conductor {
    /// One picture of everything.
    pub(super) fn status(&mut self) -> StatusView {
        let now = self.clock.now();
        let masqueraded = self.masqueraded();
        let totals = self.dataplane.totals();
        let counters = totals.iter().map(|(name, totals)| (*name, &totals.counters));
        let rates = self.sample.rates(counters, now - self.started, now);
        let traffic = self.sample.traffic().clone();
        self.lost = totals.iter().filter(|(_, totals)| totals.lost).map(|(name, _)| *name).collect();
        let total = |name: &InterfaceName| totals.get(name).cloned().unwrap_or_default();
        StatusView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime: now - self.started,
            workers: self.dataplane.queues(),
            gateways: self
                .plan
                .registry()
                .gateways()
                .map(|gateway| self.gateway_view(gateway, total(&gateway.spec.interface), &masqueraded))
                .collect(),
            ports: self.port_views(&total),
            uplinks: self.uplink_views(),
            networks: self.network_views(),
            instances: self.plan.registry().instances().into_iter().map(|name| self.instance_view(name)).collect(),
            audit: self.audit_view(),
            repairs: self.vigil.view(now),
            trial: self.trial.as_ref().map(|trial| trial.deadline() - now),
            problems: self.standing_problems().chain(self.vigil.alarms(now)).collect(),
            rates,
            traffic,
            overruns: self.platform.kernel().overruns(),
            sandbox: self.platform.sandbox(),
        }
    }

    /// Where an address goes, asked of the table that the workers use.
    pub(super) fn lookup(&self, instance: &InstanceName, address: IpAddr) -> Result<LookupView, Failure> {
        let (matched, next_hop) =
            self.dataplane.lookup(instance, address).ok_or_else(|| Refusal::UnknownInstance(instance.clone()))?;
        Ok(LookupView { matched, next_hop })
    }

    /// What has left under another address; nothing is asked of the host if nothing does.
    fn masqueraded(&mut self) -> BTreeMap<Prefix, Traffic> {
        if self.plan.want().host.masquerades.is_empty() {
            return BTreeMap::new();
        }
        let counted = self.platform.kernel().masqueraded();
        counted.inspect_err(|error| tracing::warn!(%error, "masqueraded packets are not counted")).unwrap_or_default()
    }

    fn gateway_view(
        &self,
        gateway: &Gateway,
        totals: PortTotals,
        masqueraded: &BTreeMap<Prefix, Traffic>,
    ) -> GatewayView {
        let spec = &gateway.spec;
        let (is_static, version) = match gateway.standing {
            Standing::Static => (true, 0),
            Standing::Dynamic { version } => (false, version),
        };
        let deadline = self.audits.gateways.deadline_of(version).filter(|_| !is_static);
        GatewayView {
            interface: spec.interface,
            instance: spec.instance.clone(),
            subnets: spec.subnets.iter().copied().collect(),
            routes: spec.effective_routes().into_iter().collect(),
            uplink: spec.uplink.clone(),
            masquerade: spec.masquerade,
            masqueraded: spec.masquerade.then(|| sum_around(&spec.subnets, masqueraded)).flatten(),
            weight: spec.weight,
            is_static,
            version,
            deleted_in: deadline.map(|deadline| deadline - self.clock.now()),
            counters: counters(totals),
            rates: self.sample.of_interface(&spec.interface),
        }
    }

    fn port_views(&self, total: &dyn Fn(&InterfaceName) -> PortTotals) -> Vec<PortView> {
        let view = |port: &Port| {
            let spec = &port.spec;
            let totals = total(&spec.name);
            let mtu = self.dataplane.mtu(&spec.name).unwrap_or(0);
            let told = match self.plan.want().ports.get(&spec.name) {
                Some(PortWant::Guest(_, told)) => *told,
                _ => ToldNetworks::default(),
            };
            PortView {
                name: spec.name,
                instance: spec.instance.clone(),
                attached: spec.kind == PortKind::Attach,
                guest: match &spec.kind {
                    PortKind::Tap(Some(guest)) => Some((guest.namespace.display().to_string(), guest.name)),
                    PortKind::Tap(None) | PortKind::Attach => None,
                },
                addresses: spec.addresses.iter().copied().collect(),
                gateways: spec.gateways.iter().copied().collect(),
                mac: spec.mac.or(totals.learned),
                mtu,
                weight: spec.weight,
                lease: service::lease(spec, told, mtu),
                advertisement: service::advertisement(spec, told, mtu),
                is_static: port.is_static(),
                compute: self.compute_view(port.owner),
                counters: counters(totals),
                rates: self.sample.of_interface(&spec.name),
            }
        };
        self.plan.registry().ports().map(view).collect()
    }

    fn compute_view(&self, owner: Owner) -> Option<ComputeView> {
        let Owner::Compute { id, network, version } = owner else { return None };
        let deadline = version.and_then(|version| self.audits.ports.deadline_of(version));
        Some(ComputeView { id, network, deleted_in: deadline.map(|deadline| deadline - self.clock.now()) })
    }

    fn network_views(&self) -> Vec<NetworkView> {
        let networks = self.plan.registry().networks();
        networks
            .map(|network| NetworkView {
                id: network.spec.id,
                instance: network.spec.instance.clone(),
                gateways: network.spec.gateways.iter().copied().collect(),
                dhcp: network.spec.dhcp.clone(),
                router_advertisements: network.spec.router_advertisements.clone(),
                is_static: network.is_static,
            })
            .collect()
    }

    fn uplink_views(&self) -> Vec<UplinkView> {
        let uplinks = self.plan.registry().uplinks();
        uplinks
            .map(|uplink| UplinkView {
                name: uplink.spec.name.clone(),
                device: uplink.spec.device,
                attachment: uplink.attachment(),
                lease: uplink.spec.lease().map(|lease| lease.family),
                table: uplink.table,
                gateways: self.plan.registry().users(&uplink.spec.name).map(|user| user.spec.interface).collect(),
                is_static: uplink.is_static,
            })
            .collect()
    }

    fn instance_view(&self, name: InstanceName) -> InstanceView {
        let gateways = self.plan.registry().gateways().filter(|gateway| gateway.spec.instance == name);
        let ports = self.plan.registry().ports().filter(|port| port.spec.instance == name);
        InstanceView {
            routes_v4: self.dataplane.route_count(&name, Family::V4),
            routes_v6: self.dataplane.route_count(&name, Family::V6),
            gateways: gateways.map(|gateway| gateway.spec.interface).collect(),
            ports: ports.map(|port| port.spec.name).collect(),
            name,
        }
    }

    fn audit_view(&self) -> AuditView {
        let (now, registry, audit) = (self.clock.now(), self.plan.registry(), &self.audits.gateways);
        let stale = |timer: Timer| (timer.deadline - now, registry.stale(Auditee::Gateways, timer.threshold));
        AuditView {
            version: audit.version(),
            timeout: audit.timeout(),
            running: audit.running().into_iter().map(stale).collect(),
        }
    }
}

fn counters(totals: PortTotals) -> Counters {
    let counters = totals.counters;
    Counters {
        received: counters.received,
        received_bytes: counters.received_bytes,
        sent: counters.sent,
        answered: counters.answered,
        held: counters.held,
        dropped: counters.drops().collect(),
        transmitted: counters.transmitted,
        transmitted_bytes: counters.transmitted_bytes,
    }
}

/// The traffic of those networks that are these subnets or around them; `None` if there is none.
fn sum_around(subnets: &BTreeSet<Prefix>, counted: &BTreeMap<Prefix, Traffic>) -> Option<Traffic> {
    let is_around = |network: &Prefix| subnets.iter().any(|subnet| network.covers(subnet));
    let traffic = counted.iter().filter(|(network, _)| is_around(network)).map(|(_, traffic)| *traffic);
    traffic.reduce(|sum, next| Traffic { packets: sum.packets + next.packets, bytes: sum.bytes + next.bytes })
}
