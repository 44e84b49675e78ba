use super::*;
use crate::packet::sample::{Sample, parsed};
use crate::packet::{Fragment, protocol};

fn v4() -> Sample {
    Sample::new("10.1.0.5", "10.2.0.9")
}

fn v6() -> Sample {
    Sample::new("fd00:1::5", "fd00:2::9")
}

/// A sound IPv4 frame after an edit of its header, the checksum made right again.
fn edited(edit: impl FnOnce(&mut [u8])) -> Result<Frame, FrameError> {
    let mut frame = v4().udp(b"12345678");
    edit(&mut frame[14..]);
    let length = (usize::from(frame[14] & 0xf) * 4).clamp(20, 36);
    super::ipv4::write_checksum(&mut frame[14..14 + length]);
    Frame::parse(&frame)
}

#[test]
fn headers_are_read() {
    let frame = v4().udp(b"hello");
    let ip = parsed(&frame);
    assert_eq!((ip.source, ip.destination), (v4().from, v4().to));
    assert_eq!((ip.hop_limit, ip.protocol, ip.transport, ip.end), (64, protocol::UDP, 34, 47));
    assert_eq!((ip.fragment, ip.dont_fragment, ip.length()), (None, true, 33));
    let frame = v6().tcp(b"hello");
    let ip = parsed(&frame);
    assert_eq!((ip.source, ip.destination), (v6().from, v6().to));
    assert_eq!((ip.protocol, ip.protocol_at, ip.transport, ip.end), (protocol::TCP, 20, 54, 79));
}

#[test]
fn every_cut_is_noticed() {
    for frame in [v4().udp(b""), v4().tcp(b"x"), v4().echo(b""), v6().udp(b"x"), v6().echo(b"")] {
        for length in 0..frame.len() {
            assert_eq!(Frame::parse(&frame[..length]), Err(FrameError::Short), "{length} of {}", frame.len());
        }
    }
}

#[test]
fn padding_is_outside_the_packet() {
    let mut frame = v4().udp(b"");
    let end = frame.len();
    frame.resize(60, 0xee);
    assert_eq!(parsed(&frame).end, end);
}

#[test]
fn lengths_that_lie_are_refused() {
    assert_eq!(edited(|ip| ip[0] = 0x65), Err(FrameError::Version));
    for words in 0..5 {
        assert_eq!(edited(|ip| ip[0] = 0x40 | words), Err(FrameError::HeaderLength), "{words} words");
    }
    assert_eq!(edited(|ip| ip[3] = 19), Err(FrameError::HeaderLength));
    assert_eq!(edited(|ip| ip[0] = 0x4f), Err(FrameError::HeaderLength), "header beyond the packet");
    assert_eq!(edited(|ip| ip[3] += 1), Err(FrameError::Short));
    assert_eq!(edited(|ip| ip[3] = 27), Err(FrameError::Short), "UDP header cut");
}

#[test]
fn the_header_checksum_is_verified() {
    let mut frame = v4().udp(b"");
    frame[22] ^= 1;
    assert_eq!(Frame::parse(&frame), Err(FrameError::Checksum));
}

#[test]
fn options_pass_unless_they_are_malformed_or_a_source_route() {
    let with = |options: &[u8]| {
        let mut sample = v4();
        sample.options = options.to_vec();
        Frame::parse(&sample.udp(b"")).map(|_| ())
    };
    let cases: [(&[u8], _); 9] = [
        (&[1, 1, 1, 0], Ok(())),
        (&[7, 7, 4, 1, 2, 3, 4, 0], Ok(())),
        (&[0x94, 4, 0, 0], Ok(())),
        (&[0, 7, 0, 0], Ok(())),
        (&[131, 7, 4, 1, 2, 3, 4, 0], Err(FrameError::SourceRoute)),
        (&[1, 137, 3, 4], Err(FrameError::SourceRoute)),
        (&[7, 0, 0, 0], Err(FrameError::Option)),
        (&[7, 1, 0, 0], Err(FrameError::Option)),
        (&[7, 5, 0, 0], Err(FrameError::Option)),
    ];
    for (options, expected) in cases {
        assert_eq!(with(options), expected, "{options:?}");
    }
    assert_eq!(with(&[1, 1, 1, 7]), Err(FrameError::Option), "length missing");
}

#[test]
fn fragments_are_told_from_whole_packets() {
    let fragment = |flags: [u8; 2]| match edited(|ip| ip[6..8].copy_from_slice(&flags)).unwrap().content {
        Content::Ip(ip) => (ip.fragment, ip.dont_fragment),
        Content::Arp => panic!(),
    };
    assert_eq!(fragment([0x40, 0]), (None, true));
    assert_eq!(fragment([0x20, 0]), (Some(Fragment { offset: 0, more: true }), false));
    assert_eq!(fragment([0x00, 2]), (Some(Fragment { offset: 16, more: false }), false));
    assert_eq!(fragment([0x60, 1]), (Some(Fragment { offset: 8, more: true }), true));
}

