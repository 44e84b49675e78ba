//! Bodies of rtnetlink(7) messages: a fixed head and attributes behind it.

use std::ops::Range;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `AF_INET`.
pub(super) const INET: u8 = 2;
/// `AF_INET6`.
pub(super) const INET6: u8 = 10;

/// Bits of an attribute's kind that are not its number (`NLA_F_NESTED`, `NLA_F_NET_BYTEORDER`).
const KIND_FLAGS: u16 = 0xc000;

/// Bytes of an attribute's own head (`struct nlattr`).
const ATTRIBUTE: usize = 4;

/// A message's body. Written down as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Message(pub(super) Vec<u8>);

/// A message in the journal, with what it says in words.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) message: Message,
}

impl Line {
    /// What `read` makes of the message; a sentence if it is of another kind.
    pub(super) fn as_one<T>(&self, read: impl FnOnce(&[u8]) -> Option<T>) -> Result<T, String> {
        read(&self.message.0).ok_or_else(|| format!("\"{}\" is not a message of its kind", self.text))
    }
}

impl Message {
    /// A word of four bytes at that place, zero beyond the end.
    pub(super) fn word(&self, at: usize) -> u32 {
        self.0.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_ne_bytes)
    }

    pub(super) fn set_word(&mut self, at: usize, value: u32) {
        if let Some(bytes) = self.0.get_mut(at..at + 4) {
            bytes.copy_from_slice(&value.to_ne_bytes());
        }
    }

    /// A byte, zero beyond the end.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or_default()
    }

    /// The value of the first attribute of that kind behind a head of so many bytes.
    pub(super) fn attribute(&self, head: usize, kind: u16) -> Option<&[u8]> {
        self.place(head, kind).map(|place| &self.0[place])
    }

    /// As [`Message::attribute`], read as a word.
    pub(super) fn number(&self, head: usize, kind: u16) -> Option<u32> {
        Some(u32::from_ne_bytes(self.attribute(head, kind)?.try_into().ok()?))
    }

    /// Where the value of the first attribute of that kind is.
    pub(super) fn place(&self, head: usize, kind: u16) -> Option<Range<usize>> {
        attributes(&self.0, head).find(|(found, _)| *found == kind).map(|(_, place)| place)
    }

    /// The body without the attributes of these kinds.
    pub(super) fn without(&self, head: usize, kinds: &[u16]) -> Self {
        let mut kept = self.0.get(..head).unwrap_or(&self.0).to_vec();
        for (kind, place) in attributes(&self.0, head) {
            if !kinds.contains(&kind) {
                let end = place.end.next_multiple_of(4).min(self.0.len());
                kept.extend(&self.0[place.start - ATTRIBUTE..end]);
                kept.resize(kept.len().next_multiple_of(4), 0);
            }
        }
        Self(kept)
    }

    /// The body with its attributes in the order of their kinds, so that equal ones are equal.
    pub(super) fn sorted(&self, head: usize) -> Self {
        let mut all: Vec<_> = attributes(&self.0, head).collect();
        all.sort_by_key(|(kind, _)| *kind);
        let mut sorted = self.0.get(..head).unwrap_or(&self.0).to_vec();
        for (_, place) in all {
            sorted.extend(&self.0[place.start - ATTRIBUTE..place.end]);
            sorted.resize(sorted.len().next_multiple_of(4), 0);
        }
        Self(sorted)
    }

    /// The body with an attribute more.
    pub(super) fn with(mut self, kind: u16, value: &[u8]) -> Self {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        let length = u16::try_from(value.len() + ATTRIBUTE).unwrap_or(u16::MAX);
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }
}

/// The attributes behind a head, each as its kind and the place of its value. Ends where something is
/// malformed.
pub(super) fn attributes(bytes: &[u8], head: usize) -> impl Iterator<Item = (u16, Range<usize>)> {
    let mut at = head;
    std::iter::from_fn(move || {
        let half = |at: usize| Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let (length, kind) = (usize::from(half(at)?), half(at + 2)?);
        let end = at + length;
        if length < ATTRIBUTE || end > bytes.len() {
            return None;
        }
        let place = at + ATTRIBUTE..end;
        at = end.next_multiple_of(4);
        Some((kind & !KIND_FLAGS, place))
    })
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits: Option<Vec<u8>> =
            text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
        let digits = digits.filter(|digits| digits.len().is_multiple_of(2));
        let digits = digits.ok_or_else(|| D::Error::custom("expected pairs of hexadecimal digits"))?;
        Ok(Self(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_attribute_is_found_replaced_and_taken_out() {
        let message = Message(vec![0; 8]).with(1, &[1, 2, 3]).with(KIND_FLAGS | 9, &[4; 4]).with(2, &[]);
        assert_eq!(message.attribute(8, 1), Some(&[1, 2, 3][..]));
        assert_eq!(message.number(8, 9), Some(0x0404_0404));
        let without = message.without(8, &[9]);
        assert_eq!((without.attribute(8, 9), without.attribute(8, 2)), (None, Some(&[][..])));
        assert_eq!(message.without(8, &[]), message);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), head in 0_usize..20) {
            let message = Message(bytes);
            let _ = attributes(&message.0, head).count();
            let _ = message.without(head, &[1, 2, 3]).with(4, &[1]);
            let text = serde_json::to_string(&message).unwrap();
            prop_assert_eq!(serde_json::from_str::<Message>(&text).unwrap(), message);
        }
    }
}
