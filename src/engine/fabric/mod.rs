//! The host's own card: taken in front of the host, kept up to date, given back.

mod care;
mod configured;
mod crossing;
mod deeds;
mod leftover;
mod upkeep;
mod view;

pub use crossing::{FabricSite, Queues};
pub use deeds::TakeFabric;
pub use leftover::Leftover;
pub(super) use upkeep::Upkeep;
pub use view::{FabricDeed, FabricView, HeldView};
