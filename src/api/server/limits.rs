//! What a server allows.

use std::time::Duration;

use crate::api::message::MessageLimits;

/// What a server allows its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at the same time. Beyond that one that asks for nothing gives way to each that comes.
    pub connections: usize,
    /// How many of them a user other than root, or another host, may have.
    pub share: usize,
    /// Connections on top that stay for what happens: captures, and events that are waited for.
    pub followers: usize,
    /// How many of those a user other than root may have.
    pub followers_share: usize,
    /// Bytes of requests that have not all come or are being served, of all connections but root's together; root
    /// may have as much, another user or host a quarter. What each has in any case does not count: 64 KiB.
    pub memory: usize,
    /// Bytes of a frame, its length not counted.
    pub frame: usize,
    /// What a message may contain.
    pub message: MessageLimits,
    /// From a frame's first byte to its last.
    pub frame_time: Duration,
    /// For a client to take a reply.
    pub reply_time: Duration,
    /// Between two frames. Clients that poll call every few seconds; others keep a connection for
    /// the next time.
    pub idle_time: Duration,
}

impl Limits {
    /// For the own service: a configuration file comes as one string, as large as its frame may be, and routes
    /// come many at a time.
    #[must_use]
    pub fn own_service() -> Self {
        let limits = Self::default();
        Self { message: MessageLimits { string: limits.frame, elements: 65_536, ..limits.message }, ..limits }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            share: 16,
            followers: 16,
            followers_share: 4,
            memory: 8 * 1024 * 1024,
            frame: 1024 * 1024,
            message: MessageLimits::default(),
            frame_time: Duration::from_secs(5),
            reply_time: Duration::from_secs(5),
            idle_time: Duration::from_secs(600),
        }
    }
}
