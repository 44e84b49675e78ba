//! Taking the host's network card in front of the host, and giving it back.
//!
//! The card's addresses, routes and permanent neighbours go to a tap of ours, `vhost0`, and the
//! forwarder carries every frame between the two. What was moved is kept as the kernel showed it
//! ([`Address`], [`Route`], [`Neighbour`]: messages of rtnetlink(7), with another device put into them),
//! in a [`Record`] that is on disk before anything is changed. Both ways are lists of [`Step`]s that
//! follow from the record and from what is observed, so that either can begin at any point where the
//! other was cut off.

mod address;
mod card;
#[cfg(test)]
mod fake;
mod holding;
mod journal;
mod message;
mod neighbour;
mod observed;
mod plan;
mod record;
mod refusal;
mod route;
mod settings;
mod site;
mod step;
#[cfg(test)]
mod tests;
mod wanted;
mod warning;

pub use address::Address;
pub use card::Card;
pub use holding::{Holding, State};
pub use journal::{BadJournal, Here, Journal, Verdict};
pub use neighbour::Neighbour;
pub use observed::{Device, DeviceRule, Observed};
pub use plan::take_over;
pub use record::{Phase, Record};
pub use refusal::Refusal;
pub use route::Route;
pub use settings::{COPIED, IPV6_OFF, Settings};
pub use site::{Failed, Given, Site, SiteError, give, mend, return_steps, take};
pub use step::{Place, Put, Side, Step};
pub use wanted::Wanted;
pub use warning::{Warning, warnings};
