//! Everything that is wrong with a configuration.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::ConfigError;

/// Why a configuration cannot be used: everything that was found wrong with it, in the order of the files; one
/// at least. Nothing of it has been applied.
#[derive(Debug)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// No more are looked for.
    pub const MOST: usize = 100;

    /// Nothing, if nothing was found.
    pub(super) fn check(mut found: Vec<ConfigError>) -> Result<(), Self> {
        let files: Vec<PathBuf> = found.iter().filter_map(|error| Some(place(error)?.0.to_owned())).collect();
        found.sort_by_key(|error| place(error).map(|(path, line)| (files.iter().position(|file| file == path), line)));
        if found.is_empty() { Ok(()) } else { Err(Self(found)) }
    }

    /// The same, as a daemon tells it that reaches only what it knew at its start.
    #[must_use]
    pub fn since_start(self) -> Self {
        let told = |error| match error {
            ConfigError::Read { path, reason } if reason.kind() == io::ErrorKind::PermissionDenied => {
                ConfigError::OutOfReach { path, reason }
            }
            other => other,
        };
        Self(self.0.into_iter().map(told).collect())
    }

    #[cfg(test)]
    pub(super) fn into_only(mut self) -> ConfigError {
        assert_eq!(self.0.len(), 1, "{self}");
        self.0.remove(0)
    }

    /// Each, one line long.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

/// File and line of what has one.
fn place(error: &ConfigError) -> Option<(&Path, usize)> {
    match error {
        ConfigError::Invalid { path, line, .. } => Some((path, *line)),
        _ => None,
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for ConfigErrors {
    /// A line for each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}
