//! A static route in JSON.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::addr::{InstanceName, InterfaceName, Prefix};
use crate::gateway::StaticRoute;
use crate::gateway::saved::record::Thing;
use crate::gateway::saved::text::Text;
use crate::routing::{Hop, NextHop};

use super::weight;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::gateway::saved) struct RouteForm {
    instance: Text<InstanceName>,
    prefix: Text<Prefix>,
    to: NextHopForm,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NextHopForm {
    Hops(Vec<HopForm>),
    Discard,
    Unreachable,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HopForm {
    port: Text<InterfaceName>,
    via: Option<IpAddr>,
    weight: u16,
}

impl RouteForm {
    pub(super) fn new(spec: &StaticRoute) -> Self {
        let StaticRoute { instance, prefix, next_hop } = spec;
        let hop =
            |hop: &Hop<InterfaceName>| HopForm { port: Text(hop.port), via: hop.gateway, weight: hop.weight.get() };
        let to = match next_hop {
            NextHop::Forward(hops) => NextHopForm::Hops(hops.iter().map(hop).collect()),
            NextHop::Discard => NextHopForm::Discard,
            // The other two are not for routes that somebody asks for.
            NextHop::Unreachable | NextHop::Local | NextHop::NoRoute => NextHopForm::Unreachable,
        };
        Self { instance: Text(instance.clone()), prefix: Text(*prefix), to }
    }

    pub(super) fn read(self) -> Result<Thing, String> {
        let next_hop = match self.to {
            NextHopForm::Hops(hops) if hops.is_empty() => return Err("hops: the list is empty".to_owned()),
            NextHopForm::Hops(hops) => {
                let hop = |HopForm { port, via, weight: number }| {
                    Ok::<_, String>(Hop { port: port.0, gateway: via, weight: weight(number)? })
                };
                NextHop::group(hops.into_iter().map(hop).collect::<Result<Vec<_>, _>>()?)
            }
            NextHopForm::Discard => NextHop::Discard,
            NextHopForm::Unreachable => NextHop::Unreachable,
        };
        Ok(Thing::Route(StaticRoute { instance: self.instance.0, prefix: self.prefix.0, next_hop }))
    }
}
