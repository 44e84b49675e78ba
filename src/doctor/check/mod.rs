//! The checks: each looks at the facts and says what is wrong, if anything is.

mod daemon;
mod fabric;
mod filter;
mod forwarding;
mod link;
mod machine;
mod manager;
mod mtu;
mod overlap;
mod route;
mod rule;

use super::facts::Facts;
use super::finding::Finding;

/// A check, or several that look at the same.
pub(super) type Look = fn(&Facts) -> Vec<Finding>;

/// All checks.
pub(super) const ALL: [Look; 24] = [
    daemon::unreachable,
    daemon::problems,
    daemon::unconfined,
    machine::rights,
    machine::tun,
    machine::conntrack,
    link::taps_missing,
    link::uplinks_down,
    link::short_queues,
    link::full_queues,
    link::full_rings,
    route::routers_unreachable,
    route::missing,
    rule::asked_first,
    rule::between_ours,
    forwarding::off,
    forwarding::reverse_path,
    forwarding::ignored_routers,
    filter::blocked_or_lost,
    filter::bridges,
    overlap::overlaps,
    mtu::mtu,
    manager::managers,
    fabric::fabric,
];
