//! What is good by itself and does not fit beside the rest.

use std::collections::BTreeSet;

use crate::fabric::Wanted;
use crate::gateway::{FabricNames, Refusal, Registry};

use super::document::Place;
use super::{Config, ConfigError, ConfigErrors};

/// Finds every element that does not fit beside those before it. Whether it fits beside what the host and the
/// controllers have is asked when it is applied.
pub(super) fn find(config: &Config, errors: &mut Vec<ConfigError>) {
    let mut registry = Registry::new(config.declared.limits, config.mark);
    if let Some(Wanted { device, interface }) = config.fabric {
        registry.reserve_fabric(FabricNames { wire: device, host: interface });
    }
    let mut limits = BTreeSet::new();
    for misfit in registry.misfits(&config.declared) {
        if errors.len() >= ConfigErrors::MOST {
            return;
        }
        let is_pruned = |element| config.places.get(&element).is_some_and(Place::is_pruned);
        if misfit.element.is_some_and(is_pruned) || follows(&misfit.refusal, errors) {
            continue;
        }
        // Everything from there on is beyond a limit, so it is told of once.
        if !matches!(misfit.refusal, Refusal::Limit { what, .. } if !limits.insert(what)) {
            errors.push(config.locate(&misfit));
        }
    }
}

/// True if something was refused only since something else was.
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
        _ => false,
    }
}
