//! The host's own card, taken in front of the host and given back.

mod crossing;
mod held;
mod lost;
mod killed;
pub(crate) mod node;
mod steps;
