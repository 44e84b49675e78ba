//! What must not pass: between instances, and under a false name.

use std::net::SocketAddr;

use crate::lab::eventually;
use crate::site::{Guest, NET1, NET2, OUTSIDE, Site};
use crate::sniffer::Sniffer;
use crate::traffic::{DISCARD, assert_ping, bind, failing_ping, send};

/// Bytes that no other traffic carries.
const MARK: &[u8] = b"of the first instance only";

#[test]
fn nothing_passes_between_instances_with_the_same_addresses() {
    let site = Site::new();
    let (sender, near, twin, far) = (Guest::new(10), Guest::new(11), Guest::new(11), Guest::new(12));
    let config = sender.port("tap0", NET1, "") + &near.port("tap1", NET1, "");
    let config = config + &twin.port("tap2", NET2, "") + &far.port("tap3", NET2, "");
    let daemon = site.start_with_gateway(&config);
    for guest in [&sender, &near, &twin, &far] {
        guest.settle();
    }
    // Neighbours are known afterwards: no packet has to wait and make way for another.
    near.addresses().iter().for_each(|to| assert_ping(&sender.namespace, to));
    far.addresses().iter().for_each(|from| assert_ping(&twin.namespace, from));
    let deaf = [&twin.namespace, &far.namespace, &site.outside].map(Sniffer::new);
    let receiver = Sniffer::new(&near.namespace);
    // A closed port would be told of, and the mark with it.
    let _open = near.addresses().map(|to| bind(&near.namespace, SocketAddr::new(to.parse().unwrap(), DISCARD)));
    let count = 20;
    let [near_v4, near_v6] = near.addresses();
    for to in [near_v4.as_str(), &near_v6, "192.168.1.255", "224.0.0.251", "ff0e::1"] {
        send(&sender.namespace, to, MARK, count);
    }
    // Addresses that only the other instance has: nobody here answers for them.
    for to in far.addresses() {
        sender.namespace.ip(&format!("neighbour replace {to} lladdr 00:00:5e:00:01:00 dev eth0"));
        send(&sender.namespace, &to, MARK, count);
    }
    // What was sent last is dealt with last.
    let count_of = |reason| usize::try_from(daemon.dropped("tap0", reason)).unwrap();
    eventually("all has been dealt with", || count_of("ROUTE_UNREACHABLE") == 2 * count);
    daemon.assert_accounted();
    assert_eq!(receiver.count(MARK), 2 * count, "the guest of the instance gets what is for it");
    for sniffer in deaf {
        assert_eq!(sniffer.count(MARK), 0);
    }
    assert_eq!(count_of("UNICAST_IN_L2_MULTICAST"), count, "a broadcast of a subnet that only the guest knows of");
    assert!(count_of("IP_MULTICAST") >= 2 * count);
}

#[test]
fn a_guest_cannot_send_under_a_foreign_address() {
    let (site, guest, other) = (Site::new(), Guest::new(10), Guest::new(11));
    let daemon = site.start_with_gateway(&(guest.port("tap0", NET1, "") + &other.port("tap1", NET1, "")));
    guest.settle();
    other.settle();
    let deaf = [&other.namespace, &site.outside].map(Sniffer::new);
    let [v4, v6] = other.addresses();
    let cases = [("172.16.5.5", OUTSIDE[0]), ("2001:db8:5::5", OUTSIDE[1]), (&v4, OUTSIDE[0]), (&v6, OUTSIDE[1])];
    for (count, (source, to)) in (1..).zip(cases) {
        assert_ping(&guest.namespace, to);
        guest.namespace.ip(&format!("address add {source} dev eth0 nodad"));
        // Loopback would answer for an address of its own.
        let mark = "-p 7a656272617a656272617a65627261";
        failing_ping(&guest.namespace, to, &format!("-W 1 {mark} -I {source}"));
        assert_eq!(daemon.dropped("tap0", "IP_RPFILTER"), count, "from {source}");
        guest.namespace.ip(&format!("address delete {source} dev eth0"));
    }
    for sniffer in deaf {
        assert_eq!(sniffer.count(b"zebrazebra"), 0);
    }
    daemon.assert_accounted();
}

#[test]
fn a_guest_cannot_answer_for_a_foreign_address() {
    let (site, guest, other) = (Site::new(), Guest::new(10), Guest::new(11));
    let daemon = site.start_with_gateway(&(guest.port("tap0", NET1, "") + &other.port("tap1", NET1, "")));
    guest.settle();
    other.settle();
    assert_ping(&site.outside, &other.addresses()[0]);
    // With these settings the kernel announces every new address.
    for announce in ["net.ipv4.conf.eth0.arp_notify", "net.ipv6.conf.eth0.ndisc_notify"] {
        guest.namespace.sysctl(announce, "1");
    }
    guest.namespace.ip("link set eth0 down");
    for (address, length) in other.addresses().iter().zip([24, 64]) {
        guest.namespace.ip(&format!("address add {address}/{length} dev eth0 nodad"));
    }
    guest.namespace.ip("link set eth0 up");
    for reason in ["ARP_SPOOFED", "IPV6_NDISC_SPOOFED"] {
        eventually(reason, || daemon.dropped("tap0", reason) > 0);
    }
    let listening = Sniffer::new(&guest.namespace);
    assert_ping(&site.outside, &other.addresses()[0]);
    let echo = |frame: &Vec<u8>| frame.get(12..14) == Some(&[8, 0]) && frame.get(23) == Some(&1);
    assert!(!listening.frames().iter().any(echo), "the owner keeps its traffic");
    daemon.assert_accounted();
}
