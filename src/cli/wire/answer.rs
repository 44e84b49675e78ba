//! Answers to reports.

use crate::api::generated::virtual_gateway as wire;

use super::super::report;
use super::services;

/// Everything at a glance.
pub(in super::super) fn status(answer: wire::Status) -> report::Status {
    let wire::Status { version, uptime_ms, workers, gateways, ports, uplinks, instances, audit, problems, repairs } =
        answer;
    report::Status {
        version,
        uptime_ms: number(uptime_ms),
        workers: number(i64::from(workers)),
        gateways: gateways.into_iter().map(gateway).collect(),
        ports: ports.into_iter().map(port).collect(),
        uplinks: uplinks.into_iter().map(uplink).collect(),
        instances: instances.into_iter().map(instance).collect(),
        audit: self::audit(audit),
        repairs: repairs.map(self::repairs),
        problems,
    }
}

/// What was put right.
fn repairs(answer: wire::Repairs) -> report::Repairs {
    let wire::Repairs { counts, last_ms } = answer;
    let counts = counts.into_iter().map(|wire::RepairCount { kind, occasion, count }| report::RepairCount {
        kind,
        occasion,
        count: number(count),
    });
    report::Repairs { counts: counts.collect(), last_ms: last_ms.map(number) }
}

/// A gateway.
pub(in super::super) fn gateway(answer: wire::GatewayState) -> report::Gateway {
    let wire::GatewayState {
        interface_name,
        routing_instance,
        subnets,
        routes,
        uplink,
        is_static,
        version,
        deleted_in_ms,
        counters,
        masquerade,
        weight,
        masqueraded,
    } = answer;
    report::Gateway {
        interface: interface_name,
        instance: routing_instance,
        subnets,
        routes,
        uplink,
        masquerade: masquerade.unwrap_or(false),
        masqueraded: masqueraded
            .map(|wire::Traffic { packets, bytes }| report::Traffic { packets: number(packets), bytes: number(bytes) }),
        weight: self::weight(weight),
        is_static,
        version: number(version),
        deleted_in_ms: deleted_in_ms.map(number),
        counters: self::counters(counters),
    }
}

/// A port.
pub(in super::super) fn port(answer: wire::PortState) -> report::Port {
    let wire::PortState {
        name,
        routing_instance,
        attached,
        guest,
        addresses,
        gateways,
        mac,
        mtu,
        is_static,
        counters,
        weight,
        compute_id,
        network,
        deleted_in_ms,
        dhcp,
        router_advertisements,
    } = answer;
    report::Port {
        interface: name,
        instance: routing_instance,
        attached,
        guest: guest.map(|wire::Guest { netns, name, addresses: _ }| report::Guest { netns, name }),
        addresses,
        gateways,
        mac,
        mtu: number(mtu),
        weight: self::weight(weight),
        dhcp: dhcp.map(self::dhcp),
        router_advertisements: router_advertisements.map(self::router_advertisements),
        is_static,
        compute_id,
        network,
        deleted_in_ms: deleted_in_ms.map(number),
        counters: self::counters(counters),
    }
}

fn dhcp(answer: wire::DhcpState) -> report::Dhcp {
    let wire::DhcpState { address, router, dns, host_name, domain, lease_time } = answer;
    report::Dhcp { address, router, dns, host_name, domain, lease_time: number(lease_time) }
}

fn router_advertisements(answer: wire::RouterAdvertisementState) -> report::RouterAdvertisements {
    let wire::RouterAdvertisementState { network, autonomous, dns } = answer;
    report::RouterAdvertisements { network, autonomous, dns }
}

fn counters(answer: wire::Counters) -> report::Counters {
    let wire::Counters { received, received_bytes, sent, answered, held, dropped, transmitted, transmitted_bytes } =
        answer;
    report::Counters {
        received: number(received),
        received_bytes: number(received_bytes),
        sent: number(sent),
        answered: number(answered),
        held: number(held),
        dropped: dropped.into_iter().map(|(reason, packets)| (reason, number(packets))).collect(),
        transmitted: number(transmitted),
        transmitted_bytes: number(transmitted_bytes),
    }
}

/// A network.
pub(in super::super) fn network(answer: wire::NetworkState) -> report::Network {
    let wire::NetworkState { id, routing_instance, gateways, is_static, dhcp, router_advertisements } = answer;
    report::Network {
        id,
        instance: routing_instance,
        gateways,
        dhcp: dhcp.map(services::network_dhcp),
        router_advertisements: router_advertisements.map(services::network_advertisements),
        is_static,
    }
}

/// An uplink.
pub(in super::super) fn uplink(answer: wire::UplinkState) -> report::Uplink {
    let wire::UplinkState { name, device, address, via, table, gateways, is_static, lease } = answer;
    report::Uplink { name, device, address, via, lease, table: number(table), gateways, is_static }
}

