//! Gateways out of the configuration of OpenContrail's own tools, read as they read it.

mod agent;
mod devstack;
mod imported;
mod ini;
mod prefix;

pub use imported::Imported;

#[cfg(test)]
mod tests;
