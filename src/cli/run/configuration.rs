//! `vgw check`, `vgw diff`, `vgw apply`, `vgw confirm`, `vgw rollback`

use std::path::Path;

use crate::api::generated::virtual_gateway as api;
use crate::config::{Config, Source};

use super::super::args::{ApplyArguments, ConfigurationArguments};
use super::super::failure::Failure;
use super::super::report::{Check, Comparison, ConfigurationApplied, Trial, TrialEnd};
use super::super::wire;
use super::talk::Talk;

/// Reads a configuration and checks it by itself.
pub(in crate::cli) fn check(given: &ConfigurationArguments) -> Result<Check, Failure> {
    let (sources, config) = read(given)?;
    // As vgwd does it when it starts.
    config.check_exposure().map_err(|error| Failure::Configuration(error.into()))?;
    let declared = &config.declared;
    let count = |count: usize| count as u64;
    Ok(Check {
        files: sources.iter().map(|source| source.path.display().to_string()).collect(),
        gateways: count(declared.gateways.len()),
        ports: count(declared.ports.len()),
        uplinks: count(declared.uplinks.len()),
        routes: count(declared.routes.len()),
        networks: count(declared.networks.len()),
        warnings: config.warnings,
    })
}

/// What is wrong with a file is said before the daemon is asked.
fn read(given: &ConfigurationArguments) -> Result<(Vec<Source>, Config), Failure> {
    let sources = Config::sources(given.file.as_deref()).map_err(|error| Failure::Configuration(error.into()))?;
    let config = Config::of_sources(&sources).map_err(Failure::Configuration)?;
    Ok((sources, config))
}

fn files(given: &ConfigurationArguments) -> Result<Vec<api::ConfigurationFile>, Failure> {
    let (sources, _) = read(given)?;
    let file = |Source { path, text }| api::ConfigurationFile { path: path.display().to_string(), text };
    Ok(sources.into_iter().map(file).collect())
}

impl Talk<'_> {
    pub(super) fn diff(&mut self, given: &ConfigurationArguments) -> Result<String, Failure> {
        let api::Comparison { differences, steps } = self.daemon.compare_configuration(files(given)?)?;
        let differences = differences.into_iter().map(wire::difference).collect();
        self.form.text(&Comparison { differences, steps: steps.into_iter().map(wire::step).collect() })
    }

    pub(super) fn apply(
        &mut self,
        ApplyArguments { configuration, confirm }: &ApplyArguments,
    ) -> Result<String, Failure> {
        if self.dry {
            return self.diff(configuration);
        }
        // At most a day.
        let confirm_ms = confirm.map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        let differences = self.daemon.apply_configuration(files(configuration)?, confirm_ms)?;
        let is_own = configuration.file.as_deref().is_none_or(|file| file == Path::new(Config::DEFAULT_PATH));
        self.form.text(&ConfigurationApplied {
            differences: differences.into_iter().map(wire::difference).collect(),
            confirm_within_ms: confirm.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            lasts_until_restart: !is_own,
        })
    }

    pub(super) fn confirm(&mut self) -> Result<String, Failure> {
        self.daemon.confirm_configuration()?;
        self.form.text(&Trial { ended: TrialEnd::Confirmed })
    }

    pub(super) fn roll_back(&mut self) -> Result<String, Failure> {
        self.daemon.roll_back_configuration()?;
        self.form.text(&Trial { ended: TrialEnd::RolledBack })
    }
}
