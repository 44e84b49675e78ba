//! What `vgw trace` foretells is what becomes of the packet.

use std::fs;
use std::net::IpAddr;

use serde_json::Value;

use crate::cli::{must, vgw};
use crate::daemon::{Daemon, request};
use crate::lab::{eventually, sysctls};
use crate::namespace::Namespace;
use crate::site::{Guest, NET1, NET2, OUTSIDE, Site, other_guest, port};
use crate::sniffer::Sniffer;
use crate::traffic::{assert_ping, assert_ping_with, failing_ping};
use crate::uplink::{FAR, add_all, frames_to_far, with_two_routers};

/// What a trace tells.
struct Traced(Value);

impl Traced {
    /// Traces, and fails unless the exit code says the same as the answer.
    fn new(site: &Site, words: &str) -> Self {
        let (code, printed, complaint) = vgw(site.folder(), &format!("trace -j {words}"));
        let told: Value =
            serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}{complaint}"));
        assert_eq!(told["schema"], "vgw.trace/1", "{told:#}");
        let arrives = |way: &Value| ["forwarded", "answered", "delivered"].contains(&text(&way["verdict"]["outcome"]));
        let all_arrive = told["ways"].as_array().unwrap().iter().all(arrives);
        assert_eq!(code, Some(i32::from(!all_arrive)), "{told:#}");
        Self(told)
    }

    /// What becomes of the packet of a way, where and why.
    fn verdict(&self, way: usize) -> (&str, &str, &str) {
        let verdict = &self.0["ways"][way]["verdict"];
        (text(&verdict["outcome"]), text(&verdict["at"]), verdict["reason"].as_str().unwrap_or("-"))
    }

    /// The steps of a kind on a way, in words.
    fn steps(&self, way: usize, kind: &str) -> Vec<&str> {
        let steps = self.0["ways"][way]["steps"].as_array().unwrap().iter();
        steps.filter(|step| step["kind"] == kind).map(|step| text(&step["text"])).collect()
    }

    /// The kind of the step that decided.
    fn deciding(&self, way: usize) -> &str {
        let steps = self.0["ways"][way]["steps"].as_array().unwrap();
        let deciding: Vec<_> = steps.iter().filter(|step| step["decides"] == true).collect();
        assert_eq!(deciding.len(), 1, "{:#}", self.0);
        text(&deciding[0]["kind"])
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// Fails unless the trace of a guest's ping, and the ping, end by a reason of the forwarder's.
fn assert_dropped(daemon: &Daemon<'_>, (site, guest): (&Site, &Guest), to: &str, reason: &str, options: (&str, &str)) {
    let (of_ping, of_trace) = options;
    let own = if of_trace.contains("--src") { String::new() } else { format!("--src {}", guest.addresses()[0]) };
    let told = Traced::new(site, &format!("--port tap0 {own} --dst {to} {of_trace}"));
    assert_eq!(told.verdict(0), ("dropped", NET1, reason), "{:#}", told.0);
    let before = daemon.dropped("tap0", reason);
    assert_eq!(before, 0, "a trace is not counted");
    failing_ping(&guest.namespace, to, &format!("-W 1 {of_ping}"));
    assert_eq!(daemon.dropped("tap0", reason), 1, "{reason}");
}

#[test]
fn a_network_with_an_uplink_is_followed_there_and_back() {
    let ((site, second), guest) = (with_two_routers(), Guest::new(10));
    let daemon = site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    add_all(&daemon);
    for ((own, far), uplink) in guest.addresses().iter().zip(FAR).zip(["display", "six"]) {
        let told = Traced::new(&site, &format!("--port tap0 --src {own} --dst {far} --both-ways"));
        assert_eq!(told.verdict(0), ("forwarded", "eth2", "-"), "{:#}", told.0);
        assert_eq!(told.steps(0, "leaves").last(), Some(&format!("out by eth2, uplink {uplink}").as_str()));
        let subnet = if own.contains(':') { "2001:db8:2::/64" } else { "192.168.1.0/24" };
        let [rule] = told.steps(0, "rule")[..] else { panic!("{:#}", told.0) };
        assert!(rule.contains(&format!("from {subnet} lookup ")), "{rule}");
        let route = told.steps(0, "route")[1];
        assert!(route.contains(&format!("of uplink {uplink}: default via ")), "{route}");
        assert_eq!(told.verdict(1), ("forwarded", "tap0", "-"), "{:#}", told.0);
        // The same, as it happens.
        let other_way = Sniffer::new(&site.outside);
        assert_ping(&guest.namespace, far);
        assert_eq!(frames_to_far(&other_way), 0, "nothing of it came to the default router");
        assert_ping(&second, own);
    }
    daemon.assert_accounted();
}

#[test]
fn a_trace_disturbs_nothing() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    let sniffers = [&guest.namespace, &site.compute, &site.outside].map(Sniffer::new);
    // What hosts say of their own accord comes in and is dropped meanwhile, but for no such reason.
    let counters = || {
        ["tap0", "vgw1"].map(|name| {
            let counters = daemon.counters(name);
            (counters.sent, counters.held, counters.transmitted, counters.dropped.get("IP_TTL").copied())
        })
    };
    let before = counters();
    sniffers.iter().for_each(|sniffer| drop(sniffer.frames()));
    for (own, outside) in guest.addresses().iter().zip(OUTSIDE) {
        // A neighbour that is not known is not asked for either.
        Traced::new(&site, &format!("--from-device eth1 --src {outside} --dst {own}"));
        Traced::new(&site, &format!("--port tap0 --src {own} --dst {outside} --ttl 1 --both-ways"));
        Traced::new(&site, &format!("--port tap0 --src {own} --dst {outside} --both-ways"));
    }
    assert_eq!(counters(), before);
    let own = guest.addresses().map(|text| match text.parse().unwrap() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    });
    for sniffer in &sniffers {
        let frames = sniffer.frames();
        let names = |frame: &&Vec<u8>| own.iter().any(|mark| frame.windows(mark.len()).any(|part| part == mark));
        assert_eq!(frames.iter().find(names), None, "nothing is sent on account of it");
    }
}

