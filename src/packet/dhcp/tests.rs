use std::net::Ipv4Addr;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::addr::Mac;
use crate::packet::sample::{STATION, Sample, parsed, verified};
use crate::packet::{Packet, Stations};

const TRANSACTION: [u8; 4] = [0xde, 0xad, 0xbe, 0xef];

/// A client's message without an address of its own; `edit` may change the fixed part.
pub(crate) fn message(options: &[u8], edit: impl FnOnce(&mut [u8; FIXED])) -> Vec<u8> {
    let mut fixed = [0; FIXED];
    fixed[..3].copy_from_slice(&[1, 1, 6]);
    fixed[4..8].copy_from_slice(&TRANSACTION);
    fixed[28..34].copy_from_slice(&STATION.0);
    edit(&mut fixed);
    [&fixed[..], &COOKIE, options].concat()
}

/// A frame that carries a message by broadcast.
pub(crate) fn broadcast(message: &[u8]) -> Vec<u8> {
    let mut sample = Sample::new("0.0.0.0", "255.255.255.255");
    sample.stations.destination = Mac::BROADCAST;
    sample.udp_between(CLIENT, SERVER, message)
}

/// What a reply says: the fixed part and the options, each once.
pub(crate) fn reading(frame: &[u8]) -> (Vec<u8>, Vec<(u8, Vec<u8>)>) {
    let (_, _, transport, payload) = verified(frame);
    let udp = transport.unwrap().udp().unwrap();
    assert_eq!((udp.source_port, udp.destination_port), (SERVER, CLIENT));
    assert_eq!(usize::from(udp.length), payload.len() + 8);
    assert!(payload.len() >= 300, "{}", payload.len());
    assert_eq!(payload[FIXED..FIXED + 4], COOKIE);
    let options = options::options(&payload[FIXED + 4..]).map(|option| option.unwrap());
    (payload[..FIXED].to_vec(), options.map(|(code, value)| (code, value.to_vec())).collect())
}

pub(crate) fn lease() -> Lease {
    Lease {
        address: [10, 1, 0, 5].into(),
        prefix_length: 24,
        router: [10, 1, 0, 1].into(),
        dns: vec![[9, 9, 9, 9].into(), [1, 1, 1, 1].into()],
        host_name: Some("guest".into()),
        domain: Some("example.org".into()),
        mtu: 1400,
        time: 3600,
    }
}

fn read(frame: &[u8]) -> Result<Request, DhcpError> {
    Request::parse(&Packet::from_frame(frame), &parsed(frame))
}

fn read_options(options: &[u8]) -> Result<Request, DhcpError> {
    read(&broadcast(&message(options, |_| {})))
}

fn written(request: &Request, lease: &Lease, reply: Reply) -> Vec<u8> {
    let mut packet = Packet::from_frame(&[0xff; 1400]);
    let stations = Stations { destination: STATION, source: Mac::GATEWAY };
    write_reply(&mut packet, request, lease, reply, stations);
    packet.frame().to_vec()
}

#[test]
fn requests_are_read() {
    let options = [53, 1, 3, 50, 4, 10, 1, 0, 5, 0, 54, 4, 10, 1, 0, 1, 57, 2, 2, 64, 61, 3, 255, 7, 7, 12, 1, 65, 255];
    let frame = broadcast(&message(&options, |fixed| {
        fixed[10] = 0x80;
        fixed[12..16].copy_from_slice(&[10, 1, 0, 9]);
    }));
    let request = read(&frame).unwrap();
    assert_eq!((request.kind, request.transaction), (MessageKind::Request, TRANSACTION));
    assert!(request.wants_broadcast());
    assert_eq!((request.client, request.mac), (Ipv4Addr::new(10, 1, 0, 9), STATION));
    assert_eq!(request.requested, Some(Ipv4Addr::new(10, 1, 0, 5)));
    assert_eq!(request.server, Some(Ipv4Addr::new(10, 1, 0, 1)));
    assert_eq!((request.largest, request.identifier.as_slice()), (Some(576), &[255, 7, 7][..]));
    for (number, kind) in
        [(1, MessageKind::Discover), (4, MessageKind::Decline), (7, MessageKind::Release), (8, MessageKind::Inform)]
    {
        assert_eq!(read_options(&[53, 1, number]).map(|request| request.kind), Ok(kind), "the end mark may be missing");
    }
}

#[test]
fn options_go_on_where_names_would_stand() {
    let overloaded = |overload: u8| {
        read(&broadcast(&message(&[52, 1, overload, 255], |fixed| {
            fixed[108..112].copy_from_slice(&[53, 1, 1, 255]);
            fixed[44..51].copy_from_slice(&[50, 4, 10, 1, 0, 5, 255]);
        })))
    };
    assert_eq!(overloaded(1).map(|request| (request.kind, request.requested)), Ok((MessageKind::Discover, None)));
    assert_eq!(overloaded(3).map(|request| request.requested), Ok(Some([10, 1, 0, 5].into())));
    assert_eq!(overloaded(2), Err(DhcpError::Malformed), "the kind is in the other one");
    assert_eq!(overloaded(4), Err(DhcpError::Malformed));
    let twice = message(&[53, 1, 1, 52, 1, 1], |fixed| fixed[108..111].copy_from_slice(&[52, 1, 2]));
    assert_eq!(read(&broadcast(&twice)), Err(DhcpError::Malformed));
}

