//! Messages as they are: for what is to be put elsewhere with all that belongs to it, known to us or
//! not.

use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkBuffer, NetlinkMessage};

use crate::sys::netlink::NetlinkError;

use super::{Answer, DUMP_ATTEMPTS, HEADER, Netlink, closed};

/// Kinds below are the protocol's own: errors and ends (`NLMSG_MIN_TYPE`).
const FIRST: u16 = 16;

impl Netlink {
    /// Reads a whole table: the bodies of its messages.
    ///
    /// # Errors
    /// The dump failed.
    pub fn raw_dump(&mut self, kind: u16, body: &[u8]) -> Result<Vec<Vec<u8>>, NetlinkError> {
        for _ in 0..DUMP_ATTEMPTS {
            let (rows, answer) = self.raw_exchange(kind, NLM_F_DUMP, body)?;
            let interrupted = answer.interrupted;
            answer.whole()?;
            if !interrupted {
                return Ok(rows);
            }
        }
        Err(NetlinkError::explained(libc::EINTR, "the kernel's tables kept changing while they were read"))
    }

    /// Makes one request.
    ///
    /// # Errors
    /// What the kernel refused.
    pub fn raw_request(&mut self, kind: u16, flags: u16, body: &[u8]) -> Result<(), NetlinkError> {
        self.raw_exchange(kind, NLM_F_ACK | flags, body)?.1.whole().map(drop)
    }

    fn raw_exchange(&mut self, kind: u16, flags: u16, body: &[u8]) -> Result<(Vec<Vec<u8>>, Answer), NetlinkError> {
        self.sequence = self.sequence.wrapping_add(1);
        let length = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
        let mut datagram = length.to_ne_bytes().to_vec();
        datagram.extend([kind.to_ne_bytes(), (NLM_F_REQUEST | flags).to_ne_bytes()].concat());
        datagram.extend(self.sequence.to_ne_bytes());
        datagram.extend([0; 4]);
        datagram.extend(body);
        datagram.resize(datagram.len().next_multiple_of(4), 0);
        self.send(&datagram)?;
        let (mut rows, mut answer) = (Vec::new(), Answer::default());
        while answer.end.is_none() {
            self.receive()?;
            let mut rest = self.datagram.as_slice();
            while rest.len() >= HEADER {
                let header = NetlinkBuffer::new(rest);
                let length = header.length() as usize;
                if length < HEADER || length > rest.len() {
                    break;
                }
                if header.sequence_number() == self.sequence && answer.end.is_none() {
                    if header.message_type() >= FIRST {
                        answer.interrupted |= header.flags() & super::NLM_F_DUMP_INTR != 0;
                        rows.push(rest[HEADER..length].to_vec());
                    } else if let Ok(message) = NetlinkMessage::deserialize(&rest[..length]) {
                        answer.take(message);
                    } else {
                        return Err(closed());
                    }
                }
                rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            }
        }
        Ok((rows, answer))
    }
}