#[test]
fn the_forwarders_drops_are_foretold() {
    let (site, guest) = (Site::new(), Guest::new(10));
    // The guest's device takes more than the gateway's tap.
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, "mtu = 3000"));
    guest.settle();
    let place = (&site, &guest);
    assert_dropped(&daemon, place, OUTSIDE[0], "IP_TTL", ("-t 1", "--ttl 1"));
    assert_dropped(&daemon, place, OUTSIDE[0], "PKT_TOO_BIG", ("-M do -s 1600", "--length 1628"));
    guest.namespace.add_address("eth0", "192.168.1.66/24");
    assert_dropped(&daemon, place, OUTSIDE[0], "IP_RPFILTER", ("-I 192.168.1.66", "--src 192.168.1.66"));
    must(site.folder(), &format!("route add --instance {NET1} 10.1.1.0/24 --discard"));
    assert_dropped(&daemon, place, OUTSIDE[0], "ROUTE_DISCARD", ("", ""));
    must(site.folder(), &format!("route delete --instance {NET1} 10.1.1.0/24"));
    must(site.folder(), "gateway delete vgw1");
    assert_dropped(&daemon, place, OUTSIDE[0], "IP_INNOROUTES", ("", ""));
    // What the gateway answers itself.
    let told = Traced::new(&site, "--port tap0 --src 192.168.1.10 --dst 192.168.1.1");
    assert_eq!(told.verdict(0), ("answered", "tap0", "-"));
    assert_ping(&guest.namespace, "192.168.1.1");
    // What may be cut, is.
    assert!(daemon.add(&[request("vgw1", NET1, &["192.168.1.0/24"])]));
    let words = format!("--port tap0 --src 192.168.1.10 --dst {} --length 1628 --may-fragment", OUTSIDE[0]);
    assert_eq!(Traced::new(&site, &words).verdict(0), ("forwarded", "eth1", "-"));
    assert_ping_with(&guest.namespace, OUTSIDE[0], "-M dont -s 1600");
}

#[test]
fn a_neighbour_that_does_not_answer_holds_the_packet() {
    let (site, guest, silent) = (Site::new(), Guest::new(10), Namespace::new());
    // A port with nobody behind it that would answer.
    let mute = format!("netns = \"{}\"\nguest_name = \"eth0\"", silent.path());
    let mute = port("tap1", NET1, &["192.168.1.11"], &mute);
    let daemon = site.start_with_gateway(&(guest.port("tap0", NET1, "") + &mute));
    guest.settle();
    let words = "--port tap0 --src 192.168.1.10 --dst 192.168.1.11";
    let told = Traced::new(&site, words);
    assert_eq!(told.verdict(0), ("held", "tap1", "NEIGH_FAILED"), "{:#}", told.0);
    assert_eq!(told.deciding(0), "neighbour");
    failing_ping(&guest.namespace, "192.168.1.11", "");
    eventually("the packet is given up", || daemon.dropped("tap0", "NEIGH_FAILED") == 1);
    // Once it has spoken, it is known.
    silent.add_address("eth0", "192.168.1.11/24");
    assert_ping(&guest.namespace, "192.168.1.11");
    assert_eq!(Traced::new(&site, words).verdict(0), ("forwarded", "tap1", "-"));
}

