//! The seam between wishes and the kernel.

use std::collections::{BTreeMap, BTreeSet};

use crate::addr::InterfaceName;

use super::operation::Operation;
use super::state::{HostState, RouteKey};

/// What the kernel has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// The part that bears our mark; of settings, those that we switched on and must restore.
    pub ours: HostState,
    /// Names of all other links, each with its index.
    pub foreign_links: BTreeMap<InterfaceName, u32>,
    /// Keys of all other routes in table main and in our tables, the kernel's local and multicast ones
    /// left out: a route of ours with such a key would shadow or be refused.
    pub foreign_routes: BTreeSet<RouteKey>,
    /// Tables outside our ownership that somebody's routes or rules use.
    pub foreign_tables: BTreeSet<u32>,
    /// Devices other than loopback and our own that routes of table main lead to, by which packets of
    /// a gateway without a named uplink may leave and return.
    pub exit_devices: BTreeSet<InterfaceName>,
}

/// What the kernel, or what stands for it, answered to an operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {reason}")]
pub struct KernelError {
    /// The operation, printed as an `ip` command.
    pub operation: String,
    /// The error's text: the kernel's extended acknowledgement where it gave one.
    pub reason: String,
    /// The error number, positive; 0 if it did not come from the kernel.
    pub errno: i32,
}

/// Something that can be observed and changed like the kernel: the real one, or the fake of tests.
pub trait Kernel: Send {
    /// Reads everything that [`Observed`] holds.
    ///
    /// # Errors
    /// A dump that failed or stayed inconsistent; it must never look like an empty table.
    fn observe(&mut self) -> Result<Observed, KernelError>;

    /// Makes one change. Adding what is already there as wanted and deleting what is gone succeed.
    ///
    /// # Errors
    /// What the kernel refused; nothing of this operation is left behind.
    fn apply(&mut self, operation: &Operation) -> Result<(), KernelError>;
}
