//! Taking over the static part from the configuration file.

use std::collections::BTreeMap;

use crate::gateway::{
    Applied, GatewaySpec, Limits, NetworkSpec, PortSpec, Refusal, StaticRoute, UplinkName, UplinkSpec,
};
use crate::host::Observed;

use super::{Gateway, Owner, Port, Registry, Standing};

/// Everything that the configuration file defines, in the order of the file. Names are unique
/// within each list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declared {
    /// How much may be asked for, by the file and by calls together.
    pub limits: Limits,
    /// Static gateways.
    pub gateways: Vec<GatewaySpec>,
    /// Static ports.
    pub ports: Vec<PortSpec>,
    /// Static uplinks.
    pub uplinks: Vec<UplinkSpec>,
    /// Static routes of the file.
    pub routes: Vec<StaticRoute>,
    /// Networks of compute services.
    pub networks: Vec<NetworkSpec>,
}

/// One element of [`Declared`], by its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Element {
    /// A gateway.
    Gateway(usize),
    /// A port.
    Port(usize),
    /// An uplink.
    Uplink(usize),
    /// A static route.
    Route(usize),
    /// A network.
    Network(usize),
}

/// Why a configuration does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}")]
pub struct Misfit {
    /// What is at fault; `None` if it is what the configuration no longer has.
    pub element: Option<Element>,
    /// Why.
    pub refusal: Refusal,
}

impl Registry {
    /// Replaces the static part. What calls have added stays, except where the file now defines the
    /// same gateway or port in the same instance, the same uplink, the same route or the same network: that
    /// becomes static. Uplinks that stay keep their allocated tables, those
    /// that come again get the ones that they had.
    ///
    /// # Errors
    /// The first element that does not fit; nothing has changed.
    pub fn reload(&mut self, declared: &Declared, host: &Observed) -> Result<(), Misfit> {
        self.replace_static(declared, &self.emptied(), host, &mut Err)
    }

    /// Puts the static part back that stood `before`, and what calls had added and the file took over
    /// since. What calls have added meanwhile stays.
    ///
    /// # Errors
    /// What no longer fits; nothing has changed.
    pub fn revert(&mut self, before: &Self, host: &Observed) -> Result<(), Misfit> {
        self.replace_static(&before.declared(), before, host, &mut Err)
    }

    /// Every element of a configuration that does not fit here beside those before it, in the order in which they
    /// are taken over, whatever the host and the controllers have. Each is tried once, and one that does not fit is
    /// passed over.
    #[must_use]
    pub fn misfits(&self, declared: &Declared) -> Vec<Misfit> {
        let (mut registry, nothing) = (self.clone(), self.emptied());
        let mut misfits = Vec::new();
        let mut pass_over = |misfit| {
            misfits.push(misfit);
            Ok(())
        };
        let placed = registry.replace_static(declared, &nothing, &Observed::default(), &mut pass_over);
        misfits.extend(placed.err());
        misfits
    }

    /// Replaces the static part; what is static now and calls' in `before` becomes theirs again. `refused`
    /// decides whether it goes on without an element that does not fit.
    fn replace_static(
        &mut self,
        declared: &Declared,
        before: &Self,
        host: &Observed,
        refused: &mut dyn FnMut(Misfit) -> Result<(), Misfit>,
    ) -> Result<(), Misfit> {
        let tables: BTreeMap<UplinkName, u32> =
            self.uplinks.iter().map(|(name, uplink)| (name.clone(), uplink.table)).collect();
        let misfit = |element| move |refusal| Misfit { element, refusal };
        let mut judged = |element, placed: Result<Applied, Refusal>| match placed {
            Ok(_) => Ok(()),
            Err(refusal) => refused(Misfit { element: Some(element), refusal }),
        };
        let mut next = self.without_static();
        next.limits = declared.limits;
        next.hand_out_leases();
        next.place_uplinks(&declared.uplinks, &tables, host, &mut judged)?;
        for uplink in before.uplinks().filter(|uplink| !uplink.is_static) {
            if self.uplink(&uplink.spec.name).is_some_and(|present| present.is_static) {
                let placed = next.place_uplink((*uplink.spec).clone(), false, Some(uplink.table), host);
                placed.map_err(misfit(None))?;
            }
        }
        for (index, spec) in declared.gateways.iter().enumerate() {
            let placed = next.place_gateway(spec.clone(), Standing::Static, host);
            judged(Element::Gateway(index), placed)?;
        }
        for gateway in before.gateways().filter(|gateway| !gateway.is_static()) {
            if self.gateway(&gateway.spec.interface).is_some_and(Gateway::is_static) {
                let placed = next.place_gateway((*gateway.spec).clone(), gateway.standing, host);
                placed.map_err(misfit(None))?;
            }
        }
        for (index, spec) in declared.ports.iter().enumerate() {
            let placed = next.place_port(spec.clone(), Owner::File);
            judged(Element::Port(index), placed)?;
        }
        for port in before.ports().filter(|port| !port.is_static()) {
            // A compute service may have asked for its port by another name since.
            let stands = matches!(port.owner, Owner::Compute { id, .. } if next.compute_port(id).is_some());
            if !stands && self.port(&port.spec.name).is_some_and(Port::is_static) {
                next.place_port((*port.spec).clone(), port.owner).map_err(misfit(None))?;
            }
        }
        for (index, route) in declared.routes.iter().enumerate() {
            let placed = next.place_route(route.clone(), true);
            judged(Element::Route(index), placed)?;
        }
        for (instance, prefix, route) in before.routes().filter(|(.., route)| !route.is_static) {
            if self.route(instance, prefix).is_some_and(|present| present.is_static) {
                next.place_route(route.asked_for(instance, prefix), false).map_err(misfit(None))?;
            }
        }
        for (index, network) in declared.networks.iter().enumerate() {
            let placed = next.place_network(network.clone(), true);
            judged(Element::Network(index), placed)?;
        }
        for network in before.networks().filter(|network| !network.is_static) {
            if self.networks.get(&network.spec.id).is_some_and(|present| present.is_static) {
                next.place_network((*network.spec).clone(), false).map_err(misfit(None))?;
            }
        }
        next.check_uplinks_remain()?;
        next.check_networks_remain().map_err(misfit(None))?;
        let gone = tables.into_iter().filter(|(name, _)| !next.uplinks.contains_key(name));
        let gone: Vec<_> = gone.collect();
        next.remember_tables(gone);
        *self = next;
        Ok(())
    }

