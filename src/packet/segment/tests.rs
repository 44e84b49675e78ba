use etherparse::{NetHeaders, TransportHeader};
use proptest::prelude::*;

use super::*;
use crate::packet::sample::{Sample, parsed, super_packet, verified};

fn cut(packet: &Packet) -> Vec<Vec<u8>> {
    let mut segments = Segments::new(packet, &parsed(packet.frame())).unwrap();
    let announced = segments.remaining();
    let mut segment = Packet::new();
    let mut out = Vec::new();
    while segments.write_next(&mut segment) {
        out.push(segment.frame().to_vec());
        assert_eq!(segments.remaining(), announced - out.len());
        assert_eq!(segment.offload, Offload::default());
    }
    out
}

fn sample(is_v4: bool) -> Sample {
    if is_v4 { Sample::new("10.1.0.5", "10.2.0.9") } else { Sample::new("fd00:1::5", "fd00:2::9") }
}

/// Bytes without a pattern that a shift by a segment would hide.
fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * at / 7 + at).to_le_bytes()[0]).collect()
}

proptest! {
    #[test]
    fn tcp_segments_make_up_the_stream(is_v4: bool, length in 0usize..9000, size in 1u16..2000, flags: u8) {
        prop_assume!(length / usize::from(size) < 500);
        let payload = noise(length);
        let mut frame = sample(is_v4).tcp(&payload);
        let at = parsed(&frame).transport;
        frame[at + 4..at + 8].copy_from_slice(&(u32::MAX - 1000).to_be_bytes());
        frame[at + 13] = flags;
        let segments = cut(&super_packet(&frame, size));
        prop_assert_eq!(segments.len(), length.div_ceil(usize::from(size)).max(1));
        let mut stream = Vec::new();
        for (index, segment) in segments.iter().enumerate() {
            let (_, net, transport, data) = verified(segment);
            let Some(TransportHeader::Tcp(tcp)) = transport else { panic!() };
            prop_assert_eq!(tcp.sequence_number, (u32::MAX - 1000).wrapping_add(u32::try_from(stream.len()).unwrap()));
            let once = if index + 1 < segments.len() { 0x09 } else { 0 } | if index > 0 { 0x80 } else { 0 };
            prop_assert_eq!(segment[at + 13], flags & !once);
            if let NetHeaders::Ipv4(ip, _) = net {
                prop_assert_eq!(ip.identification, 0x1234u16.wrapping_add(u16::try_from(index).unwrap()));
                prop_assert!(ip.dont_fragment);
            }
            prop_assert!(index + 1 == segments.len() || data.len() == usize::from(size));
            stream.extend(data);
        }
        prop_assert_eq!(stream, payload);
    }

    #[test]
    fn udp_segments_are_datagrams(is_v4: bool, length in 0usize..9000, size in 1u16..2000) {
        prop_assume!(length / usize::from(size) < 500);
        let payload = noise(length);
        let segments = cut(&super_packet(&sample(is_v4).udp(&payload), size));
        let mut all = Vec::new();
        for segment in &segments {
            let (_, _, transport, data) = verified(segment);
            let Some(TransportHeader::Udp(udp)) = transport else { panic!() };
            prop_assert_eq!(usize::from(udp.length), 8 + data.len());
            prop_assert!(udp.checksum != 0);
            all.extend(data);
        }
        prop_assert_eq!(all, payload);
    }
}

#[test]
fn headers_before_the_transport_are_in_each_segment() {
    let options = [7, 7, 4, 0, 0, 0, 0, 0x94, 4, 0, 0, 0];
    let segments = cut(&super_packet(&Sample { options: options.to_vec(), ..sample(true) }.tcp(&noise(2500)), 1000));
    assert_eq!(segments.len(), 3);
    for segment in &segments {
        verified(segment);
        assert_eq!(segment[34..46], options);
    }
    let mut extension = vec![protocol::TCP, 0, 1, 4, 0, 0, 0, 0];
    extension.extend(&sample(false).tcp(&noise(2500))[54..]);
    let segments = cut(&super_packet(&sample(false).raw(60, &extension), 1000));
    assert_eq!(segments.iter().map(Vec::len).collect::<Vec<_>>(), [1082, 1082, 582]);
    for segment in &segments {
        verified(segment);
        assert_eq!(segment[54..62], extension[..8]);
        assert_eq!(usize::from(u16::from_be_bytes([segment[18], segment[19]])), segment.len() - 54);
    }
}

#[test]
fn a_udp_sum_of_zero_is_written_as_its_complement() {
    // The datagram whose first two bytes are the sum of the rest adds up to zero.
    let plain = sample(true).udp(&[0, 0]);
    let sum = [plain[40], plain[41]];
    let segments = cut(&super_packet(&sample(true).udp(&[sum, sum].concat()), 2));
    for segment in segments {
        assert_eq!(segment[40..42], [0xff, 0xff]);
        verified(&segment);
    }
}

#[test]
fn what_must_be_said_once_is_said_once() {
    let mut frame = sample(true).tcp(&noise(3000));
    frame[47] = 0xff;
    let flags: Vec<_> = cut(&super_packet(&frame, 1000)).iter().map(|segment| segment[47]).collect();
    assert_eq!(flags, [0xf6, 0x76, 0x7f], "FIN and PSH on the last, CWR on the first");
}

#[test]
fn other_packets_have_no_segments() {
    let frame = sample(true).tcp(&noise(3000));
    assert!(Segments::new(&Packet::from_frame(&frame), &parsed(&frame)).is_none());
}
