//! A guest's tap in a network namespace, where it plays the guest's own interface.

use std::iter;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder};

use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::addr::{Family, InterfaceName, Prefix, Weight};
use crate::engine::OpenError;
use crate::gateway::{GuestSpec, PortSpec};
use crate::host::RouteKey;

use super::kernel::TapSettings;
use super::namespaces::Namespaces;
use super::netlink::{AddressEntry, Hop, LinkChange, Netlink, NetlinkError, Request, RouteEntry, RouteKind};
use super::tap::{Tap, TapError};

/// Why a tap could not be placed.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The namespace's file cannot be opened.
    #[error("netns: cannot open {0}: {1}")]
    Namespace(PathBuf, std::io::Error),
    /// The kernel refused to enter it.
    #[error("netns: cannot enter {0}: {1}{hint}", hint = enter_hint(*.1))]
    Enter(PathBuf, Errno),
    /// The tap itself.
    #[error(transparent)]
    Tap(#[from] TapError),
    /// Its configuration.
    #[error("{what}: {error}")]
    Configure {
        /// What was being set.
        what: String,
        /// What the kernel said.
        error: NetlinkError,
    },
    /// The guest has a route to where its gateway is to lead.
    #[error(
        "the guest's namespace {namespace} has a route to {prefix} already, {standing}: delete it there ({delete}), or \
         let the port name no gateway of this family"
    )]
    RouteTaken {
        /// The namespace as the port names it.
        namespace: String,
        /// The destination.
        prefix: Prefix,
        /// Whose it is.
        standing: String,
        /// What deletes it.
        delete: String,
    },
    /// The tap vanished while it was being configured.
    #[error("{0} vanished while it was being configured")]
    Gone(InterfaceName),
    /// No descriptor to be had for one more of its queues.
    #[error("cannot keep a queue at hand: {0}")]
    Descriptor(std::io::Error),
    /// No thread to be had, or it ended before its time.
    #[error("cannot start a thread in the namespace")]
    Thread,
}

impl PlaceError {
    /// The same with the namespace as the port names it.
    fn in_namespace(self, place: &Path) -> Self {
        let Self::RouteTaken { prefix, standing, delete, .. } = self else { return self };
        let namespace = place.display().to_string();
        let enter = if place.components().count() > 1 { "nsenter --net=" } else { "ip netns exec " };
        let delete = format!("{enter}{namespace} {delete}");
        Self::RouteTaken { namespace, prefix, standing, delete }
    }
}

impl From<PlaceError> for OpenError {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::RouteTaken { .. } => Self::Unfit { field: "gateways", reason: error.to_string() },
            _ => Self::Failed(error.to_string()),
        }
    }
}

fn enter_hint(errno: Errno) -> &'static str {
    if errno == Errno::PERM { " (ports in a network namespace need CAP_SYS_ADMIN)" } else { "" }
}

/// Makes a port's tap in its guest's namespace, with addresses and a default route by each of the
/// port's gateways. All of it goes with the tap's last queue. `protocol` marks the routes.
///
/// # Errors
/// What could not be done; nothing is left behind.
pub(super) fn place(
    spec: &PortSpec,
    guest: &GuestSpec,
    settings: TapSettings,
    protocol: u8,
    namespaces: &Namespaces,
) -> Result<Vec<Tap>, PlaceError> {
    let path = namespace_path(&guest.namespace);
    let namespace = namespaces.open(path.clone()).map_err(|error| PlaceError::Namespace(path.clone(), error))?;
    let (spec, guest) = (spec.clone(), guest.clone());
    // A namespace is a thread's: this one enters it and ends there.
    let thread = Builder::new().name("guest-port".into()).spawn(move || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
            .map_err(|errno| PlaceError::Enter(path, errno))?;
        let taps = Tap::create(guest.name, settings.queues)?;
        let addresses: Vec<_> = guest.addresses.iter().copied().collect();
        let mut link = GuestLink::find(guest.name, protocol)?;
        link.configure(&spec, settings.queue_length)?;
        for address in addresses {
            let entry = AddressEntry { link: link.index, address, protocol: Some(protocol), tentative: false };
            link.netlink.add_address(&entry).map_err(|error| told(format!("guest address {address}"), error))?;
        }
        for gateway in &spec.gateways {
            let direct = guest.addresses.iter().any(|address| address.network().contains(*gateway));
            link.route_by(*gateway, direct).map_err(|error| error.in_namespace(&guest.namespace))?;
        }
        Ok(taps)
    });
    thread.map_err(|_| PlaceError::Thread)?.join().map_err(|_| PlaceError::Thread)?
}

/// Threads that delete taps side by side: the kernel acknowledges each after some 15 ms, when nobody in it can have
/// it in hand any more.
const REMOVERS: usize = 32;

/// Deletes taps, each in the namespace that it is in.
///
/// Returns what could not be done.
pub(super) fn remove(taps: &[&Tap]) -> Vec<PlaceError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = iter::from_fn(|| taps.get(next.fetch_add(1, Ordering::Relaxed)));
        mine.filter_map(|tap| remove_one(tap).err()).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let spawn = |_| Builder::new().name("guest-port".into()).spawn_scoped(scope, work);
        // As many threads as can be had do it; without any nothing is done.
        let threads: Vec<_> = (0..taps.len().min(REMOVERS)).map_while(|number| spawn(number).ok()).collect();
        let none = (threads.is_empty() && !taps.is_empty()).then_some(PlaceError::Thread);
        let outcomes = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| vec![PlaceError::Thread]));
        outcomes.flatten().chain(none).collect()
    })
}

