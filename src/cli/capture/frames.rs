//! Frames of capture files: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng).

/// `LINKTYPE_ETHERNET`.
const ETHERNET: u32 = 1;

/// pcap's first bytes: times in microseconds, or in nanoseconds.
const PCAP: [u32; 2] = [0xa1b2_c3d4, 0xa1b2_3c4d];
const PCAP_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// pcapng's blocks.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// A block's type and its length, which is there again at its end.
const BLOCK_HEADER: usize = 8;
const BLOCK_LEAST: usize = 12;

/// Why there is no such frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::cli) enum CaptureError {
    /// It begins otherwise.
    #[error("neither pcap nor pcapng")]
    Format,
    /// It ends too early, or says so.
    #[error("cut short")]
    Short,
    /// Its frames are no Ethernet frames.
    #[error("link type {0}; only Ethernet (1) is understood")]
    LinkType(u32),
    /// It has fewer frames.
    #[error("it has {frames} frames, and frame {wanted} was asked for")]
    Absent { frames: usize, wanted: usize },
    /// The capture kept only its beginning.
    #[error("frame {0} was captured in part only")]
    Snapped(usize),
}

/// Numbers as the machine wrote them that made the file.
#[derive(Clone, Copy)]
struct Order {
    is_big: bool,
}

impl Order {
    fn u32(self, bytes: &[u8], at: usize) -> Result<u32, CaptureError> {
        let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(CaptureError::Short)?;
        Ok(if self.is_big { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) })
    }

    fn size(self, bytes: &[u8], at: usize) -> Result<usize, CaptureError> {
        self.u32(bytes, at).map(|size| size as usize)
    }
}

/// The order in which a file has one of these numbers at a place.
fn order(bytes: &[u8], at: usize, numbers: &[u32]) -> Option<Order> {
    let orders = [Order { is_big: false }, Order { is_big: true }];
    orders.into_iter().find(|order| order.u32(bytes, at).is_ok_and(|number| numbers.contains(&number)))
}

/// The frame of that number, counted from 1.
///
/// # Errors
/// Why there is none.
pub(in crate::cli) fn frame(file: &[u8], wanted: usize) -> Result<&[u8], CaptureError> {
    if let Some(order) = order(file, 0, &PCAP) {
        pcap(file, order, wanted)
    } else if file.starts_with(&SECTION.to_be_bytes()) {
        pcapng(file, wanted)
    } else {
        Err(CaptureError::Format)
    }
}

fn pcap(file: &[u8], order: Order, wanted: usize) -> Result<&[u8], CaptureError> {
    // The upper bits tell of a checksum behind the frame.
    let link_type = order.u32(file, 20)? & 0xffff;
    if link_type != ETHERNET {
        return Err(CaptureError::LinkType(link_type));
    }
    let (mut at, mut frames) = (PCAP_HEADER, 0);
    while at < file.len() {
        let (captured, length) = (order.size(file, at + 8)?, order.size(file, at + 12)?);
        frames += 1;
        if frames == wanted {
            return whole(file, at + RECORD_HEADER, captured, length, wanted);
        }
        at = at.saturating_add(RECORD_HEADER).saturating_add(captured);
    }
    Err(CaptureError::Absent { frames, wanted })
}

fn pcapng(file: &[u8], wanted: usize) -> Result<&[u8], CaptureError> {
    let (mut at, mut frames) = (0, 0);
    let mut section = Order { is_big: false };
    let mut link_types = Vec::new();
    while at < file.len() {
        let kind = section.u32(file, at)?;
        if kind == SECTION {
            section = order(file, at + BLOCK_HEADER, &[BYTE_ORDER]).ok_or(CaptureError::Format)?;
            link_types.clear();
        }
        let length = section.size(file, at + 4)?;
        if length < BLOCK_LEAST {
            return Err(CaptureError::Short);
        }
        let body = at + BLOCK_HEADER;
        let packet = match kind {
            INTERFACE => {
                // Two bytes, and two that are not used.
                let word = section.u32(file, body)?;
                link_types.push(if section.is_big { word >> 16 } else { word & 0xffff });
                None
            }
            ENHANCED_PACKET => {
                let interface = section.size(file, body)?;
                Some((interface, body + 20, section.size(file, body + 12)?, section.size(file, body + 16)?))
            }
            SIMPLE_PACKET => {
                let original = section.size(file, body)?;
                Some((0, body + 4, original.min(length.saturating_sub(BLOCK_LEAST + 4)), original))
            }
            _ => None,
        };
        if let Some((interface, start, captured, original)) = packet {
            frames += 1;
            if frames == wanted {
                return match link_types.get(interface) {
                    Some(&ETHERNET) => whole(file, start, captured, original, wanted),
                    Some(other) => Err(CaptureError::LinkType(*other)),
                    None => Err(CaptureError::Format),
                };
            }
        }
        at = at.saturating_add(length.next_multiple_of(4));
    }
    Err(CaptureError::Absent { frames, wanted })
}

