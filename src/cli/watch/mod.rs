//! What goes on until it is interrupted.

mod events;

pub(super) use events::events;
