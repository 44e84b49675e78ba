//! Taps: made, adopted, given back, and what comes out of them.

use imbl::OrdMap;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use vgw::addr::Mac;
use vgw::engine::{Device, DeviceError};
use vgw::host::{HostState, Kernel, Mark, Operation};
use vgw::packet::{Batch, Packet};
use vgw::sys::kernel::LinuxKernel;
use vgw::sys::{Tap, rights};

use crate::host_state::link;
use crate::lab::{apply, assert_unchanged, in_namespace, ip, kernel, name, reach, snapshot};
use crate::namespace::Namespace;

fn wanted() -> HostState {
    HostState { links: OrdMap::from_iter([(name("vgw1"), link())]), ..HostState::default() }
}

#[test]
fn persistent_taps_are_adopted_and_given_back() {
    in_namespace(|| {
        for (options, up, queues) in
            [("", true, 1), ("vnet_hdr", false, 1), ("multi_queue", true, 3), ("multi_queue vnet_hdr pi", false, 3)]
        {
            ip(&format!("tuntap add mode tap name vgw1 {options}"));
            ip("link set vgw1 address 02:00:00:00:00:07 mtu 1400 group 5 txqueuelen 77");
            if up {
                ip("link set vgw1 up");
            }
            let before = snapshot();
            let state = tempfile::tempdir().unwrap();
            let mut kernel = LinuxKernel::new(Mark::default(), state.path(), 3).unwrap();
            reach(&mut kernel, &wanted());
            assert_eq!(kernel.take_queues(&name("vgw1")).unwrap().len(), queues, "{options}");
            reach(&mut kernel, &HostState::default());
            assert_unchanged(&before, options);
            ip("link delete vgw1");
        }
    });
}

#[test]
fn names_that_are_taken_are_refused() {
    in_namespace(|| {
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        let add = Operation::AddLink(name("vgw1"), link());
        let mut refused = |what: &str| {
            let before = snapshot();
            let error = apply(&mut kernel, &add).expect_err(what);
            assert_unchanged(&before, what);
            error.reason
        };
        let foreign = "the interface vgw1 exists and is not a persistent tap without an owner";
        let in_use = "the interface vgw1 exists and is in use";
        for made in [
            "link add vgw1 type veth peer name far1",
            "tuntap add mode tun name vgw1",
            "tuntap add mode tap name vgw1 user 1000",
        ] {
            ip(made);
            assert_eq!(refused(made), foreign);
            ip("link delete vgw1");
        }
        ip("link add br0 type bridge");
        ip("tuntap add mode tap name vgw1");
        ip("link set vgw1 master br0");
        let belongs =
            "the interface vgw1 belongs to another device (a bridge, a bond, a VRF), which would have its packets";
        assert_eq!(refused("a bridge's port"), belongs);
        ip("link delete vgw1");
        let passing = Tap::create(name("vgw1"), 1).unwrap();
        assert_eq!(refused("a tap of a running program"), foreign);
        drop(passing);
        for options in ["", "multi_queue"] {
            ip(&format!("tuntap add mode tap name vgw1 {options}"));
            let _user = Tap::adopt(name("vgw1"), 1, !options.is_empty()).unwrap();
            ip("link set vgw1 up");
            // Would go if the interface were down for a moment.
            ip("route add 10.3.0.0/24 dev vgw1");
            assert_eq!(refused(options), in_use);
            ip("link delete vgw1");
        }
        assert!(matches!(Tap::create(name("lo"), 1), Err(error) if error.errno() == libc::EBUSY));
    });
}

#[test]
fn taps_of_a_daemon_that_is_still_dying_are_cleared() {
    in_namespace(|| {
        let before = snapshot();
        // A killed process is in the kernel until the last of its taps is gone.
        let dying: Vec<_> = (1..4).map(|i| Tap::create(name(&format!("vgw{i}")), 1).unwrap()).collect();
        (1..4).for_each(|i| drop(ip(&format!("link set vgw{i} group 20100 alias vgw"))));
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        assert_eq!(kernel.observe().unwrap().ours, HostState::default());
        assert_unchanged(&before, "after all is deleted");
        drop(dying);
    });
}

