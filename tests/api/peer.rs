//! The compatible service's judgement of requests.

use vgw::api::Limits;

use crate::conductor::{STATIC, TAKEN};
use crate::daemon::Daemon;
use crate::wire::{add, call, delete, exception, field, gateway, reply};

const NET: &[(&str, i16)] = &[("10.0.0.0", 8)];

/// Calls and gives the bool.
fn answer(daemon: &Daemon, request: &[u8]) -> bool {
    let answer = daemon.connect().call(request);
    answer[answer.len() - 2] == 1
}

#[test]
fn good_elements_are_applied_and_bad_ones_named_as_seen() {
    let daemon = Daemon::tcp(Limits::default());
    let request = add(&[
        gateway("vgw1", "net1", NET),
        gateway("vgw2", "net2", &[("10.1", 16)]),
        gateway("", "net3", NET),
        gateway("sixteen-bytes-xx", "net4", NET),
        gateway("vgw5", "", NET),
        gateway("vgw6", "net6", &[]),
        gateway("vgw7", "net7", &[("2001:db8::1", 64), ("10.7.0.9", 24)]),
    ]);
    assert!(!answer(&daemon, &request));
    assert_eq!(
        daemon.asked(),
        ["thrift: add [\"vgw1 in net1 subnets {10.0.0.0/8} routes {}\", \
          \"vgw7 in net7 subnets {10.7.0.0/24, 2001:db8::/64} routes {}\"] seen [\"vgw2\", \"vgw5\", \"vgw6\"]"]
    );
}

#[test]
fn what_the_engine_refuses_is_false() {
    let daemon = Daemon::tcp(Limits::default());
    assert!(answer(&daemon, &add(&[gateway("vgw1", "net1", NET)])));
    assert!(answer(&daemon, &add(&[gateway("vgw1", "net1", NET)])), "again, unchanged");
    assert!(!answer(&daemon, &add(&[gateway("vgw1", "net2", NET)])), "another instance");
    assert!(!answer(&daemon, &add(&[gateway("vgw2", "net2", NET), gateway(TAKEN, "net2", NET)])));
    assert!(!answer(&daemon, &add(&[gateway(STATIC, "net1", NET)])));
}

#[test]
fn empty_lists_are_true_and_ask_nobody() {
    let daemon = Daemon::tcp(Limits::default());
    assert!(answer(&daemon, &add(&[])));
    assert!(answer(&daemon, &delete(&[])));
    assert!(!answer(&daemon, &add(&[gateway("", "", &[])])));
    assert_eq!(daemon.asked(), [""; 0]);
}

#[test]
fn deleting_what_is_not_there_is_true() {
    let daemon = Daemon::tcp(Limits::default());
    assert!(answer(&daemon, &delete(&["vgw9"])));
    assert!(answer(&daemon, &delete(&["no/interface"])), "no gateway can have this name");
    assert!(!answer(&daemon, &delete(&["vgw1", "", "vgw2"])), "an empty name");
    assert!(!answer(&daemon, &delete(&[STATIC, "vgw3"])), "a static gateway");
    assert_eq!(
        daemon.asked(),
        ["thrift: delete [\"vgw9\"]", "thrift: delete [\"vgw1\", \"vgw2\"]", "thrift: delete [\"static0\", \"vgw3\"]"]
    );
}

#[test]
fn audit_calls_are_passed_on_as_they_are() {
    let daemon = Daemon::tcp(Limits::default());
    let mut client = daemon.connect();
    for millis in [20_i32, 0, -1, i32::MIN] {
        let arguments = [field(8, 1, &millis.to_be_bytes()), vec![0]].concat();
        let method = "AuditTimerForVirtualGateway";
        assert_eq!(client.call(&call(method, 1, &arguments)), reply(method, 1, true));
    }
    assert_eq!(client.call(&call("Connect", 2, b"\0")), reply("Connect", 2, true));
    assert_eq!(
        daemon.asked(),
        [
            "thrift: audit timeout 20",
            "thrift: audit timeout 0",
            "thrift: audit timeout -1",
            "thrift: audit timeout -2147483648",
            "thrift: connect ports"
        ]
    );
}

#[test]
fn the_longest_list_is_served_and_a_longer_one_is_not() {
    let daemon = Daemon::tcp(Limits::default());
    let gateways: Vec<_> = (0..4096).map(|index| gateway(&format!("vgw{index}"), "net1", NET)).collect();
    assert!(answer(&daemon, &add(&gateways)));
    assert_eq!(daemon.asked().len(), 1);

    let mut more = gateways;
    more.push(gateway("vgw4096", "net1", NET));
    let refused = daemon.connect().call(&add(&more));
    let text = "Container size 4097 exceeds maximum allowed size of 4096";
    assert_eq!(refused, exception("AddVirtualGateway", 9, text, 7));
    assert_eq!(daemon.asked(), [""; 0]);
}
