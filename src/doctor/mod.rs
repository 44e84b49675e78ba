//! What is wrong when something does not work: facts of the host in, findings out.
//!
//! [`Facts`] are gathered by whoever implements [`Host`]; [`examine`] judges them, one file of `check`
//! for what belongs together. A finding says what was seen and the command that cures it. What is in
//! order says nothing: a check speaks only where packets are lost or about to be. docs/doctor.md has
//! every check.

mod check;
mod cure;
mod examine;
mod facts;
pub mod filter;
mod finding;
mod id;
pub mod probe;
mod question;
mod told;

#[cfg(test)]
mod tests;

pub use cure::{Cure, Step};
pub use examine::{examine, lines_for_routers};
pub use facts::{Facts, Host, Leads, Leg, Link, Networkd, Order, Probed, Refusal, Route, Switches, Way};
pub use finding::{Finding, Severity};
pub use id::{Check, UnknownCheck};
pub use question::{Question, questions};
pub use told::{Gateway, Port, Problem, Told, Traffic, Unconfined, Uplink};
