//! Nothing crosses from one routing instance into another.

use proptest::prelude::*;

use super::net::guest;
use super::*;
use crate::addr::{InstanceId, PortId};
use crate::forward::{DropReason, Verdict};
use crate::packet::sample::Sample;

fn instance_of(port: PortId) -> u32 {
    u32::from(port == FOREIGN)
}

#[test]
fn the_same_address_is_another_guest_in_another_instance() {
    let mut net = Net::new().with_guest_known();
    assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(b"")), Verdict::Forward(GUEST));
    assert_eq!(net.forwarder.counters(FOREIGN).unwrap().transmitted, 0);
}

#[test]
fn a_packet_that_waits_does_not_follow_a_port_into_another_instance() {
    let mut net = Net::new();
    assert_eq!(net.verdict(HOST, &from_host("10.1.0.5").udp(b"")), Verdict::Taken);
    net.forwarder.set_port(guest(GUEST, InstanceId(1), &["10.1.0.5/32"]));
    assert_eq!(net.dropped(HOST, DropReason::QueuePurge), 1);

    let mut net = Net::new();
    assert_eq!(net.verdict(OTHER, &other().udp(b"")), Verdict::Taken);
    net.emissions();
    net.forwarder.set_port(guest(OTHER, InstanceId(1), &["10.1.0.6/32"]));
    net.forwarder.learn(GUEST, "10.1.0.5".parse().unwrap(), crate::packet::sample::STATION, net.now);
    assert!(net.emissions().is_empty());
    assert_eq!(net.dropped(OTHER, DropReason::RoutePort), 1);
}

fn other() -> Sample {
    let mut sample = Sample::new("10.1.0.6", "10.1.0.5");
    sample.stations.source = OTHER_MAC;
    sample
}

proptest! {
    #[test]
    fn every_frame_leaves_by_a_port_of_its_instance(
        steps in proptest::collection::vec((0u32..4, any::<[u8; 4]>(), any::<bool>(), 0u64..3), 1..60)
    ) {
        let mut net = Net::new();
        for (ingress, [a, b, c, d], is_near, seconds) in steps {
            let ingress = PortId(ingress);
            let to = if is_near { format!("10.{}.0.{}", 1 + a % 72, b % 8) } else { format!("{}.{b}.{c}.{d}", 1 + a % 223) };
            let sample = match ingress {
                HOST => from_host(&to),
                OTHER => Sample { to: to.parse().unwrap(), ..other() },
                _ => from_guest(&to),
            };
            let (verdict, _) = net.receive(ingress, &sample.udp(b"tag"));
            if let Verdict::Forward(egress) = verdict {
                prop_assert_eq!(instance_of(ingress), instance_of(egress));
            }
            for (egress, frame) in net.emissions() {
                if frame.ends_with(b"tag") {
                    prop_assert_eq!(instance_of(ingress), instance_of(egress));
                }
            }
            net.pass(std::time::Duration::from_secs(seconds));
            net.emissions();
        }
    }
}
