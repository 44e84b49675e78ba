//! The service that OpenContrail's clients call.

use thrift::server::TProcessor;
use thrift::{ApplicationError, ApplicationErrorKind, Error};

use crate::addr::{InterfaceName, Uuid};
use crate::engine::{AddGateways, AddPorts, Applied, Caller, Failure, Handle};

use super::convert::{self, Fault, Identity};
use super::generated::instance_service::{
    InstanceServiceSyncHandler, InstanceServiceSyncProcessor, Port, PortList, VirtualGatewayRequest,
    VirtualGatewayRequestList, tuuid,
};
use super::generated::virtual_gateway::RequestError;
use super::text::shown;

/// Makes the processor of one client's connection.
#[must_use]
pub fn instance_service(engine: Handle, caller: Caller) -> Box<dyn TProcessor + Send> {
    Box::new(InstanceServiceSyncProcessor::new(InstanceService { engine, caller }))
}

/// The handler. The answers are OpenContrail's, with one difference in their meaning: `true` is not
/// "queued" but "done".
struct InstanceService {
    engine: Handle,
    caller: Caller,
}

impl InstanceService {
    /// Turns "the daemon is stopping" into an exception: nothing was judged, so there is no bool.
    fn reached<T>(answer: Result<T, Failure>) -> thrift::Result<T> {
        answer.map_err(|failure| Error::Application(internal(failure.to_string())))
    }
}

fn internal(text: String) -> ApplicationError {
    ApplicationError::new(ApplicationErrorKind::InternalError, text)
}

/// What a method answers that is part of the interface and not served; `why` is a sentence's end.
fn not_served(method: &str, why: &str) -> thrift::Result<bool> {
    Err(Error::Application(internal(format!("{method} is not served by this daemon: {why}"))))
}

/// Why nothing that leads to another compute node is served.
const NO_OVERLAY: &str = "there are no tunnels to other nodes";

/// Logs a refused element: the answer has no room for the reason.
fn log_refused(index: usize, name: &str, error: &RequestError) {
    let RequestError { kind: _, field, reason } = error;
    tracing::warn!(index, name = %shown(name), %field, %reason, "element refused");
}

/// Logs what became of the elements that came to the engine, given as index and name, and tells
/// whether all were carried out.
fn all_applied(elements: &[(usize, InterfaceName)], answers: &[Result<Applied, Failure>], identity: Identity) -> bool {
    let mut all = true;
    for ((index, name), answer) in elements.iter().zip(answers) {
        match answer {
            Ok(applied) => tracing::debug!(index, %name, ?applied, "element carried out"),
            Err(failure) => {
                log_refused(*index, name.as_str(), &convert::refused(failure, identity));
                all = false;
            }
        }
    }
    all
}

impl InstanceServiceSyncHandler for InstanceService {
    fn handle_add_virtual_gateway(&self, vgw_list: VirtualGatewayRequestList) -> thrift::Result<bool> {
        let mut all = true;
        let mut elements = Vec::new();
        let mut add = AddGateways { specs: Vec::new(), seen: Vec::new(), keep_uplinks: true };
        for (index, request) in vgw_list.iter().enumerate() {
            match convert::virtual_gateway_request(request) {
                Ok(spec) => {
                    elements.push((index, spec.interface));
                    add.specs.push(spec);
                }
                Err(fault) => {
                    let VirtualGatewayRequest { interface_name, .. } = request;
                    add.seen.extend(InterfaceName::new(interface_name).ok());
                    log_refused(index, interface_name, &fault.into());
                    all = false;
                }
            }
        }
        if add.specs.is_empty() && add.seen.is_empty() {
            return Ok(all);
        }
        let answers = Self::reached(self.engine.add_gateways(&self.caller, add))?;
        Ok(all_applied(&elements, &answers, Identity::InterfaceName) && all)
    }

    fn handle_delete_virtual_gateway(&self, vgw_list: Vec<String>) -> thrift::Result<bool> {
        let mut all = true;
        let mut elements = Vec::new();
        for (index, text) in vgw_list.iter().enumerate() {
            match convert::interface_name("vgw_list", text) {
                Ok(name) => elements.push((index, name)),
                Err(fault) if text.is_empty() => {
                    log_refused(index, text, &fault.into());
                    all = false;
                }
                // No gateway can have such a name, and what is not there counts as deleted.
                Err(Fault { field: _, reason }) => {
                    tracing::info!(index, name = %shown(text), %reason, "nothing to delete");
                }
            }
        }
        if elements.is_empty() {
            return Ok(all);
        }
        let names = elements.iter().map(|&(_, name)| name).collect();
        let answers = Self::reached(self.engine.delete_gateways(&self.caller, names))?;
        Ok(all_applied(&elements, &answers, Identity::InterfaceName) && all)
    }

