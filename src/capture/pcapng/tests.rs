//! What is written is read back by another implementation.

use pcap_parser::pcapng::Block as Read;
use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{Linktype, PcapBlockOwned, PcapError, PcapNGReader};
use proptest::prelude::*;

use super::*;

/// What a file says, a line for each block.
fn blocks(file: &[u8]) -> Vec<String> {
    let mut reader = PcapNGReader::new(1 << 20, file).unwrap();
    let mut said = Vec::new();
    // What is wanting at the first block is wanting for good once all is read.
    let mut is_read = false;
    loop {
        let (offset, block) = match reader.next() {
            Ok((offset, PcapBlockOwned::NG(block))) => (offset, block),
            Err(PcapError::Eof) => return said,
            Err(PcapError::Incomplete(_)) if !is_read => {
                reader.refill().unwrap();
                is_read = true;
                continue;
            }
            Ok(_) => panic!("no block of pcapng"),
            Err(error) => panic!("{error:?}"),
        };
        said.push(match block {
            Read::SectionHeader(section) => format!("section by {}", section.shb_userappl().unwrap().unwrap()),
            Read::InterfaceDescription(interface) => {
                assert_eq!((interface.linktype, interface.ts_resolution()), (Linktype::ETHERNET, Some(1_000_000_000)));
                let (name, about) =
                    (interface.if_name().unwrap().unwrap(), interface.if_description().unwrap().unwrap());
                format!("interface {name} ({about}) of {}", interface.snaplen)
            }
            Read::EnhancedPacket(packet) => {
                let option = |code| packet.options.iter().find(|option| option.code.0 == code);
                let flags = u32::from_le_bytes(option(2).unwrap().value().try_into().unwrap());
                let comment = option(1).map(|comment| comment.as_str().unwrap().to_owned());
                let time = packet.decode_ts(0, 1_000_000_000);
                let data = &packet.data[..packet.caplen as usize];
                format!("{} {time:?} {flags} {} {data:?} {comment:?}", packet.if_id, packet.origlen)
            }
            Read::InterfaceStatistics(counted) => {
                let lost = counted.isb_ifdrop().map(|lost| lost.unwrap());
                format!("{} received {} lost {lost:?}", counted.if_id, counted.isb_ifrecv().unwrap().unwrap())
            }
            other => panic!("{other:?}"),
        });
        reader.consume(offset);
    }
}

#[test]
fn a_file_is_read_back() {
    let time = Duration::new(1_763_761_000, 123_456_789);
    let record =
        Record { interface: 1, time, direction: Direction::Inbound, length: 60, data: &[1, 2, 3], comment: None };
    let file = [
        section("vgw 1"),
        interface("tap0", "net1", 262_144),
        interface("vgw1", "", 96),
        packet(&record),
        packet(&Record { interface: 0, direction: Direction::Outbound, comment: Some("dropped: X"), ..record }),
        statistics(0, time, 1, Some(7), None),
        statistics(1, time, 1, None, Some("why")),
    ];
    let expected = [
        "section by vgw 1",
        "interface tap0 (net1) of 262144",
        "interface vgw1 () of 96",
        "1 (1763761000, 123456789) 1 60 [1, 2, 3] None",
        "0 (1763761000, 123456789) 2 60 [1, 2, 3] Some(\"dropped: X\")",
        "0 received 1 lost Some(7)",
        "1 received 1 lost None",
    ];
    assert_eq!(blocks(&file.concat()), expected);
}

proptest! {
    #[test]
    fn any_packet_is_read_back(data: Vec<u8>, length: u16, comment in "[a-z]{0,20}", nanos in 0u64..1 << 61) {
        let time = Duration::from_nanos(nanos);
        let record = Record {
            interface: 0,
            time,
            direction: Direction::Inbound,
            length: length.into(),
            data: &data,
            comment: Some(&comment),
        };
        let file = [section("vgw"), interface("tap0", "", 9), packet(&record)].concat();
        prop_assert_eq!(file.len() % 4, 0);
        let time = (u32::try_from(time.as_secs()).unwrap(), time.subsec_nanos());
        let expected = format!("0 {time:?} 1 {length} {data:?} {:?}", Some(comment));
        prop_assert_eq!(blocks(&file).pop(), Some(expected));
    }
}
