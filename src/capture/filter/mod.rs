//! Which packets are looked for: a small language.
//!
//! ```text
//! filter = factor { ("and" | "or") factor }     "and" binds closer than "or"
//! factor = "not" factor | "(" filter ")" | test
//! test   = [ "src" | "dst" ] ( "host" ADDRESS | "net" PREFIX | "port" NUMBER [ "-" NUMBER ] )
//!        | "proto" ( NAME | NUMBER )
//! ```
//!
//! Words are in lower case and parted by blanks. `host` and `net` look at source and destination of an
//! IP packet, and at sender and target of an ARP message; `port` at the ports of TCP, UDP and SCTP.
//! Without `src` or `dst` either may match. `proto` takes `arp`, `ipv4`, `ipv6`, `tcp`, `udp`, `sctp`,
//! `gre`, `icmp` (of both families), or the number of a transport protocol. What a packet does not have
//! does not match: a later fragment has no ports. An empty filter matches everything.

mod parse;
mod test;

use std::fmt;
use std::str::FromStr;

use super::Headers;
use parse::Parser;
use test::Test;

pub use parse::FilterError;

/// Which packets are looked for. Reads itself from its language, and is bounded in size.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// `None` matches everything.
    root: Option<Node>,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Test(Test),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Filter {
    /// True if the frame is one of those that are looked for. Nothing is asked of a frame by an empty
    /// filter.
    #[must_use]
    pub fn matches(&self, frame: &[u8]) -> bool {
        match &self.root {
            Some(root) => Headers::read(frame).is_some_and(|headers| root.matches(&headers)),
            None => true,
        }
    }
}

impl Node {
    fn matches(&self, headers: &Headers<'_>) -> bool {
        match self {
            Self::Test(test) => test.matches(headers),
            Self::Not(node) => !node.matches(headers),
            Self::All(nodes) => nodes.iter().all(|node| node.matches(headers)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(headers)),
        }
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let root = Parser::new(text)?.filter()?;
        // As it is shown and logged: a line, whatever it was.
        Ok(Self { root, text: text.split_whitespace().collect::<Vec<_>>().join(" ") })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({:?})", self.text)
    }
}

#[cfg(test)]
mod tests;
