//! The service that the command line calls.

use thrift::Error;
use thrift::server::TProcessor;

use crate::engine::{AddGateways, Applied, Caller, Failure, Handle, StatusView};

use super::convert::{self, Fault, Identity};
use super::generated::virtual_gateway::{
    AuditState, Gateway, GatewayState, InstanceState, Lookup, Outcome, Port, PortState, RequestError, Route,
    RouteState, Status, Uplink, UplinkState, VirtualGatewaySyncHandler, VirtualGatewaySyncProcessor,
};
use super::text::shown;

/// Makes the processor of one client's connection.
#[must_use]
pub fn virtual_gateway(engine: Handle, caller: Caller) -> Box<dyn TProcessor + Send> {
    Box::new(VirtualGatewaySyncProcessor::new(VirtualGateway { engine, caller }))
}

struct VirtualGateway {
    engine: Handle,
    caller: Caller,
}

impl VirtualGateway {
    fn status_view(&self) -> Result<StatusView, RequestError> {
        self.engine.status(&self.caller).map_err(|failure| convert::refused(&failure, Identity::Name))
    }
}

/// What a client is answered, either way.
fn answer<T>(result: Result<T, RequestError>) -> thrift::Result<T> {
    result.map_err(|error| Error::User(Box::new(error)))
}

/// A change's answer, with a log line either way. `subject` says what was to be changed, in the
/// client's words.
fn changed(
    change: &str,
    subject: &str,
    identity: Identity,
    result: Result<Result<Applied, Failure>, Fault>,
) -> thrift::Result<Outcome> {
    let subject = shown(subject);
    let error = match result {
        Ok(Ok(applied)) => {
            tracing::debug!(change, %subject, ?applied, "carried out");
            return Ok(convert::outcome(applied));
        }
        Ok(Err(failure)) => convert::refused(&failure, identity),
        Err(fault) => fault.into(),
    };
    tracing::warn!(change, %subject, field = %error.field, reason = %error.reason, "refused");
    answer(Err(error))
}

/// The engine's only answer to a request of one element.
fn only(answers: Result<Vec<Result<Applied, Failure>>, Failure>) -> Result<Applied, Failure> {
    // An engine that answers nothing does not serve any more.
    answers?.pop().unwrap_or(Err(Failure::Stopping))
}

impl VirtualGatewaySyncHandler for VirtualGateway {
    fn handle_add_gateway(&self, gateway: Gateway) -> thrift::Result<Outcome> {
        let result =
            convert::gateway(&gateway).map(|spec| {
                only(self.engine.add_gateways(
                    &self.caller,
                    AddGateways { specs: vec![spec], seen: Vec::new(), keep_uplinks: false },
                ))
            });
        changed("add gateway", &gateway.interface_name, Identity::InterfaceName, result)
    }

    fn handle_delete_gateway(&self, interface_name: String) -> thrift::Result<Outcome> {
        let result = convert::interface_name("interface_name", &interface_name)
            .map(|name| only(self.engine.delete_gateways(&self.caller, vec![name])));
        changed("delete gateway", &interface_name, Identity::InterfaceName, result)
    }

    fn handle_list_gateways(&self) -> thrift::Result<Vec<GatewayState>> {
        let view = answer(self.status_view())?;
        Ok(view.gateways.into_iter().map(convert::gateway_state).collect())
    }

    fn handle_add_port(&self, port: Port) -> thrift::Result<Outcome> {
        let result = convert::port(&port).map(|spec| self.engine.add_port(&self.caller, spec));
        changed("add port", &port.name, Identity::Name, result)
    }

    fn handle_delete_port(&self, name: String) -> thrift::Result<Outcome> {
        let result = convert::interface_name("name", &name).map(|name| self.engine.delete_port(&self.caller, name));
        changed("delete port", &name, Identity::Name, result)
    }

    fn handle_list_ports(&self) -> thrift::Result<Vec<PortState>> {
        let view = answer(self.status_view())?;
        Ok(view.ports.into_iter().map(convert::port_state).collect())
    }

    fn handle_add_uplink(&self, uplink: Uplink) -> thrift::Result<Outcome> {
        let result = convert::uplink(&uplink).map(|spec| self.engine.add_uplink(&self.caller, spec));
        changed("add uplink", &uplink.name, Identity::Name, result)
    }

    fn handle_delete_uplink(&self, name: String) -> thrift::Result<Outcome> {
        let result = convert::uplink_name("name", &name).map(|name| self.engine.delete_uplink(&self.caller, name));
        changed("delete uplink", &name, Identity::Name, result)
    }

    fn handle_list_uplinks(&self) -> thrift::Result<Vec<UplinkState>> {
        let view = answer(self.status_view())?;
        Ok(view.uplinks.into_iter().map(convert::uplink_state).collect())
    }

    fn handle_list_instances(&self) -> thrift::Result<Vec<InstanceState>> {
        let view = answer(self.status_view())?;
        Ok(view.instances.into_iter().map(convert::instance_state).collect())
    }

    fn handle_add_route(&self, route: Route) -> thrift::Result<Outcome> {
        let result = convert::route(&route).map(|route| self.engine.add_route(&self.caller, route));
        changed("add route", &route.prefix, Identity::Prefix, result)
    }

    fn handle_delete_route(&self, routing_instance: String, prefix: String) -> thrift::Result<Outcome> {
        let result = convert::instance_name(&routing_instance).and_then(|instance| {
            let destination = convert::prefix(&instance, "prefix", &prefix)?;
            Ok(self.engine.delete_route(&self.caller, instance, destination))
        });
        changed("delete route", &prefix, Identity::Prefix, result)
    }

    fn handle_list_routes(&self, routing_instance: String) -> thrift::Result<Vec<RouteState>> {
        let routes = convert::instance_name(&routing_instance).map_err(RequestError::from).and_then(|instance| {
            self.engine.routes(&self.caller, instance).map_err(|failure| convert::refused(&failure, Identity::Prefix))
        });
        Ok(answer(routes)?.into_iter().map(convert::route_state).collect())
    }

    fn handle_lookup_route(&self, routing_instance: String, address: String) -> thrift::Result<Lookup> {
        let request = convert::instance_name(&routing_instance)
            .and_then(|instance| Ok((instance, convert::address("address", &address)?)));
        let found = request.map_err(RequestError::from).and_then(|(instance, address)| {
            self.engine
                .lookup(&self.caller, instance, address)
                .map_err(|failure| convert::refused(&failure, Identity::Prefix))
        });
        Ok(convert::lookup(answer(found)?))
    }

    fn handle_status(&self) -> thrift::Result<Status> {
        Ok(convert::status(answer(self.status_view())?))
    }

    fn handle_connect(&self) -> thrift::Result<()> {
        answer(self.engine.connect(&self.caller).map_err(|failure| convert::refused(&failure, Identity::Name)))?;
        tracing::debug!("connect: an audit has been started");
        Ok(())
    }

    fn handle_set_audit_timeout(&self, timeout_ms: i32) -> thrift::Result<()> {
        let set = self.engine.set_audit_timeout(&self.caller, timeout_ms);
        answer(set.map_err(|failure| convert::refused(&failure, Identity::Name)))?;
        tracing::debug!(timeout_ms, "the time of later audits has been set");
        Ok(())
    }

    fn handle_audit(&self) -> thrift::Result<AuditState> {
        Ok(convert::audit_state(answer(self.status_view())?.audit))
    }
}
