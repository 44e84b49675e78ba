//! The merged configuration.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fabric::Wanted;
use crate::gateway::{Audit, Declared, Element, Misfit, Refusal};
use crate::host::Mark;

use super::document::{Document, Place};
use super::import::Imported;
use super::merge::Merge;
use super::misfits;
use super::source::{self, Source};
use super::{ConfigError, ConfigErrors};

/// What the configuration files say, checked as a whole. Keys that they leave out have their
/// defaults.
#[derive(Debug, Clone)]
pub struct Config {
    /// Static gateways, ports, uplinks, routes and networks, and the limits.
    pub declared: Declared,
    /// The audit's timer until a controller sets another; `None` if audits are switched off.
    pub audit_timeout: Option<Duration>,
    /// Where the compatible API listens; `None` if nowhere.
    pub thrift_listen: Option<SocketAddr>,
    /// Where its REST form listens; `None` if nowhere.
    pub rest_listen: Option<SocketAddr>,
    /// Users that may call these two, beside root and the daemon's own. Read at start only.
    pub allow_users: BTreeSet<u32>,
    /// They may listen on addresses that other hosts reach.
    pub allow_remote: bool,
    /// The Unix socket of the own service.
    pub socket: PathBuf,
    /// Where the numbers for Prometheus are, and for how much. Read at start only.
    pub metrics: Metrics,
    /// How our own things in the kernel are recognised. Read at start only.
    pub mark: Mark,
    /// Taps, routes and rules stay when the daemon is stopped, for the next one. Read at start only.
    pub keep: bool,
    /// How often the host is checked, whether or not the kernel told of a change; `None` is never. Read at
    /// start only.
    pub check: Option<Duration>,
    /// Where the file with the names of the uplinks' tables goes, if that folder is there; `None` if it
    /// is not to be written. Read at start only.
    pub rt_tables: Option<PathBuf>,
    /// Number of workers, each with a queue of every port. Read at start only.
    pub workers: usize,
    /// Packets that each queue of our taps holds while nobody reads it. Read at start only.
    pub queue_length: u32,
    /// Whether small packets are moved in batches by io_uring; `None` if that is to be found out by
    /// measuring. Read at start only.
    pub io_uring: Option<bool>,
    /// How long a worker looks for more packets before it sleeps, while they come one after the other;
    /// zero is never. Read at start only.
    pub spin: Duration,
    /// The host's device that is taken in front of the host. Read at start only.
    pub fabric: Option<Wanted>,
    /// The configuration of an OpenContrail agent, whose gateways were taken over.
    pub agent_conf: Option<PathBuf>,
    /// The files that all this was read from, and the folder of drop-ins if there is one.
    pub read: Vec<PathBuf>,
    /// What was accepted but is hardly meant so, one sentence each with its place.
    pub warnings: Vec<String>,
    pub(super) places: BTreeMap<Element, Place>,
}

/// Where the numbers for Prometheus are, and for how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// A Unix socket.
    pub socket: Option<PathBuf>,
    /// A loopback address.
    pub listen: Option<SocketAddr>,
    /// How many gateways and ports have numbers of their own; the rest are in the sums only.
    pub interfaces: usize,
}

impl Config {
    /// The file that is read if no other is named; it may be absent.
    pub const DEFAULT_PATH: &str = "/etc/vgw/vgwd.toml";

    /// The most workers. The kernel gives a tap 256 queues at most (`MAX_TAP_QUEUES`), and each worker has one of
    /// every port: descriptors and memory by the product.
    pub const MOST_WORKERS: u8 = 64;

