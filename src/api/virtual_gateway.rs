//! The service that the command line calls.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use thrift::Error;
use thrift::server::TProcessor;
use tracing::field::display;

use crate::config::AtStart;
use crate::engine::{Caller, Capture, Handle, StatusView, Where};
use crate::gateway::LeaseName;

use super::convert::{self, Identity};
use super::generated::virtual_gateway::{
    self as wire, AuditState, CapturePort, CaptureRequest, CapturedPackets, DropCount, DropQuery, FabricDeed,
    FabricRequest, FabricState, ForeignUplink, Gateway, GatewayState, HostObject, HostStep, InstanceState, LastDrops,
    Lookup, Network, NetworkState, Outcome, Port, PortState, Rehearsal, RequestError, Route, RouteState, Status,
    TraceRequest, TraceWay, Uplink, UplinkState, VirtualGatewaySyncHandler, VirtualGatewaySyncProcessor,
};
use super::server::Following;
use super::text::shown;

/// The longest wait for packets: a server that stops finishes its calls first.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Makes the processor of one client's connection.
#[must_use]
pub fn virtual_gateway(
    engine: Handle,
    caller: Caller,
    at_start: Arc<AtStart>,
    following: Following,
) -> Box<dyn TProcessor + Send> {
    let service = VirtualGateway { engine, caller, at_start, following, capture: RefCell::new(None) };
    Box::new(VirtualGatewaySyncProcessor::new(service))
}

struct VirtualGateway {
    engine: Handle,
    caller: Caller,
    following: Following,
    /// What the daemon was started with.
    at_start: Arc<AtStart>,
    /// The connection's capture; it ends with it, so that whoever dies leaves none behind.
    capture: RefCell<Option<Capture>>,
}

impl VirtualGateway {
    fn status_view(&self) -> Result<StatusView, RequestError> {
        self.engine.status(&self.caller).map_err(|failure| convert::refused(&failure, Identity::Name))
    }

    /// Counts the connection with those that stay.
    fn follow(&self) -> thrift::Result<()> {
        if self.following.begin() {
            return Ok(());
        }
        let reason = "as many captures and followers of events as are allowed are there already".to_owned();
        answer(Err(RequestError { kind: wire::ErrorKind::CONFLICT, field: String::new(), reason }))
    }

    /// Makes a change, with a log line either way. `deed` and `subject` say what was to be changed, in
    /// the client's words.
    fn change(&self, deed: &str, subject: &str, request: &wire::Change) -> thrift::Result<Outcome> {
        let subject = shown(subject);
        let result = convert::change(request).map_err(RequestError::from).and_then(|change| {
            let identity = convert::identity(&change);
            self.engine.change(&self.caller, change).map_err(|failure| convert::refused(&failure, identity))
        });
        match &result {
            Ok(applied) => tracing::debug!(change = deed, %subject, ?applied, "carried out"),
            Err(error) => {
                // Nothing in particular has no field.
                let field = (!error.field.is_empty()).then(|| display(&error.field));
                tracing::warn!(change = deed, %subject, field, reason = %error.reason, "refused");
            }
        }
        answer(result.map(convert::outcome))
    }
}

/// What a client is answered, either way.
fn answer<T>(result: Result<T, RequestError>) -> thrift::Result<T> {
    result.map_err(|error| Error::User(Box::new(error)))
}

impl VirtualGatewaySyncHandler for VirtualGateway {
    fn handle_add_gateway(&self, gateway: Gateway) -> thrift::Result<Outcome> {
        self.change("add gateway", &gateway.interface_name.clone(), &wire::Change::AddGateway(gateway))
    }

    fn handle_delete_gateway(&self, interface_name: String) -> thrift::Result<Outcome> {
        self.change("delete gateway", &interface_name.clone(), &wire::Change::DeleteGateway(interface_name))
    }

