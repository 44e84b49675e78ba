//! The steps of both ways, in order.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::observed::Observed;
use super::route::Key;
use super::step::{Place, Put, Side, Step};
use super::{Address, IPV6_OFF, Phase, Record, Route};

/// The steps by which a card is taken in front of the host. The tap carries traffic before anything is
/// moved to it, and everything is at the tap before anything is taken from the card: a connection loses
/// some frames at most.
#[must_use]
pub fn take_over(record: &Record, observed: &Observed) -> Vec<Step> {
    let mut steps = vec![Step::Write(Phase::Taking), Step::Make];
    steps.extend(record.settings.iter().map(|(path, value)| Step::Set(path.clone(), value.clone())));
    steps.extend([Step::Join, Step::Raise(Side::Host)]);
    steps.extend(additions(record).into_iter().map(|address| Step::AddAddress(Side::Host, address.clone())));
    steps.extend(record.neighbours.iter().map(|neighbour| Step::AddNeighbour(Side::Host, neighbour.clone())));
    steps.push(Step::Shut);
    for group in groups(record) {
        let moved: Vec<_> = group.into_iter().filter(|route| route.uses(record.device.index)).collect();
        let how = |route| if moved.len() == 1 { put(route, observed, route) } else { Put::Append };
        let puts: Vec<_> = moved.iter().map(|route| (*route, how(route))).collect();
        steps.extend(puts.iter().map(|(route, put)| Step::PutRoute(Side::Host, (*route).clone(), *put)));
        steps.extend(puts.iter().filter_map(|(route, put)| leftover(route, *put, Side::Device)));
    }
    steps.extend(record.neighbours.iter().map(|neighbour| Step::DeleteNeighbour(Side::Device, neighbour.clone())));
    // With a network's first address the kernel may take the others of that network away.
    let addresses = additions(record).into_iter().rev();
    steps.extend(addresses.map(|address| Step::DeleteAddress(Side::Device, address.clone())));
    if record.has_ipv6() {
        steps.push(Step::Ipv6(false));
    }
    steps.push(Step::Write(Phase::Held));
    steps
}

/// The steps by which a card is given back, from wherever things are: held, or anywhere in between.
/// What came with them and was not there before goes by `surplus`.
#[must_use]
pub(super) fn give_back(record: &Record, observed: &Observed) -> Vec<Step> {
    let mut steps = vec![Step::Write(Phase::GivingBack)];
    let device = record.device;
    // It was up when it was taken; there is no route by a device that is down.
    if observed.device.as_ref().is_some_and(|device| !device.up) {
        steps.push(Step::Raise(Side::Device));
    }
    let is_off =
        observed.device.as_ref().and_then(|device| device.settings.get(IPV6_OFF)).is_some_and(|off| off != "0");
    if record.has_ipv6() && is_off {
        steps.push(Step::Ipv6(true));
    }
    let is_there = |address: &&Address| {
        observed.addresses.iter().any(|other| other.index() == device.index && other.is_same(address))
    };
    let absent = additions(record).into_iter().filter(|address| !is_there(address));
    steps.extend(absent.map(|address| Step::AddAddress(Side::Device, address.clone())));
    let absent = record.neighbours.iter().filter(|neighbour| !observed.neighbours.contains(neighbour));
    steps.extend(absent.map(|neighbour| Step::AddNeighbour(Side::Device, neighbour.clone())));
    for group in groups(record) {
        steps.extend(back(record, observed, &group));
    }
    steps.push(Step::Open);
    let v6 = record.addresses.iter().filter(|address| address.is_v6());
    steps.extend(v6.map(|address| Step::SetAddress(address.clone())));
    steps.extend([Step::Part, Step::Remove]);
    steps.extend(record.address_generation.map(Step::Generation));
    steps
}

/// The steps by which a tap gets what it has lost.
#[must_use]
pub(super) fn put_again(record: &Record, observed: &Observed) -> Vec<Step> {
    let Some(host) = observed.place(Side::Host) else { return Vec::new() };
    let is_there = |address: &&Address| {
        let mut on = observed.addresses.iter().filter(|other| other.index() == host.index);
        on.any(|other| same_address(other, address, host, record))
    };
    let absent = additions(record).into_iter().filter(|address| !is_there(address));
    let mut steps: Vec<_> = absent.map(|address| Step::AddAddress(Side::Host, address.clone())).collect();
    // Entered anew where they are already, which changes nothing.
    steps.extend(record.neighbours.iter().map(|neighbour| Step::AddNeighbour(Side::Host, neighbour.clone())));
    for route in groups(record).into_iter().flatten() {
        let moved = route.moved(&record.device, &host);
        if !has(observed, &moved) {
            steps.push(Step::PutRoute(Side::Host, route.clone(), put(&moved, observed, &moved)));
        }
    }
    steps
}

