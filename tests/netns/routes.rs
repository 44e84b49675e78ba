//! Many routes at once, shown in parts.

use std::net::Ipv4Addr;

use vgw::api::ClientError;
use vgw::api::generated::virtual_gateway::{
    ErrorKind, Hop, NextHop, NextHopKind, RouteChanges, RouteGroup, RouteOutcomes, RouteState,
    TVirtualGatewaySyncClient,
};

use crate::cli::must;
use crate::daemon::Daemon;
use crate::site::{NET1, Site};

const MANY: u32 = 20_000;

fn prefixes(numbers: impl Iterator<Item = u32>) -> Vec<String> {
    numbers.map(|number| format!("{}/32", Ipv4Addr::from_bits(0x0a00_0000 + number))).collect()
}

fn group(kind: NextHopKind, port: Option<&str>, prefixes: Vec<String>) -> RouteGroup {
    let hops = port.map(|port| vec![Hop { port: port.to_owned(), gateway: None, weight: None }]);
    RouteGroup { next_hop: NextHop { kind, hops }, prefixes }
}

fn change(daemon: &Daemon<'_>, delete: Vec<String>, add: Vec<RouteGroup>) -> Result<RouteOutcomes, ClientError> {
    daemon.call(|daemon| daemon.change_routes(RouteChanges::new(NET1.to_owned(), delete, add)))
}

/// The routes in parts of so many.
fn in_parts(daemon: &Daemon<'_>, size: i32) -> Vec<RouteState> {
    let mut routes: Vec<RouteState> = Vec::new();
    loop {
        let after = routes.last().map_or(String::new(), |route| route.prefix.clone());
        let part = daemon.call(|daemon| daemon.list_routes_after(NET1.to_owned(), after, size)).unwrap();
        let is_last = part.len() < usize::try_from(size).unwrap();
        routes.extend(part);
        if is_last {
            return routes;
        }
    }
}

#[test]
fn many_routes_are_changed_at_once_and_shown_in_parts() {
    let site = Site::new();
    let config = format!("[limits]\nroutes = {MANY}\n");
    let daemon = site.start(&config);
    let way = |address: &str| must(site.folder(), &format!("route lookup --instance {NET1} {address}"));
    let discards = |numbers| vec![group(NextHopKind::DISCARD, None, prefixes(numbers))];

    assert_eq!(change(&daemon, vec![], discards(0..MANY)).unwrap(), RouteOutcomes::new(MANY.into(), 0, 0, 0, 0));
    assert!(way("10.0.78.31").contains("discard"), "{}", way("10.0.78.31"));
    let whole = daemon.call(|daemon| daemon.list_routes(NET1.to_owned())).unwrap();
    assert_eq!((whole.len(), in_parts(&daemon, 5_000) == whole, in_parts(&daemon, 999) == whole), (20_000, true, true));
    let shown = must(site.folder(), &format!("-j route list --instance {NET1}"));
    assert_eq!(shown.matches("\"prefix\"").count(), 20_000);

    // Deleted first: there is room for others then. Half of the rest stays, half leads elsewhere.
    let other = group(NextHopKind::UNREACHABLE, None, prefixes(10_000..15_000));
    let add = [discards(5_000..10_000), discards(MANY..MANY + 5_000), vec![other]].concat();
    let outcomes = change(&daemon, prefixes((0..5_000).chain(90_000..90_001)), add).unwrap();
    assert_eq!(outcomes, RouteOutcomes::new(5_000, 5_000, 5_000, 5_000, 1));
    assert!(way("10.0.0.1").contains("no route") && way("10.0.40.0").contains("unreachable"));

    // All or none: beyond the limit, and by a port that is not there.
    let before = in_parts(&daemon, 65_536);
    let nowhere = vec![group(NextHopKind::FORWARD, Some("tap9"), prefixes(100_000..100_001))];
    for add in [discards(0..10), [discards(0..0), nowhere].concat()] {
        let refused = change(&daemon, prefixes(5_000..5_005), add);
        assert!(
            matches!(&refused, Err(ClientError::Refused(error)) if error.kind != ErrorKind::INVALID),
            "{refused:?}"
        );
        assert!(in_parts(&daemon, 65_536) == before);
    }

    // As anything that calls have added.
    daemon.stop();
    let daemon = site.start(&config);
    assert!(in_parts(&daemon, 65_536) == before);
    daemon.stop();
}
