//! One exchange with the daemon, and how changes are made.

use crate::api::generated::virtual_gateway::{self as api, Change, TVirtualGatewaySyncClient};

use super::super::failure::Failure;
use super::super::report::{Outcome, Rehearsal};
use super::super::wire;
use super::Form;

/// One exchange with the daemon.
pub(super) struct Talk<'a> {
    pub(super) daemon: &'a mut dyn TVirtualGatewaySyncClient,
    pub(super) form: Form,
    /// Changes are only tried out.
    pub(super) dry: bool,
}

impl Talk<'_> {
    /// Makes a change, or tries it out. `object` and `name` say what is changed.
    pub(super) fn change(
        &mut self,
        object: &'static str,
        name: &dyn ToString,
        change: Change,
    ) -> Result<String, Failure> {
        let name = name.to_string();
        let deed = |outcome| wire::outcome(outcome).ok_or_else(|| missing(object, &name));
        if self.dry {
            let api::Rehearsal { outcome, steps } = self.daemon.rehearse(change)?;
            let (outcome, steps) = (deed(outcome)?, steps.into_iter().map(wire::step).collect());
            return self.form.text(&Rehearsal { object, name, outcome, steps });
        }
        let outcome = deed(self.carry_out(change)?)?;
        self.form.text(&Outcome { object, name, outcome })
    }

    fn carry_out(&mut self, change: Change) -> Result<api::Outcome, Failure> {
        Ok(match change {
            Change::AddGateway(gateway) => self.daemon.add_gateway(gateway),
            Change::DeleteGateway(name) => self.daemon.delete_gateway(name),
            Change::AddPort(port) => self.daemon.add_port(port),
            Change::DeletePort(name) => self.daemon.delete_port(name),
            Change::AddUplink(uplink) => self.daemon.add_uplink(uplink),
            Change::DeleteUplink(name) => self.daemon.delete_uplink(name),
            Change::AddRoute(route) => self.daemon.add_route(route),
            Change::DeleteRoute(route) => self.daemon.delete_route(route.routing_instance, route.prefix),
            Change::AddNetwork(network) => self.daemon.add_network(network),
            Change::DeleteNetwork(id) => self.daemon.delete_network(id),
        }?)
    }
}

/// There is none of that name.
pub(super) fn missing(object: &'static str, name: &str) -> Failure {
    Failure::NotFound { object, name: name.to_owned() }
}
