//! What a route leads to.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::addr::Weight;

/// One way out: a port, and who is asked there for a MAC address. `P` names the port:
/// [`crate::addr::InterfaceName`] where people speak, [`crate::addr::PortId`] where packets go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop<P> {
    /// The port.
    pub port: P,
    /// The neighbour that takes the packet on; `None` if the destination itself is on the link.
    pub gateway: Option<IpAddr>,
    /// Its share of the flows beside the other hops of a group.
    pub weight: Weight,
}

/// What happens to a packet that a route matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NextHop<P> {
    /// Out by a port. Several hops are an ECMP group: sorted, without duplicates, one chosen by
    /// the flow's hash, in proportion to the weights. Never empty. Shared, since many routes lead the
    /// same way.
    Forward(Arc<[Hop<P>]>),
    /// An address of the gateway's own: it answers echo itself.
    Local,
    /// Dropped in silence.
    Discard,
    /// Dropped; the sender gets an ICMP host (IPv6: address) unreachable.
    Unreachable,
    /// What an instance answers where no route matches; not for routes. Dropped; the sender gets an
    /// ICMP network (IPv6: no route to destination) unreachable.
    NoRoute,
}

impl<P: Copy + Ord> NextHop<P> {
    /// A next hop of one port without a gateway.
    #[must_use]
    pub fn port(port: P) -> Self {
        Self::Forward(Arc::new([Hop { port, gateway: None, weight: Weight::ONE }]))
    }

    /// A group of hops, sorted and freed of duplicates; unreachable if there is none.
    #[must_use]
    pub fn group(hops: impl IntoIterator<Item = Hop<P>>) -> Self {
        let mut hops: Vec<_> = hops.into_iter().collect();
        hops.sort_unstable();
        hops.dedup();
        if hops.is_empty() { Self::Unreachable } else { Self::Forward(hops.into()) }
    }

    /// The same next hop with only those hops whose port `stands`; without any it is unreachable.
    #[must_use]
    pub fn by(&self, stands: impl Fn(&P) -> bool) -> Self {
        match self {
            Self::Forward(hops) if !hops.iter().all(|hop| stands(&hop.port)) => {
                Self::group(hops.iter().filter(|hop| stands(&hop.port)).copied())
            }
            whole => whole.clone(),
        }
    }

    /// The same next hop with its ports named otherwise; hops whose port has no such name are left
    /// out, and a group that loses its last hop is unreachable.
    pub fn resolve<Q: Copy + Ord>(&self, mut name: impl FnMut(P) -> Option<Q>) -> NextHop<Q> {
        match self {
            Self::Forward(hops) => {
                NextHop::group(hops.iter().filter_map(|hop| {
                    name(hop.port).map(|port| Hop { port, gateway: hop.gateway, weight: hop.weight })
                }))
            }
            Self::Local => NextHop::Local,
            Self::Discard => NextHop::Discard,
            Self::Unreachable => NextHop::Unreachable,
            Self::NoRoute => NextHop::NoRoute,
        }
    }
}

impl<P: fmt::Display> fmt::Display for NextHop<P> {
    /// As `ip route` prints: `via 10.0.0.1 dev tap0`, several hops behind `nexthop`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward(hops) => {
                for (index, hop) in hops.iter().enumerate() {
                    if hops.len() > 1 {
                        f.write_str(if index == 0 { "nexthop " } else { " nexthop " })?;
                    }
                    if let Some(gateway) = hop.gateway {
                        write!(f, "via {gateway} ")?;
                    }
                    write!(f, "dev {}", hop.port)?;
                    if hops.len() > 1 && hop.weight != Weight::ONE {
                        write!(f, " weight {}", hop.weight)?;
                    }
                }
                Ok(())
            }
            Self::Local => f.write_str("local"),
            Self::Discard => f.write_str("discard"),
            Self::Unreachable => f.write_str("unreachable"),
            Self::NoRoute => f.write_str("no route"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(port: u32) -> Hop<u32> {
        Hop { port, gateway: None, weight: Weight::ONE }
    }

    #[test]
    fn groups_are_sets() {
        assert_eq!(NextHop::group([hop(2), hop(1), hop(2)]), NextHop::Forward([hop(1), hop(2)].into()));
        assert_eq!(NextHop::<u32>::group([]), NextHop::Unreachable);
    }

    #[test]
    fn a_group_without_known_ports_is_unreachable() {
        let group = NextHop::group([hop(1), hop(2)]);
        assert_eq!(group.resolve(|port| (port == 2).then_some(7u8)), NextHop::port(7));
        assert_eq!(group.resolve(|_| None::<u8>), NextHop::Unreachable);
    }

    #[test]
    fn prints_like_ip_route() {
        assert_eq!(NextHop::group([hop(1), hop(2)]).to_string(), "nexthop dev 1 nexthop dev 2");
        let via = NextHop::group([Hop { port: 3, gateway: Some([10, 0, 0, 1].into()), ..hop(3) }]);
        assert_eq!(via.to_string(), "via 10.0.0.1 dev 3");
        let heavy = NextHop::group([hop(1), Hop { weight: Weight::from_hops(2), ..hop(2) }]);
        assert_eq!(heavy.to_string(), "nexthop dev 1 nexthop dev 2 weight 3");
    }
}
