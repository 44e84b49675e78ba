//! What is good by itself and does not fit beside the rest.

use std::collections::BTreeSet;

use crate::fabric::Wanted;
use crate::gateway::{Declared, Element, FabricNames, Misfit, Refusal, Registry};
use crate::host::Observed;

use super::document::Place;
use super::{Config, ConfigError, ConfigErrors};

/// Finds every element that does not fit beside those before it. Whether it fits beside what the host and the
/// controllers have is asked when it is applied.
pub(super) fn find(config: &Config, errors: &mut Vec<ConfigError>) {
    let mut left_out = BTreeSet::new();
    while errors.len() < ConfigErrors::MOST {
        let (rest, elements) = without(&config.declared, &left_out);
        let mut registry = Registry::new(config.declared.limits, config.mark);
        if let Some(Wanted { device, interface }) = config.fabric {
            registry.reserve_fabric(FabricNames { wire: device, host: interface });
        }
        let Err(misfit) = registry.reload(&rest, &Observed::default()) else { return };
        let element = misfit.element.and_then(|element| elements.original(element));
        let misfit = Misfit { element, ..misfit };
        let is_pruned = |element| config.places.get(&element).is_some_and(Place::is_pruned);
        if !element.is_some_and(is_pruned) && !follows(&misfit.refusal, errors) {
            errors.push(config.locate(&misfit));
        }
        // What is at fault is always an element, since nothing stood before.
        if !element.is_some_and(|element| left_out.insert(element)) {
            return;
        }
    }
}

/// True if something was refused only since something else was, or was told of before.
fn follows(refusal: &Refusal, errors: &[ConfigError]) -> bool {
    let is_wrong = |section: &str| {
        let key = |error: &ConfigError| match error {
            ConfigError::Invalid { key: Some(key), .. } => key.split('.').next() == Some(section),
            _ => false,
        };
        errors.iter().any(key)
    };
    match refusal {
        Refusal::UnknownUplink(_) => is_wrong("uplink"),
        Refusal::UnknownPort { .. } => is_wrong("port") || is_wrong("gateway"),
        Refusal::Limit { .. } => errors.iter().any(|error| error.to_string().ends_with(&refusal.to_string())),
        _ => false,
    }
}

/// The places in the configuration of what is left of it.
struct Elements([Vec<usize>; 5]);

impl Elements {
    fn original(&self, element: Element) -> Option<Element> {
        let Self([gateways, ports, uplinks, routes, networks]) = self;
        Some(match element {
            Element::Gateway(index) => Element::Gateway(*gateways.get(index)?),
            Element::Port(index) => Element::Port(*ports.get(index)?),
            Element::Uplink(index) => Element::Uplink(*uplinks.get(index)?),
            Element::Route(index) => Element::Route(*routes.get(index)?),
            Element::Network(index) => Element::Network(*networks.get(index)?),
        })
    }
}

/// A configuration without some of its elements.
fn without(declared: &Declared, left_out: &BTreeSet<Element>) -> (Declared, Elements) {
    let Declared { limits, gateways, ports, uplinks, routes, networks } = declared;
    let kept = |count: usize, element: fn(usize) -> Element| -> Vec<usize> {
        (0..count).filter(|index| !left_out.contains(&element(*index))).collect()
    };
    let elements = [
        kept(gateways.len(), Element::Gateway),
        kept(ports.len(), Element::Port),
        kept(uplinks.len(), Element::Uplink),
        kept(routes.len(), Element::Route),
        kept(networks.len(), Element::Network),
    ];
    let [of_gateways, of_ports, of_uplinks, of_routes, of_networks] = &elements;
    let rest = Declared {
        limits: *limits,
        gateways: those(gateways, of_gateways),
        ports: those(ports, of_ports),
        uplinks: those(uplinks, of_uplinks),
        routes: those(routes, of_routes),
        networks: those(networks, of_networks),
    };
    (rest, Elements(elements))
}

fn those<T: Clone>(all: &[T], indices: &[usize]) -> Vec<T> {
    indices.iter().filter_map(|index| all.get(*index).cloned()).collect()
}
