use super::*;
use crate::addr::{Mac, Weight};
use crate::host::RuleAction;
use crate::sys::netlink::TapFacts;

const MARK: Mark = Mark { protocol: 201, rule_priority: 20_100, table: 20_100, group: 20_100 };
const QUEUE: u32 = 1000;

fn link(index: u32, name: &str, group: u32, tap: bool) -> Link {
    Link {
        index,
        name: name.parse().unwrap(),
        mac: Mac::GATEWAY,
        mtu: 1500,
        up: true,
        carrier: true,
        loopback: false,
        group,
        ours: false,
        queue_length: QUEUE,
        controller: None,
        address_generation: Some(1),
        forwarding_v4: false,
        tap: tap.then(TapFacts::default),
    }
}

fn route(table: u32, prefix: &str, protocol: u8, links: &[u32]) -> RouteEntry {
    RouteEntry {
        key: RouteKey { table, prefix: prefix.parse().unwrap(), metric: 0 },
        protocol,
        kind: if links.is_empty() { RouteKind::Unreachable } else { RouteKind::Unicast },
        hops: links.iter().map(|link| Hop { link: *link, via: None, weight: Weight::ONE }).collect(),
        source: None,
        special: false,
    }
}

fn rule(priority: u32, table: u32, protocol: u8, special: bool) -> RuleEntry {
    RuleEntry {
        rule: Rule { priority, from: "10.1.0.0/24".parse().unwrap(), action: RuleAction::Lookup(table) },
        protocol,
        special,
    }
}

/// vgw1 and vgw2 are ours by their descriptors; eth0, veth9 and vgw9 are not, whatever the group.
fn links() -> Vec<Link> {
    vec![
        link(1, "vgw1", 0, true),
        link(2, "vgw2", MARK.group, true),
        link(3, "eth0", 0, false),
        link(4, "veth9", MARK.group, false),
        link(5, "vgw9", MARK.group, true),
    ]
}

fn seen(snapshot: &Snapshot) -> Observed {
    classify(
        snapshot,
        &Ownership {
            mark: &MARK,
            alike: Alike { group: MARK.group, queue_length: QUEUE },
            held: BTreeSet::from([1, 2]),
            claimed: &BTreeSet::from([500]),
        },
    )
}

fn names<'a>(names: impl Iterator<Item = &'a InterfaceName>) -> Vec<&'a str> {
    names.map(InterfaceName::as_str).collect()
}

#[test]
fn links_are_ours_by_descriptor() {
    let seen = seen(&Snapshot { links: links(), ..Snapshot::default() });
    assert_eq!(names(seen.ours.links.keys()), ["vgw1", "vgw2"]);
    assert_eq!(names(seen.foreign_links.keys()), ["eth0", "veth9", "vgw9"]);
}

#[test]
fn routes_are_ours_over_our_links_or_in_our_tables() {
    let ours = [
        route(RouteKey::MAIN, "10.1.0.0/24", 201, &[1]),
        route(RouteKey::MAIN, "10.2.0.0/24", 201, &[1, 2]),
        route(20_100, "10.3.0.0/24", 201, &[3]),
        route(500, "10.4.0.0/24", 201, &[3]),
        route(600, "10.5.0.0/24", 201, &[]),
    ];
    let theirs = [
        route(RouteKey::MAIN, "10.6.0.0/24", 201, &[1, 3]),
        route(RouteKey::MAIN, "10.7.0.0/24", 201, &[]),
        route(RouteKey::MAIN, "10.8.0.0/24", 4, &[1]),
        route(20_100, "10.9.0.0/24", 4, &[3]),
        RouteEntry { special: true, ..route(20_100, "10.10.0.0/24", 201, &[3]) },
    ];
    let elsewhere = [route(700, "10.11.0.0/24", 201, &[1]), route(702, "10.12.0.0/24", 4, &[3])];
    let routes = [&ours[..], &theirs, &elsewhere].concat();
    // Table 600 is ours because a rule of ours leads there. Nothing makes 700 ours, but it may have been: a
    // killed daemon's rules may be gone.
    let rules = vec![rule(20_120, 600, 201, false), rule(20_120, 701, 201, true)];
    let seen = seen(&Snapshot { links: links(), routes, rules, ..Snapshot::default() });
    assert!(seen.ours.routes.keys().eq(ours.iter().map(|entry| &entry.key).collect::<BTreeSet<_>>()));
    assert!(seen.foreign_routes.iter().eq(theirs.iter().map(|entry| &entry.key).collect::<BTreeSet<_>>()));
    assert_eq!(seen.foreign_tables, [701u32, 702].into_iter().collect());
}

#[test]
fn a_second_route_with_the_key_of_ours_counts_as_foreign() {
    let routes = vec![route(20_100, "10.1.0.0/24", 201, &[3]), route(20_100, "10.1.0.0/24", 201, &[4])];
    let seen = seen(&Snapshot { links: links(), routes, ..Snapshot::default() });
    let (key, ours) = seen.ours.routes.iter().next().unwrap();
    assert_eq!(ours.hops.first().unwrap().device.as_str(), "eth0", "the first is the one that acts");
    assert!(seen.foreign_routes.contains(key));
}

