//! `contrail-vrouter-agent.conf`, of which the sections `[GATEWAY...]` define gateways.

use std::collections::BTreeSet;

use crate::addr::{InstanceName, InterfaceName, NameError, Prefix, Weight};
use crate::config::ConfigError;
use crate::config::document::Place;
use crate::config::source::Source;
use crate::gateway::GatewaySpec;

use super::Imported;
use super::ini::{self, Section, Setting};
use super::prefix;

/// What the sections' names begin with.
const PREFIX: &str = "GATEWAY";

/// Reads the gateways of an agent's file as the agent does: sections without an interface, a routing instance
/// or a usable subnet are left out, prefixes that cannot be read are too, and of two sections with one
/// interface the first counts. Each thing left out has a warning.
///
/// # Errors
/// What is no INI file in a gateway's section, and names that no interface and no instance can have.
pub(super) fn read(source: &Source) -> Result<Imported, ConfigError> {
    let sections = ini::sections(source, PREFIX)?;
    let mut imported = Imported::default();
    if sections.is_empty() {
        imported.warn(format!("{}: there is no section [{PREFIX}...]", source.path.display()));
    }
    for section in &sections {
        let place = place(source, section);
        if let Some(gateway) = gateway(section, &place, &mut imported)? {
            imported.add(gateway, place);
        }
    }
    Ok(imported)
}

/// The keys of a section, each with the name that it has in our own files.
const KEYS: [(&str, &str); 4] = [
    ("interface", "interface"),
    ("routing_instance", "routing_instance"),
    ("ip_blocks", "subnets"),
    ("routes", "routes"),
];

fn place(source: &Source, section: &Section<'_>) -> Place {
    let keys = section.settings.iter().map(|&Setting { line, key, .. }| {
        let ours = KEYS.iter().find(|(theirs, _)| *theirs == key).map_or(key, |(_, ours)| ours);
        (ours, key, line)
    });
    Place::foreign(&source.path, section.name, section.line, keys)
}

fn gateway(section: &Section<'_>, place: &Place, imported: &mut Imported) -> Result<Option<GatewaySpec>, ConfigError> {
    let find = |key| section.settings.iter().find(|setting| setting.key == key && !setting.value.is_empty());
    for setting in section.settings.iter().filter(|setting| KEYS.iter().all(|(key, _)| *key != setting.key)) {
        imported.warn(place.error(setting.key, "means nothing here").to_string());
    }
    let (interface, instance, subnets) = match ["interface", "routing_instance", "ip_blocks"].map(find) {
        [Some(interface), Some(instance), Some(subnets)] => (interface, instance, subnets),
        found => {
            let absent = found.iter().zip(KEYS).find_map(|(found, (key, _))| found.is_none().then_some(key));
            imported.warn(place.note(&format!("left out, as by the agent: {} is missing", absent.unwrap_or_default())));
            return Ok(None);
        }
    };
    let named = |key, error: NameError| place.error(key, &error.to_string());
    let interface = InterfaceName::new(interface.value).map_err(|error| named("interface", error))?;
    let instance = InstanceName::new(instance.value).map_err(|error| named("routing_instance", error))?;
    let subnets = prefixes("subnets", subnets, place, imported);
    if subnets.is_empty() {
        imported.warn(place.note("left out, as by the agent: no usable subnet is left in ip_blocks"));
        return Ok(None);
    }
    let routes = find("routes").map(|setting| prefixes("routes", setting, place, imported));
    if routes.as_ref().is_some_and(BTreeSet::is_empty) {
        imported.warn(place.note("no usable route is left in routes: the default route, as by the agent"));
    }
    let routes = routes.unwrap_or_default();
    Ok(Some(GatewaySpec { interface, instance, subnets, routes, uplink: None, masquerade: false, weight: Weight::ONE }))
}

/// The prefixes of a list, with spaces between them. `key` is its name in our own files.
fn prefixes(key: &str, setting: &Setting<'_>, place: &Place, imported: &mut Imported) -> BTreeSet<Prefix> {
    let mut found = BTreeSet::new();
    for text in setting.value.split(' ').map(str::trim).filter(|text| !text.is_empty()) {
        if let Some(prefix) = taken(key, text, place, imported) {
            found.insert(prefix);
        }
    }
    found
}

/// The prefix that a text means; `None`, with a warning, if it cannot be used.
pub(super) fn taken(key: &str, text: &str, place: &Place, imported: &mut Imported) -> Option<Prefix> {
    match prefix::parse(text) {
        Ok(masked) => {
            let prefix = masked.prefix;
            if masked.had_host_bits {
                imported.warn(place.error(key, &format!("{text} has host bits, {prefix} is meant")).to_string());
            }
            Some(prefix)
        }
        Err(reason) => {
            imported.warn(place.error(key, &format!("{text:?} {reason}; it is left out")).to_string());
            None
        }
    }
}