#[test]
fn the_hosts_drops_are_foretold() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&(guest.port("tap0", NET1, "") + "[host]\ncheck = \"off\"\n"));
    guest.settle();
    // The kernel is to tell of every drop.
    site.compute.sysctl("net.ipv4.icmp_ratelimit", "0");
    site.compute.sysctl("net.ipv6.icmp.ratelimit", "0");
    site.compute.ip("route add unreachable 10.9.1.0/24");
    site.compute.ip("route add prohibit 10.9.2.0/24");
    site.compute.ip("route add blackhole 10.9.3.0/24");
    site.compute.ip("-6 route add unreachable 2001:db8:9::/64");
    let own = guest.addresses();
    let from_guest = |to: &str, further: &str| {
        let own = &own[usize::from(to.contains(':'))];
        Traced::new(&site, &format!("--port tap0 --src {own} --dst {to} {further}"))
    };
    for (to, reason, said) in [
        ("10.9.1.1", "ROUTE_UNREACHABLE", "Destination Host Unreachable"),
        ("10.9.2.1", "ROUTE_PROHIBIT", "Packet filtered"),
        ("10.9.3.1", "ROUTE_DISCARD", "100% packet loss"),
        ("10.77.0.1", "IP_INNOROUTES", "Destination Net Unreachable"),
        ("2001:db8:9::1", "ROUTE_UNREACHABLE", "Destination unreachable"),
        ("2001:db8:77::1", "IP_INNOROUTES", "No route"),
    ] {
        let told = from_guest(to, "");
        assert_eq!(told.verdict(0), ("dropped", "host", reason), "{to}: {:#}", told.0);
        assert_eq!(told.deciding(0), "route");
        let said_really = failing_ping(&guest.namespace, to, "-W 1");
        assert!(said_really.contains(said), "{to}: {said_really}");
    }
    // The second hop is the host.
    for (to, said) in OUTSIDE.iter().zip(["Time to live exceeded", "Hop limit"]) {
        let told = from_guest(to, "--ttl 2");
        assert_eq!(told.verdict(0), ("dropped", "host", "IP_TTL"), "{:#}", told.0);
        let said_really = failing_ping(&guest.namespace, to, "-W 1 -t 2");
        assert!(said_really.contains(said), "{said_really}");
    }
    // The uplink takes less than the tap.
    site.compute.ip("link set eth1 mtu 1300");
    let told = from_guest(OUTSIDE[0], "--length 1400");
    assert_eq!(told.verdict(0), ("dropped", "host", "PKT_TOO_BIG"), "{:#}", told.0);
    let said_really = failing_ping(&guest.namespace, OUTSIDE[0], "-W 1 -M do -s 1372");
    assert!(said_really.contains("mtu = 1300") || said_really.contains("mtu=1300"), "{said_really}");
    site.compute.ip("link set eth1 mtu 1500");
    // For the host itself.
    assert_eq!(from_guest("10.1.1.254", "").verdict(0), ("delivered", "host", "-"));
    assert_ping(&guest.namespace, "10.1.1.254");
    // Switched off behind vgwd's back.
    assert_eq!(from_guest(OUTSIDE[0], "").verdict(0), ("forwarded", "eth1", "-"));
    site.compute.sysctl("net.ipv4.conf.vgw1.forwarding", "0");
    if !site.compute.enter(|| sysctls("net.ipv6.conf.vgw1.force_forwarding")).is_empty() {
        // From kernel 6.17 on; before, there is only the switch for all.
        site.compute.sysctl("net.ipv6.conf.vgw1.force_forwarding", "0");
    }
    site.compute.sysctl("net.ipv6.conf.all.forwarding", "0");
    for to in OUTSIDE {
        let told = from_guest(to, "");
        assert_eq!(told.verdict(0), ("dropped", "host", "FORWARDING_OFF"), "{:#}", told.0);
        assert_eq!(told.deciding(0), "input");
        failing_ping(&guest.namespace, to, "-W 1");
    }
    daemon.assert_accounted();
}

#[test]
fn a_source_that_may_not_come_in_is_foretold() {
    let ((site, second), guest) = (with_two_routers(), Guest::new(10));
    let daemon = site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    add_all(&daemon);
    let own = &guest.addresses()[0];
    let told = Traced::new(&site, &format!("--from-device eth2 --src 20.0.0.1 --dst {own}"));
    assert!(["forwarded", "held"].contains(&told.verdict(0).0), "{:#}", told.0);
    assert_ping(&second, own);
    let told = Traced::new(&site, &format!("--from-device eth2 --src 20.0.0.1 --dst {own}"));
    assert_eq!(told.verdict(0), ("forwarded", "tap0", "-"), "{:#}", told.0);
    // The way back to this one is by eth1.
    second.add_address("lo", "10.1.1.200/32");
    let told = Traced::new(&site, &format!("--from-device eth2 --src 10.1.1.200 --dst {own}"));
    assert_eq!(told.verdict(0), ("dropped", "host", "IP_RPFILTER"), "{:#}", told.0);
    let received = daemon.counters("vgw1").received;
    failing_ping(&second, own, "-W 1 -I 10.1.1.200");
    assert_eq!(daemon.counters("vgw1").received, received, "it did not come to the gateway");
}