#[test]
fn faults_are_named() {
    for options in [
        &[][..],
        &[53],
        &[53, 1],
        &[53, 2, 1, 1],
        &[53, 0],
        &[53, 1, 0],
        &[53, 1, 9],
        &[53, 1, 1, 53, 1, 1],
        &[53, 1, 1, 50, 3, 1, 2, 3],
        &[53, 1, 1, 54, 5, 1, 2, 3, 4, 5],
        &[53, 1, 1, 57, 1, 9],
        &[53, 1, 1, 61, 0],
        &[53, 1, 1, 61, 1, 1, 61, 1, 1],
        &[53, 1, 1, 12, 200, 65],
        &[255, 53, 1, 1],
    ] {
        assert_eq!(read_options(options), Err(DhcpError::Malformed), "{options:?}");
    }
    for server in [2, 5, 6] {
        assert_eq!(read_options(&[53, 1, server]), Err(DhcpError::Server));
    }
    let edited = |at: usize, byte: u8| read(&broadcast(&message(&[53, 1, 1], |fixed| fixed[at] = byte)));
    assert_eq!(edited(0, 2), Err(DhcpError::Server));
    assert_eq!(edited(3, 1), Err(DhcpError::Relayed));
    assert_eq!(edited(27, 1), Err(DhcpError::Relayed));
    for (at, byte) in [(0, 3), (1, 6), (2, 16)] {
        assert_eq!(edited(at, byte), Err(DhcpError::Malformed));
    }
    let good = message(&[53, 1, 1], |_| {});
    assert_eq!(read(&broadcast(&good[..FIXED + 3])), Err(DhcpError::Malformed), "not even the cookie");
    let mut damaged = broadcast(&good);
    damaged[60] ^= 1;
    assert_eq!(read(&damaged), Err(DhcpError::Checksum));
    damaged[40..42].fill(0);
    assert!(read(&damaged).is_ok(), "without a checksum nothing is wrong");
    for length in [7u16, 2000] {
        damaged[38..40].copy_from_slice(&length.to_be_bytes());
        assert_eq!(read(&damaged), Err(DhcpError::Malformed), "{length}");
    }
}

#[test]
fn an_offer_says_everything() {
    let request = read_options(&[53, 1, 1, 57, 2, 5, 220, 61, 2, 1, 7]).unwrap();
    let frame = written(&request, &lease(), Reply::Offer);
    let (fixed, options) = reading(&frame);
    assert_eq!((&fixed[..4], &fixed[4..8]), (&[2, 1, 6, 0][..], &TRANSACTION[..]));
    assert_eq!(
        (&fixed[12..16], &fixed[16..20], &fixed[24..34]),
        (&[0; 4][..], &[10, 1, 0, 5][..], &[0, 0, 0, 0, 2, 0, 0, 0, 0, 1][..])
    );
    let expected: [(u8, &[u8]); 11] = [
        (53, &[2]),
        (54, &[10, 1, 0, 1]),
        (61, &[1, 7]),
        (51, &[0, 0, 14, 16]),
        (1, &[255, 255, 255, 0]),
        (3, &[10, 1, 0, 1]),
        (6, &[9, 9, 9, 9, 1, 1, 1, 1]),
        (26, &[5, 120]),
        (15, b"example.org"),
        (12, b"guest"),
        (0, &[]),
    ];
    assert_eq!(options, expected[..10].iter().map(|(code, value)| (*code, value.to_vec())).collect::<Vec<_>>());
    let ip = parsed(&frame);
    assert_eq!((ip.source, ip.destination), (lease().router.into(), lease().address.into()));
    assert_eq!(Stations::read(&frame), Stations { destination: STATION, source: Mac::GATEWAY });
}

#[test]
fn each_reply_has_its_own_options() {
    let request = read_options(&[53, 1, 3]).unwrap();
    let codes =
        |reply| -> Vec<u8> { reading(&written(&request, &lease(), reply)).1.iter().map(|(code, _)| *code).collect() };
    assert_eq!(codes(Reply::Nak), [53, 54]);
    assert_eq!(codes(Reply::Ack), [53, 54, 51, 1, 3, 6, 26, 15, 12]);
    assert_eq!(codes(Reply::Information), [53, 54, 1, 3, 6, 26, 15, 12], "no lease");
    let (nak, _) = reading(&written(&request, &lease(), Reply::Nak));
    assert_eq!(nak[12..24], [0; 12], "no address");
    let (information, _) = reading(&written(&request, &lease(), Reply::Information));
    assert_eq!(information[16..20], [0; 4]);
}

