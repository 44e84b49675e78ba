//! What was found in a foreign file.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Serialize, Serializer};
use toml::Value;

use crate::addr::Prefix;
use crate::config::document::Place;
use crate::config::merge::Merge;
use crate::config::source::{self, Source};
use crate::config::{Config, ConfigError, ConfigErrors};
use crate::gateway::GatewaySpec;

use super::{agent, devstack};

/// The gateways of a file that is not ours, and what was read otherwise than it is written.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Imported {
    /// One sentence each with its place.
    pub warnings: Vec<String>,
    /// By section.
    #[serde(serialize_with = "as_in_our_file")]
    #[cfg_attr(test, schemars(with = "Vec<Shape>"))]
    pub(super) gateways: Vec<(GatewaySpec, Place)>,
}

/// A gateway as our own file has it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Shape {
    pub(super) interface: String,
    pub(super) routing_instance: String,
    pub(super) subnets: Vec<String>,
    pub(super) routes: Vec<String>,
}

impl Imported {
    /// Reads the sections `[GATEWAY...]` of `contrail-vrouter-agent.conf`, as the agent reads them.
    ///
    /// # Errors
    /// What cannot be read, and what our daemon would refuse, with file, line, section and key.
    pub fn agent_conf(path: &Path) -> Result<Self, ConfigErrors> {
        Self::agent_source(&source::read(path)?)?.checked()
    }

    /// Reads the variables `CONTRAIL_VGW_*` of devstack's `localrc` or `local.conf`.
    ///
    /// # Errors
    /// What cannot be read, and what our daemon would refuse, with file, line and variable.
    pub fn devstack(path: &Path) -> Result<Self, ConfigErrors> {
        devstack::read(&source::read(path)?)?.checked()
    }

    /// As [`Imported::agent_conf`], not yet checked for what our daemon would refuse.
    pub(in crate::config) fn agent_source(source: &Source) -> Result<Self, ConfigError> {
        agent::read(source)
    }

    /// The gateways, each with its place.
    pub(in crate::config) fn into_gateways(self) -> Vec<(GatewaySpec, Place)> {
        self.gateways
    }

    /// The gateways as a part of `vgwd.toml`; each has a comment that says where it stood.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for (gateway, place) in &self.gateways {
            let Shape { interface, routing_instance, subnets, routes } = Shape::of(gateway);
            let separator = if text.is_empty() { "" } else { "\n" };
            let origin = place.origin();
            let lines = [
                format!("{separator}# {origin}\n[[gateway]]\n"),
                format!("interface = {}\n", Value::from(interface)),
                format!("routing_instance = {}\n", Value::from(routing_instance)),
                format!("subnets = {}\n", Value::from(subnets)),
            ];
            text.extend(lines);
            if !routes.is_empty() {
                text.push_str(&format!("routes = {}\n", Value::from(routes)));
            }
        }
        text
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// Takes a gateway. Of two with one interface the first counts, as in the agent.
    pub(super) fn add(&mut self, gateway: GatewaySpec, place: Place) {
        match self.gateways.iter().find(|(earlier, _)| earlier.interface == gateway.interface) {
            Some((GatewaySpec { interface, .. }, first)) => {
                let note = place.note(&format!("left out, as by the agent: {interface} is defined in {first}"));
                self.warn(note);
            }
            None => self.gateways.push((gateway, place)),
        }
    }

    /// Fails if our daemon would refuse the gateways even by themselves.
    fn checked(self) -> Result<Self, ConfigErrors> {
        let mut merge = Merge::default();
        merge.adopt(self.clone());
        Config::checked(merge).map(|_| self)
    }
}

impl Shape {
    pub(super) fn of(gateway: &GatewaySpec) -> Self {
        let texts = |prefixes: &BTreeSet<Prefix>| prefixes.iter().map(ToString::to_string).collect();
        Self {
            interface: gateway.interface.to_string(),
            routing_instance: gateway.instance.to_string(),
            subnets: texts(&gateway.subnets),
            routes: texts(&gateway.routes),
        }
    }
}

fn as_in_our_file<S: Serializer>(gateways: &[(GatewaySpec, Place)], sink: S) -> Result<S::Ok, S::Error> {
    sink.collect_seq(gateways.iter().map(|(gateway, _)| Shape::of(gateway)))
}