    /// What the configuration file defines of what stands.
    #[must_use]
    pub fn declared(&self) -> Declared {
        let routes = self.routes().filter(|(.., route)| route.is_static);
        let networks = self.networks().filter(|network| network.is_static);
        Declared {
            limits: self.limits,
            gateways: self.gateways().filter(|gateway| gateway.is_static()).map(|of| (*of.spec).clone()).collect(),
            ports: self.ports().filter(|port| port.is_static()).map(|port| (*port.spec).clone()).collect(),
            uplinks: self.uplinks().filter(|uplink| uplink.is_static).map(|of| (*of.spec).clone()).collect(),
            routes: routes.map(|(instance, prefix, route)| route.asked_for(instance, prefix)).collect(),
            networks: networks.map(|network| (*network.spec).clone()).collect(),
        }
    }

    fn without_static(&self) -> Self {
        let mut rest = self.clone();
        for gateway in self.gateways().filter(|gateway| gateway.is_static()) {
            rest.drop_gateway(&gateway.spec.interface);
        }
        for port in self.ports().filter(|port| port.is_static()) {
            rest.drop_port(&port.spec.name);
        }
        for uplink in self.uplinks().filter(|uplink| uplink.is_static) {
            rest.uplinks.remove(&uplink.spec.name);
        }
        for (key, _) in self.routes.iter().filter(|(_, route)| route.is_static) {
            rest.routes.remove(key);
        }
        for network in self.networks().filter(|network| network.is_static) {
            rest.networks.remove(&network.spec.id);
        }
        rest
    }

    /// Uplinks that name their table come first, then those that have one, then those that take
    /// what is left: an allocation must not stand in the way of a wish.
    fn place_uplinks(
        &mut self,
        uplinks: &[UplinkSpec],
        tables: &BTreeMap<UplinkName, u32>,
        host: &Observed,
        judged: &mut dyn FnMut(Element, Result<Applied, Refusal>) -> Result<(), Misfit>,
    ) -> Result<(), Misfit> {
        let mut order: Vec<_> = uplinks.iter().enumerate().collect();
        let has_one = |name| tables.contains_key(name) || self.remembered_tables.contains_key(name);
        order.sort_by_key(|(_, spec)| (spec.table.is_none(), !has_one(&spec.name)));
        for (index, spec) in order {
            let placed = self.place_uplink(spec.clone(), true, tables.get(&spec.name).copied(), host);
            judged(Element::Uplink(index), placed)?;
        }
        Ok(())
    }

    /// A gateway added by a call may use an uplink of the file, which then cannot go.
    fn check_uplinks_remain(&self) -> Result<(), Misfit> {
        for gateway in self.gateways() {
            if let Some(uplink) = gateway.spec.uplink.as_ref().filter(|uplink| !self.uplinks.contains_key(*uplink)) {
                let refusal = Refusal::UplinkInUse { uplink: uplink.clone(), gateway: gateway.spec.interface };
                return Err(Misfit { element: None, refusal });
            }
        }
        Ok(())
    }
}
