//! Adding and deleting static routes.

use crate::addr::{Family, InstanceName, Prefix};
use crate::gateway::sharing::insert_shared;
use crate::gateway::{Applied, Refusal, StaticRoute};
use crate::routing::NextHop;

use super::{Registry, Route, check_limit};

impl Registry {
    /// Adds a static route to an instance, or changes where it leads. A route that leads nowhere
    /// (discard, unreachable) may be the first thing that its instance has.
    ///
    /// # Errors
    /// Why it does not fit; nothing has changed.
    pub fn add_route(&mut self, route: StaticRoute) -> Result<Applied, Refusal> {
        if self.route(&route.instance, route.prefix).is_some_and(|present| present.is_static) {
            return Err(Refusal::Static(format!("route {}", route.prefix)));
        }
        self.place_route(route, false)
    }

    /// Deletes a static route.
    ///
    /// # Errors
    /// It is defined in the configuration file, or not there.
    pub fn delete_route(&mut self, instance: &InstanceName, prefix: Prefix) -> Result<Applied, Refusal> {
        let key = (instance.clone(), prefix);
        match self.routes.get(&key) {
            None => Err(Refusal::NotFound { kind: "static route", name: prefix.to_string() }),
            Some(route) if route.is_static => Err(Refusal::Static(format!("route {prefix}"))),
            Some(_) => {
                self.routes.remove(&key);
                Ok(Applied::Deleted)
            }
        }
    }

    /// Judges a route and puts it in place of the one that stands.
    pub(super) fn place_route(&mut self, route: StaticRoute, is_static: bool) -> Result<Applied, Refusal> {
        self.check_route(&route)?;
        self.check_hops(&route)?;
        Ok(self.put_route(route, is_static))
    }

    /// Takes up a route that was judged when it was added. Its ports may be gone, as when they are deleted
    /// while it stands.
    pub(super) fn restore_route(&mut self, route: StaticRoute) -> Result<Applied, Refusal> {
        self.check_route(&route)?;
        Ok(self.put_route(route, false))
    }

    fn put_route(&mut self, route: StaticRoute, is_static: bool) -> Applied {
        let StaticRoute { instance, prefix, next_hop } = route;
        let before =
            insert_shared(&mut self.routes, (instance, prefix), Route { next_hop: next_hop.clone(), is_static });
        match before {
            None => Applied::Added,
            Some(before) if before.next_hop == next_hop => Applied::Unchanged,
            Some(_) => Applied::Changed,
        }
    }

    fn check_route(&self, route: &StaticRoute) -> Result<(), Refusal> {
        Self::check_instance(&route.instance)?;
        let stands = self.route(&route.instance, route.prefix).is_some();
        check_limit(stands, self.routes.len(), self.limits.routes, "static routes")
    }

    fn check_hops(&self, route: &StaticRoute) -> Result<(), Refusal> {
        let NextHop::Forward(hops) = &route.next_hop else { return Ok(()) };
        for hop in hops.iter() {
            if self.instance_of(&hop.port) != Some(&route.instance) {
                return Err(Refusal::UnknownPort { port: hop.port, instance: route.instance.clone() });
            }
            if let Some(gateway) = hop.gateway.filter(|gateway| Family::of(*gateway) != route.prefix.family()) {
                return Err(Refusal::FamilyMismatch { gateway, prefix: route.prefix });
            }
        }
        Ok(())
    }
}
