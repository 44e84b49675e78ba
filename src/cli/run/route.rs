//! `vgw instance …` and `vgw route …`

use crate::api::generated::virtual_gateway::Change;

use super::super::args::{InstanceVerb, RouteLoad, RouteVerb};
use super::super::failure::Failure;
use super::super::report::{Instances, Route, Routes, RoutesChanged};
use super::super::wire;
use super::load;
use super::talk::Talk;

/// Routes in a part of a list that is asked for.
const PART: i32 = 16_384;

impl Talk<'_> {
    pub(super) fn instance(&mut self, verb: &InstanceVerb) -> Result<String, Failure> {
        match verb {
            InstanceVerb::List => {
                let instances = self.daemon.list_instances()?.into_iter().map(wire::instance).collect();
                self.form.text(&Instances { instances })
            }
        }
    }

    pub(super) fn route(&mut self, verb: &RouteVerb) -> Result<String, Failure> {
        match verb {
            RouteVerb::List(given) => {
                let instance = given.instance.to_string();
                let routes = self.routes(&instance)?;
                self.form.text(&Routes { instance, routes })
            }
            RouteVerb::Lookup(given) => {
                let (instance, address) = (given.instance.to_string(), given.address.to_string());
                let answer = self.daemon.lookup_route(instance.clone(), address.clone())?;
                self.form.text(&wire::lookup(instance, address, answer))
            }
            RouteVerb::Add(given) => {
                self.change("route", &given.prefix.prefix, Change::AddRoute(wire::add_route(given)))
            }
            RouteVerb::Load(given) => self.load(given),
            RouteVerb::Delete(given) => {
                self.change("route", &given.prefix.prefix, Change::DeleteRoute(wire::route_name(given)))
            }
        }
    }

    /// All routes of an instance, part by part.
    fn routes(&mut self, instance: &str) -> Result<Vec<Route>, Failure> {
        let mut routes: Vec<Route> = Vec::new();
        loop {
            let after = routes.last().map(|route| route.prefix.clone()).unwrap_or_default();
            let part = self.daemon.list_routes_after(instance.to_owned(), after, PART)?;
            let is_last = usize::try_from(PART).is_ok_and(|full| part.len() < full);
            routes.extend(part.into_iter().map(wire::route));
            if is_last {
                return Ok(routes);
            }
        }
    }

    fn load(&mut self, given: &RouteLoad) -> Result<String, Failure> {
        if self.dry {
            let reason = "routes that are loaded cannot be tried out".to_owned();
            return Err(Failure::Usage { field: "--dry-run".to_owned(), reason });
        }
        let instance = given.instance.to_string();
        let mut sum = RoutesChanged { instance: instance.clone(), ..RoutesChanged::default() };
        for part in load::parts(&load::read(&given.file)?)? {
            let changed = self.daemon.change_routes(part.request(&instance));
            let changed = changed.map_err(|error| part.refused(error.into()))?;
            wire::add_up(&mut sum, changed);
        }
        self.form.text(&sum)
    }
}