/// The routes that the card's addresses have brought and that it did not have.
#[must_use]
pub(super) fn surplus(record: &Record, observed: &Observed) -> Vec<Step> {
    let brought = observed.routes.iter().filter(|route| {
        let known = record.routes.iter().any(|known| known.is_same(route));
        route.is_by_kernel() && route.uses(record.device.index) && !known
    });
    brought.map(|route| Step::DeleteRoute(Side::Device, route.clone())).collect()
}

/// What of a record is not on that side, one word or two each.
#[must_use]
pub(super) fn missing(record: &Record, observed: &Observed, side: Side) -> Vec<String> {
    let Some(place) = observed.place(side) else { return vec!["the device".to_owned()] };
    let lacks = |address: &&Address| {
        !observed
            .addresses
            .iter()
            .any(|other| other.index() == place.index && same_address(other, address, place, record))
    };
    let addresses = record.addresses.iter().filter(lacks).map(|address| format!("the address {address}"));
    let routes = record.routes.iter().filter(|route| !has(observed, &route.moved(&record.device, &place)));
    addresses.chain(routes.map(|route| format!("the route {route}"))).collect()
}

fn same_address(found: &Address, wanted: &Address, place: Place, record: &Record) -> bool {
    found.moved(&place, &record.device).is_same(wanted)
}

fn has(observed: &Observed, route: &Route) -> bool {
    observed.routes.iter().any(|other| other.is_same(route))
}

/// Takes away what a route was moved from, if it is not what was replaced. Of an IPv6 route by several
/// routers that would take those hops too that stay.
fn leftover(route: &Route, put: Put, side: Side) -> Option<Step> {
    let is_replaced = route.is_v6() && put == Put::Replace;
    (!is_replaced).then(|| Step::DeleteRoute(side, route.clone()))
}

/// The routes that go back with one key.
fn back(record: &Record, observed: &Observed, group: &[&Route]) -> Vec<Step> {
    let (device, host) = (record.device, observed.place(Side::Host));
    let at_host = |route: &Route| {
        let moved = route.moved(&device, &host?);
        (route.uses(device.index) && has(observed, &moved)).then_some(moved)
    };
    let first_there = group.iter().position(|route| has(observed, route)).unwrap_or(0);
    let (mut puts, mut leftovers) = (Vec::new(), Vec::new());
    for (at, route) in group.iter().enumerate() {
        let mut how = Put::Append;
        if !has(observed, route) {
            let single = || put(route, observed, at_host(route).as_ref().unwrap_or(route));
            how = if group.len() == 1 { single() } else { how };
            how = if at < first_there && !route.is_v6() { Put::Prepend } else { how };
            let step = Step::PutRoute(Side::Device, (*route).clone(), how);
            // What goes to the front goes there last first.
            if how == Put::Prepend { puts.insert(0, step) } else { puts.push(step) }
        }
        leftovers.extend(at_host(route).and_then(|_| leftover(route, how, Side::Host)));
    }
    puts.extend(leftovers);
    puts
}

/// The routes in an order in which the kernel takes them, since a router must be in reach; those of one
/// key together, in the kernel's order.
fn groups(record: &Record) -> Vec<Vec<&Route>> {
    let mut routes: Vec<&Route> = record.routes.iter().collect();
    routes.sort_by_key(|route| (!route.is_on_link(), Reverse(route.scope())));
    let mut groups: Vec<Vec<&Route>> = Vec::new();
    let mut places: BTreeMap<Key, usize> = BTreeMap::new();
    for route in routes {
        let at = *places.entry(route.key()).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(route),
            None => groups.push(vec![route]),
        }
    }
    groups
}

/// The addresses in the order in which they are put on a device so that they stand there as they stood:
/// the kernel puts a new IPv4 address last, and a new IPv6 address first (`ipv6_link_dev_addr`).
/// Deleted in reverse order, those that are left still stand so.
fn additions(record: &Record) -> Vec<&Address> {
    let (v6, v4): (Vec<&Address>, Vec<&Address>) = record.addresses.iter().partition(|address| address.is_v6());
    v4.into_iter().chain(v6.into_iter().rev()).collect()
}

/// How a route gets the place of another, `old`, of the same key. The kernel replaces the first of a key
/// whichever device it leads by, so only where that is the one that is meant.
fn put(route: &Route, observed: &Observed, old: &Route) -> Put {
    let key = route.key();
    let mut group = observed.routes.iter().filter(|other| other.key() == key);
    let (first, more) = (group.next(), group.next().is_some());
    let is_first = first.is_some_and(|first| first.is_same(old));
    // Of an IPv6 route by several routers some may be left when a device is gone.
    let is_rest = || route.is_v6() && first.is_some_and(|first| route.shares_a_hop(first));
    let alone = !route.is_v6() || !more && route.is_replaceable();
    if alone && (is_first || is_rest()) { Put::Replace } else { Put::Append }
}
