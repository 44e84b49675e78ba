//! `vgw gateway …`

use crate::api::generated::virtual_gateway::Change;

use super::super::args::GatewayVerb;
use super::super::failure::Failure;
use super::super::report::Gateways;
use super::super::wire;
use super::talk::{Talk, missing};

impl Talk<'_> {
    pub(super) fn gateway(&mut self, verb: &GatewayVerb) -> Result<String, Failure> {
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
}
