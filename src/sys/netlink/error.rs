//! What the kernel says when it refuses.

use std::io;

use rtnetlink::packet_core::{DoneMessage, ErrorMessage, NlasIterator};

/// `NLMSGERR_ATTR_MSG` (include/uapi/linux/netlink.h): the error in words.
const ATTR_MESSAGE: u16 = 1;

/// Bytes of `struct nlmsghdr`, the part of the request that `NETLINK_CAP_ACK` leaves in an answer.
const REQUEST_HEADER: usize = 16;

/// A request that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct NetlinkError {
    /// The error number, positive.
    pub errno: i32,
    text: String,
}

impl NetlinkError {
    /// An error number, in the words of the C library.
    pub(super) fn new(errno: i32) -> Self {
        Self { errno, text: os_text(errno) }
    }

    /// An error number with words of ours or of the kernel before those of the C library.
    pub(super) fn explained(errno: i32, words: &str) -> Self {
        Self { errno, text: format!("{words} ({})", os_text(errno)) }
    }

    /// Reads an answer with a negative error number and, behind the request's header, its attributes.
    pub(super) fn of_answer(answer: &ErrorMessage) -> Self {
        Self::of(answer.raw_code(), answer.header.get(REQUEST_HEADER..).unwrap_or_default())
    }

    /// Reads the end of a dump that failed.
    pub(super) fn of_dump(end: &DoneMessage) -> Self {
        Self::of(end.code, &end.extended_ack)
    }

    fn of(code: i32, attributes: &[u8]) -> Self {
        let errno = code.saturating_abs();
        let words = NlasIterator::new(attributes).flatten().find(|attribute| attribute.kind() == ATTR_MESSAGE);
        match words.as_ref().map(|attribute| String::from_utf8_lossy(attribute.value())) {
            Some(words) => Self::explained(errno, words.trim_end_matches('\0')),
            None => Self::new(errno),
        }
    }

    /// True if what was to be deleted does not exist.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.errno, libc::ENOENT | libc::ESRCH | libc::ENODEV | libc::EADDRNOTAVAIL)
    }
}

impl From<io::Error> for NetlinkError {
    fn from(error: io::Error) -> Self {
        Self::new(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

/// The error's words without the number, which is kept beside them.
pub(in crate::sys) fn os_text(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroI32;

    use super::*;

    #[test]
    fn the_kernels_words_come_first() {
        let mut answer = ErrorMessage::default();
        answer.code = NonZeroI32::new(-libc::ENETUNREACH);
        answer.header = vec![0; REQUEST_HEADER];
        assert_eq!(NetlinkError::of_answer(&answer), NetlinkError::new(libc::ENETUNREACH));
        answer.header.extend([8, 0, 2, 0, 1, 2, 3, 4]);
        answer.header.extend([8, 0, 1, 0, b'b', b'a', b'd', 0]);
        let error = NetlinkError::of_answer(&answer);
        assert_eq!(error.to_string(), "bad (Network is unreachable)");
        assert_eq!(error.errno, libc::ENETUNREACH);
        answer.header.truncate(3);
        assert_eq!(NetlinkError::of_answer(&answer).to_string(), "Network is unreachable");
    }
}
