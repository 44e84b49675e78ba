//! `vgw network …`

use crate::api::generated::virtual_gateway::Change;

use super::super::args::NetworkVerb;
use super::super::failure::Failure;
use super::super::report::Networks;
use super::super::wire;
use super::talk::{Talk, missing};

impl Talk<'_> {
    pub(super) fn network(&mut self, verb: &NetworkVerb) -> Result<String, Failure> {
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
}
