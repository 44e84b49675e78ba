//! One parsed file, with the places of what is in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::addr::printable;

use super::ConfigError;
use super::pruned;
use super::shape::File;
use super::source::Source;

/// A file's values, and where its elements stand.
pub(super) struct Document {
    pub(super) file: File,
    pub(super) places: Places,
}

/// The places of the elements, by section and in their order.
pub(super) struct Places(BTreeMap<&'static str, Vec<Place>>);

/// Where an element of a list of tables stands, or a section of a foreign file.
#[derive(Debug, Clone)]
pub(super) struct Place {
    path: Arc<Path>,
    section: Arc<str>,
    line: usize,
    /// Keys that were wrong are left out: what else does not fit may only follow from that.
    is_pruned: bool,
    /// Keys by the name that our own files give them.
    keys: BTreeMap<String, Key>,
}

/// A key's line, and its name in the file.
#[derive(Debug, Clone)]
struct Key {
    line: usize,
    name: String,
}

impl Document {
    /// Parses a file. What is wrong in it goes to `errors`, and the rest is read nevertheless; `None` if that
    /// cannot be.
    pub(super) fn parse(source: &Source, errors: &mut Vec<ConfigError>) -> Option<Self> {
        // A byte order mark is allowed by nobody and written by some editors.
        let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
        let parsed = DeTable::parse(text).map_err(|error| errors.push(invalid(&source.path, text, None, &error)));
        let mut tree = parsed.ok()?;
        let (file, pruned) =
            pruned::read(&mut tree, |error, tree| errors.push(invalid(&source.path, text, Some(tree), error)))?;
        let path: Arc<Path> = source.path.as_path().into();
        let lines = Lines::of(text);
        let places = ["gateway", "port", "uplink", "route", "network"].map(|section| {
            let elements = tree.get_ref().get(section).and_then(|list| list.get_ref().as_array());
            let places = elements.into_iter().flatten().map(|element| Place {
                is_pruned: pruned.contains(&element.span().start),
                ..Place::of(&path, section, &lines, element)
            });
            (section, places.collect())
        });
        Some(Self { file, places: Places(places.into()) })
    }
}

impl Places {
    /// The places of a section's elements.
    pub(super) fn of(&self, section: &'static str) -> impl Iterator<Item = &Place> {
        self.0.get(section).into_iter().flatten()
    }
}

impl Place {
    fn of(path: &Arc<Path>, section: &'static str, lines: &Lines, element: &Spanned<DeValue<'_>>) -> Self {
        let keys = element.get_ref().as_table().into_iter().flatten().map(|(key, _)| {
            let name = key.get_ref().to_string();
            (name.clone(), Key { line: lines.at(key.span().start), name })
        });
        Self {
            path: Arc::clone(path),
            section: section.into(),
            line: lines.at(element.span().start),
            is_pruned: false,
            keys: keys.collect(),
        }
    }

    /// A section of a foreign file; `keys` tells our name, theirs, and the line.
    pub(super) fn foreign<'k>(
        path: &Path,
        section: &str,
        line: usize,
        keys: impl Iterator<Item = (&'k str, &'k str, usize)>,
    ) -> Self {
        // Our own files are checked for names that could forge a line; these are not.
        let shown = |name: &str| name.escape_debug().to_string();
        let keys = keys.map(|(ours, theirs, line)| (ours.to_owned(), Key { line, name: shown(theirs) }));
        let section = shown(section).into();
        Self { path: path.into(), section, line, is_pruned: false, keys: keys.collect() }
    }

    /// True if keys that were wrong are left out.
    pub(super) fn is_pruned(&self) -> bool {
        self.is_pruned
    }

    /// File, line and section.
    pub(super) fn origin(&self) -> String {
        format!("{}: {}", self.to_string().escape_debug(), self.section)
    }

    /// A sentence about the section as a whole.
    pub(super) fn note(&self, sentence: &str) -> String {
        format!("{self}: {}: {sentence}", self.section)
    }

    /// An error about one of the element's keys, or about the element if it does not have the key.
    pub(super) fn error(&self, key: &str, reason: &str) -> ConfigError {
        let (line, key) = match self.keys.get(key) {
            Some(Key { line, name }) => (*line, format!("{}.{name}", self.section)),
            None => (self.line, self.section.to_string()),
        };
        let reason = format!("{key}: {reason}");
        ConfigError::Invalid { path: self.path.to_path_buf(), line, key: Some(key), reason }
    }
}

impl std::fmt::Display for Place {
    /// File and line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

/// What the TOML reader found, with its place; `tree` is there once the file is TOML at all.
fn invalid(path: &Path, text: &str, tree: Option<&DeTable<'_>>, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start);
    let keys = tree.and_then(|tree| keys_at(tree, start));
    // The reader repeats what stands there as it is.
    let shown = |text: &str| printable(text, |_| false).into_owned();
    let key = keys.map(|mut keys| {
        keys.reverse();
        shown(&keys.join("."))
    });
    let message = shown(&error.message().replace('\n', ", "));
    let reason = key.as_ref().map_or(message.clone(), |key| format!("{key}: {message}"));
    ConfigError::Invalid { path: path.to_owned(), line: Lines::of(text).at(start), key, reason }
}

/// The keys that lead to a place in the text, innermost first.
fn keys_at<'t>(table: &'t DeTable<'_>, offset: usize) -> Option<Vec<&'t str>> {
    table.iter().find_map(|(key, value)| {
        let inner = match value.get_ref() {
            DeValue::Table(table) => keys_at(table, offset),
            DeValue::Array(list) => list.iter().find_map(|item| keys_at(item.get_ref().as_table()?, offset)),
            _ => None,
        };
        let is_here = || key.span().contains(&offset) || value.span().contains(&offset);
        let mut keys = inner.or_else(|| is_here().then(Vec::new))?;
        keys.push(key.get_ref());
        Some(keys)
    })
}

/// Where a text's lines end: a file of thousands of elements is not counted through for each of its keys.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(end, _)| end).collect())
    }

    /// The line of a byte, counted from 1.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset) + 1
    }
}