/// A routing instance.
pub(in super::super) fn instance(answer: wire::InstanceState) -> report::Instance {
    let wire::InstanceState { name, routes_v4, routes_v6, gateways, ports } = answer;
    report::Instance { name, routes_v4: number(routes_v4), routes_v6: number(routes_v6), gateways, ports }
}

/// A route.
pub(in super::super) fn route(answer: wire::RouteState) -> report::Route {
    let wire::RouteState { prefix, next_hop, origin } = answer;
    report::Route { prefix, next_hop: self::next_hop(next_hop), origin }
}

/// Where an address goes, with the question it answers.
pub(in super::super) fn lookup(instance: String, address: String, answer: wire::Lookup) -> report::Lookup {
    let wire::Lookup { matched, next_hop } = answer;
    report::Lookup { instance, address, matched, next_hop: self::next_hop(next_hop) }
}

fn next_hop(answer: wire::NextHop) -> report::NextHop {
    let wire::NextHop { kind, hops } = answer;
    let hop = |wire::Hop { port, gateway, weight }| report::Hop { port, gateway, weight: self::weight(weight) };
    match kind {
        wire::NextHopKind::FORWARD => report::NextHop::Forward { hops: hops.into_iter().flatten().map(hop).collect() },
        wire::NextHopKind::LOCAL => report::NextHop::Local,
        wire::NextHopKind::DISCARD => report::NextHop::Discard,
        wire::NextHopKind::UNREACHABLE => report::NextHop::Unreachable,
        wire::NextHopKind::NO_ROUTE => report::NextHop::NoRoute,
        _ => report::NextHop::Unknown,
    }
}

/// The audit.
pub(in super::super) fn audit(answer: wire::AuditState) -> report::Audit {
    let wire::AuditState { version, timeout_ms, running } = answer;
    report::Audit {
        version: number(version),
        timeout_ms: timeout_ms.map(number),
        running: running
            .into_iter()
            .map(|wire::RunningAudit { remaining_ms, gateways }| report::RunningAudit {
                remaining_ms: number(remaining_ms),
                gateways,
            })
            .collect(),
    }
}

/// What an accepted request did; `None` if there was nothing to delete.
pub(in super::super) fn outcome(answer: wire::Outcome) -> Option<report::Deed> {
    match answer {
        wire::Outcome::ADDED => Some(report::Deed::Added),
        wire::Outcome::UNCHANGED => Some(report::Deed::Unchanged),
        wire::Outcome::DELETED => Some(report::Deed::Deleted),
        wire::Outcome::ABSENT => None,
        // CHANGED, and what a later daemon may know: it has done something.
        _ => Some(report::Deed::Changed),
    }
}

/// What became of a lease.
pub(in super::super) fn lease_outcome(answer: wire::Outcome) -> report::LeaseOutcome {
    match answer {
        wire::Outcome::ADDED => report::LeaseOutcome::Added,
        wire::Outcome::UNCHANGED => report::LeaseOutcome::Unchanged,
        wire::Outcome::DELETED => report::LeaseOutcome::Deleted,
        wire::Outcome::ABSENT => report::LeaseOutcome::Absent,
        // CHANGED, and what a later daemon may know: it has done something.
        _ => report::LeaseOutcome::Changed,
    }
}

/// An object in the kernel.
pub(in super::super) fn host_object(answer: wire::HostObject) -> report::HostObject {
    let wire::HostObject { object, purpose, owners, state } = answer;
    let state = match state {
        wire::ObjectState::IN_PLACE => report::ObjectState::InPlace,
        wire::ObjectState::MISSING => report::ObjectState::Missing,
        wire::ObjectState::DIFFERS => report::ObjectState::Differs,
        wire::ObjectState::LEFT_OVER => report::ObjectState::LeftOver,
        _ => report::ObjectState::Unknown,
    };
    report::HostObject { object, purpose, owners, state }
}

/// Somebody's uplink.
pub(in super::super) fn foreign_uplink(answer: wire::ForeignUplink) -> report::ForeignUplink {
    let wire::ForeignUplink { layout, uplink, foreign_table, steps, hindrance } = answer;
    let wire::Uplink { name, device, address, via, table: _, lease: _ } = uplink;
    let (address, via) = (address.unwrap_or_default(), via.unwrap_or_default());
    let (foreign_table, steps) = (number(foreign_table), steps.into_iter().map(step).collect());
    report::ForeignUplink { layout, name, device, address, via, foreign_table, steps, hindrance }
}

/// A change of the kernel.
pub(in super::super) fn step(answer: wire::HostStep) -> report::Step {
    let wire::HostStep { command, owners } = answer;
    report::Step { command, owners }
}

/// What an older daemon does not know has the weight of all others.
fn weight(value: Option<i32>) -> u64 {
    value.map_or(1, |value| number(value.into()))
}

/// Thrift has no unsigned integers. The daemon sends none below zero.
pub(super) fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}
