//! Arithmetic with headers over all values that it can meet, or over all small ones where sizes only repeat.

use super::rewrite::decrement_hop_limit;
use super::sample::{Sample, parsed};
use super::*;

fn v4() -> Sample {
    Sample::new("10.1.0.5", "10.2.0.9")
}

/// Every TTL and every protocol with the checksums at the edges, and every checksum with those at the edges. That the
/// update is right for all of them together is shown in `checksum`.
#[test]
fn a_lower_ttl_has_the_checksum_of_a_new_header() {
    let mut frame = v4().raw(0, &[0; 20]);
    let ip = parsed(&frame);
    let mut check = |ttl: u8, protocol: u8, identification: u16| {
        let write = |frame: &mut [u8], ttl: u8| {
            frame[14 + 4..14 + 6].copy_from_slice(&identification.to_be_bytes());
            frame[14 + 8..14 + 10].copy_from_slice(&[ttl, protocol]);
            ipv4::write_checksum(&mut frame[14..34]);
            [frame[24], frame[25]]
        };
        let expected = write(&mut frame, ttl - 1);
        write(&mut frame, ttl);
        decrement_hop_limit(&mut frame, &Ip { hop_limit: ttl, protocol, ..ip });
        assert_eq!((frame[22], [frame[24], frame[25]]), (ttl - 1, expected), "{ttl} {protocol} {identification}");
        u16::from_be_bytes(expected)
    };
    let mut seen = std::collections::BTreeSet::new();
    for identification in 0..=u16::MAX {
        for (ttl, protocol) in [(1, 0), (1, 255), (64, 17), (255, 255)] {
            seen.insert(check(ttl, protocol, identification));
        }
    }
    // 0xffff would be that of a header of zeroes.
    assert!(seen.iter().copied().eq(0..=0xfffe), "{} checksums", seen.len());
    for ttl in 1..=u8::MAX {
        for protocol in 0..=u8::MAX {
            for identification in [0, 1, 0x7fff, 0xffff] {
                check(ttl, protocol, identification);
            }
        }
    }
}

/// Every flag and type with all small fields and the largest, against the rules told once more.
#[test]
fn offload_headers_are_taken_exactly_when_they_fit() {
    let numbers = [0, 1, 2, 3, 5, 8, 0xfffe, 0xffff];
    let (mut taken, mut refused) = (0, 0);
    for flags in 0..8u8 {
        for kind in 0..=u8::MAX {
            for (start, offset) in numbers.into_iter().flat_map(|start| numbers.map(|offset| (start, offset))) {
                for (size, length) in
                    [0, 1, 0xffff].into_iter().flat_map(|size| (0..12).map(move |length| (size, length)))
                {
                    let mut header = [flags, kind, 0, 0, 0, 0, 0, 0, 0, 0];
                    for (at, value) in [(4, size), (6, start), (8, offset)] {
                        header[at..at + 2].copy_from_slice(&u16::to_ne_bytes(value));
                    }
                    let is_open = flags & 1 != 0;
                    let is_inside = !is_open || u32::from(start) + u32::from(offset) + 2 <= length;
                    let is_super = kind & 0x7f != 0;
                    let is_known = [0, 1, 4, 5].contains(&(kind & 0x7f)) && (!is_super || size > 0 && is_open);
                    let parsed = Offload::parse(&header, length as usize);
                    assert_eq!(parsed.is_ok(), is_inside && is_known, "{header:?} before {length} bytes");
                    match parsed {
                        Ok(offload) => {
                            assert_eq!(Offload::parse(&offload.to_bytes(), length as usize), Ok(offload));
                            taken += 1;
                        }
                        Err(_) => refused += 1,
                    }
                }
            }
        }
    }
    assert!(taken > 10_000 && refused > 10_000, "{taken} {refused}");
}

/// Every place of a checksum in small packets: one that is taken lies in the transport's part of the packet, and only
/// a transport that has a checksum leaves one open.
#[test]
fn no_open_checksum_reaches_into_headers() {
    let v6 = Sample::new("fd00:1::5", "fd00:2::9");
    for frame in
        [v4().udp(&[0; 9]), v4().tcp(&[0; 9]), v6.udp(&[0; 9]), v6.tcp(&[]), v4().echo(&[]), v4().raw(47, &[0; 9])]
    {
        let ip = parsed(&frame);
        let mut count = 0;
        for start in 0..=100u16 {
            for offset in 0..=100u16 {
                let offload = Offload { checksum: Checksum::Partial { start, offset }, segmentation: None };
                if offload.fits(&ip, &frame) {
                    let at = usize::from(start) + usize::from(offset);
                    assert!(usize::from(start) >= ip.transport && at + 2 <= ip.end, "{ip:?} {start} {offset}");
                    count += 1;
                }
            }
        }
        let expected = match ip.protocol {
            protocol::ICMP => 0..=0,
            protocol::TCP => 1..=1,
            _ => 2..=100,
        };
        assert!(expected.contains(&count), "{ip:?}: {count}");
    }
}

/// All small payloads in segments of all small sizes.
#[test]
fn segments_are_as_many_as_were_told_and_leave_nothing_out() {
    let data: Vec<u8> = (0..60).collect();
    for length in 0..=data.len() {
        let frame = v4().tcp(&data[..length]);
        let ip = parsed(&frame);
        for size in 1..=62u16 {
            let mut packet = Packet::from_frame(&frame);
            packet.offload = Offload {
                checksum: Checksum::Partial { start: 34, offset: 16 },
                segmentation: Some(Segmentation { kind: SegmentKind::TcpV4, size, header_length: 54, ecn: false }),
            };
            let (mut segments, mut piece) = (Segments::new(&packet, &ip).unwrap(), Packet::new());
            let (told, mut count, mut joined) = (segments.remaining(), 0, Vec::new());
            while segments.write_next(&mut piece) {
                assert!(piece.length() - 54 <= usize::from(size));
                joined.extend_from_slice(&piece.frame()[54..]);
                count += 1;
            }
            assert_eq!((count, &joined[..]), (told, &data[..length]), "{length} bytes by {size}");
        }
    }
}

/// All small payloads at all small MTUs, at the beginning of a datagram and at its largest offset.
#[test]
fn fragments_are_as_many_as_were_told_and_leave_nothing_out() {
    for length in 8..=80 {
        for offset in [0, 0x1fff] {
            let mut frame = v4().raw(200, &vec![7; length]);
            frame[20..22].copy_from_slice(&u16::to_be_bytes(offset));
            ipv4::write_checksum(&mut frame[14..34]);
            let ip = parsed(&frame);
            for mtu in 0..=110 {
                let Some(mut fragments) = Fragments::new(&frame, &ip, mtu) else {
                    assert!(mtu < 28 || usize::from(offset) * 8 + length > 65_535, "{length} bytes at an MTU of {mtu}");
                    continue;
                };
                let (told, mut count, mut done, mut piece) = (fragments.remaining(), 0, 0, Packet::new());
                while fragments.write_next(&mut piece) {
                    let part = parsed(piece.frame());
                    assert!(part.length() <= mtu);
                    assert_eq!(part.fragment.map_or(0, |part| part.offset), usize::from(offset) * 8 + done);
                    done += part.end - part.transport;
                    count += 1;
                }
                assert_eq!((count, done), (told, length), "{length} bytes at an MTU of {mtu}");
            }
        }
    }
}
