//! What we want of the host's kernel, as plain data.
//!
//! [`HostState`] is both what is wanted and the part of what is there that bears our mark; the
//! kernel is changed only by [`diff()`] of the two, over their union. Add, delete, audit expiry,
//! reload, restart after a crash, repair and rollback are this one code with another wish.

mod diff;
mod display;
mod effect;
pub mod fake;
mod kernel;
mod mark;
mod mirror;
mod operation;
mod sharing;
mod state;

pub use diff::{diff, stages};
pub use kernel::{Kernel, KernelError, Observed, Outcome};
pub use mark::Mark;
pub use mirror::Mirror;
pub use operation::Operation;
pub use sharing::sharing;
pub use state::{
    HostHop, HostLink, HostRoute, HostState, Masquerade, RouteKey, Rule, Setting, SettingKind, Traffic, Translation,
};