#[test]
fn other_frames_are_named() {
    let kind = |ether_type: u16| {
        let mut frame = v4().udp(b"");
        frame[12..14].copy_from_slice(&ether_type.to_be_bytes());
        Frame::parse(&frame).map(|frame| frame.content)
    };
    assert_eq!(kind(0x0806), Ok(Content::Arp));
    for tag in [0x8100, 0x88a8, 0x9100, 0x9200] {
        assert_eq!(kind(tag), Err(FrameError::Vlan));
    }
    for other in [0, 46, 1500, 0x88cc, 0x8847, 0xffff] {
        assert_eq!(kind(other), Err(FrameError::EtherType(other)));
    }
    assert_eq!(kind(0x86dd), Err(FrameError::Short), "IPv4 bytes are too few for IPv6");
    let mut long = v4().udp(&[0; 40]);
    long[12..14].copy_from_slice(&0x86ddu16.to_be_bytes());
    assert_eq!(Frame::parse(&long), Err(FrameError::Version));
}

/// An IPv6 packet with these extension headers, given as (kind, bytes with a zero first), and UDP.
fn chain(headers: &[(u8, Vec<u8>)]) -> Result<Ip, FrameError> {
    let udp = v6().udp(b"data").split_off(54);
    let mut bytes = Vec::new();
    for (index, (_, header)) in headers.iter().enumerate() {
        let next = headers.get(index + 1).map_or(protocol::UDP, |(kind, _)| *kind);
        bytes.push(next);
        bytes.extend(&header[1..]);
    }
    bytes.extend(udp);
    let frame = v6().raw(headers.first().map_or(protocol::UDP, |(kind, _)| *kind), &bytes);
    Frame::parse(&frame).map(|frame| match frame.content {
        Content::Ip(ip) => ip,
        Content::Arp => panic!(),
    })
}

#[test]
fn extension_headers_are_walked() {
    let (hop, routing, auth, options) =
        ((0, vec![0; 8]), (43, vec![0, 0, 4, 0, 0, 0, 0, 0]), (51, vec![0; 8]), (60, [&[0, 1][..], &[0; 14]].concat()));
    let mut authentication = auth;
    authentication.1 = [&[0, 4][..], &[0; 22]].concat();
    let ip = chain(&[hop.clone(), options.clone(), routing, authentication]).unwrap();
    assert_eq!((ip.protocol, ip.transport, ip.protocol_at), (protocol::UDP, 54 + 8 + 16 + 8 + 24, 54 + 8 + 16 + 8));
    let ip = chain(&[hop, options]).unwrap();
    assert_eq!(ip.transport, 54 + 24);
}

#[test]
fn ipv6_fragments_are_told_from_atomic_ones() {
    let fragment = |field: [u8; 2]| chain(&[(44, vec![0, 0, field[0], field[1], 0, 0, 0, 1])]).unwrap();
    assert_eq!(fragment([0, 0]).fragment, None);
    assert_eq!(fragment([0, 1]).fragment, Some(Fragment { offset: 0, more: true }));
    assert_eq!(fragment([0, 8]).fragment, Some(Fragment { offset: 8, more: false }));
    let later = chain(&[(44, vec![0, 0, 0, 8, 0, 0, 0, 1]), (60, vec![0; 8])]).unwrap();
    assert_eq!((later.protocol, later.transport), (60, 62), "what a later fragment holds is no header");
}

#[test]
fn extension_headers_out_of_order_are_refused() {
    let options = (60, vec![0; 8]);
    assert!(chain(&vec![options.clone(); 8]).is_ok());
    assert_eq!(chain(&vec![options.clone(); 9]), Err(FrameError::ExtensionHeader));
    assert_eq!(chain(&[options, (0, vec![0; 8])]), Err(FrameError::ExtensionHeader), "hop-by-hop not first");
    assert_eq!(chain(&[(43, vec![0; 8])]), Err(FrameError::SourceRoute), "routing header type 0");
    assert_eq!(
        chain(&[(60, vec![0, 9, 0, 0, 0, 0, 0, 0])]),
        Err(FrameError::ExtensionHeader),
        "longer than its packet"
    );
    let jumbogram = v6().raw(0, &[]);
    assert_eq!(Frame::parse(&jumbogram), Err(FrameError::ExtensionHeader));
    let mut scope = v6().udp(b"");
    scope[18] = 0xff;
    assert_eq!(Frame::parse(&scope), Err(FrameError::Short), "payload length lies");
}
