//! From a verb to its text: asks the daemon and puts the answer into the form that was asked for.

use crate::api::generated::virtual_gateway::{self as api, TVirtualGatewaySyncClient};

use super::args::{AuditVerb, DaemonVerb, GatewayVerb, InstanceVerb, PortVerb, RouteVerb, UplinkVerb};
use super::failure::Failure;
use super::render::Style;
use super::report::{Deed, Gateways, Instances, Outcome, Ports, Report, Routes, Uplinks, to_json};
use super::wire;

/// The form of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object on a line.
    Json,
    /// Tables and sentences.
    People(Style),
}

impl Form {
    /// The report as text, line end included.
    ///
    /// # Errors
    /// A value that JSON cannot hold.
    pub fn text<R: Report>(self, report: &R) -> Result<String, Failure> {
        match self {
            Self::People(style) => Ok(report.render(style)),
            Self::Json => to_json(report).map(|json| json + "\n").map_err(|e| Failure::Protocol(e.to_string())),
        }
    }
}

/// Carries out a verb that the daemon serves and returns what to print.
///
/// # Errors
/// Why it was not carried out.
pub fn run(verb: &DaemonVerb, daemon: &mut dyn TVirtualGatewaySyncClient, form: Form) -> Result<String, Failure> {
    match verb {
        DaemonVerb::Gateway(verb) => gateway(verb, daemon, form),
        DaemonVerb::Port(verb) => port(verb, daemon, form),
        DaemonVerb::Uplink(verb) => uplink(verb, daemon, form),
        DaemonVerb::Instance(InstanceVerb::List) => {
            let instances = daemon.list_instances()?.into_iter().map(wire::instance).collect();
            form.text(&Instances { instances })
        }
        DaemonVerb::Route(verb) => route(verb, daemon, form),
        DaemonVerb::Status => form.text(&wire::status(daemon.status()?)),
        DaemonVerb::Audit { verb } => {
            match verb {
                None => {}
                Some(AuditVerb::Connect) => daemon.connect()?,
                Some(AuditVerb::Timer { milliseconds }) => daemon.set_audit_timeout(*milliseconds)?,
            }
            form.text(&wire::audit(daemon.audit()?))
        }
    }
}

fn gateway(verb: &GatewayVerb, daemon: &mut dyn TVirtualGatewaySyncClient, form: Form) -> Result<String, Failure> {
    match verb {
        GatewayVerb::Add(given) => {
            let outcome = daemon.add_gateway(wire::add_gateway(given))?;
            done("gateway", given.interface.to_string(), outcome, form)
        }
        GatewayVerb::Delete(given) => {
            let outcome = daemon.delete_gateway(given.interface.to_string())?;
            done("gateway", given.interface.to_string(), outcome, form)
        }
        GatewayVerb::List => {
            let gateways = daemon.list_gateways()?.into_iter().map(wire::gateway).collect();
            form.text(&Gateways { gateways })
        }
        GatewayVerb::Show(given) => {
            let name = given.interface.as_str();
            let found = daemon.list_gateways()?.into_iter().find(|gateway| gateway.interface_name == name);
            form.text(&wire::gateway(found.ok_or_else(|| missing("gateway", name))?))
        }
    }
}

fn port(verb: &PortVerb, daemon: &mut dyn TVirtualGatewaySyncClient, form: Form) -> Result<String, Failure> {
    match verb {
        PortVerb::Add(given) => {
            let outcome = daemon.add_port(wire::add_port(given))?;
            done("port", given.interface.to_string(), outcome, form)
        }
        PortVerb::Delete(given) => {
            let outcome = daemon.delete_port(given.interface.to_string())?;
            done("port", given.interface.to_string(), outcome, form)
        }
        PortVerb::List => form.text(&Ports { ports: daemon.list_ports()?.into_iter().map(wire::port).collect() }),
        PortVerb::Show(given) => {
            let name = given.interface.as_str();
            let found = daemon.list_ports()?.into_iter().find(|port| port.name == name);
            form.text(&wire::port(found.ok_or_else(|| missing("port", name))?))
        }
    }
}

fn uplink(verb: &UplinkVerb, daemon: &mut dyn TVirtualGatewaySyncClient, form: Form) -> Result<String, Failure> {
    match verb {
        UplinkVerb::Add(given) => {
            let outcome = daemon.add_uplink(wire::add_uplink(given))?;
            done("uplink", given.uplink.to_string(), outcome, form)
        }
        UplinkVerb::Delete(given) => {
            let outcome = daemon.delete_uplink(given.uplink.to_string())?;
            done("uplink", given.uplink.to_string(), outcome, form)
        }
        UplinkVerb::List => {
            form.text(&Uplinks { uplinks: daemon.list_uplinks()?.into_iter().map(wire::uplink).collect() })
        }
        UplinkVerb::Show(given) => {
            let name = given.uplink.as_str();
            let found = daemon.list_uplinks()?.into_iter().find(|uplink| uplink.name == name);
            form.text(&wire::uplink(found.ok_or_else(|| missing("uplink", name))?))
        }
    }
}

fn route(verb: &RouteVerb, daemon: &mut dyn TVirtualGatewaySyncClient, form: Form) -> Result<String, Failure> {
    match verb {
        RouteVerb::List(given) => {
            let instance = given.instance.to_string();
            let routes = daemon.list_routes(instance.clone())?.into_iter().map(wire::route).collect();
            form.text(&Routes { instance, routes })
        }
        RouteVerb::Lookup(given) => {
            let (instance, address) = (given.instance.to_string(), given.address.to_string());
            let answer = daemon.lookup_route(instance.clone(), address.clone())?;
            form.text(&wire::lookup(instance, address, answer))
        }
        RouteVerb::Add(given) => {
            let outcome = daemon.add_route(wire::add_route(given))?;
            done("route", given.prefix.prefix.to_string(), outcome, form)
        }
        RouteVerb::Delete(given) => {
            let prefix = given.prefix.prefix.to_string();
            let outcome = daemon.delete_route(given.instance.to_string(), prefix.clone())?;
            done("route", prefix, outcome, form)
        }
    }
}

fn done(object: &'static str, name: String, outcome: api::Outcome, form: Form) -> Result<String, Failure> {
    let deed: Deed = wire::outcome(outcome).ok_or_else(|| missing(object, &name))?;
    form.text(&Outcome { object, name, outcome: deed })
}

fn missing(object: &'static str, name: &str) -> Failure {
    Failure::NotFound { object, name: name.to_owned() }
}

#[cfg(test)]
mod tests;