    fn handle_list_gateways(&self) -> thrift::Result<Vec<GatewayState>> {
        let view = answer(self.status_view())?;
        Ok(view.gateways.into_iter().map(convert::gateway_state).collect())
    }

    fn handle_add_port(&self, port: Port) -> thrift::Result<Outcome> {
        self.change("add port", &port.name.clone(), &wire::Change::AddPort(port))
    }

    fn handle_delete_port(&self, name: String) -> thrift::Result<Outcome> {
        self.change("delete port", &name.clone(), &wire::Change::DeletePort(name))
    }

    fn handle_list_ports(&self) -> thrift::Result<Vec<PortState>> {
        let view = answer(self.status_view())?;
        Ok(view.ports.into_iter().map(convert::port_state).collect())
    }

    fn handle_add_uplink(&self, uplink: Uplink) -> thrift::Result<Outcome> {
        self.change("add uplink", &uplink.name.clone(), &wire::Change::AddUplink(uplink))
    }

    fn handle_delete_uplink(&self, name: String) -> thrift::Result<Outcome> {
        self.change("delete uplink", &name.clone(), &wire::Change::DeleteUplink(name))
    }

    fn handle_import_uplinks(&self, devices: Vec<String>, dry_run: bool) -> thrift::Result<Vec<ForeignUplink>> {
        let devices = devices.iter().map(|device| convert::interface_name("devices", device));
        let found = devices.collect::<Result<_, _>>().map_err(RequestError::from).and_then(|devices| {
            let imported = self.engine.import(&self.caller, devices, dry_run);
            imported.map_err(|failure| convert::refused(&failure, Identity::Name))
        });
        Ok(answer(found)?.into_iter().map(convert::foreign_uplink).collect())
    }

    fn handle_read_lease(&self, device: String, family: String) -> thrift::Result<Outcome> {
        let name = convert::interface_name("device", &device)
            .and_then(|device| Ok(LeaseName { device, family: convert::family("family", &family)? }));
        let outcome = name.map_err(RequestError::from).and_then(|name| {
            self.engine.read_lease(&self.caller, name).map_err(|failure| convert::refused(&failure, Identity::Name))
        });
        if let Err(error) = &outcome {
            tracing::warn!(lease = %shown(&device), family = %shown(&family), reason = %error.reason, "not followed");
        }
        answer(outcome.map(convert::outcome))
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
        self.change("add route", &route.prefix.clone(), &wire::Change::AddRoute(route))
    }

    fn handle_delete_route(&self, routing_instance: String, prefix: String) -> thrift::Result<Outcome> {
        let name = wire::RouteName { routing_instance, prefix };
        self.change("delete route", &name.prefix.clone(), &wire::Change::DeleteRoute(name))
    }

    fn handle_change_routes(&self, changes: wire::RouteChanges) -> thrift::Result<wire::RouteOutcomes> {
        let instance = shown(&changes.routing_instance);
        let result = convert::route_changes(&changes).map_err(RequestError::from).and_then(|changes| {
            let changed = self.engine.change_routes(&self.caller, changes);
            changed.map_err(|failure| convert::refused(&failure, Identity::Prefix))
        });
        if let Err(error) = &result {
            tracing::warn!(change = "routes", %instance, field = %error.field, reason = %error.reason, "refused");
        }
        answer(result.map(convert::route_outcomes))
    }

