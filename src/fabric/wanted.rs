//! What is to be taken.

use crate::addr::InterfaceName;

/// A card to be taken, and the name of the tap that the host gets in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The card.
    pub device: InterfaceName,
    /// The tap.
    pub interface: InterfaceName,
}

impl Wanted {
    /// The tap's name if nobody chooses another: that of the peer's.
    pub const INTERFACE: &str = "vhost0";

    /// A card, and a tap of that name or of the usual one.
    #[must_use]
    pub fn new(device: InterfaceName, interface: Option<InterfaceName>) -> Option<Self> {
        let interface = interface.or_else(|| InterfaceName::new(Self::INTERFACE).ok())?;
        Some(Self { device, interface })
    }
}
