//! From a verb to its text: asks the daemon and puts the answer into the form that was asked for.

mod audit;
mod configuration;
mod drops;
mod fabric;
mod form;
mod gateway;
mod host;
mod load;
mod network;
mod port;
mod route;
mod talk;
mod uplink;
mod verb;

pub(super) use configuration::check;
pub(super) use drops::follow_drops;
pub use form::Form;
pub use verb::run;

#[cfg(test)]
mod tests;
