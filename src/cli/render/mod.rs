//! How reports look to people: pure functions from a report and a style to text.

mod audit;
mod capture;
mod configuration;
mod demo;
mod doctor;
mod drops;
mod event;
mod fabric;
mod gateway;
mod host;
mod imported;
mod lease;
mod network;
mod outcome;
mod page;
mod port;
mod repair;
mod route;
mod standing;
mod status;
mod style;
mod table;
mod top;
mod trace;
mod traffic;
mod units;
mod uplink;
mod version;

pub use event::iso8601;
pub use style::{Style, Tone};
pub(in crate::cli) use units::per_second;
pub use units::{bytes, count, duration, exact};

#[cfg(test)]
mod tests;
