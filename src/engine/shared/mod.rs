//! What threads share besides channels. It is built from [`sync`] alone, so that `models/` can run it with loom's
//! threads in every order that there is.

mod bulletin;
mod link;
mod room;
mod sync;

pub use bulletin::Since;
pub(super) use bulletin::{Bulletin, Extract};
pub(super) use link::Link;
pub(super) use room::Room;
