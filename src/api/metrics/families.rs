//! What is told. docs/monitoring.md has the list for people.

use std::fmt::Display;
use std::time::Duration;

use crate::engine::{Counters, Problem, ProcessUse, StatusView};

use super::text::Kind::{Counter, Gauge};
use super::text::Text;

/// An interface that packets pass through.
struct Interface<'a> {
    name: &'a dyn Display,
    instance: &'a dyn Display,
    role: &'static str,
    counters: &'a Counters,
}

/// Writes every family of the daemon. `happened` is the number of events; at most `most` interfaces have
/// numbers of their own.
pub(super) fn write(text: &mut Text, view: &StatusView, happened: u64, most: usize) {
    text.family(Gauge, "vgw_build_info", "The daemon's version, always 1.").sample(&[("version", &view.version)], 1);
    text.family(Gauge, "vgw_uptime_seconds", "Time since the daemon has started.").sample(&[], seconds(view.uptime));
    text.family(Gauge, "vgw_workers", "Threads that forward.").sample(&[], view.workers);
    write_counts(text, view);
    write_traffic(text, view);
    write_interfaces(text, view, most);
    write_standing(text, view);
    text.family(Counter, "vgw_events", "Events that have happened.").sample(&[], happened);
}

fn write_counts(text: &mut Text, view: &StatusView) {
    text.family(Gauge, "vgw_gateways", "Gateways.").sample(&[], view.gateways.len());
    text.family(Gauge, "vgw_ports", "Guests' ports.").sample(&[], view.ports.len());
    text.family(Gauge, "vgw_uplinks", "Uplinks.").sample(&[], view.uplinks.len());
    text.family(Gauge, "vgw_routing_instances", "Routing instances.").sample(&[], view.instances.len());
    let routes = |count: fn(&crate::engine::InstanceView) -> usize| view.instances.iter().map(count).sum::<usize>();
    text.family(Gauge, "vgw_routes", "Routes of all routing instances.")
        .sample(&[("family", &"ipv4")], routes(|instance| instance.routes_v4))
        .sample(&[("family", &"ipv6")], routes(|instance| instance.routes_v6));
}

/// The sums, which never go down.
fn write_traffic(text: &mut Text, view: &StatusView) {
    let traffic = &view.traffic;
    text.family(Counter, "vgw_packets", "Packets of all interfaces; a super-packet is one.")
        .sample(&[("direction", &"received")], traffic.received)
        .sample(&[("direction", &"transmitted")], traffic.transmitted);
    text.family(Counter, "vgw_bytes", "Bytes of the frames of all interfaces.")
        .sample(&[("direction", &"received")], traffic.received_bytes)
        .sample(&[("direction", &"transmitted")], traffic.transmitted_bytes);
    let mut drops = text.family(Counter, "vgw_drops", "Received packets that were dropped, of all interfaces.");
    for (reason, count) in &traffic.dropped {
        drops.sample(&[("reason", &reason.name())], count);
    }
}

/// The numbers of single interfaces: gateways first, then ports, by name.
fn write_interfaces(text: &mut Text, view: &StatusView, most: usize) {
    let gateways = view.gateways.iter().map(|it| Interface {
        name: &it.interface,
        instance: &it.instance,
        role: "gateway",
        counters: &it.counters,
    });
    let ports = view.ports.iter().map(|it| Interface {
        name: &it.name,
        instance: &it.instance,
        role: "guest",
        counters: &it.counters,
    });
    let shown: Vec<Interface<'_>> = gateways.chain(ports).take(most).collect();
    let rest = view.gateways.len() + view.ports.len() - shown.len();
    let help = "Gateways and ports that are in the sums only, since there are too many.";
    text.family(Gauge, "vgw_interfaces_without_series", help).sample(&[], rest);
    let mut both = |name, help, received: fn(&Counters) -> u64, transmitted: fn(&Counters) -> u64| {
        let mut family = text.family(Counter, name, help);
        for Interface { name, instance, role, counters } in &shown {
            let labels: [(&str, &dyn Display); 3] =
                [("interface", name), ("routing_instance", instance), ("role", role)];
            let [interface, instance, role] = labels;
            family
                .sample(&[interface, instance, role, ("direction", &"received")], received(counters))
                .sample(&[interface, instance, role, ("direction", &"transmitted")], transmitted(counters));
        }
    };
    let help = "Packets of an interface; received is what the guest or, of a gateway, the host has sent.";
    both("vgw_interface_packets", help, |counters| counters.received, |counters| counters.transmitted);
    let help = "Bytes of an interface's frames.";
    both("vgw_interface_bytes", help, |counters| counters.received_bytes, |counters| counters.transmitted_bytes);
    let mut drops = text.family(Counter, "vgw_interface_drops", "Packets received by an interface and dropped.");
    for Interface { name, instance, role, counters } in &shown {
        let dropped: u64 = counters.dropped.iter().map(|(_, count)| count).sum();
        drops.sample(&[("interface", name), ("routing_instance", instance), ("role", role)], dropped);
    }
}

/// How the daemon stands with controllers and the host.
fn write_standing(text: &mut Text, view: &StatusView) {
    let audit = &view.audit;
    text.family(Counter, "vgw_controller_connects", "How often a controller has connected.").sample(&[], audit.version);
    let help = "Time until the next running audit ends; without one there is no sample.";
    let mut left = text.family(Gauge, "vgw_audit_left_seconds", help);
    if let Some((time, _)) = audit.running.first() {
        left.sample(&[], seconds(*time));
    }
    let stale = audit.running.first().map_or(0, |(_, stale)| stale.len());
    text.family(Gauge, "vgw_audit_stale_gateways", "Gateways that it would delete now.").sample(&[], stale);
    let help = "Time until the configuration on trial is taken back; without one there is no sample.";
    let mut trial = text.family(Gauge, "vgw_trial_left_seconds", help);
    if let Some(time) = view.trial {
        trial.sample(&[], seconds(time));
    }
    let mut repairs = text.family(Counter, "vgw_repairs", "What others had undone in the host and was put right.");
    for repair in &view.repairs.counts {
        let (kind, occasion) = (repair.kind.as_str(), repair.occasion.as_str());
        repairs.sample(&[("kind", &kind), ("occasion", &occasion)], repair.count);
    }
    let help = "Problems that stand, by id; docs/operations.md says what they are.";
    let mut problems = text.family(Gauge, "vgw_problems", help);
    for id in Problem::IDS {
        let count = view.problems.iter().filter(|problem| problem.id() == id).count();
        problems.sample(&[("id", &id)], count);
    }
    let help = "How often notices of the kernel's were lost; each time everything was looked at anew.";
    text.family(Counter, "vgw_netlink_overruns", help).sample(&[], view.overruns);
}

/// Writes what the process takes, under the names that all exporters have for it.
pub(super) fn write_process(text: &mut Text, process: &ProcessUse) {
    text.family(Counter, "process_cpu_seconds", "Time of processors.").sample(&[], seconds(process.cpu));
    text.family(Gauge, "process_resident_memory_bytes", "Memory in use.").sample(&[], process.resident);
    text.family(Gauge, "process_open_fds", "Open descriptors.").sample(&[], process.descriptors);
}

/// A time as Prometheus wants it.
fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}
