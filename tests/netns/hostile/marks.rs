//! A thousand tenants with the same addresses and the same MACs: each packet bears its tenant's number,
//! and nobody ever sees another's.

use std::fmt::Write;

use crate::lab::eventually;
use crate::site::Site;

use super::frames::{Hand, edited};
use super::raw::Raw;

const TENANTS: u16 = 1000;
const ROUNDS: usize = 3;
const SENDER: [u8; 6] = [2, 0, 0, 0, 0, 0x0a];
const RECEIVER: [u8; 4] = [10, 0, 0, 11];
/// Behind which the tenant's number stands.
const MARK: &[u8] = super::frames::MARK;

/// Two ports for each tenant. The taps stay where they are made: nobody there has an address.
fn config() -> String {
    let mut text = String::new();
    for tenant in 0..TENANTS {
        for (letter, number) in [('a', 10), ('b', 11)] {
            writeln!(
                text,
                "[[port]]\nname = \"t{letter}{tenant}\"\nrouting_instance = \"tenant{tenant}\"\n\
                 addresses = [\"10.0.0.{number}\"]\nmac = \"02:00:00:00:00:{number:02x}\""
            )
            .unwrap();
        }
    }
    text
}

/// The interfaces' indices by name, in one look.
fn index(shown: &str, name: &str) -> u32 {
    let line = shown.lines().find(|line| line.contains(&format!(": {name}: ")) || line.contains(&format!(": {name}@")));
    line.unwrap().split(':').next().unwrap().parse().unwrap()
}

#[test]
fn no_tenant_sees_anothers_packets() {
    let site = Site::new();
    let guests = &site.compute;
    guests.sysctl("net.ipv6.conf.default.disable_ipv6", "1");
    let daemon = site.start(&config());
    let shown = guests.ip("-o link show");
    let open = |letter: char| -> Vec<Raw> {
        (0..TENANTS).map(|tenant| Raw::of_index(guests, index(&shown, &format!("t{letter}{tenant}")))).collect()
    };
    let (senders, mut receivers) = (open('a'), open('b'));
    let hand = Hand { mac: SENDER, v4: [10, 0, 0, 10], v6: [0; 16] };
    let letter = hand.udp4(RECEIVER);
    let place = letter.len() - 2;
    for round in 1..=ROUNDS {
        for (tenant, sender) in (0..TENANTS).zip(&senders) {
            sender.send(&edited(letter.clone(), place, &tenant.to_be_bytes()));
        }
        let mut missing = 0;
        for (tenant, receiver) in (0..TENANTS).zip(&mut receivers) {
            let mut own = 0;
            eventually("the tenant's letter comes", || {
                for frame in receiver.received() {
                    let Some(at) = frame.windows(MARK.len() - 2).position(|part| part == &MARK[..MARK.len() - 2])
                    else {
                        continue;
                    };
                    let number = u16::from_be_bytes(frame[at + MARK.len() - 2..][..2].try_into().unwrap());
                    assert_eq!(number, tenant, "a packet of another tenant");
                    own += 1;
                }
                own > 0
            });
            missing += usize::from(own != 1);
        }
        assert_eq!(missing, 0, "round {round}: each letter comes once");
    }
    // Nothing came late, or the other way.
    for (tenant, receiver) in (0..TENANTS).zip(receivers.iter_mut()) {
        assert!(receiver.received().is_empty(), "{tenant}");
    }
    daemon.assert_accounted();
}
