//! `vgw port …`

use crate::api::generated::virtual_gateway::Change;

use super::super::args::PortVerb;
use super::super::failure::Failure;
use super::super::report::Ports;
use super::super::wire;
use super::talk::{Talk, missing};

impl Talk<'_> {
    pub(super) fn port(&mut self, verb: &PortVerb) -> Result<String, Failure> {
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
}
