//! Configurations that are compared, applied or refused.

use std::time::Duration;

use crate::api::generated::virtual_gateway as wire;
use crate::config::{Config, ConfigError, ConfigErrors, Source};
use crate::engine::{ComparisonView, ReloadError};
use crate::gateway::{Difference, FieldDifference};

use super::change::host_step;
use super::failure::{Identity, refused};
use super::view::outcome;

/// The longest time to confirm a configuration: a day.
const LONGEST_TRIAL: u64 = 24 * 60 * 60 * 1000;

/// The configuration that files make, checked as a whole.
pub(crate) fn configuration(files: Vec<wire::ConfigurationFile>) -> Result<Config, wire::RequestError> {
    let source = |wire::ConfigurationFile { path, text }| Source { path: path.into(), text };
    let sources: Vec<Source> = files.into_iter().map(source).collect();
    Config::of_sources(&sources).map_err(|errors| bad(&errors.since_start()))
}

/// The time to confirm a configuration; 0 is none.
pub(crate) fn trial(given: i64) -> Result<Option<Duration>, wire::RequestError> {
    let millis = u64::try_from(given).ok().filter(|millis| (0..=LONGEST_TRIAL).contains(millis));
    let millis = millis.ok_or_else(|| wire::RequestError {
        kind: wire::ErrorKind::INVALID,
        field: "confirm_ms".to_owned(),
        reason: format!("confirm_ms: {given} is not in 0..={LONGEST_TRIAL}"),
    })?;
    Ok((millis > 0).then(|| Duration::from_millis(millis)))
}

/// Why a configuration was not applied, with the place of what is at fault.
pub(crate) fn not_applied(config: &Config, error: &ReloadError) -> wire::RequestError {
    match error {
        ReloadError::Misfit(misfit) => {
            wire::RequestError { kind: wire::ErrorKind::CONFLICT, ..bad(&config.locate(misfit).into()) }
        }
        ReloadError::Failure(failure) => refused(failure, Identity::Name),
    }
}

/// A configuration that is wrong: the first thing's field, and all reasons, a line each.
fn bad(errors: &ConfigErrors) -> wire::RequestError {
    let field = match errors.iter().next() {
        Some(ConfigError::Invalid { key: Some(key), .. }) => key.clone(),
        _ => "files".to_owned(),
    };
    wire::RequestError { kind: wire::ErrorKind::INVALID, field, reason: errors.to_string() }
}

pub(crate) fn comparison(view: ComparisonView) -> wire::Comparison {
    let ComparisonView { differences, steps } = view;
    wire::Comparison { differences: self::differences(differences), steps: steps.into_iter().map(host_step).collect() }
}

pub(crate) fn differences(differences: Vec<Difference>) -> Vec<wire::Difference> {
    let field = |FieldDifference { key, before, after }| wire::FieldDifference { key: key.to_owned(), before, after };
    let difference = |Difference { kind, name, deed, fields }| wire::Difference {
        kind: kind.to_owned(),
        name,
        deed: outcome(deed),
        fields: fields.into_iter().map(field).collect(),
    };
    differences.into_iter().map(difference).collect()
}
