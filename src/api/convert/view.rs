//! What the daemon shows, for the wire.

use std::fmt::Display;
use std::time::Duration;

use crate::addr::InterfaceName;
use crate::api::generated::virtual_gateway as wire;
use crate::engine::{
    Applied, AuditView, Counters, Extent, GatewayView, InstanceView, LookupView, NetworkView, PortView, Problem, Rates,
    RepairCount, RepairsView, RouteOutcomes, RouteView, Sandbox, StatusView, UplinkView,
};
use crate::host::Traffic;
use crate::routing::{Hop, NextHop};

/// What a request did.
pub(crate) fn outcome(applied: Applied) -> wire::Outcome {
    match applied {
        Applied::Added => wire::Outcome::ADDED,
        Applied::Changed => wire::Outcome::CHANGED,
        Applied::Unchanged => wire::Outcome::UNCHANGED,
        Applied::Deleted => wire::Outcome::DELETED,
        Applied::Absent => wire::Outcome::ABSENT,
    }
}

/// Everything.
pub(crate) fn status(view: StatusView) -> wire::Status {
    let StatusView {
        version,
        uptime,
        workers,
        gateways,
        ports,
        uplinks,
        networks: _,
        instances,
        audit,
        repairs,
        trial,
        problems,
        traffic: _,
        overruns: _,
        rates,
        sandbox,
    } = view;
    let detail = |problem: &Problem| wire::Problem {
        id: problem.id().to_owned(),
        sentence: problem.to_string(),
        cure: problem.cure(),
    };
    wire::Status {
        version,
        uptime_ms: millis(uptime),
        workers: i32::try_from(workers).unwrap_or(i32::MAX),
        gateways: gateways.into_iter().map(gateway_state).collect(),
        ports: ports.into_iter().map(port_state).collect(),
        uplinks: uplinks.into_iter().map(uplink_state).collect(),
        instances: instances.into_iter().map(instance_state).collect(),
        audit: audit_state(audit),
        problems: texts(&problems),
        repairs: Some(self::repairs(repairs)),
        trial_ends_in_ms: trial.map(millis),
        problem_details: Some(problems.iter().map(detail).collect()),
        rates: Some(self::rates(rates)),
        sandbox: Some(self::sandbox(&sandbox)),
    }
}

/// The traffic of late.
fn rates(view: Rates) -> wire::Rates {
    let Rates { over, packets, bytes, drops, transmitted, transmitted_bytes } = view;
    wire::Rates {
        over_ms: millis(over),
        packets: number(packets),
        bytes: number(bytes),
        drops: number(drops),
        transmitted: Some(number(transmitted)),
        transmitted_bytes: Some(number(transmitted_bytes)),
    }
}

/// How far the daemon is held to what it needs.
fn sandbox(view: &Sandbox) -> Vec<wire::Confinement> {
    let Sandbox { landlock, seccomp, capabilities } = view;
    let all = [("landlock", landlock), ("seccomp", seccomp), ("capabilities", capabilities)];
    let confinement = |(means, extent): (&str, &Extent)| wire::Confinement {
        means: means.to_owned(),
        extent: extent.as_str().to_owned(),
        reason: extent.reason().map(str::to_owned),
    };
    all.map(confinement).into()
}

/// What was put right.
fn repairs(view: RepairsView) -> wire::Repairs {
    let RepairsView { counts, last } = view;
    let counts = counts.into_iter().map(|RepairCount { kind, occasion, count }| wire::RepairCount {
        kind: kind.as_str().to_owned(),
        occasion: occasion.as_str().to_owned(),
        count: number(count),
    });
    wire::Repairs { counts: counts.collect(), last_ms: last.map(millis) }
}

/// A gateway.
pub(crate) fn gateway_state(view: GatewayView) -> wire::GatewayState {
    let GatewayView {
        interface,
        instance,
        subnets,
        routes,
        uplink,
        masquerade,
        masqueraded,
        weight,
        is_static,
        version,
        deleted_in,
        counters,
        rates,
    } = view;
    wire::GatewayState {
        interface_name: interface.to_string(),
        routing_instance: instance.to_string(),
        subnets: texts(subnets),
        routes: texts(routes),
        uplink: uplink.map(|name| name.to_string()),
        is_static,
        version: version.into(),
        deleted_in_ms: deleted_in.map(millis),
        counters: self::counters(counters),
        masquerade: Some(masquerade),
        weight: Some(weight.get().into()),
        masqueraded: masqueraded
            .map(|Traffic { packets, bytes }| wire::Traffic { packets: number(packets), bytes: number(bytes) }),
        rates: rates.map(self::rates),
    }
}

/// A port.
pub(crate) fn port_state(view: PortView) -> wire::PortState {
    let PortView {
        name,
        instance,
        attached,
        guest,
        addresses,
        gateways,
        mac,
        mtu,
        weight,
        lease,
        advertisement,
        is_static,
        compute,
        counters,
        rates,
    } = view;
    wire::PortState {
        name: name.to_string(),
        routing_instance: instance.to_string(),
        attached,
        guest: guest.map(|(netns, name)| wire::Guest { netns, name: name.to_string(), addresses: None }),
        addresses: texts(addresses),
        gateways: texts(gateways),
        mac: mac.map(|mac| mac.to_string()),
        mtu: mtu.into(),
        is_static,
        counters: self::counters(counters),
        weight: Some(weight.get().into()),
        compute_id: compute.map(|compute| compute.id.to_string()),
        network: compute.map(|compute| compute.network.to_string()),
        deleted_in_ms: compute.and_then(|compute| compute.deleted_in).map(millis),
        dhcp: lease.map(|lease| wire::DhcpState {
            address: format!("{}/{}", lease.address, lease.prefix_length),
            router: lease.router.to_string(),
            dns: texts(lease.dns),
            host_name: lease.host_name.map(String::from),
            domain: lease.domain.map(String::from),
            lease_time: lease.time.into(),
        }),
        router_advertisements: advertisement.map(|told| wire::RouterAdvertisementState {
            network: told.network.map(|network| network.to_string()),
            autonomous: told.is_autonomous,
            dns: texts(told.dns),
        }),
        rates: rates.map(self::rates),
    }
}

