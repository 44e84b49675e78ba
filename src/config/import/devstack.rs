//! The variables by which devstack's plugin for OpenContrail sets up one gateway.

use std::collections::BTreeSet;

use crate::addr::{InstanceName, InterfaceName, NameError, Weight};
use crate::config::ConfigError;
use crate::config::document::Place;
use crate::config::source::Source;
use crate::gateway::GatewaySpec;

use super::{Imported, agent, ini};

/// What the variables' names begin with.
const PREFIX: &str = "CONTRAIL_VGW_";

/// What stands for a section's name in messages.
const SECTION: &str = "devstack";

/// The variables, each with the name that it has in our own files.
const VARIABLES: [(&str, &str); 3] = [
    ("CONTRAIL_VGW_INTERFACE", "interface"),
    ("CONTRAIL_VGW_PUBLIC_NETWORK", "routing_instance"),
    ("CONTRAIL_VGW_PUBLIC_SUBNET", "subnets"),
];

/// Reads `localrc` or `local.conf`. As in a shell, the last assignment of a variable counts; as in devstack,
/// there is a gateway only if all three are set, and it gets the default route.
///
/// # Errors
/// A value that only a shell can tell, and names that no interface and no instance can have.
pub(super) fn read(source: &Source) -> Result<Imported, ConfigError> {
    let mut imported = Imported::default();
    let mut found: [Option<(usize, String)>; 3] = [None, None, None];
    for (line, content) in (1..).zip(source.text.lines().map(str::trim)) {
        let content = content.strip_prefix("export ").unwrap_or(content).trim_start();
        let Some((name, value)) = content.split_once('=').filter(|(name, _)| name.starts_with(PREFIX)) else {
            continue;
        };
        let error = |reason| ini::invalid(source, line, Some(&format!("{SECTION}.{name}")), reason);
        let Some(index) = VARIABLES.iter().position(|(variable, _)| *variable == name) else {
            imported.warn(error("means nothing here").to_string());
            continue;
        };
        let value = word(value).map_err(error)?;
        found[index] = Some((line, value)).filter(|(_, value)| !value.is_empty());
    }
    let keys =
        VARIABLES.iter().zip(&found).filter_map(|(&(theirs, ours), found)| Some((ours, theirs, found.as_ref()?.0)));
    let first = found.iter().flatten().map(|(line, _)| *line).min().unwrap_or(1);
    let place = Place::foreign(&source.path, SECTION, first, keys);
    let absent = VARIABLES.iter().zip(&found).filter_map(|((name, _), found)| found.is_none().then_some(*name));
    let absent: Vec<&str> = absent.collect();
    let [Some((_, interface)), Some((_, network)), Some((_, subnet))] = found else {
        imported.warn(format!(
            "{}: no gateway, as by devstack: {} is not set",
            source.path.display(),
            absent.join(", ")
        ));
        return Ok(imported);
    };
    let named = |key, error: NameError| place.error(key, &error.to_string());
    let interface = InterfaceName::new(&interface).map_err(|error| named("interface", error))?;
    let instance = InstanceName::new(&network).map_err(|error| named("routing_instance", error))?;
    let Some(subnet) = agent::taken("subnets", &subnet, &place, &mut imported) else {
        return Ok(imported);
    };
    let subnets = BTreeSet::from([subnet]);
    let routes = BTreeSet::new();
    let gateway =
        GatewaySpec { interface, instance, subnets, routes, uplink: None, masquerade: false, weight: Weight::ONE };
    imported.add(gateway, place);
    Ok(imported)
}

/// A word as a shell reads it behind `=`, as far as it can be told without one.
fn word(text: &str) -> Result<String, &'static str> {
    let (quoted, rest) = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => text[1..].split_once(quote).ok_or("the quotation marks are not closed")?,
        _ => text.split_at(text.find(char::is_whitespace).unwrap_or(text.len())),
    };
    let is_end = rest.is_empty() || rest.starts_with(char::is_whitespace);
    if !is_end || quoted.contains(['$', '`', '\\', '"', '\'', ';', '&', '|', '(']) {
        return Err("only a shell can tell this value; write it out");
    }
    Ok(quoted.to_owned())
}
