//! Any bytes as an offload header and a frame: a header that is taken says the same when it is written again,
//! and cutting, fragmenting, joining and completing change nothing of what the receiver gets.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vgw::addr::PortId;
use vgw::packet::{
    Checksum, Coalescer, ETHERNET_HEADER, Fragments, Ip, Offload, Packet, SegmentKind, Segmentation, Segments,
    VNET_HEADER, protocol, rewrite, transport_end,
};
use vgw_fuzz::{assert_sound, ip_of, repair, transport_sum};

/// The place of the transport's checksum gets the sum of the pseudo-header, as a sender leaves it.
fn leave_open(packet: &mut Packet, ip: &Ip, start: usize, offset: usize) {
    let at = start + offset;
    if start != ip.transport || at + 2 > ip.end {
        return;
    }
    let frame = packet.frame_mut();
    frame[at..at + 2].fill(0);
    let whole = transport_sum(frame, ip).folded();
    let data = vgw::packet::checksum::Sum::default().bytes(&frame[ip.transport..ip.end]).folded();
    let pseudo = vgw::packet::checksum::Sum::default().word(whole).word(!data).folded();
    frame[at..at + 2].copy_from_slice(&pseudo.to_be_bytes());
}

/// Cuts a super-packet: the payloads of the segments are the super-packet's.
fn cut(packet: &Packet, ip: &Ip) -> Vec<Packet> {
    let size = usize::from(packet.offload.segmentation.expect("a super-packet").size);
    let payload = transport_end(ip, packet.frame()).expect("its header fits");
    let mut segments = Segments::new(packet, ip).expect("a super-packet");
    let (mut pieces, mut data) = (Vec::new(), Vec::new());
    let longest = packet.offload.segment_length(ip, packet.frame());
    while segments.remaining() > 0 {
        let (before, mut piece) = (segments.remaining(), Packet::new());
        assert!(segments.write_next(&mut piece));
        assert_eq!(segments.remaining(), before - 1);
        assert!(piece.length() - payload <= size && piece.length() - ETHERNET_HEADER <= longest);
        data.extend_from_slice(&piece.frame()[payload..]);
        // What follows is the kernel's business too: thousands of segments teach nothing more.
        if pieces.len() < 70 {
            pieces.push(piece);
        }
    }
    assert!(!segments.write_next(&mut Packet::new()));
    assert_eq!(data, packet.frame()[payload..ip.end]);
    pieces
}

/// Fragments of at most `mtu` bytes: put together they are the packet.
fn fragment(packet: &Packet, ip: &Ip, mtu: usize) {
    let Some(mut fragments) = Fragments::new(packet.frame(), ip, mtu) else { return };
    let first = ip.fragment.map_or(0, |fragment| fragment.offset);
    let mut data = Vec::new();
    while fragments.remaining() > 0 {
        let (before, mut piece) = (fragments.remaining(), Packet::new());
        assert!(fragments.write_next(&mut piece));
        assert_eq!(fragments.remaining(), before - 1);
        let part = ip_of(piece.frame()).expect("a fragment is sound");
        assert!(part.length() <= mtu && part.end == piece.length());
        let is_last = before == 1;
        let (offset, more) = part.fragment.map_or((0, false), |fragment| (fragment.offset, fragment.more));
        assert_eq!(offset, first + data.len());
        assert_eq!(more, !is_last || ip.fragment.is_some_and(|fragment| fragment.more));
        data.extend_from_slice(&piece.frame()[part.transport..part.end]);
    }
    assert_eq!(data, packet.frame()[ip.transport..ip.end]);
}

/// A packet on its way out.
struct Leaving(Packet);

impl AsMut<Packet> for Leaving {
    fn as_mut(&mut self) -> &mut Packet {
        &mut self.0
    }
}

/// Datagrams that are joined again hold, in order, what they held before.
fn join(pieces: &mut [Packet], transport: usize) {
    let of = |packet: &Packet| packet.frame()[transport + 8..].to_vec();
    let before: Vec<Vec<u8>> = pieces.iter().map(of).collect();
    let (mut coalescer, mut departing): (_, Vec<Leaving>) = (Coalescer::default(), Vec::new());
    for piece in pieces {
        piece.offload.checksum = Checksum::Partial { start: u16::try_from(transport).expect("small"), offset: 6 };
        if coalescer.join(&mut departing, PortId(1), piece).is_none() {
            let mut own = Packet::from_frame(piece.frame());
            own.offload = piece.offload;
            departing.push(Leaving(own));
        }
    }
    coalescer.finish(&mut departing);
    let mut after = Vec::new();
    for Leaving(packet) in &departing {
        let ip = ip_of(packet.frame()).expect("what is joined is sound");
        assert!(packet.offload.fits(&ip, packet.frame()), "{packet:?}");
        match packet.offload.segmentation {
            Some(_) => after.extend(cut(packet, &ip).iter().map(of)),
            None => after.push(of(packet)),
        }
    }
    assert_eq!(after, before);
}

fuzz_target!(|input: &[u8]| {
    let Some(([repairs, mtu], rest)) = input.split_first_chunk() else { return };
    let Some((header, frame)) = rest.split_first_chunk::<VNET_HEADER>() else { return };
    let mut frame = frame.to_vec();
    if repairs & 1 != 0 {
        repair(&mut frame);
    }
    let mut packet = Packet::new();
    let area = packet.receive_area();
    area[..VNET_HEADER].copy_from_slice(header);
    area[VNET_HEADER..VNET_HEADER + frame.len()].copy_from_slice(&frame);
    let taken = packet.received(VNET_HEADER + frame.len());
    assert_eq!((packet.length(), packet.fault), (frame.len(), taken.err()));
    let Ok(()) = taken else { return };
    assert_eq!(packet.frame(), frame);
    let offload = packet.offload;
    assert_eq!(Offload::parse(&offload.to_bytes(), frame.len()), Ok(offload));
    let Some(ip) = ip_of(&frame) else { return };
    assert!(packet.offload.segment_length(&ip, &frame) <= ip.length());
    if !offload.fits(&ip, &frame) {
        return;
    }
    if let Checksum::Partial { start, offset } = offload.checksum {
        let (start, offset) = (usize::from(start), usize::from(offset));
        assert!(start >= ip.transport && start + offset + 2 <= ip.end, "the kernel would edit a header");
        leave_open(&mut packet, &ip, start, offset);
        let Some(Segmentation { kind, .. }) = offload.segmentation else {
            rewrite::complete_checksum(&mut packet, &ip);
            if start == ip.transport {
                packet.set_length(ip.end);
                assert_sound(&packet);
            }
            return;
        };
        packet.set_length(ip.end);
        let mut pieces = cut(&packet, &ip);
        let field = &packet.frame()[ip.transport + 4..ip.transport + 6];
        if kind == SegmentKind::Udp && usize::from(u16::from_be_bytes([field[0], field[1]])) != ip.end - ip.transport {
            // As with the kernel, the checksum of who lies about UDP's length is wrong.
            return;
        }
        for piece in &pieces {
            assert_eq!(assert_sound(piece).protocol, ip.protocol);
        }
        if kind == SegmentKind::Udp {
            join(&mut pieces, ip.transport);
        }
    } else if ip.source.is_ipv4() && ip.protocol != protocol::TCP {
        fragment(&packet, &ip, usize::from(*mtu) * 8 + usize::from(repairs >> 5));
    }
});