/// Enters the tap's namespace, which a thread that is not to end there must not do.
fn remove_one(tap: &Tap) -> Result<(), PlaceError> {
    let place = || PathBuf::from("a guest's tap");
    let namespace = tap.namespace().map_err(|error| PlaceError::Namespace(place(), error))?;
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
        .map_err(|errno| PlaceError::Enter(place(), errno))?;
    delete(tap)
}

/// Deletes a tap of the present namespace.
fn delete(tap: &Tap) -> Result<(), PlaceError> {
    let Ok((name, _)) = tap.interface() else { return Ok(()) };
    let mut link = GuestLink::find(name, 0)?;
    let gone = link.netlink.one_done(Request::delete_link(link.index));
    gone.or_else(|error| if error.is_gone() { Ok(()) } else { Err(told(name.to_string(), error)) })
}

/// Gives a tap in the present namespace the guest's MAC and MTU and brings it up.
pub(super) fn bring_up(spec: &PortSpec, queue_length: u32, protocol: u8) -> Result<(), PlaceError> {
    GuestLink::find(spec.name, protocol)?.configure(spec, queue_length)
}

/// `NAME` is a namespace of `ip netns`, anything with a slash a file.
pub(super) fn namespace_path(namespace: &Path) -> PathBuf {
    if namespace.components().count() > 1 { namespace.to_owned() } else { Path::new("/run/netns").join(namespace) }
}

/// A guest's interface, seen from inside its namespace.
struct GuestLink {
    netlink: Netlink,
    name: InterfaceName,
    index: u32,
    protocol: u8,
}

impl GuestLink {
    fn find(name: InterfaceName, protocol: u8) -> Result<Self, PlaceError> {
        let mut netlink = Netlink::open().map_err(|error| told("netlink".into(), error))?;
        let link = netlink.link(name).map_err(|error| told(name.to_string(), error))?;
        let index = link.ok_or(PlaceError::Gone(name))?.index;
        Ok(Self { netlink, name, index, protocol })
    }

    fn configure(&mut self, spec: &PortSpec, queue_length: u32) -> Result<(), PlaceError> {
        let queue_length = Some(queue_length);
        let change = LinkChange { mac: spec.mac, mtu: spec.mtu, queue_length, ..LinkChange::default() };
        self.change(&change)?;
        self.change(&LinkChange { up: Some(true), ..LinkChange::default() })
    }

    fn change(&mut self, change: &LinkChange) -> Result<(), PlaceError> {
        self.netlink.change_link(self.index, change).map_err(|error| told(self.name.to_string(), error))
    }

    /// A default route by a gateway; one that is outside the guest's networks is reached on the link.
    fn route_by(&mut self, gateway: IpAddr, direct: bool) -> Result<(), PlaceError> {
        if !direct {
            self.route(Prefix::host(gateway), None)?;
        }
        let default = if gateway.is_ipv4() { Prefix::DEFAULT_V4 } else { Prefix::DEFAULT_V6 };
        self.route(default, Some(gateway))
    }

    fn route(&mut self, prefix: Prefix, via: Option<IpAddr>) -> Result<(), PlaceError> {
        // What the kernel stores for an IPv6 route without a metric.
        let metric = if prefix.family() == Family::V6 { 1024 } else { 0 };
        let entry = RouteEntry {
            key: RouteKey { table: RouteKey::MAIN, prefix, metric },
            protocol: self.protocol,
            kind: RouteKind::Unicast,
            hops: vec![Hop { link: self.index, via, weight: Weight::ONE }],
            source: None,
            special: false,
        };
        self.netlink.add_route(&entry).map_err(|error| match self.standing(&entry.key) {
            Some((standing, delete)) if error.errno == libc::EEXIST => {
                PlaceError::RouteTaken { namespace: String::new(), prefix, standing, delete }
            }
            _ => told(format!("guest route {prefix}"), error),
        })
    }

    /// Where the route leads that has this key, and the command that deletes it; `None` if there is none.
    fn standing(&mut self, key: &RouteKey) -> Option<(String, String)> {
        let family = key.prefix.family();
        let routes = self.netlink.routes_in(family, key.table).ok()?;
        let route = routes.into_iter().find(|route| route.key == *key)?;
        let version = if family == Family::V6 { "-6 " } else { "" };
        let mut way = String::new();
        if let Some(hop) = route.hops.first() {
            if let Some(via) = hop.via {
                way += &format!(" via {via}");
            }
            if let Some(link) = self.netlink.link_at(hop.link).ok().flatten() {
                way += &format!(" dev {}", link.name);
            }
        }
        let standing = if way.is_empty() { "which leads nowhere".to_owned() } else { way.trim_start().to_owned() };
        Some((standing, format!("ip {version}route delete {}{way}", key.prefix)))
    }
}

fn told(what: String, error: NetlinkError) -> PlaceError {
    PlaceError::Configure { what, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_a_namespace_of_ip_netns() {
        assert_eq!(namespace_path(Path::new("blue")), Path::new("/run/netns/blue"));
        assert_eq!(namespace_path(Path::new("/proc/7/ns/net")), Path::new("/proc/7/ns/net"));
    }
}
