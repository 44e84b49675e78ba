//! Names of interfaces and routing instances.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::text::is_deceptive;

/// Why text is not a usable name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No characters at all.
    #[error("the name is empty")]
    Empty,
    /// More bytes than the kernel (interface) or we (instance) store.
    #[error("the name has {length} bytes, at most {limit} are allowed")]
    TooLong {
        /// Bytes given.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A character that the kernel refuses, expands (`%`), or that could forge terminal output.
    #[error("the name contains {0:?}, which is not allowed")]
    Character(char),
    /// `.` and `..`, which the kernel keeps for its directory entries.
    #[error("the name '{0}' is reserved by the kernel")]
    Reserved(String),
}

/// A network interface's name as the kernel takes it (`dev_valid_name` in net/core/dev.c): 1 to 15
/// bytes, no `/`, `:` or white space, not `.` or `..`. Refused on top: `%`, which the kernel
/// expands to a number, and everything outside printable ASCII.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName {
    // Zero-padded, so that the derived order is the order of the text.
    bytes: [u8; 15],
}

impl InterfaceName {
    /// Checks and keeps a name.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if let Some(bad) = text.chars().find(|c| !c.is_ascii_graphic() || matches!(c, '/' | ':' | '%')) {
            return Err(NameError::Character(bad));
        }
        if text.len() > 15 {
            return Err(NameError::TooLong { length: text.len(), limit: 15 });
        }
        if matches!(text, "." | "..") {
            return Err(NameError::Reserved(text.to_owned()));
        }
        let mut bytes = [0; 15];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self { bytes })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.bytes.iter().position(|&b| b == 0).unwrap_or(self.bytes.len());
        // ASCII by construction.
        std::str::from_utf8(&self.bytes[..length]).unwrap_or_default()
    }
}

/// A routing instance's name: the fully qualified name `domain:project:network:instance` that
/// OpenContrail uses. Only a label: any text of 1 to 255 bytes without control or formatting
/// characters is accepted, as the peer accepts any.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceName(Arc<str>);

impl InstanceName {
    /// Checks and keeps a name.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > 255 {
            return Err(NameError::TooLong { length: text.len(), limit: 255 });
        }
        if let Some(bad) = text.chars().find(|&c| c.is_whitespace() && c != ' ' || is_deceptive(c)) {
            return Err(NameError::Character(bad));
        }
        Ok(Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_traits {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }
        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }
    };
}

text_traits!(InterfaceName);
text_traits!(InstanceName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interface_names_follow_the_kernel() {
        for good in ["a", "vgw1", "fifteen-bytes-x", "all", "br-int.100"] {
            assert_eq!(InterfaceName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "sixteen-bytes-xx", "a/b", "a:b", "a b", "vgw%d", "tab\t", "n\u{f6}", "nul\0"] {
            assert!(InterfaceName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn interface_names_sort_as_text() {
        let name = |text| InterfaceName::new(text).unwrap();
        assert!(name("vgw1") < name("vgw10"));
        assert!(name("vgw10") < name("vgw2"));
    }

    #[test]
    fn instance_names_refuse_what_forges_output() {
        assert!(InstanceName::new("default-domain:admin:net1:net1").is_ok());
        assert!(InstanceName::new("project with space").is_ok());
        for bad in ["", "a\nb", "a\u{1b}[31m", "a\u{202e}b", "a\0"] {
            assert!(InstanceName::new(bad).is_err(), "{bad:?}");
        }
        assert!(InstanceName::new(&"x".repeat(256)).is_err());
    }
}
