//! A neighbour that an administrator has entered for good.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::address::ip;
use super::message::{INET, INET6, Line, Message};
use super::step::Place;

/// `struct ndmsg` (include/uapi/linux/neighbour.h).
const HEAD: usize = 12;
const INDEX: usize = 4;
const STATE: usize = 8;
const FLAGS: usize = 10;
const PERMANENT: u8 = 0x80;
const PROXY: u8 = 0x08;
const DESTINATION: u16 = 1;
const CACHE_INFO: u16 = 3;
const PROBES: u16 = 4;

/// A permanent neighbour. A device that loses its last address loses its neighbours too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Line", try_from = "Line")]
pub struct Neighbour(Message);

impl Neighbour {
    /// Reads the body of an `RTM_NEWNEIGH`; `None` if it is not permanent or not of IP.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let message = Message(body.to_vec());
        let is_ours = body.len() >= HEAD
            && [INET, INET6].contains(&message.byte(0))
            && message.byte(STATE) & PERMANENT != 0
            && message.byte(FLAGS) & PROXY == 0;
        is_ours.then(|| Self(message.without(HEAD, &[CACHE_INFO, PROBES])))
    }

    /// The message's body, with which the kernel makes it again.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.0
    }

    /// The index of its device.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.0.word(INDEX)
    }

    /// The same on another device.
    #[must_use]
    pub fn moved(&self, to: &Place) -> Self {
        let mut moved = self.clone();
        moved.0.set_word(INDEX, to.index);
        moved
    }
}

impl fmt::Display for Neighbour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.attribute(HEAD, DESTINATION).and_then(ip) {
            Some(ip) => write!(f, "{ip}"),
            None => f.write_str("a neighbour"),
        }
    }
}

impl From<Neighbour> for Line {
    fn from(neighbour: Neighbour) -> Self {
        Self { text: neighbour.to_string(), message: neighbour.0 }
    }
}

impl TryFrom<Line> for Neighbour {
    type Error = String;

    fn try_from(line: Line) -> Result<Self, String> {
        line.as_one(Self::read)
    }
}
