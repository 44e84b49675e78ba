//! Universally unique identifiers, by which orchestrators name things.

use std::fmt;
use std::str::FromStr;

/// A UUID (RFC 9562): an identifier of 16 bytes, compared as such.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

/// Text that is not a UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a UUID such as 9f2c1d34-0a1b-4c5d-8e6f-0123456789ab")]
pub struct ParseUuidError(String);

impl Uuid {
    /// Where the text form has a hyphen: before these bytes.
    const HYPHENS: [usize; 4] = [4, 6, 8, 10];
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let hyphen = if Self::HYPHENS.contains(&index) { "-" } else { "" };
            write!(f, "{hyphen}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Uuid {
    type Err = ParseUuidError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseUuidError(text.chars().take(40).collect());
        let mut bytes = [0; 16];
        let mut rest = text;
        for (index, byte) in bytes.iter_mut().enumerate() {
            if Self::HYPHENS.contains(&index) {
                rest = rest.strip_prefix('-').ok_or_else(error)?;
            }
            let digits = rest.get(..2).filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()));
            *byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or_else(error)?;
            rest = &rest[2..];
        }
        if rest.is_empty() { Ok(Self(bytes)) } else { Err(error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let text = "9f2c1d34-0a1b-4c5d-8e6f-0123456789ab";
        let uuid: Uuid = text.parse().unwrap();
        assert_eq!((uuid.0[0], uuid.0[15]), (0x9f, 0xab));
        assert_eq!(uuid.to_string(), text);
        assert_eq!(text.to_uppercase().parse(), Ok(uuid));
    }

    #[test]
    fn bad_text_is_refused() {
        for text in [
            "",
            "9f2c1d34",
            "9f2c1d340a1b4c5d8e6f0123456789ab",
            "9f2c1d34-0a1b-4c5d-8e6f-0123456789a",
            "9f2c1d34-0a1b-4c5d-8e6f-0123456789abc",
            "+f2c1d34-0a1b-4c5d-8e6f-0123456789ab",
            "9f2c1d34-0a1b-4c5d-8e6f-0123456789\u{e4}",
        ] {
            assert!(text.parse::<Uuid>().is_err(), "{text}");
        }
    }
}