#[test]
fn a_tap_that_comes_back_after_it_was_missed_is_made_anew() {
    in_namespace(|| {
        let (state, away) = (tempfile::tempdir().unwrap(), Namespace::new());
        let here = format!("/proc/{}/task/{}/ns/net", std::process::id(), rustix::thread::gettid());
        let mut kernel = kernel(&state);
        reach(&mut kernel, &wanted());
        let _queues = kernel.take_queues(&name("vgw1")).unwrap();
        let known = kernel.observe().unwrap();
        ip(&format!("link set vgw1 netns {}", away.path()));
        assert!(kernel.has_news(&known));
        away.ip(&format!("link set vgw1 netns {here}"));
        // Its queues are open still, and nobody else has the name.
        reach(&mut kernel, &wanted());
        assert!(kernel.take_queues(&name("vgw1")).is_some());
    });
}

#[test]
fn a_missing_right_is_named() {
    in_namespace(|| {
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        rights::check().unwrap();
        rights::check_attach().unwrap();
        let mut sets = capabilities(None).unwrap();
        sets.effective.remove(CapabilitySet::NET_ADMIN | CapabilitySet::NET_RAW);
        set_capabilities(None, sets).unwrap();
        let missing = rights::check().unwrap_err().to_string();
        assert_eq!(missing, "the right CAP_NET_ADMIN is missing: taps, routes and rules need it");
        let missing = rights::check_attach().unwrap_err().to_string();
        assert_eq!(missing, "the right CAP_NET_RAW is missing: attached ports need it");
        let error = apply(&mut kernel, &Operation::AddLink(name("vgw1"), link())).unwrap_err();
        assert_eq!((error.reason.as_str(), error.errno), ("taps need the right CAP_NET_ADMIN", libc::EPERM));
    });
}

#[test]
fn frames_pass_both_ways() {
    in_namespace(|| {
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        reach(&mut kernel, &wanted());
        let mut tap = kernel.take_queues(&name("vgw1")).unwrap().remove(0);
        let mut batch = Batch::new(8, usize::MAX);
        // Whatever the host said when the tap came up.
        assert!(matches!(tap.receive(&mut batch, 1), Ok(()) | Err(DeviceError::WouldBlock)));
        ip("address add 10.1.0.1/24 dev vgw1");
        tap.transmit(&mut Packet::from_frame(&arp_request())).unwrap();
        let reply = loop {
            batch.clear();
            let mut waiting = [PollFd::new(&tap, PollFlags::IN)];
            let limit = rustix::event::Timespec { tv_sec: 10, tv_nsec: 0 };
            assert_eq!(poll(&mut waiting, Some(&limit)).unwrap(), 1, "no answer");
            assert!(matches!(tap.receive(&mut batch, 1), Err(DeviceError::WouldBlock)));
            let packets = batch.packets_mut().iter();
            if let Some(reply) = packets.map(|packet| packet.frame().to_vec()).find(|frame| frame[12..14] == [8, 6]) {
                break reply;
            }
        };
        assert_eq!(reply[20..22], [0, 2], "an ARP reply");
        assert_eq!(reply[22..28], Mac::GATEWAY.0);

        assert!(matches!(tap.transmit(&mut Packet::from_frame(&[0; 5])), Err(DeviceError::Refused(_))));
        ip("link set vgw1 down");
        assert!(matches!(tap.transmit(&mut Packet::from_frame(&arp_request())), Err(DeviceError::Down)));
        ip("link delete vgw1");
        assert!(matches!(tap.transmit(&mut Packet::from_frame(&arp_request())), Err(DeviceError::Down)));
        assert!(matches!(tap.receive(&mut batch, 1), Err(DeviceError::Down)));
    });
}

/// Who has 10.1.0.1? Tell 10.1.0.9.
fn arp_request() -> Vec<u8> {
    let sender = [2, 0, 0, 0, 0, 9];
    let parts: [&[u8]; 8] = [
        &[0xff; 6],
        &sender,
        &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1],
        &sender,
        &[10, 1, 0, 9],
        &[0; 6],
        &[10, 1, 0, 1],
        &[0; 18],
    ];
    parts.concat()
}
