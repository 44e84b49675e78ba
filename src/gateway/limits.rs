//! How much may be asked for.

/// The greatest number of each kind of object. Lowering a limit removes nothing; it only stops
/// further additions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Gateways, static ones included.
    pub gateways: usize,
    /// Guests' ports.
    pub ports: usize,
    /// Uplinks.
    pub uplinks: usize,
    /// Static routes of all instances together.
    pub routes: usize,
    /// Compute services' networks.
    pub networks: usize,
}

impl Default for Limits {
    /// 4,096 gateways, ports, static routes and networks; 256 uplinks.
    fn default() -> Self {
        Self { gateways: 4096, ports: 4096, uplinks: 256, routes: 4096, networks: 4096 }
    }
}
