//! The network of the demonstration: OpenContrail's Simple Gateway picture in namespaces.
//!
//! ```text
//! guest1 192.168.1.253 -- tap0 --+
//!                                 net1 -- vgw1 -- compute eth0 10.1.1.1 -- outside 10.1.1.253
//! guest2 192.168.1.252 -- tap1 --+
//! guest3 192.168.2.253 -- tap2 -- net2 -- vgw2 -- compute eth1 20.0.0.5 -- display 20.0.0.1
//! ```
//!
//! The veth pairs and both outside hosts are made here; taps, gateways and the guests' interfaces are
//! the daemon's. No packet and no interface touches the namespace that the demonstration is started in.

use std::process;
use std::time::Duration;

use super::error::{Error, Result};
use super::namespace::{self, Namespace};
use super::shell::{self, Interrupt};

/// What the names of our namespaces begin with, the process id follows.
const PREFIX: &str = "vgw-demo-";

/// The namespaces.
#[derive(Debug)]
pub(super) struct Lab {
    /// What the names begin with.
    prefix: String,
    /// The host beyond eth0.
    pub(super) outside: Namespace,
    /// The host beyond eth1, which only the uplink leads to.
    pub(super) display: Namespace,
    /// The compute node: the daemon runs here.
    pub(super) compute: Namespace,
    /// Two guests of net1 and one of net2.
    pub(super) guests: [Namespace; 3],
}

impl Lab {
    /// Builds everything and waits until the links carry.
    ///
    /// # Errors
    /// What `ip` said; nothing is left behind.
    pub(super) fn build(interrupt: &Interrupt) -> Result<Self> {
        let prefix = format!("{PREFIX}{}-", process::id());
        let create = |name: &str| Namespace::create(format!("{prefix}{name}"));
        let lab = Self {
            outside: create("outside")?,
            display: create("display")?,
            compute: create("compute")?,
            guests: [create("guest1")?, create("guest2")?, create("guest3")?],
            prefix: prefix.clone(),
        };
        lab.wire(interrupt)?;
        Ok(lab)
    }

    /// The pairs, their addresses and the outside hosts' routes back.
    fn wire(&self, interrupt: &Interrupt) -> Result<()> {
        let Self { compute, outside, display, .. } = self;
        for (device, neighbour) in [("eth0", outside), ("eth1", display)] {
            compute.ip(&format!("link add {device} type veth peer name eth0 netns {}", neighbour.name()))?;
        }
        for (host, device, addresses) in [
            (compute, "eth0", ["10.1.1.1/24", "2001:db8:ff::1/64"].as_slice()),
            (outside, "eth0", &["10.1.1.253/24", "2001:db8:ff::253/64"]),
            (compute, "eth1", &["20.0.0.5/24"]),
            (display, "eth0", &["20.0.0.1/24"]),
            (display, "lo", &["203.0.113.9/32"]),
        ] {
            for address in addresses {
                let nodad = if address.contains(':') { "nodad" } else { "" };
                host.ip(&format!("address add {address} dev {device} {nodad}"))?;
            }
            host.ip(&format!("link set {device} up"))?;
        }
        outside.ip("route add 192.168.1.0/24 via 10.1.1.1")?;
        outside.ip("route add 2001:db8:1::/64 via 2001:db8:ff::1")?;
        display.ip("route add 192.168.2.0/24 via 20.0.0.5")?;
        for host in [compute, outside, display] {
            settled(host, interrupt)?;
        }
        Ok(())
    }

    /// Takes everything down and proves that nothing is left.
    ///
    /// # Errors
    /// What `ip` said, or what is left.
    pub(super) fn tear_down(self) -> Result<()> {
        let Self { prefix, outside, display, compute, guests } = self;
        let mut failed = None;
        for namespace in guests.into_iter().chain([compute, display, outside]) {
            if let Err(error) = namespace.delete() {
                failed.get_or_insert(error);
            }
        }
        let left = namespace::list(&prefix)?;
        match failed {
            Some(error) => Err(error),
            None if left.is_empty() => Ok(()),
            None => Err(Error::unexpected("namespaces", "none left", left.join(", "))),
        }
    }

    /// Leaves everything standing.
    pub(super) fn let_go(&mut self) {
        let Self { prefix: _, outside, display, compute, guests } = self;
        guests.iter_mut().chain([outside, display, compute]).for_each(Namespace::let_go);
    }
}

/// Deletes the namespaces of demonstrations that were kept and returns their names.
///
/// # Errors
/// What `ip` said.
pub(super) fn remove_kept(id: u32) -> Result<Vec<String>> {
    let names = namespace::list(&format!("{PREFIX}{id}-"))?;
    for name in &names {
        namespace::delete(name)?;
    }
    Ok(names)
}

/// The name of the compute node's namespace of another process's demonstration.
pub(super) fn compute_of(id: u32) -> String {
    format!("{PREFIX}{id}-compute")
}

/// Waits until every link that is up carries and no IPv6 address is tentative any more.
///
/// # Errors
/// It does not come to rest.
pub(super) fn settled(namespace: &Namespace, interrupt: &Interrupt) -> Result<()> {
    let calm = shell::wait(Duration::from_secs(10), interrupt, || {
        let unfinished = namespace.ip("-6 -o address show tentative")? + &namespace.ip("-o link show up")?;
        let busy = unfinished.lines().any(|line| line.contains("tentative") || line.contains("NO-CARRIER"));
        Ok((!busy).then_some(()))
    })?;
    calm.ok_or_else(|| Error::unexpected(namespace.name(), "links that carry", "no carrier after 10 s"))
}

#[cfg(test)]
mod tests {
    use super::super::ping::Ping;
    use super::super::snapshot::Snapshot;
    use super::*;

    /// On the real kernel; needs root.
    #[test]
    fn the_lab_stands_and_leaves_nothing() {
        let interrupt = Interrupt::default();
        let lab = Lab::build(&interrupt).unwrap();
        let ping = Ping::send(&lab.outside, "10.1.1.1".parse().unwrap(), 1).unwrap();
        assert_eq!((ping.answered, ping.ttl), (1, Some(64)));
        let ping = Ping::send(&lab.compute, "203.0.113.9".parse().unwrap(), 1);
        assert!(ping.is_err(), "only an uplink leads there: {ping:?}");
        let before = Snapshot::take(&lab.compute).unwrap();
        assert_eq!(before.differences(&Snapshot::take(&lab.compute).unwrap()), Vec::<String>::new());
        lab.compute.ip("route add 198.51.100.0/24 dev eth0").unwrap();
        assert_eq!(before.differences(&Snapshot::take(&lab.compute).unwrap()).len(), 1);
        let prefix = lab.prefix.clone();
        assert_eq!(namespace::list(&prefix).unwrap().len(), 6);
        lab.tear_down().unwrap();
        assert_eq!(namespace::list(&prefix).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_lost_lab_takes_its_namespaces_with_it() {
        let name = format!("vgw-test-{}", process::id());
        drop(Namespace::create(name.clone()).unwrap());
        assert_eq!(namespace::list(&name).unwrap(), Vec::<String>::new());
        assert!(Namespace::create("no/such/place".to_owned()).is_err());
    }
}
