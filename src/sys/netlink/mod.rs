//! rtnetlink(7), as far as we need it: links, addresses, routes and rules, each with what the kernel
//! shows (`Link`, `RouteEntry`, ...) and what can be asked of it.
//!
//! A blocking face of the `rtnetlink` crate, whose types do not leave this folder: its messages and its
//! socket. Its connection and its high-level requests are not used: they send each request by
//! itself, take a dump that failed for an empty table, drop the sign of an inconsistent one
//! (`NLM_F_DUMP_INTR`) and the kernel's words about an error.

mod address;
mod diag;
mod error;
mod foreign;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod link;
mod lookup;
mod neighbour;
mod route;
mod rule;
mod situation;
mod socket;
mod united;
mod watch;
mod way;

pub use address::AddressEntry;
pub use diag::socket_user;
pub use error::NetlinkError;
pub use link::{ADDRESS_GENERATION_NONE, Link, LinkChange, TapFacts};
pub use lookup::Found;
pub use neighbour::Neighbour;
pub use route::{Hop, RouteEntry, RouteKind};
pub use rule::RuleEntry;
pub use socket::{Netlink, Request};
pub use watch::{LinkStep, Notice, Watch};
pub use way::Aspect;