#[test]
fn rules_are_ours_by_protocol_and_priority_and_nothing_else() {
    let rules = [
        rule(20_120, 20_100, 201, false),
        rule(20_121, 20_100, 4, false),
        rule(20_099, 20_100, 201, false),
        rule(22_100, 20_100, 201, false),
        rule(20_122, 20_100, 201, true),
    ];
    let seen = seen(&Snapshot { rules: rules.to_vec(), ..Snapshot::default() });
    assert_eq!(seen.ours.rules, [rules[0].rule].into_iter().collect());
}

#[test]
fn addresses_tell_who_put_them_there() {
    let address =
        |link, text: &str, protocol| AddressEntry { link, address: text.parse().unwrap(), protocol, tentative: false };
    let addresses = vec![
        address(1, "fe80::1/64", Some(201)),
        address(1, "fe80::2/64", None),
        address(1, "fe80::3/64", Some(3)),
        address(1, "10.1.0.1/24", None),
        address(3, "fe80::4/64", Some(201)),
    ];
    let seen = seen(&Snapshot { links: links(), addresses, ..Snapshot::default() });
    let ours: Vec<_> = seen.ours.addresses.iter().map(|(_, address)| address.to_string()).collect();
    assert_eq!(ours, ["fe80::1/64", "fe80::2/64"]);
}

#[test]
fn exits_are_what_foreign_routes_of_main_lead_to() {
    let mut all = links();
    all.push(Link { loopback: true, ..link(6, "lo", 0, false) });
    let routes = vec![
        route(RouteKey::MAIN, "0.0.0.0/0", 4, &[3]),
        route(RouteKey::MAIN, "fe80::/64", 2, &[5]),
        route(RouteKey::MAIN, "10.1.0.0/24", 4, &[1]),
        route(RouteKey::MAIN, "127.0.0.0/8", 4, &[6]),
        route(300, "10.2.0.0/24", 4, &[4]),
    ];
    let seen = seen(&Snapshot { links: all, routes, ..Snapshot::default() });
    assert_eq!(names(seen.surroundings.exit_devices.iter()), ["eth0"]);
}

#[test]
fn connected_networks_are_what_the_kernel_put_on_foreign_links() {
    let on = |prefix: &str, metric: u32, link: u32| RouteEntry {
        key: RouteKey { table: RouteKey::MAIN, prefix: prefix.parse().unwrap(), metric },
        ..route(RouteKey::MAIN, prefix, 2, &[link])
    };
    let mut via = on("10.6.0.0/24", 0, 3);
    via.hops[0].via = Some("10.3.0.1".parse().unwrap());
    let routes = vec![
        on("10.3.0.0/24", 101, 4),
        on("10.3.0.0/24", 100, 3),
        on("10.4.0.0/24", 0, 4),
        on("10.4.0.0/24", 0, 3),
        on("2001:db8::/64", 256, 5),
        on("10.5.0.0/24", 0, 1),
        via,
        RouteEntry { protocol: 4, ..on("10.7.0.0/24", 0, 3) },
        RouteEntry { special: true, ..on("10.8.0.0/24", 0, 3) },
        on("169.254.0.0/16", 0, 3),
        on("fe80::/64", 256, 3),
        route(300, "10.9.0.0/24", 2, &[3]),
    ];
    let seen = seen(&Snapshot { links: links(), routes, ..Snapshot::default() });
    let connected = seen.surroundings.connected.iter().map(|(network, device)| format!("{network} {device}"));
    let expected = ["10.3.0.0/24 eth0", "10.4.0.0/24 veth9", "2001:db8::/64 vgw9"];
    assert_eq!(connected.collect::<Vec<_>>(), expected);
}

#[test]
fn connected_networks_are_bounded() {
    let routes = (0..=Surroundings::MOST_CONNECTED)
        .map(|i| route(RouteKey::MAIN, &format!("10.{}.{}.0/24", i / 256, i % 256), 2, &[3]));
    let seen = seen(&Snapshot { links: links(), routes: routes.collect(), ..Snapshot::default() });
    assert_eq!(seen.surroundings.connected.len(), Surroundings::MOST_CONNECTED);
}

#[test]
fn a_rule_is_shadowed_by_a_special_one_before_it() {
    let plain = rule(20_120, 20_100, 201, false);
    let special = rule(20_120, 20_100, 201, true);
    let other = rule(20_120, 20_100, 4, true);
    assert_eq!(shadowed_rules(&[special, plain], &MARK), BTreeSet::from([plain.rule]));
    assert!(shadowed_rules(&[plain, special], &MARK).is_empty());
    assert!(shadowed_rules(&[other, plain], &MARK).is_empty());
}
