use etherparse::NetHeaders;
use proptest::prelude::*;

use super::*;
use crate::packet::sample::{Sample, parsed, verified};

fn cut(frame: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    let mut fragments = Fragments::new(frame, &parsed(frame), mtu).unwrap();
    let announced = fragments.remaining();
    let mut packet = Packet::new();
    let mut out = Vec::new();
    while fragments.write_next(&mut packet) {
        out.push(packet.frame().to_vec());
        assert_eq!(fragments.remaining(), announced - out.len());
    }
    out
}

fn big(payload: &[u8], options: &[u8]) -> Vec<u8> {
    let mut sample = Sample::new("10.1.0.5", "10.2.0.9");
    sample.dont_fragment = false;
    sample.options = options.to_vec();
    sample.udp(payload)
}

/// Puts fragments together as a receiver does, by their offsets: data, and where the last one ends.
fn reassembled(fragments: &[Vec<u8>]) -> (Vec<u8>, Option<usize>) {
    let (mut data, mut end) = (Vec::new(), None);
    for frame in fragments {
        let (_, net, _, _) = verified(frame);
        let NetHeaders::Ipv4(header, _) = net else { panic!() };
        let (offset, bytes) = (usize::from(header.fragment_offset.value()) * 8, &frame[14 + header.header_len()..]);
        assert_eq!(header.identification, 0x1234);
        data.resize(data.len().max(offset + bytes.len()), 0);
        data[offset..offset + bytes.len()].copy_from_slice(bytes);
        if !header.more_fragments {
            assert_eq!(end.replace(offset + bytes.len()), None, "two last fragments");
        }
    }
    (data, end)
}

#[test]
fn options_are_copied_as_their_types_say() {
    // Record route stays in the first; router alert, which has the copied flag, is in each.
    let options = [7, 7, 4, 0, 0, 0, 0, 0x94, 4, 0, 0, 0];
    let fragments = cut(&big(&[9; 3000], &options), 1500);
    assert_eq!(fragments.len(), 3);
    assert_eq!(fragments[0][34..46], options);
    for later in &fragments[1..] {
        assert_eq!(later[14], 0x46);
        assert_eq!(later[34..38], [0x94, 4, 0, 0]);
    }
}

#[test]
fn a_fragment_is_cut_further() {
    let first = cut(&big(&[7; 4000], &[]), 2000);
    let again: Vec<_> = first.iter().flat_map(|frame| cut(frame, 600)).collect();
    let (data, end) = reassembled(&again);
    assert_eq!((data, end), reassembled(&first));
    assert_eq!(end, Some(4008));
}

#[test]
fn what_cannot_be_cut_is_refused() {
    let frame = big(&[0; 100], &[]);
    assert!(Fragments::new(&frame, &parsed(&frame), 27).is_none(), "no room for eight bytes");
    assert!(Fragments::new(&frame, &parsed(&frame), 28).is_some());
    let mut beyond = frame;
    beyond[20..22].copy_from_slice(&0x1fffu16.to_be_bytes());
    crate::packet::ipv4::write_checksum(&mut beyond[14..34]);
    assert!(Fragments::new(&beyond, &parsed(&beyond), 68).is_none(), "ends behind byte 65,535");
}

proptest! {
    #[test]
    fn fragments_make_up_the_original(payload in proptest::collection::vec(any::<u8>(), 0..5000), mtu in 68usize..1600) {
        let frame = big(&payload, &[]);
        let fragments = cut(&frame, mtu);
        let (data, end) = reassembled(&fragments);
        prop_assert_eq!(&data, &frame[34..]);
        prop_assert_eq!(end, Some(data.len()));
        for fragment in &fragments {
            prop_assert!(fragment.len() - 14 <= mtu);
            prop_assert_eq!(&fragment[..14], &frame[..14]);
        }
    }
}