/// A network.
pub(crate) fn network_state(view: NetworkView) -> wire::NetworkState {
    let NetworkView { id, instance, gateways, dhcp, router_advertisements, is_static } = view;
    wire::NetworkState {
        id: id.to_string(),
        routing_instance: instance.to_string(),
        gateways: texts(gateways),
        is_static,
        dhcp: dhcp.map(|dhcp| wire::Dhcp {
            prefix_length: dhcp.prefix_length.map(i32::from),
            dns: Some(texts(dhcp.dns)),
            host_name: None,
            domain: dhcp.domain.map(|name| name.to_string()),
            lease_time: Some(dhcp.lease_time.0.into()),
        }),
        router_advertisements: router_advertisements
            .map(|told| wire::RouterAdvertisements { dns: Some(texts(told.dns)) }),
    }
}

/// An uplink.
pub(crate) fn uplink_state(view: UplinkView) -> wire::UplinkState {
    let UplinkView { name, device, attachment, lease, table, gateways, is_static } = view;
    wire::UplinkState {
        name: name.to_string(),
        device: device.to_string(),
        address: attachment.map(|attachment| attachment.address.to_string()),
        via: attachment.map(|attachment| attachment.via.to_string()),
        table: table.into(),
        gateways: texts(gateways),
        is_static,
        lease: lease.map(|family| family.to_string()),
    }
}

/// A routing instance.
pub(crate) fn instance_state(view: InstanceView) -> wire::InstanceState {
    let InstanceView { name, routes_v4, routes_v6, gateways, ports } = view;
    wire::InstanceState {
        name: name.to_string(),
        routes_v4: number(routes_v4),
        routes_v6: number(routes_v6),
        gateways: texts(gateways),
        ports: texts(ports),
    }
}

/// The audit.
pub(crate) fn audit_state(view: AuditView) -> wire::AuditState {
    let AuditView { version, timeout, running } = view;
    let running = running
        .into_iter()
        .map(|(remaining, gateways)| wire::RunningAudit { remaining_ms: millis(remaining), gateways: texts(gateways) });
    wire::AuditState { version: version.into(), timeout_ms: timeout.map(millis), running: running.collect() }
}

/// A route.
pub(crate) fn route_state(view: RouteView) -> wire::RouteState {
    let RouteView { prefix, next_hop, origin } = view;
    wire::RouteState { prefix: prefix.to_string(), next_hop: self::next_hop(next_hop), origin: origin.to_owned() }
}

/// What became of routes.
pub(crate) fn route_outcomes(outcomes: RouteOutcomes) -> wire::RouteOutcomes {
    let RouteOutcomes { added, changed, unchanged, deleted, absent } = outcomes;
    wire::RouteOutcomes {
        added: number(added),
        changed: number(changed),
        unchanged: number(unchanged),
        deleted: number(deleted),
        absent: number(absent),
    }
}

/// Where an address goes.
pub(crate) fn lookup(view: LookupView) -> wire::Lookup {
    let LookupView { matched, next_hop } = view;
    wire::Lookup { matched: matched.map(|prefix| prefix.to_string()), next_hop: self::next_hop(next_hop) }
}

fn next_hop(next_hop: NextHop<InterfaceName>) -> wire::NextHop {
    let (kind, hops) = match next_hop {
        NextHop::Forward(hops) => {
            let hop = |Hop { port, gateway, weight }: &Hop<InterfaceName>| wire::Hop {
                port: port.to_string(),
                gateway: gateway.map(|address| address.to_string()),
                weight: Some(weight.get().into()),
            };
            (wire::NextHopKind::FORWARD, Some(hops.iter().map(hop).collect()))
        }
        NextHop::Local => (wire::NextHopKind::LOCAL, None),
        NextHop::Discard => (wire::NextHopKind::DISCARD, None),
        NextHop::Unreachable => (wire::NextHopKind::UNREACHABLE, None),
        NextHop::NoRoute => (wire::NextHopKind::NO_ROUTE, None),
    };
    wire::NextHop { kind, hops }
}

fn counters(counters: Counters) -> wire::Counters {
    let Counters { received, received_bytes, sent, answered, held, dropped, transmitted, transmitted_bytes } = counters;
    wire::Counters {
        received: number(received),
        received_bytes: number(received_bytes),
        sent: number(sent),
        answered: number(answered),
        held: number(held),
        dropped: dropped.into_iter().map(|(reason, count)| (reason.name().to_owned(), number(count))).collect(),
        transmitted: number(transmitted),
        transmitted_bytes: number(transmitted_bytes),
    }
}

fn texts(values: impl IntoIterator<Item = impl Display>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

/// The wire has no unsigned numbers; none of ours comes near the end of its range.
pub(crate) fn number(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

fn millis(duration: Duration) -> i64 {
    number(duration.as_millis())
}
