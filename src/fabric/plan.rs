//! The steps of both ways, in order.

use std::cmp::Reverse;

use super::observed::Observed;
use super::step::{Place, Put, Side, Step};
use super::{Address, IPV6_OFF, Phase, Record, Route};

/// The steps by which a card is taken in front of the host. The tap carries traffic before anything is
/// moved to it, and everything is at the tap before anything is taken from the card: a connection loses
/// some frames at most.
#[must_use]
pub fn take_over(record: &Record, observed: &Observed) -> Vec<Step> {
    let mut steps = vec![Step::Write(Phase::Taking), Step::Make];
    steps.extend(record.settings.iter().map(|(path, value)| Step::Set(path.clone(), value.clone())));
    steps.extend([Step::Join, Step::Raise]);
    steps.extend(record.addresses.iter().map(|address| Step::AddAddress(Side::Host, address.clone())));
    steps.extend(record.neighbours.iter().map(|neighbour| Step::AddNeighbour(Side::Host, neighbour.clone())));
    steps.push(Step::Shut);
    for route in ordered(record).filter(|route| route.uses(record.device.index)) {
        steps.push(Step::PutRoute(Side::Host, route.clone(), put(route, observed, route)));
        steps.push(Step::DeleteRoute(Side::Device, route.clone()));
    }
    steps.extend(record.neighbours.iter().map(|neighbour| Step::DeleteNeighbour(Side::Device, neighbour.clone())));
    // With a network's first address the kernel may take the others of that network away.
    let addresses = record.addresses.iter().rev();
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
pub fn give_back(record: &Record, observed: &Observed) -> Vec<Step> {
    let mut steps = vec![Step::Write(Phase::GivingBack)];
    let (device, host) = (record.device, observed.place(Side::Host));
    let is_off = observed.device.as_ref().and_then(|device| device.settings.get(IPV6_OFF)).is_some_and(|off| off != "0");
    if record.has_ipv6() && is_off {
        steps.push(Step::Ipv6(true));
    }
    let is_there = |address: &&Address| {
        observed.addresses.iter().any(|other| other.index() == device.index && other.is_same(address))
    };
    let absent = record.addresses.iter().filter(|address| !is_there(address));
    steps.extend(absent.map(|address| Step::AddAddress(Side::Device, address.clone())));
    let absent = record.neighbours.iter().filter(|neighbour| !observed.neighbours.contains(neighbour));
    steps.extend(absent.map(|neighbour| Step::AddNeighbour(Side::Device, neighbour.clone())));
    for route in ordered(record) {
        let at_host = host.map(|host| route.moved(&device, &host)).filter(|moved| route.uses(device.index) && has(observed, moved));
        if !has(observed, route) {
            let put = put(route, observed, at_host.as_ref().unwrap_or(route));
            steps.push(Step::PutRoute(Side::Device, route.clone(), put));
        }
        if at_host.is_some() {
            steps.push(Step::DeleteRoute(Side::Host, route.clone()));
        }
    }
    steps.push(Step::Open);
    let v6 = record.addresses.iter().filter(|address| address.is_v6());
    steps.extend(v6.map(|address| Step::SetAddress(address.clone())));
    steps.extend([Step::Part, Step::Remove]);
    steps.extend(record.address_generation.map(Step::Generation));
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
        !observed.addresses.iter().any(|other| other.index() == place.index && same_address(other, address, place, record))
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

/// The routes in an order in which the kernel takes them: a router must be in reach.
fn ordered(record: &Record) -> impl Iterator<Item = &Route> {
    let mut routes: Vec<&Route> = record.routes.iter().collect();
    routes.sort_by_key(|route| (!route.is_on_link(), Reverse(route.scope())));
    routes.into_iter()
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