#[test]
fn masquerade_is_shown_and_undone_for_the_answer() {
    let (site, guest) = (Site::new(), Guest::new(10));
    site.outside.ip("route delete 192.168.1.0/24");
    let _daemon = site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    let add = format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24");
    must(site.folder(), &add);
    let words = format!("--port tap0 --src 192.168.1.10 --dst {} --both-ways", OUTSIDE[0]);
    assert_eq!(Traced::new(&site, &words).steps(0, "masquerade"), [""; 0]);
    failing_ping(&guest.namespace, OUTSIDE[0], "-W 1");
    must(site.folder(), &format!("{add} --masquerade"));
    let told = Traced::new(&site, &words);
    assert_eq!(told.steps(0, "masquerade"), ["masquerade: 192.168.1.10 becomes the address of eth1"]);
    assert_eq!([told.verdict(0), told.verdict(1)], [("forwarded", "eth1", "-"), ("forwarded", "tap0", "-")]);
    assert_ping(&guest.namespace, OUTSIDE[0]);
}

#[test]
fn a_packet_goes_on_into_another_instance() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let (other, other_port) = other_guest();
    let daemon = site.start_with_gateway(&(guest.port("tap0", NET1, "") + &other_port));
    guest.settle();
    assert!(daemon.add(&[request("vgw7", NET2, &["192.168.7.0/24"])]));
    assert_ping(&other, "192.168.1.10");
    let told = Traced::new(&site, "--port tap0 --src 192.168.1.10 --dst 192.168.7.11 --both-ways");
    assert_eq!([told.verdict(0), told.verdict(1)], [("forwarded", "tap1", "-"), ("forwarded", "tap0", "-")]);
    assert_eq!(told.steps(0, "route").len(), 3, "in an instance, in the host, in the other instance");
}

#[test]
fn a_captured_frame_is_followed() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    let sniffer = Sniffer::new(&guest.namespace);
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let outside = [10, 1, 1, 253];
    let frames = sniffer.frames();
    let sent = frames.iter().position(|frame| frame[12..14] == [8, 0] && frame[30..34] == outside).unwrap();
    let file = site.folder().join("guest.pcap");
    fs::write(&file, pcap(&frames)).unwrap();
    let words = |number: usize| format!("--port tap0 --pcap {} --frame {number}", file.display());
    let told = Traced::new(&site, &words(sent + 1));
    assert_eq!(told.verdict(0), ("forwarded", "eth1", "-"), "{:#}", told.0);
    // An answer of the outside's, sent by the guest, is not to the gateway's MAC.
    let answer = frames.iter().position(|frame| frame[12..14] == [8, 0] && frame[26..30] == outside).unwrap();
    let told = Traced::new(&site, &words(answer + 1));
    assert_eq!(told.verdict(0).0, "dropped", "{:#}", told.0);
    let (code, _, complaint) = vgw(site.folder(), &format!("trace {}", words(frames.len() + 1)));
    assert_eq!(code, Some(2), "{complaint}");
    daemon.assert_accounted();
}

/// A capture file of these frames.
fn pcap(frames: &[Vec<u8>]) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    let mut file = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1]);
    for frame in frames {
        let length = u32::try_from(frame.len()).unwrap();
        file.extend(words(&[0, 0, length, length]));
        file.extend(frame);
    }
    file
}

#[test]
fn what_is_not_there_is_not_found() {
    let site = Site::new();
    let _daemon = site.start("");
    for (words, expected) in [
        ("--port tap9 --src 10.0.0.1 --dst 10.0.0.2", 3),
        ("--from-device eth9 --src 10.0.0.1 --dst 10.0.0.2", 3),
        ("--port tap9 --src 10.0.0.1", 2),
        ("--port tap9 --src 10.0.0.1 --dst ::1", 2),
        ("--port tap9 --pcap /nonexistent/file", 2),
    ] {
        let (code, _, complaint) = vgw(site.folder(), &format!("trace {words}"));
        assert_eq!(code, Some(expected), "{words}: {complaint}");
    }
    let (_, refused, _) = vgw(site.folder(), "trace -j --from-device eth9 --src 10.0.0.1 --dst 10.0.0.2");
    let refused: Value = serde_json::from_str(&refused).unwrap();
    assert_eq!(refused["error"]["field"], "device", "{refused}");
}
