//! What waits while no daemon runs is forwarded by the next one.

use rustix::process::Signal;

use super::load::Load;
use super::manager::Manager;
use super::{GIVE, Monitor, gateway, other_build, start, start_by};
use crate::daemon::Daemon;
use crate::lab::{eventually, make_pair};
use crate::site::{GATEWAYS, Guest, NET1, OUTSIDE, Site, port};
use crate::traffic::assert_ping;

/// A daemon that is killed may have a batch in hand: the worker's `BATCH_PACKETS`, from either side.
const IN_HAND: usize = 64;

/// Sent while nobody runs: 300 ms at 20,000 packets a second.
const WAITING: u32 = 6000;
const PACE: u32 = 20;

const LONG_QUEUES: &str = "[dataplane]\nqueue_length = 10000\n";

/// Both directions of a guest's traffic.
fn both_ways(site: &Site, guest: &Guest) -> [Load; 2] {
    let [address, _] = guest.addresses();
    [Load::new(&site.outside, &guest.namespace, &address), Load::new(&guest.namespace, &site.outside, OUTSIDE[0])]
}

/// One daemon ends under load and another begins; which datagrams were lost, and the number from which on
/// nobody ran.
fn change_over(
    site: &Site,
    loads: &mut [Load],
    end: impl FnOnce(),
    begin: impl FnOnce() -> Daemon<'static>,
) -> (Daemon<'static>, Vec<Vec<u32>>) {
    loads.iter().for_each(|load| load.begin(3000, PACE));
    eventually("the load runs", || loads.iter().all(|load| load.sent() > 1000));
    end();
    loads.iter().for_each(Load::all_sent);
    let waiting: Vec<u32> = loads.iter().map(Load::sent).collect();
    loads.iter().for_each(|load| load.begin(WAITING, PACE));
    loads.iter().for_each(Load::all_sent);
    loads.iter().zip(&waiting).for_each(|(load, before)| assert_eq!(load.sent(), before + WAITING));
    // Some more comes while it starts.
    loads.iter().for_each(|load| load.begin(500, 1));
    let daemon = begin();
    loads.iter().for_each(Load::all_sent);
    loads.iter().for_each(|load| load.begin(500, 5));
    loads.iter().for_each(Load::all_sent);
    let missing = loads.iter_mut().zip(waiting).map(|(load, from)| load.missing_before(from)).collect();
    assert_ping(&site.outside, OUTSIDE[0]);
    (daemon, missing)
}
