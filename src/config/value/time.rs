//! Times.

use std::str::FromStr;
use std::time::Duration;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// The time of an audit: seconds as a number, a number with `ms`, `s` or `m`, or `off`.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct Timeout(pub(in crate::config) Option<Duration>);

impl Timeout {
    /// What the compatible API can express as well.
    const LIMIT: Duration = Duration::from_millis(i32::MAX as u64);

    fn of_millis(millis: u64) -> Option<Self> {
        Some(Duration::from_millis(millis)).filter(|timeout| *timeout <= Self::LIMIT).map(|timeout| Self(Some(timeout)))
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "off" {
            return Some(Self(None));
        }
        let (number, unit) = with_unit(text)?;
        let unit = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            _ => return None,
        };
        Self::of_millis(number.checked_mul(unit)?)
    }
}

impl<'de> Deserialize<'de> for Timeout {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(TimeoutVisitor)
    }
}

struct TimeoutVisitor;

impl Visitor<'_> for TimeoutVisitor {
    type Value = Timeout;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("seconds, text such as \"60s\" or \"500ms\" of at most 24 days, or \"off\"")
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Timeout, E> {
        let millis = u64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1000));
        let timeout = millis.and_then(Timeout::of_millis);
        timeout.ok_or_else(|| E::invalid_value(Unexpected::Signed(seconds), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timeout, E> {
        Timeout::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// How often something is done: as [`Timeout`], not more often than every second.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "Timeout")]
pub(in crate::config) struct Interval(pub(in crate::config) Option<Duration>);

impl TryFrom<Timeout> for Interval {
    type Error = &'static str;

    fn try_from(Timeout(time): Timeout) -> Result<Self, Self::Error> {
        if time.is_some_and(|time| time < Duration::from_secs(1)) {
            return Err("is shorter than a second");
        }
        Ok(Self(time))
    }
}

/// How long to look for packets before sleeping: microseconds as a number with `us`, or `off`.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct Spin(pub(in crate::config) Duration);

impl Spin {
    /// Longer gaps between packets are not worth a processor.
    const LIMIT: u64 = 1000;
}

impl FromStr for Spin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let micros = match (text, with_unit(text)) {
            ("off", _) => Some(0),
            (_, Some((micros, "us"))) => Some(micros),
            _ => None,
        };
        let micros = micros.filter(|micros| *micros <= Self::LIMIT);
        let spin = micros.map(|micros| Self(Duration::from_micros(micros)));
        spin.ok_or_else(|| {
            format!("{text:?} is neither text such as \"50us\" of at most {}us nor \"off\"", Self::LIMIT)
        })
    }
}

/// A number without a sign, and the letters behind it.
fn with_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    // A leading sign is no digit, though `u64::from_str` takes '+'.
    let number = digits.bytes().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok()).flatten()?;
    Some((number, &text[digits.len()..]))
}
