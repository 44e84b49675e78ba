//! Reading a file that is wrong in several places: the reader of TOML stops at the first. So that is taken out of
//! the file, and the rest is read again.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer, Error};

use super::ConfigErrors;
use super::shape::File;

/// What was taken out.
struct Cut {
    /// Where the table that it was in begins; 0 for the file itself.
    table: usize,
    /// Its key there; `None` for an item of a list.
    key: Option<String>,
    /// Where it begins itself; of a list whose last item it takes along, where that begins.
    start: usize,
}

/// Reads a file. What is wrong is told one by one and taken out of `tree`, which is what was read in the end.
/// Beside it, where the tables begin that keys were taken out of. `None` if it is too much.
pub(super) fn read(
    tree: &mut Spanned<DeTable<'_>>,
    mut tell: impl FnMut(&Error, &DeTable<'_>),
) -> Option<(File, BTreeSet<usize>)> {
    let mut keys = BTreeSet::new();
    for _ in 0..ConfigErrors::MOST {
        let error = match File::deserialize(Deserializer::from(tree.clone())) {
            Ok(file) => return Some((file, keys.into_iter().map(|(table, _)| table).collect())),
            Err(error) => error,
        };
        let told = tree.clone();
        let cut = error.span().and_then(|span| cut(tree.get_mut(), 0, span.start));
        // A key that is missing only since it was taken out has been told of.
        let is_our_doing = |cut: &Cut| missing(&error).is_some_and(|key| keys.contains(&(cut.start, key.to_owned())));
        if !cut.as_ref().is_some_and(is_our_doing) {
            tell(&error, told.get_ref());
        }
        let Cut { table, key, .. } = cut?;
        keys.extend(key.map(|key| (table, key)));
    }
    None
}

/// The key that the reader misses, if that is what is wrong.
fn missing(error: &Error) -> Option<&str> {
    error.message().strip_prefix("missing field `")?.split('`').next()
}

/// Takes the innermost thing at a place of the text out of the table that begins at `table`.
fn cut(tree: &mut DeTable<'_>, table: usize, at: usize) -> Option<Cut> {
    let mut found = None;
    for (key, value) in tree.iter_mut() {
        let start = value.span().start;
        let is_here = key.span().contains(&at) || value.span().contains(&at);
        let own = || Some(Cut { table, key: Some(key.get_ref().to_string()), start });
        let inner = match value.get_mut() {
            DeValue::Table(inner) => cut(inner, start, at),
            DeValue::Array(list) => {
                let item = cut_item(list, at);
                // An empty list would be another mistake.
                let whole = |item: Cut| own().map(|own| Cut { start: item.start, ..own });
                if list.is_empty() { item.and_then(whole) } else { item }
            }
            _ => None,
        };
        found = inner.or_else(|| is_here.then(own).flatten());
        if found.is_some() {
            break;
        }
    }
    if let Some(Cut { key: Some(key), .. }) = found.as_ref().filter(|cut| cut.table == table) {
        tree.remove(key.as_str());
    }
    found
}

/// Takes the innermost thing at a place of the text out of a list.
fn cut_item(list: &mut DeArray<'_>, at: usize) -> Option<Cut> {
    for item in list.iter_mut() {
        let start = item.span().start;
        if let DeValue::Table(table) = item.get_mut()
            && let Some(cut) = cut(table, start, at)
        {
            return Some(cut);
        }
    }
    let start = list.iter().find(|item| item.span().contains(&at))?.span().start;
    *list = list.iter().filter(|item| item.span().start != start).cloned().collect();
    Some(Cut { table: 0, key: None, start })
}
