//! What several nouns are known by.

use clap::Args;

use crate::addr::InterfaceName;

/// An interface by name.
#[derive(Debug, Args)]
pub struct Interface {
    /// The interface's name.
    pub interface: InterfaceName,
}