    /// Reads a file and the drop-ins beside it (`vgwd.d/*.toml` for `vgwd.toml`, by name), and
    /// checks that everything in them fits together. Lists append; of a single value that stands in
    /// several files the last counts. `None` reads [`Config::DEFAULT_PATH`].
    ///
    /// # Errors
    /// Everything that is wrong, with file, line and key. A named file must be there.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigErrors> {
        let mut config = Self::of_sources(&Self::sources(path)?)?;
        let drop_ins = source::drop_in_folder(path.unwrap_or(Path::new(Self::DEFAULT_PATH)));
        config.read.extend(Some(drop_ins).filter(|folder| folder.is_dir()));
        Ok(config)
    }

    /// Reads the files that [`Config::load`] would.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn sources(path: Option<&Path>) -> Result<Vec<Source>, ConfigError> {
        source::read_all(path.unwrap_or(Path::new(Self::DEFAULT_PATH)), path.is_some())
    }

    /// Checks files that were read before. An agent's configuration that they name is read now.
    ///
    /// # Errors
    /// Everything that is wrong, with file, line and key.
    pub fn of_sources(sources: &[Source]) -> Result<Self, ConfigErrors> {
        let mut merge = Merge::default();
        merge.config.read.extend(sources.iter().map(|source| source.path.clone()));
        for source in sources {
            if let Some(document) = Document::parse(source, &mut merge.errors) {
                merge.add(document);
            }
        }
        if let Some(path) = merge.config.agent_conf.clone() {
            merge.config.read.push(path.clone());
            match source::read(&path).and_then(|source| Imported::agent_source(&source)) {
                Ok(imported) => merge.adopt(imported),
                Err(error) => merge.errors.push(error),
            }
        }
        Self::checked(merge)
    }

    /// What was merged, if it fits together.
    pub(super) fn checked(merge: Merge) -> Result<Self, ConfigErrors> {
        let Merge { config, mut errors, .. } = merge;
        misfits::find(&config, &mut errors);
        ConfigErrors::check(errors).map(|()| config)
    }

    /// Checks that other hosts can reach nothing, unless that is meant.
    ///
    /// # Errors
    /// What they can reach.
    pub fn check_exposure(&self) -> Result<(), ConfigError> {
        let addresses = [self.thrift_listen, self.rest_listen].into_iter().flatten();
        let exposed = addresses.into_iter().find(|address| !address.ip().to_canonical().is_loopback());
        exposed.filter(|_| !self.allow_remote).map_or(Ok(()), |address| Err(ConfigError::Exposed(address)))
    }

    /// Finds the place of what [`Registry::reload`] refused of this configuration.
    #[must_use]
    pub fn locate(&self, misfit: &Misfit) -> ConfigError {
        let found = misfit.element.and_then(|element| Some((element, self.places.get(&element)?)));
        match found {
            Some((element, place)) => place.error(key_of(element, &misfit.refusal), &misfit.refusal.to_string()),
            None => ConfigError::InUse(misfit.refusal.to_string()),
        }
    }
}

impl Default for Config {
    /// What holds without any file.
    fn default() -> Self {
        Self {
            declared: Declared::default(),
            audit_timeout: Some(Audit::DEFAULT_TIMEOUT),
            thrift_listen: Some((Ipv4Addr::LOCALHOST, 9090).into()),
            rest_listen: None,
            allow_users: BTreeSet::new(),
            allow_remote: false,
            socket: "/run/vgw/vgwd.sock".into(),
            metrics: Metrics { socket: None, listen: None, interfaces: 1000 },
            mark: Mark::default(),
            keep: false,
            check: Some(Duration::from_secs(60)),
            rt_tables: Some("/etc/iproute2/rt_tables.d".into()),
            workers: 1,
            queue_length: 1000,
            io_uring: None,
            spin: Duration::ZERO,
            fabric: None,
            agent_conf: None,
            read: Vec::new(),
            warnings: Vec::new(),
            places: BTreeMap::new(),
        }
    }
}

/// The key of an element that a refusal is about.
fn key_of(element: Element, refusal: &Refusal) -> &'static str {
    match (element, refusal.field()) {
        (Element::Port(_), "interface") => "name",
        (Element::Network(_), "interface") => "id",
        (Element::Network(_), "addresses") => "gateways",
        (Element::Uplink(_), "interface") if matches!(refusal, Refusal::Limit { .. }) => "name",
        (Element::Uplink(_), "interface") => "device",
        (Element::Uplink(_), "gateway") => "via",
        (Element::Uplink(_), "addresses") => "address",
        (Element::Route(_), "interface") => "prefix",
        (Element::Route(_), "port" | "gateway") => "via",
        (_, field) => field,
    }
}
