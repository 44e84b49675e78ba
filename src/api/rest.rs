//! The gateway calls as the later agents have them: HTTP and JSON.

use crate::addr::InterfaceName;
use crate::engine::{AddGateways, Applied, Caller, Failure, Handle};

use super::convert::{self, Identity};
use super::server::{HttpService, Request, Response};
use super::text::shown;

/// Makes the service of one client's connection: POST and DELETE of `/gateway`.
#[must_use]
pub fn rest(engine: Handle, caller: Caller) -> Box<dyn HttpService> {
    Box::new(Rest { engine, caller })
}

struct Rest {
    engine: Handle,
    caller: Caller,
}

impl HttpService for Rest {
    fn answer(&self, request: &Request<'_>) -> Response {
        let done = match (request.method, request.path) {
            ("POST", "/gateway") => convert::gateways_of_json(request.body).and_then(|specs| self.add(specs)),
            ("DELETE", "/gateway") => convert::names_of_json(request.body).and_then(|names| self.delete(&names)),
            _ => return failure(404, "Unknown Request"),
        };
        match done {
            Ok(()) => Response::json(200, "{}".to_owned()),
            Err(reason) => {
                tracing::warn!("{} {}: {}", request.method, request.path, shown(&reason));
                failure(500, &format!("{{ {reason} }}"))
            }
        }
    }
}

fn failure(status: u16, reason: &str) -> Response {
    Response::json(status, serde_json::json!({ "error": reason }).to_string())
}

impl Rest {
    fn add(&self, specs: Vec<crate::gateway::GatewaySpec>) -> Result<(), String> {
        let names: Vec<InterfaceName> = specs.iter().map(|spec| spec.interface).collect();
        if names.is_empty() {
            return Ok(());
        }
        let add = AddGateways { specs, seen: Vec::new(), keep_uplinks: true };
        let answers = self.engine.add_gateways(&self.caller, add).map_err(|failure| failure.to_string())?;
        all_applied(&names, &answers)
    }

    fn delete(&self, names: &[String]) -> Result<(), String> {
        // No gateway can have another name, and what is not there counts as deleted.
        let names: Vec<InterfaceName> = names.iter().filter_map(|name| InterfaceName::new(name).ok()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let answers =
            self.engine.delete_gateways(&self.caller, names.clone()).map_err(|failure| failure.to_string())?;
        all_applied(&names, &answers)
    }
}

/// Fails with what was not carried out; the rest of the request stands.
fn all_applied(names: &[InterfaceName], answers: &[Result<Applied, Failure>]) -> Result<(), String> {
    let refused = names.iter().zip(answers).filter_map(|(name, answer)| {
        let error = convert::refused(answer.as_ref().err()?, Identity::InterfaceName);
        Some(format!("{name}: {}", error.reason))
    });
    let refused: Vec<String> = refused.collect();
    if refused.is_empty() { Ok(()) } else { Err(refused.join("; ")) }
}
