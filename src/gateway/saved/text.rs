//! Values that are written as they are shown, and checked as what people write is.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

/// A value as text.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<T>(pub(super) T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

/// Values as texts.
pub(super) fn texts<T: Clone + Ord>(values: &BTreeSet<T>) -> BTreeSet<Text<T>> {
    values.iter().cloned().map(Text).collect()
}

/// The values of texts.
pub(super) fn values<T: Ord>(texts: BTreeSet<Text<T>>) -> BTreeSet<T> {
    texts.into_iter().map(|text| text.0).collect()
}
