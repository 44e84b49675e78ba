//! Any bytes as a datagram of the kernel: as answers to requests, as a notice and as the answer about a connection.
//! Nothing panics, and what is read as a route, rule or address of a kind that we make is the same when a request
//! writes it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vgw::addr::Weight;
use vgw::sys::netlink::fuzzing::{Rows, notice, rewritten, rows, user};
use vgw::sys::netlink::{Notice, Request, RouteEntry, RouteKind, RuleEntry};

fn route(entry: &RouteEntry) {
    let is_written = match (entry.kind, &entry.hops[..]) {
        // Without a device the kernel's own null route.
        (RouteKind::Unicast, []) => false,
        // One way is written without its weight.
        (RouteKind::Unicast, [hop]) => hop.weight == Weight::ONE && hop.link != 0,
        (RouteKind::Unicast, _) => true,
        (RouteKind::Unreachable, hops) => hops.is_empty(),
        _ => false,
    };
    if is_written && !entry.special {
        assert_eq!(rewritten(Request::add_route(entry)).routes, std::slice::from_ref(entry));
    }
}

fn rule(entry: &RuleEntry) {
    if !entry.special {
        assert_eq!(rewritten(Request::add_rule(&entry.rule, entry.protocol)).rules, [*entry]);
    }
}

fn check(rows: &Rows) {
    rows.routes.iter().for_each(route);
    rows.rules.iter().for_each(rule);
    for entry in &rows.addresses {
        let written = rewritten(Request::add_address(entry)).addresses;
        assert_eq!(
            written.iter().map(|entry| (entry.link, entry.address, entry.protocol)).collect::<Vec<_>>(),
            [(entry.link, entry.address, entry.protocol)]
        );
    }
    for rule in rows.foreign.iter().filter(|rule| !rule.special) {
        let written = rewritten(Request::delete_foreign_rule(rule));
        assert_eq!(written, Rows::default(), "a deletion is no row");
    }
}

fuzz_target!(|datagram: &[u8]| {
    for answer in rows(datagram) {
        match answer {
            Ok(rows) => check(&rows),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    match notice(datagram, 7) {
        Some(Notice::Route { entry, .. }) => route(&entry),
        Some(Notice::Rule { entry, .. }) => rule(&entry),
        Some(Notice::Link(_) | Notice::Address { .. }) | None => {}
    }
    let ends = [1, 2].map(|port| ([127, 0, 0, 1], port).into());
    let _ = user(datagram, ends[0], ends[1]);
});
