//! Bounds on what packets can make the forwarder keep or send.

/// Bounds of one forwarder, that is of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Neighbours that a port remembers.
    pub neighbours: usize,
    /// Packets that wait for one neighbour's MAC; the oldest makes way (RFC 1122, 2.3.2.2: keep
    /// at least the latest).
    pub held_per_neighbour: usize,
    /// Packets that wait for neighbours, all together.
    pub held: usize,
    /// Frames that wait to be taken by [`super::Forwarder::take_emission`].
    pub emissions: usize,
    /// ICMP errors to one port.
    pub icmp_port: Rate,
    /// ICMP errors to all ports together.
    pub icmp_total: Rate,
}

/// So many events a second on average, so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Events a second.
    pub per_second: u32,
    /// Events at once after a pause.
    pub burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            neighbours: 1024,
            held_per_neighbour: 3,
            held: 256,
            emissions: 256,
            icmp_port: Rate { per_second: 100, burst: 50 },
            icmp_total: Rate { per_second: 1000, burst: 1000 },
        }
    }
}
