//! Values as they stand in a file. Each refuses what it cannot mean, so that the reader of TOML can
//! say where it stands.

mod time;

use std::fmt::Display;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::addr::{Mac, Masked, Prefix, PrefixError, Weight};

pub(super) use time::{Interval, Spin, Timeout};

/// Text with a meaning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<T>(pub(super) T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_str(TextVisitor(PhantomData))
    }
}

/// Parses while the reader still knows which item of a list it is at.
struct TextVisitor<T>(PhantomData<T>);

impl<T: FromStr<Err: Display>> Visitor<'_> for TextVisitor<T> {
    type Value = Text<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<T>, E> {
        text.parse().map(Text).map_err(E::custom)
    }
}

/// A list with something in it.
#[derive(Debug)]
pub(super) struct NonEmpty<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for NonEmpty<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let list = Vec::deserialize(source)?;
        if list.is_empty() { Err(D::Error::custom("the list is empty")) } else { Ok(Self(list)) }
    }
}

/// An integer of a range, both ends included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<const MIN: u32, const MAX: u32>(pub(super) u32);

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Number<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let given = i64::deserialize(source)?;
        let number = u32::try_from(given).ok().filter(|number| (MIN..=MAX).contains(number));
        number.map(Self).ok_or_else(|| D::Error::custom(format_args!("{given} is not in {MIN}..={MAX}")))
    }
}

/// A weight; 1 if absent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Share(pub(super) Weight);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Weight::try_from(i64::deserialize(source)?).map(Self).map_err(D::Error::custom)
    }
}

/// A prefix that may have been written with host bits.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) text: String,
    pub(super) masked: Masked,
}

impl FromStr for Network {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self { text: text.to_owned(), masked: Prefix::parse_masked(text)? })
    }
}

/// The MAC address of one station.
#[derive(Debug)]
pub(super) struct StationMac(pub(super) Mac);

impl FromStr for StationMac {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mac: Mac = text.parse().map_err(|error: crate::addr::ParseMacError| error.to_string())?;
        if mac.is_station() { Ok(Self(mac)) } else { Err(format!("{mac} is no single station's address")) }
    }
}

/// A network namespace: a name under `/run/netns` or an absolute path.
#[derive(Debug)]
pub(super) struct Namespace(pub(super) PathBuf);

impl FromStr for Namespace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_name = !text.contains('/') && !matches!(text, "" | "." | "..");
        if text.contains('\0') || !(is_name || text.starts_with('/')) {
            return Err(format!("{text:?} is neither a name under /run/netns nor an absolute path"));
        }
        Ok(Self(text.into()))
    }
}

/// Where to listen; `none` is nowhere.
#[derive(Debug)]
pub(super) struct Listen(pub(super) Option<SocketAddr>);

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self(None));
        }
        let address = text.parse().map_err(|_| format!("{text:?} is neither ADDRESS:PORT nor \"none\""))?;
        Ok(Self(Some(address)))
    }
}

/// A TCP address of this host alone; `none` is none.
#[derive(Debug)]
pub(super) struct Loopback(pub(super) Option<SocketAddr>);

impl FromStr for Loopback {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Listen(address) = text.parse()?;
        match address {
            Some(address) if !address.ip().is_loopback() => Err(format!("{address} is not a loopback address")),
            address => Ok(Self(address)),
        }
    }
}

/// An absolute path; `none` is none.
#[derive(Debug)]
pub(super) struct Absolute(pub(super) Option<PathBuf>);

impl FromStr for Absolute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self(None)),
            _ if text.starts_with('/') && !text.contains('\0') => Ok(Self(Some(text.into()))),
            _ => Err(format!("{text:?} is neither an absolute path nor \"none\"")),
        }
    }
}

/// A route protocol number that no other program uses (rtnetlink.h and the daemons of
/// `/etc/iproute2/rt_protos`): what bears it is ours to delete.
#[derive(Debug, Clone, Copy)]
pub(super) struct Protocol(pub(super) u8);

impl<'de> Deserialize<'de> for Protocol {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let Number(number) = Number::<0, 255>::deserialize(source)?;
        match u8::try_from(number) {
            Ok(0..=18 | 42 | 80 | 84 | 99 | 186..=198) | Err(_) => {
                Err(D::Error::custom(format_args!("protocol {number} belongs to the kernel or to another program")))
            }
            Ok(protocol) => Ok(Self(protocol)),
        }
    }
}

/// Whether to use something that the machine may or may not profit from.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Choice {
    Auto,
    On,
    Off,
}

impl Choice {
    /// `None` is to be found out.
    pub(super) fn is_on(self) -> Option<bool> {
        match self {
            Self::Auto => None,
            Self::On => Some(true),
            Self::Off => Some(false),
        }
    }
}

/// What becomes of what stands in the kernel when the daemon is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OnStop {
    Remove,
    Keep,
}
