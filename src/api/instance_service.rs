//! The service that OpenContrail's clients call.

use thrift::server::TProcessor;
use thrift::{ApplicationError, ApplicationErrorKind, Error};

use crate::addr::InterfaceName;
use crate::engine::{AddGateways, Applied, Caller, Failure, Handle};

use super::convert::{self, Fault, Identity};
use super::generated::instance_service::{
    InstanceServiceSyncHandler, InstanceServiceSyncProcessor, PortList, VirtualGatewayRequest,
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

/// What a method answers that is part of the interface and not served.
fn not_served(method: &str) -> thrift::Result<bool> {
    Err(Error::Application(internal(format!("{method} is not served by this daemon"))))
}

/// Logs a refused element: the answer has no room for the reason.
fn log_refused(index: usize, name: &str, error: &RequestError) {
    let RequestError { kind: _, field, reason } = error;
    tracing::warn!(index, name = %shown(name), %field, %reason, "element refused");
}

/// Logs what became of the elements that came to the engine, given as index and name, and tells
/// whether all were carried out.
fn all_applied(elements: &[(usize, InterfaceName)], answers: &[Result<Applied, Failure>]) -> bool {
    let mut all = true;
    for ((index, name), answer) in elements.iter().zip(answers) {
        match answer {
            Ok(applied) => tracing::debug!(index, %name, ?applied, "element carried out"),
            Err(failure) => {
                log_refused(*index, name.as_str(), &convert::refused(failure, Identity::InterfaceName));
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
        Ok(all_applied(&elements, &answers) && all)
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
        Ok(all_applied(&elements, &answers) && all)
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
        Ok(true)
    }

    fn handle_add_port(&self, _: PortList) -> thrift::Result<bool> {
        not_served("AddPort")
    }

    fn handle_delete_port(&self, _: tuuid) -> thrift::Result<bool> {
        not_served("DeletePort")
    }

    fn handle_tunnel_n_h_entry_add(&self, _: String, _: String, _: String) -> thrift::Result<bool> {
        not_served("TunnelNHEntryAdd")
    }

    fn handle_tunnel_n_h_entry_delete(&self, _: String, _: String, _: String) -> thrift::Result<bool> {
        not_served("TunnelNHEntryDelete")
    }

    fn handle_route_entry_add(&self, _: String, _: String, _: String, _: String) -> thrift::Result<bool> {
        not_served("RouteEntryAdd")
    }

    fn handle_route_entry_delete(&self, _: String, _: String) -> thrift::Result<bool> {
        not_served("RouteEntryDelete")
    }

    fn handle_add_host_route(&self, _: String, _: String) -> thrift::Result<bool> {
        not_served("AddHostRoute")
    }

    fn handle_add_local_vm_route(&self, _: String, _: String, _: String, _: String) -> thrift::Result<bool> {
        not_served("AddLocalVmRoute")
    }

    fn handle_add_remote_vm_route(&self, _: String, _: String, _: String, _: String) -> thrift::Result<bool> {
        not_served("AddRemoteVmRoute")
    }

    fn handle_create_vrf(&self, _: String) -> thrift::Result<bool> {
        not_served("CreateVrf")
    }
}