#[test]
fn a_router_outside_the_network_has_a_route() {
    let request = read_options(&[53, 1, 1]).unwrap();
    let routes = |prefix_length, router: [u8; 4]| {
        let lease = Lease { prefix_length, router: router.into(), ..lease() };
        let (_, options) = reading(&written(&request, &lease, Reply::Offer));
        let mask = options.iter().find(|(code, _)| *code == 1).unwrap().1.clone();
        (mask, options.into_iter().find(|(code, _)| *code == 121).map(|(_, value)| value))
    };
    let hop = |a, b, c, d| Some(vec![32, a, b, c, d, 0, 0, 0, 0, 0, a, b, c, d]);
    assert_eq!(routes(32, [10, 1, 0, 1]), (vec![255; 4], hop(10, 1, 0, 1)));
    assert_eq!(routes(24, [169, 254, 1, 1]), (vec![255, 255, 255, 0], hop(169, 254, 1, 1)));
    assert_eq!(routes(16, [10, 1, 9, 1]), (vec![255, 255, 0, 0], None));
    assert_eq!(routes(1, [10, 1, 9, 1]), (vec![128, 0, 0, 0], None));
}

#[test]
fn replies_keep_to_the_clients_limit() {
    let name = "a-rather-long-name.".repeat(13);
    let lease = Lease { domain: Some(name.as_str().into()), host_name: Some("x".repeat(63).into()), ..lease() };
    let length = |options: &[u8]| {
        let frame = written(&read_options(options).unwrap(), &lease, Reply::Offer);
        let codes: Vec<u8> = reading(&frame).1.iter().map(|(code, _)| *code).collect();
        assert!(codes.starts_with(&[53, 54]), "{codes:?}");
        (parsed(&frame).length(), codes.contains(&15), codes.contains(&12))
    };
    let (short, has_domain, has_name) = length(&[53, 1, 1]);
    assert!(short <= 576 && has_domain && !has_name, "{short}");
    assert_eq!(length(&[53, 1, 1, 57, 2, 0, 1]), (short, true, false), "less than every client takes");
    let (long, has_domain, has_name) = length(&[53, 1, 1, 57, 2, 255, 255]);
    assert!((577..=1400).contains(&long) && has_domain && has_name, "{long}");
}

#[test]
fn speakers_are_known_by_their_ports() {
    let between = |from: &str, to: &str, source, destination| {
        let frame = Sample::new(from, to).udp_between(source, destination, &[]);
        speaker(&frame, &parsed(&frame))
    };
    assert_eq!(between("10.0.0.1", "10.0.0.2", 68, 67), Some(Speaker::Client));
    assert_eq!(between("10.0.0.1", "10.0.0.2", 67, 68), Some(Speaker::Server));
    assert_eq!(between("10.0.0.1", "10.0.0.2", 53, 68), Some(Speaker::Server));
    assert_eq!(between("fd00::1", "fd00::2", 547, 546), Some(Speaker::Server));
    for (source, destination) in [(67, 67), (53, 67), (68, 69), (547, 546)] {
        assert_eq!(between("10.0.0.1", "10.0.0.2", source, destination), None);
    }
    assert_eq!(between("fd00::1", "fd00::2", 67, 68), None);
    let tcp = Sample::new("10.0.0.1", "10.0.0.2").raw(protocol::TCP, &[0, 67, 0, 68].repeat(5));
    assert_eq!(speaker(&tcp, &parsed(&tcp)), None);
}

proptest! {
    #[test]
    fn any_options_are_read_or_refused(options in vec(any::<u8>(), 0..400), edits in vec((0..FIXED, any::<u8>()), 0..4)) {
        let frame = broadcast(&message(&options, |fixed| edits.iter().for_each(|(at, byte)| fixed[*at] = *byte)));
        if let Ok(request) = read(&frame) {
            prop_assert!(options.contains(&53) || edits.iter().any(|(_, byte)| *byte == 53));
            for reply in [Reply::Offer, Reply::Ack, Reply::Information, Reply::Nak] {
                let frame = written(&request, &lease(), reply);
                let (fixed, options) = reading(&frame);
                prop_assert_eq!(&fixed[4..8], &request.transaction);
                let echoed = options.iter().find(|(code, _)| *code == 61).map(|(_, value)| value.as_slice());
                prop_assert_eq!(echoed.unwrap_or_default(), request.identifier.as_slice());
                prop_assert!(parsed(&frame).length() <= 1400);
            }
        }
    }

    #[test]
    fn options_are_written_as_they_are_read(values in vec((1u8..255, vec(any::<u8>(), 1..300)), 0..9), room in 0usize..600) {
        let mut area = vec![0xee; room + 1];
        let mut writer = options::Writer::new(&mut area);
        values.iter().for_each(|(code, value)| writer.put_bytes(*code, value));
        let length = writer.finish();
        prop_assert!(length <= area.len());
        let mut rest = values.iter().map(|(code, value)| (*code, value.as_slice()));
        for option in options::options(&area[..length]) {
            let option = option.unwrap();
            prop_assert!(rest.any(|given| given == option), "{option:?}");
        }
    }
}