    fn handle_list_routes_after(
        &self,
        routing_instance: String,
        prefix: String,
        max: i32,
    ) -> thrift::Result<Vec<RouteState>> {
        let part = convert::after(&routing_instance, &prefix, max).map_err(RequestError::from);
        let routes = part.and_then(|(instance, after, max)| {
            let routes = self.engine.routes_after(&self.caller, instance, after, max);
            routes.map_err(|failure| convert::refused(&failure, Identity::Prefix))
        });
        Ok(answer(routes)?.into_iter().map(convert::route_state).collect())
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

    fn handle_add_network(&self, network: Network) -> thrift::Result<Outcome> {
        self.change("add network", &network.id.clone(), &wire::Change::AddNetwork(network))
    }

    fn handle_delete_network(&self, id: String) -> thrift::Result<Outcome> {
        self.change("delete network", &id.clone(), &wire::Change::DeleteNetwork(id))
    }

    fn handle_list_networks(&self) -> thrift::Result<Vec<NetworkState>> {
        let view = answer(self.status_view())?;
        Ok(view.networks.into_iter().map(convert::network_state).collect())
    }

    fn handle_rehearse(&self, change: wire::Change) -> thrift::Result<Rehearsal> {
        let rehearsal = convert::change(&change).map_err(RequestError::from).and_then(|change| {
            let identity = convert::identity(&change);
            self.engine.rehearse(&self.caller, change).map_err(|failure| convert::refused(&failure, identity))
        });
        answer(rehearsal.map(convert::rehearsal))
    }

    fn handle_list_host_objects(&self) -> thrift::Result<Vec<HostObject>> {
        let objects = self.engine.inventory(&self.caller);
        let objects = answer(objects.map_err(|failure| convert::refused(&failure, Identity::Name)))?;
        Ok(objects.into_iter().map(convert::host_object).collect())
    }

    fn handle_diff_host(&self) -> thrift::Result<Vec<HostStep>> {
        let steps = self.engine.difference(&self.caller);
        let steps = answer(steps.map_err(|failure| convert::refused(&failure, Identity::Name)))?;
        Ok(steps.into_iter().map(convert::host_step).collect())
    }

    fn handle_compare_configuration(&self, files: Vec<wire::ConfigurationFile>) -> thrift::Result<wire::Comparison> {
        let compared = convert::configuration(files).and_then(|config| {
            let compared = self.engine.compare(&self.caller, config.declared.clone());
            let mut compared = compared.map_err(|error| convert::not_applied(&config, &error))?;
            compared.differences.extend(self.at_start.difference(&config));
            Ok(compared)
        });
        Ok(convert::comparison(answer(compared)?))
    }

    fn handle_apply_configuration(
        &self,
        files: Vec<wire::ConfigurationFile>,
        confirm_ms: i64,
    ) -> thrift::Result<Vec<wire::Difference>> {
        let applied = convert::configuration(files).and_then(|config| {
            let confirm = convert::trial(confirm_ms)?;
            let applied = self.engine.apply(&self.caller, config.declared.clone(), config.audit_timeout, confirm);
            let mut applied = applied.map_err(|error| convert::not_applied(&config, &error))?;
            applied.extend(self.at_start.difference(&config));
            Ok(applied)
        });
        if let Err(error) = &applied {
            tracing::warn!(reason = %shown(&error.reason), "configuration not applied");
        }
        Ok(convert::differences(answer(applied)?))
    }

    fn handle_confirm_configuration(&self) -> thrift::Result<()> {
        answer(self.engine.confirm(&self.caller).map_err(|failure| convert::refused(&failure, Identity::Name)))
    }

    fn handle_roll_back_configuration(&self) -> thrift::Result<()> {
        answer(self.engine.roll_back(&self.caller).map_err(|failure| convert::refused(&failure, Identity::Name)))
    }

    fn handle_trace(&self, request: TraceRequest) -> thrift::Result<Vec<TraceWay>> {
        let view = convert::probe(&request).map_err(RequestError::from).and_then(|probe| {
            let identity = match probe.at {
                Where::Port(_) => Identity::Port,
                Where::Device(_) => Identity::Device,
            };
            self.engine.trace(&self.caller, probe).map_err(|failure| convert::refused(&failure, identity))
        });
        Ok(convert::ways(answer(view)?))
    }

    fn handle_list_drops(&self, query: DropQuery) -> thrift::Result<Vec<DropCount>> {
        let counts = convert::drop_query(query).map_err(RequestError::from).and_then(|query| {
            self.engine.drops(&self.caller, query).map_err(|failure| convert::refused(&failure, Identity::Port))
        });
        Ok(answer(counts)?.into_iter().map(convert::drop_count).collect())
    }

    fn handle_last_drops(&self, query: DropQuery, positions: Vec<i64>) -> thrift::Result<LastDrops> {
        let since = positions.into_iter().map(|position| u64::try_from(position).unwrap_or(0)).collect();
        let drops = convert::drop_query(query).map_err(RequestError::from).and_then(|query| {
            let told = self.engine.last_drops(&self.caller, query, since);
            told.map_err(|failure| convert::refused(&failure, Identity::Port))
        });
        Ok(convert::last_drops(answer(drops)?))
    }

    fn handle_start_capture(&self, request: CaptureRequest) -> thrift::Result<Vec<CapturePort>> {
        self.follow()?;
        let begun = convert::capture_request(request).map_err(RequestError::from).and_then(|request| {
            self.engine.capture(&self.caller, request).map_err(|failure| convert::refused(&failure, Identity::Port))
        });
        let capture = answer(begun)?;
        let ports = capture.ports.iter().map(convert::capture_port).collect();
        self.capture.replace(Some(capture));
        Ok(ports)
    }

    fn handle_next_packets(&self, wait_ms: i32) -> thrift::Result<CapturedPackets> {
        let error = |kind, reason: &str| RequestError { kind, field: String::new(), reason: reason.to_owned() };
        let none = || error(wire::ErrorKind::INVALID, "this connection has no capture: start_capture begins one");
        let capture = self.capture.borrow();
        let capture = answer(capture.as_ref().ok_or_else(none))?;
        let patience = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0)).min(LONGEST_WAIT);
        let packets = capture.wait(patience);
        let packets = answer(packets.ok_or_else(|| error(wire::ErrorKind::STOPPING, "the daemon is stopping")))?;
        let packets = packets.into_iter().map(|packet| convert::captured_packet(packet, capture.epoch));
        Ok(CapturedPackets { packets: packets.collect(), lost: convert::number(capture.lost()) })
    }

    fn handle_status(&self) -> thrift::Result<Status> {
        Ok(convert::status(answer(self.status_view())?))
    }

    fn handle_events(&self, after: i64, max: i32, wait_ms: i32) -> thrift::Result<wire::Events> {
        let asked = convert::since(after, max, wait_ms).map_err(RequestError::from);
        let (since, max, wait) = answer(asked)?;
        if !wait.is_zero() {
            self.follow()?;
        }
        Ok(convert::events(self.engine.events().read(since, max, wait)))
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

    fn handle_take_fabric(&self, request: FabricRequest, dry_run: bool) -> thrift::Result<FabricDeed> {
        let asked = convert::take_fabric(&request, dry_run).map_err(RequestError::from);
        let deed = asked.and_then(|asked| {
            self.engine.take_fabric(&self.caller, asked).map_err(|failure| convert::refused(&failure, Identity::Name))
        });
        if let Err(error) = &deed {
            tracing::warn!(device = %shown(&request.device), reason = %error.reason, "not taken");
        }
        Ok(convert::fabric_deed(answer(deed)?))
    }

    fn handle_confirm_fabric(&self) -> thrift::Result<FabricState> {
        let view = self.engine.confirm_fabric(&self.caller);
        Ok(convert::fabric_state(answer(view.map_err(|failure| convert::refused(&failure, Identity::Name)))?))
    }

    fn handle_give_back_fabric(&self, dry_run: bool) -> thrift::Result<FabricDeed> {
        let deed = self.engine.give_fabric_back(&self.caller, dry_run);
        Ok(convert::fabric_deed(answer(deed.map_err(|failure| convert::refused(&failure, Identity::Name)))?))
    }

    fn handle_fabric(&self) -> thrift::Result<FabricState> {
        let view = self.engine.fabric(&self.caller);
        Ok(convert::fabric_state(answer(view.map_err(|failure| convert::refused(&failure, Identity::Name)))?))
    }
}
