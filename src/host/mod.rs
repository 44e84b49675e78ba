//! What we want of the host's kernel, as plain data.
//!
//! [`HostState`] is both what is wanted and the part of what is there that bears our mark; the
//! kernel is changed only by [`diff()`] of the two, over their union. Add, delete, audit expiry,
//! reload, restart after a crash, repair and rollback are this one code with another wish.

mod diff;
mod display;
mod dispute;
mod effect;
pub mod fake;
mod kernel;
mod mark;
mod mirror;
mod object;
mod operation;
mod repairs;
mod sharing;
mod state;
mod survey;
mod way;

pub use diff::{Stages, diff};
pub use dispute::{Dispute, Disputes, Passed};
pub use kernel::{Kernel, KernelError, Observed, Outcome, Surroundings};
pub use mark::Mark;
pub use mirror::Mirror;
pub use object::{Kind, Object};
pub use operation::Operation;
pub use repairs::{Occasion, Repairs};
pub use sharing::sharing;
pub use state::{
    HostHop, HostLink, HostRoute, HostState, Masquerade, RouteKey, Rule, RuleAction, Setting, SettingKind, Traffic,
    Translation,
};
pub use survey::{ForeignRoute, ForeignRule, Survey};
pub use way::{Fate, Flow, Matched, ReversePath, Stop, Switches, Way, WayRule, table_name};
