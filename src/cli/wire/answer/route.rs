//! Routing instances and their routes.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

use super::numbers::{self, number};

/// A routing instance.
pub(in crate::cli) fn instance(answer: wire::InstanceState) -> report::Instance {
    let wire::InstanceState { name, routes_v4, routes_v6, gateways, ports } = answer;
    report::Instance { name, routes_v4: number(routes_v4), routes_v6: number(routes_v6), gateways, ports }
}

/// A route.
pub(in crate::cli) fn route(answer: wire::RouteState) -> report::Route {
    let wire::RouteState { prefix, next_hop, origin } = answer;
    report::Route { prefix, next_hop: self::next_hop(next_hop), origin }
}

/// Adds what became of some routes to what became of others.
pub(in crate::cli) fn add_up(sum: &mut report::RoutesChanged, answer: wire::RouteOutcomes) {
    let wire::RouteOutcomes { added, changed, unchanged, deleted, absent } = answer;
    sum.added += number(added);
    sum.changed += number(changed);
    sum.unchanged += number(unchanged);
    sum.deleted += number(deleted);
    sum.absent += number(absent);
}

/// Where an address goes, with the question it answers.
pub(in crate::cli) fn lookup(instance: String, address: String, answer: wire::Lookup) -> report::Lookup {
    let wire::Lookup { matched, next_hop } = answer;
    report::Lookup { instance, address, matched, next_hop: self::next_hop(next_hop) }
}

fn next_hop(answer: wire::NextHop) -> report::NextHop {
    let wire::NextHop { kind, hops } = answer;
    let hop = |wire::Hop { port, gateway, weight }| report::Hop { port, gateway, weight: numbers::weight(weight) };
    match kind {
        wire::NextHopKind::FORWARD => report::NextHop::Forward { hops: hops.into_iter().flatten().map(hop).collect() },
        wire::NextHopKind::LOCAL => report::NextHop::Local,
        wire::NextHopKind::DISCARD => report::NextHop::Discard,
        wire::NextHopKind::UNREACHABLE => report::NextHop::Unreachable,
        wire::NextHopKind::NO_ROUTE => report::NextHop::NoRoute,
        _ => report::NextHop::Unknown,
    }
}
