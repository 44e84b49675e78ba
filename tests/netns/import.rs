//! Uplinks of others are taken over without an interruption, and nothing else is touched.

use std::thread;

use crate::cli::{must, vgw};
use crate::namespace::Namespace;
use crate::uplink::{FAR, with_two_routers};

/// The rules and routes of layouts in the wild, on the same device; the tables are in the commands.
const LAYOUTS: [(&str, &[&str]); 3] = [
    (
        "vdsm (table by address)",
        &[
            "route add 0.0.0.0/0 via 20.0.0.1 dev eth2 table 335544325",
            "route add 20.0.0.0/24 via 20.0.0.5 dev eth2 table 335544325",
            "rule add from 20.0.0.0/24 prio 32000 table 335544325",
            "rule add from all to 20.0.0.0/24 dev eth2 prio 32000 table 335544325",
        ],
    ),
    (
        // The sum of "eth2".
        "vdsm (table by device name)",
        &[
            "route add 0.0.0.0/0 via 20.0.0.1 dev eth2 table 66453876 proto static",
            "route add 20.0.0.0/24 dev eth2 table 66453876 proto static",
            "rule add from 20.0.0.0/24 prio 3200 table 66453876 protocol static",
            "rule add to 20.0.0.0/24 prio 3200 table 66453876 protocol static",
        ],
    ),
    (
        "rt_tables",
        &[
            "route add 20.0.0.0/24 dev eth2 src 20.0.0.5 table 100",
            "route add default via 20.0.0.1 dev eth2 table 100",
            "rule add from 20.0.0.5 table 100",
        ],
    ),
];

/// None of them does anything for IPv6, which is set up by hand beside them.
const SIX: [&str; 2] =
    ["-6 route add default via 2001:db8:20::1 dev eth2 table 6", "-6 rule add from 2001:db8:20::5 table 6"];

/// Pings the host's addresses on the second uplink from beyond its router, all the while.
fn while_pinging<T>(second: &Namespace, work: impl FnOnce() -> T) -> T {
    let ping = |far: &str, to: &str| second.run(&format!("ping -n -q -c 300 -i 0.005 -W 5 -I {far} {to}"));
    thread::scope(|scope| {
        let pings = [("20.0.0.5", FAR[0]), ("2001:db8:20::5", FAR[1])];
        let pings = pings.map(|(to, far)| scope.spawn(move || ping(far, to)));
        let result = work();
        for ping in pings {
            let (well, text) = ping.join().unwrap();
            assert!(well && text.contains(" 0% packet loss"), "{text}");
        }
        result
    })
}

#[test]
fn what_others_have_set_up_is_taken_over_under_traffic() {
    for (layout, commands) in LAYOUTS {
        let (site, second) = with_two_routers();
        let clean = site.snapshot();
        commands.iter().chain(&SIX).for_each(|command| drop(site.compute.ip(command)));
        let theirs = site.snapshot();
        let _daemon = site.start("");

        let foretold = must(site.folder(), "uplink import --dry-run eth2");
        assert!(foretold.contains(layout), "{foretold}");
        site.assert_unchanged(&theirs, "after a dry run");
        let done = while_pinging(&second, || must(site.folder(), "uplink import eth2"));
        assert!(done.contains("taken over") && !done.contains("not taken over"), "{layout}: {done}");

        assert_eq!(must(site.folder(), "uplink import"), "nobody else's uplinks found\n");
        for name in ["eth2", "eth2-v6"] {
            must(site.folder(), &format!("uplink delete {name}"));
        }
        site.assert_unchanged(&clean, &format!("after {layout} and its successor are gone"));
    }
}

#[test]
fn what_would_be_lost_is_left_as_it_is() {
    let (site, _second) = with_two_routers();
    for command in LAYOUTS[2].1.iter().chain(&["rule add from 192.168.5.0/24 table 100"]) {
        site.compute.ip(command);
    }
    let theirs = site.snapshot();
    let _daemon = site.start("");
    let (code, told, _) = vgw(site.folder(), "uplink import");
    assert_eq!(code, Some(0));
    assert!(told.contains("not taken over: rule from 192.168.5.0/24 lookup 100"), "{told}");
    site.assert_unchanged(&theirs, "after nothing was taken over");
}
