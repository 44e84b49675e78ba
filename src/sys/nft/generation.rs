//! Whether anybody has changed the packet filter, asked without a program.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};

use rtnetlink::packet_core::NlasIterator;
use rtnetlink::sys::Socket;
use rtnetlink::sys::protocols::NETLINK_NETFILTER;

use super::table::TABLE;

// include/uapi/linux/netlink.h, netfilter/nfnetlink.h and netfilter/nf_tables.h
const REQUEST: u16 = 1;
const ERROR: u16 = 2;
const NF_TABLES: u16 = 10 << 8;
const GET_TABLE: u16 = NF_TABLES | 1;
const NEW_GENERATION: u16 = NF_TABLES | 15;
const GET_GENERATION: u16 = NF_TABLES | 16;
const GENERATION_ID: u16 = 1;
const TABLE_NAME: u16 = 1;
const INET: u8 = 1;
const HEADER: usize = 16;
const FAMILY_HEADER: usize = 4;

/// `NFNLGRP_NFTABLES`: told of every transaction.
const GROUP: u32 = 7;

/// Sockets of the packet filter's, in the network namespace of the thread that opened them.
pub(crate) struct Generations {
    questions: Socket,
    notices: Socket,
    is_listening: bool,
}

impl Generations {
    /// Opens it.
    ///
    /// # Errors
    /// No descriptor left.
    pub(crate) fn open() -> std::io::Result<Self> {
        let open = || {
            let mut socket = Socket::new(NETLINK_NETFILTER)?;
            socket.bind_auto()?;
            Ok::<_, std::io::Error>(socket)
        };
        let (questions, notices) = (open()?, open()?);
        notices.set_non_blocking(true)?;
        Ok(Self { questions, notices, is_listening: false })
    }

    /// Listens, or no more: the notices become readable when somebody changes a ruleset.
    ///
    /// # Errors
    /// The socket fails.
    pub(crate) fn listen(&mut self, wanted: bool) -> std::io::Result<()> {
        match (self.is_listening, wanted) {
            (false, true) => self.notices.add_membership(GROUP)?,
            (true, false) => self.notices.drop_membership(GROUP)?,
            _ => {}
        }
        self.is_listening = wanted;
        Ok(())
    }

    /// What was heard says only that something has changed; it is taken away.
    pub(crate) fn hear(&mut self) {
        let mut datagram = Vec::with_capacity(1 << 16);
        loop {
            datagram.clear();
            match self.notices.recv(&mut datagram, 0) {
                // Too much to be kept: what is still there is taken as well.
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {}
                Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    /// Readable when something was heard.
    pub(crate) fn notices(&self) -> BorrowedFd<'_> {
        self.notices.as_fd()
    }

    /// The number of the present ruleset: another one after each transaction, whoever made it. `None`
    /// if the kernel has no nf_tables, or not yet.
    ///
    /// # Errors
    /// The socket fails.
    pub(crate) fn present(&mut self) -> std::io::Result<Option<u32>> {
        let answer = self.ask(GET_GENERATION, 0, &[])?;
        let Some(body) = body(&answer, NEW_GENERATION) else { return Ok(None) };
        let number = NlasIterator::new(body).flatten().find(|attribute| attribute.kind() == GENERATION_ID);
        Ok(number.and_then(|number| Some(u32::from_be_bytes(number.value().try_into().ok()?))))
    }

    /// True if there is a table of our name.
    ///
    /// # Errors
    /// The socket fails.
    pub(crate) fn has_table(&mut self) -> std::io::Result<bool> {
        let mut name = TABLE.as_bytes().to_vec();
        name.push(0);
        let length = u16::try_from(name.len() + 4).unwrap_or(u16::MAX);
        let mut attribute = [length.to_ne_bytes(), TABLE_NAME.to_ne_bytes()].concat();
        attribute.extend(name);
        attribute.resize(attribute.len().next_multiple_of(4), 0);
        let answer = self.ask(GET_TABLE, INET, &attribute)?;
        Ok(kind(&answer).is_some_and(|kind| kind != ERROR))
    }

    fn ask(&mut self, kind: u16, family: u8, attributes: &[u8]) -> std::io::Result<Vec<u8>> {
        let length = u32::try_from(HEADER + FAMILY_HEADER + attributes.len()).unwrap_or(u32::MAX);
        let mut request = length.to_ne_bytes().to_vec();
        request.extend([kind.to_ne_bytes(), REQUEST.to_ne_bytes()].concat());
        request.extend([0; 8]);
        request.extend([family, 0, 0, 0]);
        request.extend(attributes);
        self.questions.send(&request, 0)?;
        let (answer, _) = self.questions.recv_from_full()?;
        Ok(answer)
    }
}

impl fmt::Debug for Generations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Generations")
    }
}

fn kind(message: &[u8]) -> Option<u16> {
    Some(u16::from_ne_bytes(message.get(4..6)?.try_into().ok()?))
}

/// The attributes of a message of this kind.
fn body(message: &[u8], expected: u16) -> Option<&[u8]> {
    (kind(message)? == expected).then(|| message.get(HEADER + FAMILY_HEADER..))?
}
