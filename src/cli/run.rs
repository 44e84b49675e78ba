//! From a verb to its text: asks the daemon and puts the answer into the form that was asked for.

use crate::api::generated::virtual_gateway::{self as api, Change, TVirtualGatewaySyncClient};
use crate::gateway::LeaseName;

use super::args::{
    AuditVerb, DaemonVerb, GatewayVerb, HostVerb, InstanceVerb, NetworkVerb, PortVerb, RouteVerb, UplinkVerb,
};
use super::failure::Failure;
use super::lease;
use super::render::Style;
use super::report::{
    Gateways, HostDifference, HostObjects, Import, Instances, Lease, Leases, Networks, Outcome, Ports, Rehearsal,
    Report, Routes, Uplinks, to_json,
};
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

/// Carries out a verb that the daemon serves and returns what to print. `dry` only tries it out.
///
/// # Errors
/// Why it was not carried out.
pub fn run(
    verb: &DaemonVerb,
    dry: bool,
    daemon: &mut dyn TVirtualGatewaySyncClient,
    form: Form,
) -> Result<String, Failure> {
    if dry && !verb.is_change() {
        let reason = "only a verb that adds or deletes something can be tried out".to_owned();
        return Err(Failure::Usage { field: "--dry-run".to_owned(), reason });
    }
    let mut talk = Talk { daemon, form, dry };
    match verb {
        DaemonVerb::Gateway(verb) => talk.gateway(verb),
        DaemonVerb::Port(verb) => talk.port(verb),
        DaemonVerb::Network(verb) => talk.network(verb),
        DaemonVerb::Uplink(verb) => talk.uplink(verb),
        DaemonVerb::Instance(InstanceVerb::List) => {
            let instances = talk.daemon.list_instances()?.into_iter().map(wire::instance).collect();
            form.text(&Instances { instances })
        }
        DaemonVerb::Route(verb) => talk.route(verb),
        DaemonVerb::Host(HostVerb::Show) => {
            let objects = talk.daemon.list_host_objects()?.into_iter().map(wire::host_object).collect();
            form.text(&HostObjects { objects })
        }
        DaemonVerb::Host(HostVerb::Diff) => {
            let steps = talk.daemon.diff_host()?.into_iter().map(wire::step).collect();
            form.text(&HostDifference { steps })
        }
        DaemonVerb::Status => form.text(&wire::status(talk.daemon.status()?)),
        DaemonVerb::Audit { verb } => {
            match verb {
                None => {}
                Some(AuditVerb::Connect) => talk.daemon.connect()?,
                Some(AuditVerb::Timer { milliseconds }) => talk.daemon.set_audit_timeout(*milliseconds)?,
            }
            form.text(&wire::audit(talk.daemon.audit()?))
        }
    }
}

/// One exchange with the daemon.
struct Talk<'a> {
    daemon: &'a mut dyn TVirtualGatewaySyncClient,
    form: Form,
    /// Changes are only tried out.
    dry: bool,
}

impl Talk<'_> {
    fn gateway(&mut self, verb: &GatewayVerb) -> Result<String, Failure> {
        match verb {
            GatewayVerb::Add(given) => {
                self.change("gateway", &given.interface, Change::AddGateway(wire::add_gateway(given)))
            }
            GatewayVerb::Delete(given) => {
                self.change("gateway", &given.interface, Change::DeleteGateway(given.interface.to_string()))
            }
            GatewayVerb::List => {
                let gateways = self.daemon.list_gateways()?.into_iter().map(wire::gateway).collect();
                self.form.text(&Gateways { gateways })
            }
            GatewayVerb::Show(given) => {
                let name = given.interface.as_str();
                let found = self.daemon.list_gateways()?.into_iter().find(|gateway| gateway.interface_name == name);
                self.form.text(&wire::gateway(found.ok_or_else(|| missing("gateway", name))?))
            }
        }
    }

    fn port(&mut self, verb: &PortVerb) -> Result<String, Failure> {
        match verb {
            PortVerb::Add(given) => self.change("port", &given.interface, Change::AddPort(wire::add_port(given))),
            PortVerb::Delete(given) => {
                self.change("port", &given.interface, Change::DeletePort(given.interface.to_string()))
            }
            PortVerb::List => {
                let ports = self.daemon.list_ports()?.into_iter().map(wire::port).collect();
                self.form.text(&Ports { ports })
            }
            PortVerb::Show(given) => {
                let name = given.interface.as_str();
                let found = self.daemon.list_ports()?.into_iter().find(|port| port.name == name);
                self.form.text(&wire::port(found.ok_or_else(|| missing("port", name))?))
            }
        }
    }

    fn network(&mut self, verb: &NetworkVerb) -> Result<String, Failure> {
        match verb {
            NetworkVerb::Add(given) => self.change("network", &given.id, Change::AddNetwork(wire::add_network(given))),
            NetworkVerb::Delete { id } => self.change("network", id, Change::DeleteNetwork(id.to_string())),
            NetworkVerb::List => {
                let networks = self.daemon.list_networks()?.into_iter().map(wire::network).collect();
                self.form.text(&Networks { networks })
            }
            NetworkVerb::Show { id } => {
                let name = id.to_string();
                let found = self.daemon.list_networks()?.into_iter().find(|network| network.id == name);
                self.form.text(&wire::network(found.ok_or_else(|| missing("network", &name))?))
            }
        }
    }

    fn uplink(&mut self, verb: &UplinkVerb) -> Result<String, Failure> {
        match verb {
            UplinkVerb::Add(given) => self.change("uplink", &given.uplink, Change::AddUplink(wire::add_uplink(given))),
            UplinkVerb::Delete(given) => {
                self.change("uplink", &given.uplink, Change::DeleteUplink(given.uplink.to_string()))
            }
            UplinkVerb::Lease(_) | UplinkVerb::Release(_) => {
                let mut told = |name: LeaseName| {
                    let outcome = self.daemon.read_lease(name.device.to_string(), name.family.to_string())?;
                    Ok::<_, Failure>(Lease::of(name, wire::lease_outcome(outcome)))
                };
                let leases = lease::names(verb).into_iter().map(&mut told).collect::<Result<_, _>>()?;
                self.form.text(&Leases { leases })
            }
            UplinkVerb::Import { devices } => {
                let devices = devices.iter().map(ToString::to_string).collect();
                let found = self.daemon.import_uplinks(devices, self.dry)?;
                let uplinks = found.into_iter().map(wire::foreign_uplink).collect();
                self.form.text(&Import { dry_run: self.dry, uplinks })
            }
            UplinkVerb::List => {
                let uplinks = self.daemon.list_uplinks()?.into_iter().map(wire::uplink).collect();
                self.form.text(&Uplinks { uplinks })
            }
            UplinkVerb::Show(given) => {
                let name = given.uplink.as_str();
                let found = self.daemon.list_uplinks()?.into_iter().find(|uplink| uplink.name == name);
                self.form.text(&wire::uplink(found.ok_or_else(|| missing("uplink", name))?))
            }
        }
    }

    fn route(&mut self, verb: &RouteVerb) -> Result<String, Failure> {
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

    /// Makes a change, or tries it out. `object` and `name` say what is changed.
    fn change(&mut self, object: &'static str, name: &dyn ToString, change: Change) -> Result<String, Failure> {
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

fn missing(object: &'static str, name: &str) -> Failure {
    Failure::NotFound { object, name: name.to_owned() }
}

#[cfg(test)]
mod tests;
