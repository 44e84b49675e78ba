//! The seam between wishes and the kernel.

use std::collections::{BTreeMap, BTreeSet};

use imbl::{OrdMap, OrdSet};

use crate::addr::{InterfaceName, Prefix};

use super::operation::Operation;
use super::state::{HostState, RouteKey, Traffic};
use super::survey::{ForeignRoute, ForeignRule, Survey};
use super::way::{Flow, Way};

/// What the kernel has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// The part that bears our mark; of settings, those that we switched on and must restore.
    pub ours: HostState,
    /// Names of all other links, each with its index.
    pub foreign_links: OrdMap<InterfaceName, u32>,
    /// Keys of all other routes in table main and in our tables, the kernel's local and multicast ones
    /// left out: a route of ours with such a key would shadow or be refused.
    pub foreign_routes: OrdSet<RouteKey>,
    /// Tables outside our ownership that somebody's routes or rules use.
    pub foreign_tables: OrdSet<u32>,
    /// Priorities of our block at which somebody else has rules.
    pub foreign_priorities: OrdSet<u32>,
    /// The host's own network, as far as what we want depends on it.
    pub surroundings: Surroundings,
    /// Our table of nftables is there, but not as we made it. Nothing in it counts as ours then: the
    /// next masquerade makes it anew.
    pub spoiled_masquerades: bool,
}

impl Observed {
    /// True if there is a link of that name, whosever it is.
    #[must_use]
    pub fn has_link(&self, name: &InterfaceName) -> bool {
        self.foreign_links.contains_key(name) || self.ours.links.contains_key(name)
    }
}

/// The host's own network, as far as what we want depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// Devices other than loopback and our own that routes of table main lead to, by which packets of
    /// a gateway without a named uplink may leave and return.
    pub exit_devices: OrdSet<InterfaceName>,
    /// The networks that the host is connected to, each with its device: what table main has on the
    /// link of such a device, as the kernel put it there with an address. Link-local networks are not
    /// among them, and no more than [`Surroundings::MOST_CONNECTED`], the first in the order of
    /// prefixes.
    pub connected: OrdMap<Prefix, InterfaceName>,
}

impl Surroundings {
    /// The greatest number of connected networks that are taken notice of. Each is copied into every
    /// uplink's table.
    pub const MOST_CONNECTED: usize = 1024;
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

impl KernelError {
    /// True for an error that tells of somebody else's work: something is there that was not, or is
    /// gone or down, or is not as it was told to be. What was known before is out of date then.
    #[must_use]
    pub fn is_surprise(&self) -> bool {
        const ENOENT: i32 = 2;
        const ESRCH: i32 = 3;
        const EEXIST: i32 = 17;
        const ENODEV: i32 = 19;
        const EADDRNOTAVAIL: i32 = 99;
        const ENETDOWN: i32 = 100;
        const ENETUNREACH: i32 = 101;
        matches!(self.errno, 0 | ENOENT | ESRCH | EEXIST | ENODEV | EADDRNOTAVAIL | ENETDOWN | ENETUNREACH)
    }

    /// True if the device that it is about is gone, or down.
    #[must_use]
    pub fn is_of_device(&self) -> bool {
        const ENODEV: i32 = 19;
        const ENETDOWN: i32 = 100;
        matches!(self.errno, ENODEV | ENETDOWN)
    }

    /// True for an error that tells of a want: of memory, descriptors, room on the disk, time, or of a thing that
    /// another program has for the moment. It passes by itself, and no notice says when.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        const EINTR: i32 = 4;
        const EAGAIN: i32 = 11;
        const ENOMEM: i32 = 12;
        const EBUSY: i32 = 16;
        const ENFILE: i32 = 23;
        const EMFILE: i32 = 24;
        const ENOSPC: i32 = 28;
        const ENOBUFS: i32 = 105;
        const ETIMEDOUT: i32 = 110;
        matches!(self.errno, EINTR | EAGAIN | ENOMEM | EBUSY | ENFILE | EMFILE | ENOSPC | ENOBUFS | ETIMEDOUT)
    }
}

/// What carrying out an operation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The kernel has done it.
    Done,
    /// It was so already: what was to be added was there as wanted, or what was to be deleted was
    /// gone. Somebody else has been at work since the kernel was last observed.
    AlreadySo,
}

/// Something that can be observed and changed like the kernel: the real one, or the fake of tests.
pub trait Kernel: Send {
    /// Reads everything that [`Observed`] holds. Costs as much as there is.
    ///
    /// # Errors
    /// A dump that failed or stayed inconsistent; it must never look like an empty table.
    fn observe(&mut self) -> Result<Observed, KernelError>;

    /// Carries out changes in this order, with one outcome for each. One that is refused does not keep
    /// those behind it from being tried.
    ///
    /// # Errors
    /// What the kernel refused; nothing of that operation is left behind.
    fn apply(&mut self, operations: &[Operation]) -> Vec<Result<Outcome, KernelError>>;

    /// Reads anew what these operations were about and writes it into `state`, as far as the kernel
    /// can be asked for single things: links, their addresses and settings. Costs as much as there
    /// are operations.
    ///
    /// # Errors
    /// A request that failed.
    fn reread(&mut self, operations: &[Operation], state: &mut Observed) -> Result<(), KernelError>;

    /// True if somebody else has changed, or may have changed, links, addresses, routes or rules that
    /// [`Kernel::observe`] shows, since this or that was last called; also what was changed only for
    /// a moment, if that left traces. `known` is what it showed, with the effects of all changes
    /// made since. Not heard of: settings, and what docs/decisions/settle.md lists beside them.
    fn has_news(&mut self, known: &Observed) -> bool;

    /// What has left under another address, by masqueraded network.
    ///
    /// # Errors
    /// The counters cannot be read.
    fn masqueraded(&mut self) -> Result<BTreeMap<Prefix, Traffic>, KernelError>;

    /// The host's links that have gone down, lost an address or gone altogether since this was last
    /// called, as far as was heard: with them the kernel takes routes away, and nobody else did.
    fn fallen(&mut self) -> BTreeSet<InterfaceName>;

    /// How often notices were lost since the start, since there were more than could be heard.
    fn overruns(&self) -> u64 {
        0
    }

    /// What becomes of a packet that comes in by a device of the host; `None` if there is no such
    /// device. Nothing is sent and nothing changes. The host's firewall is not asked.
    ///
    /// # Errors
    /// A request that failed for other reasons than what would become of the packet.
    fn way(&mut self, flow: &Flow) -> Result<Option<Way>, KernelError>;

    /// Reads what others have set up.
    ///
    /// # Errors
    /// As [`Kernel::observe`].
    fn survey(&mut self) -> Result<Survey, KernelError>;

    /// Takes somebody's rules and then routes away: exactly these, as the survey showed them, and only
    /// because somebody asked for it. What has gone meanwhile is no failure.
    ///
    /// # Errors
    /// What the kernel refused; what stood before it in the lists is gone.
    fn remove_foreign(&mut self, rules: &[ForeignRule], routes: &[ForeignRoute]) -> Result<(), KernelError>;
}
