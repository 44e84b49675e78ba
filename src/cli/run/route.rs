//! `vgw instance …` and `vgw route …`

use crate::api::generated::virtual_gateway::Change;

use super::super::args::{InstanceVerb, RouteVerb};
use super::super::failure::Failure;
use super::super::report::{Instances, Routes};
use super::super::wire;
use super::talk::Talk;

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
                let routes = self.daemon.list_routes(instance.clone())?.into_iter().map(wire::route).collect();
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
            RouteVerb::Delete(given) => {
                self.change("route", &given.prefix.prefix, Change::DeleteRoute(wire::route_name(given)))
            }
        }
    }
}
