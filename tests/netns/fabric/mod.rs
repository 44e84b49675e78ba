//! The host's own card, taken in front of the host and given back.

mod crossing;
mod held;
mod killed;
mod lost;
mod node;
mod steps;