    fn handle_connect_for_virtual_gateway(&self) -> thrift::Result<bool> {
        Self::reached(self.engine.connect(&self.caller))?;
        Ok(true)
    }

    fn handle_audit_timer_for_virtual_gateway(&self, timeout: i32) -> thrift::Result<bool> {
        Self::reached(self.engine.set_audit_timeout(&self.caller, timeout))?;
        Ok(true)
    }

    fn handle_keep_alive_check(&self) -> thrift::Result<bool> {
        Ok(true)
    }

    fn handle_connect(&self) -> thrift::Result<bool> {
        Self::reached(self.engine.connect_ports(&self.caller))?;
        Ok(true)
    }

    fn handle_add_port(&self, port_list: PortList) -> thrift::Result<bool> {
        let mut all = true;
        let mut elements = Vec::new();
        let mut add = AddPorts { ports: Vec::new(), seen: Vec::new() };
        for (index, request) in port_list.iter().enumerate() {
            match convert::compute_port(request) {
                Ok(port) => {
                    elements.push((index, port.interface));
                    add.ports.push(port);
                }
                Err(fault) => {
                    let Port { port_id, tap_name, .. } = request;
                    add.seen.extend(convert::uuid("port_id", port_id).ok());
                    log_refused(index, tap_name, &fault.into());
                    all = false;
                }
            }
        }
        if add.ports.is_empty() && add.seen.is_empty() {
            return Ok(all);
        }
        let answers = Self::reached(self.engine.add_ports(&self.caller, add))?;
        Ok(all_applied(&elements, &answers, Identity::TapName) && all)
    }

    fn handle_delete_port(&self, port_id: tuuid) -> thrift::Result<bool> {
        let id: Uuid = match convert::uuid("port_id", &port_id) {
            Ok(id) => id,
            // No port can have such an identity, and what is not there counts as deleted.
            Err(Fault { field: _, reason }) => {
                tracing::info!(%reason, "nothing to delete");
                return Ok(true);
            }
        };
        match self.engine.delete_compute_port(&self.caller, id) {
            Ok(applied) => {
                tracing::debug!(port = %id, ?applied, "carried out");
                Ok(true)
            }
            Err(Failure::Stopping) => Self::reached(Err(Failure::Stopping)),
            Err(failure) => {
                log_refused(0, &id.to_string(), &convert::refused(&failure, Identity::TapName));
                Ok(false)
            }
        }
    }

    fn handle_tunnel_n_h_entry_add(&self, _: String, _: String, _: String) -> thrift::Result<bool> {
        not_served("TunnelNHEntryAdd", NO_OVERLAY)
    }

    fn handle_tunnel_n_h_entry_delete(&self, _: String, _: String, _: String) -> thrift::Result<bool> {
        // None can stand.
        Ok(true)
    }

    fn handle_route_entry_add(&self, _: String, _: String, _: String, _: String) -> thrift::Result<bool> {
        not_served("RouteEntryAdd", NO_OVERLAY)
    }

    fn handle_route_entry_delete(&self, _: String, _: String) -> thrift::Result<bool> {
        // None of this service can stand, and the others are not its.
        Ok(true)
    }

    fn handle_add_host_route(&self, _: String, _: String) -> thrift::Result<bool> {
        not_served("AddHostRoute", "the host's own routing leads to its addresses")
    }

    fn handle_add_local_vm_route(&self, _: String, _: String, _: String, _: String) -> thrift::Result<bool> {
        not_served("AddLocalVmRoute", "a port's addresses are those of its AddPort")
    }

    fn handle_add_remote_vm_route(&self, _: String, _: String, _: String, _: String) -> thrift::Result<bool> {
        not_served("AddRemoteVmRoute", NO_OVERLAY)
    }

    fn handle_create_vrf(&self, vrf_name: String) -> thrift::Result<bool> {
        // It comes to be with what is first in it.
        match convert::instance_name(&vrf_name) {
            Ok(_) => Ok(true),
            Err(Fault { field: _, reason }) => {
                tracing::warn!(vrf_name = %shown(&vrf_name), %reason, "no routing instance can have this name");
                Ok(false)
            }
        }
    }
}