fn whole(file: &[u8], start: usize, captured: usize, length: usize, number: usize) -> Result<&[u8], CaptureError> {
    if captured < length {
        return Err(CaptureError::Snapped(number));
    }
    let end = start.checked_add(captured).ok_or(CaptureError::Short)?;
    file.get(start..end).ok_or(CaptureError::Short)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(is_big: bool, number: u32) -> [u8; 4] {
        if is_big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn words(is_big: bool, numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|one| number(is_big, *one)).collect()
    }

    /// A file of two frames, the second one captured in part.
    fn pcap_file(is_big: bool, magic: u32, link_type: u32) -> Vec<u8> {
        let mut file = words(is_big, &[magic, 0x0002_0004, 0, 0, 65_535, link_type]);
        file.extend(words(is_big, &[1, 2, 3, 3]));
        file.extend([7, 8, 9]);
        file.extend(words(is_big, &[1, 2, 2, 5]));
        file.extend([1, 2]);
        file
    }

    fn block(is_big: bool, kind: u32, body: &[u8]) -> Vec<u8> {
        let mut padded = body.to_vec();
        padded.resize(body.len().next_multiple_of(4), 0);
        let length = u32::try_from(padded.len() + BLOCK_LEAST).unwrap();
        [words(is_big, &[kind, length]), padded, words(is_big, &[length])].concat()
    }

    /// Two interfaces, of which the second is none of Ethernet, and four packets.
    fn pcapng_file(is_big: bool) -> Vec<u8> {
        let link_type = |kind: u16| if is_big { u32::from(kind) << 16 } else { kind.into() };
        let enhanced = |interface, captured: &[u8], length| {
            let size = u32::try_from(captured.len()).unwrap();
            let body = [words(is_big, &[interface, 0, 0, size, length]), captured.to_vec()].concat();
            block(is_big, ENHANCED_PACKET, &body)
        };
        [
            block(is_big, SECTION, &words(is_big, &[BYTE_ORDER, 0x0001_0000, u32::MAX, u32::MAX])),
            block(is_big, INTERFACE, &words(is_big, &[link_type(1), 0])),
            block(is_big, INTERFACE, &words(is_big, &[link_type(113), 0])),
            block(is_big, 0x0bad, &[1, 2, 3]),
            enhanced(0, &[7, 8, 9], 3),
            enhanced(1, &[7], 1),
            enhanced(0, &[7], 4),
            block(is_big, SIMPLE_PACKET, &[words(is_big, &[5]), vec![1, 2, 3, 4, 5]].concat()),
        ]
        .concat()
    }

    #[test]
    fn pcap_of_both_orders_and_both_clocks() {
        for is_big in [false, true] {
            for magic in PCAP {
                let file = pcap_file(is_big, magic, ETHERNET);
                assert_eq!(frame(&file, 1), Ok(&[7, 8, 9][..]));
                assert_eq!(frame(&file, 2), Err(CaptureError::Snapped(2)));
                assert_eq!(frame(&file, 3), Err(CaptureError::Absent { frames: 2, wanted: 3 }));
                assert_eq!(frame(&file[..30], 1), Err(CaptureError::Short));
                assert_eq!(frame(&pcap_file(is_big, magic, 113), 1), Err(CaptureError::LinkType(113)));
            }
        }
    }

    #[test]
    fn pcapng_of_both_orders() {
        for is_big in [false, true] {
            let file = pcapng_file(is_big);
            assert_eq!(frame(&file, 1), Ok(&[7, 8, 9][..]));
            assert_eq!(frame(&file, 2), Err(CaptureError::LinkType(113)));
            assert_eq!(frame(&file, 3), Err(CaptureError::Snapped(3)));
            assert_eq!(frame(&file, 4), Ok(&[1, 2, 3, 4, 5][..]));
            assert_eq!(frame(&file, 5), Err(CaptureError::Absent { frames: 4, wanted: 5 }));
            assert_eq!(frame(&file, 0), Err(CaptureError::Absent { frames: 4, wanted: 0 }));
        }
    }

    #[test]
    fn what_is_no_capture_is_told() {
        assert_eq!(frame(b"", 1), Err(CaptureError::Format));
        assert_eq!(frame(b"GIF89a..", 1), Err(CaptureError::Format));
    }

    #[test]
    fn no_file_is_too_wild() {
        for file in [pcap_file(false, PCAP[0], ETHERNET), pcapng_file(true)] {
            for at in 0..file.len() {
                for byte in [0, 1, 0x7f, 0xff] {
                    let mut broken = file.clone();
                    broken[at] = byte;
                    let _ = frame(&broken, 4);
                    let _ = frame(&broken[..at], 4);
                }
            }
        }
    }
}
