//! [`LinuxKernel`]: reads what is there, carries out operations of one kind together.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::mem::discriminant;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use crate::addr::{Family, InterfaceAddress, InterfaceName, Prefix};
use crate::host::{
    Flow, ForeignRoute, ForeignRule, Kernel, KernelError, Mark, Observed, Operation, Outcome, Setting, Survey, Traffic,
    Way,
};
use crate::sys::kept::KeptName;
use crate::sys::netlink::{AddressEntry, Netlink, NetlinkError, Request, Watch};
use crate::sys::service::DescriptorStore;
use crate::sys::sysctl::Ipv6Switches;
use crate::sys::tap::Tap;

use super::failed::Failed;
use super::held::Held;
use super::masquerade::Masquerading;
use super::observe::{Alike, Ownership, Snapshot, classify};
use super::originals::Originals;

/// The kernel of the network namespace in which it was made. To be used in that namespace only:
/// taps and IPv6 switches are those of the calling thread's.
///
/// What a daemon before it left behind is its own: rules, routes and settings by their marks, taps because
/// it begins by opening them again, with the queues that were kept for it if there are any
/// (docs/decisions/restart.md).
#[derive(Debug)]
pub struct LinuxKernel {
    pub(super) mark: Mark,
    pub(super) queues: usize,
    pub(super) queue_length: u32,
    /// Who keeps our queues while none of us runs.
    pub(in crate::sys) store: DescriptorStore,
    /// Packets may wait in queues that were kept for us.
    pub(in crate::sys) waiting: bool,
    pub(super) netlink: Netlink,
    pub(super) watch: Watch,
    pub(super) switches: Ipv6Switches,
    pub(super) originals: Originals,
    pub(super) held: BTreeMap<InterfaceName, Held>,
    /// Switches of taps that go with us: what they were is nobody's concern.
    pub(super) passing: BTreeSet<Setting>,
    /// The links that were not ours when last observed, by index: their names, and whether they were up.
    pub(super) foreign: BTreeMap<u32, (InterfaceName, bool)>,
    /// The addresses in use that links had when last observed, and those heard of since.
    pub(super) addresses: BTreeSet<(u32, InterfaceAddress)>,
    pub(super) masquerading: Masquerading,
    /// The host's links that fell since somebody asked.
    pub(super) fallen: BTreeSet<InterfaceName>,
    /// How often notices were lost.
    pub(super) overruns: u64,
    claimed: BTreeSet<u32>,
}

/// How taps are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapSettings {
    /// Queues of each.
    pub queues: usize,
    /// Packets that wait in each queue while its worker is busy, or while nobody runs. Each costs eight
    /// bytes of kernel memory all the time (`tun_attach` in drivers/net/tun.c).
    pub queue_length: u32,
}

impl Default for TapSettings {
    /// The driver's own 500 packets are few for a worker that serves many taps.
    fn default() -> Self {
        Self { queues: 1, queue_length: 1000 }
    }
}

impl LinuxKernel {
    /// A kernel whose taps have `queues` queues each. What must be given back, even by the next
    /// daemon, is kept in `state_directory`.
    ///
    /// # Errors
    /// No netlink socket, or the directory or its file cannot be used.
    pub fn new(mark: Mark, state_directory: &Path, queues: usize) -> Result<Self, KernelError> {
        let taps = TapSettings { queues, ..TapSettings::default() };
        Self::resume(mark, state_directory, taps, DescriptorStore::default(), BTreeMap::new())
    }

    /// As [`LinuxKernel::new`], with a store for the queues of its taps and what that has kept.
    pub(in crate::sys) fn resume(
        mark: Mark,
        state_directory: &Path,
        taps: TapSettings,
        store: DescriptorStore,
        kept: BTreeMap<KeptName, Vec<OwnedFd>>,
    ) -> Result<Self, KernelError> {
        Self::open(mark, state_directory, taps, store, kept).map_err(|failed| failed.during(&"start"))
    }

    fn open(
        mark: Mark,
        state_directory: &Path,
        TapSettings { queues, queue_length }: TapSettings,
        store: DescriptorStore,
        kept: BTreeMap<KeptName, Vec<OwnedFd>>,
    ) -> Result<Self, Failed> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map_err(|error| Failed::file("cannot read the boot id", &error))?;
        let unusable = |error: io::Error| Failed::file(&format!("cannot use {}", state_directory.display()), &error);
        let mut kernel = Self {
            mark,
            queues,
            queue_length,
            store,
            waiting: false,
            netlink: Netlink::open()?,
            watch: Watch::open()?,
            switches: Ipv6Switches::default(),
            originals: Originals::load(state_directory, boot.trim()).map_err(unusable)?,
            held: BTreeMap::new(),
            passing: BTreeSet::new(),
            foreign: BTreeMap::new(),
            addresses: BTreeSet::new(),
            masquerading: Masquerading::open()?,
            fallen: BTreeSet::new(),
            overruns: 0,
            claimed: BTreeSet::new(),
        };
        kernel.take_up(kept)?;
        if kernel.held.is_empty() {
            // Held by taps that went with a killed daemon.
            kernel.release_ipv6()?;
        }
        kernel.strike_originals();
        Ok(kernel)
    }

    /// The number of this run of the kernel (`/proc/sys/kernel/random/boot_id`).
    #[must_use]
    pub fn boot(&self) -> &str {
        self.originals.boot()
    }

    /// Names the tables of the uplinks, which are ours beside the block of [`Mark`]. True if the last
    /// time others were named.
    pub fn claim_tables(&mut self, tables: BTreeSet<u32>) -> bool {
        std::mem::replace(&mut self.claimed, tables) != self.claimed
    }

    /// Hands over the queues of a tap that [`Operation::AddLink`] made or adopted; once. An adopted
    /// tap made for a single queue has one, others as many as were asked for.
    pub fn take_queues(&mut self, name: &InterfaceName) -> Option<Vec<Tap>> {
        let held = self.held.get_mut(name)?;
        let queues = std::mem::take(&mut held.queues);
        if let Some(Ok(hand)) = queues.first().map(Tap::try_clone) {
            held.hand = Some(hand);
        }
        (!queues.is_empty()).then_some(queues)
    }

    /// True if [`LinuxKernel::take_queues`] has something to hand over.
    #[must_use]
    pub fn has_queues(&self, name: &InterfaceName) -> bool {
        self.held.get(name).is_some_and(|held| !held.queues.is_empty())
    }

    /// Readable when [`Kernel::has_news`] may have something to tell.
    pub fn notices(&self) -> [BorrowedFd<'_>; 2] {
        [self.watch.as_fd(), self.masquerading.notices()]
    }

    /// True for a tap of ours that was there before us.
    #[must_use]
    pub fn is_adopted(&self, name: &InterfaceName) -> bool {
        self.held.get(name).is_some_and(|held| held.adopted)
    }

    pub(super) fn alike(&self) -> Alike {
        Alike { group: self.mark.group, queue_length: self.queue_length }
    }

    pub(super) fn ownership(&self) -> Ownership<'_> {
        let held = self.held.values().map(|held| held.index).collect();
        Ownership { mark: &self.mark, alike: self.alike(), held, claimed: &self.claimed }
    }

    /// Writes down what is about to be changed and must be given back.
    pub(super) fn save_originals(&mut self) -> Result<(), Failed> {
        self.originals.save().map_err(|error| Failed::file("cannot save what must be given back", &error))
    }

    /// Strikes out what is given back, or of no concern any more. Where that cannot be written, the next look tries it
    /// again: an old note tells the next daemon of what it finds to be otherwise, but a kernel that is not looked at is
    /// neither repaired nor emptied.
    pub(super) fn strike_originals(&mut self) {
        if let Err(error) = self.originals.save() {
            tracing::warn!(%error, "what was given back still stands among what must be");
        }
    }

    fn look(&mut self) -> Result<Observed, Failed> {
        // What was told until now is about to be seen.
        let notices = self.hear();
        self.forget_gone(notices.as_deref());
        let snapshot = Snapshot {
            links: self.netlink.links()?,
            addresses: self.netlink.addresses()?,
            routes: [self.netlink.routes(Family::V4)?, self.netlink.routes(Family::V6)?].concat(),
            rules: [self.netlink.rules(Family::V4)?, self.netlink.rules(Family::V6)?].concat(),
        };
        let mut observed = classify(&snapshot, &self.ownership());
        observed.ours.settings = self.held_settings(&snapshot.links)?.into();
        self.look_at_masquerades(&mut observed)?;
        self.forget_links_gone(&snapshot.links);
        self.remember_links(&snapshot.links);
        let in_use = snapshot.addresses.iter().filter(|entry| !entry.tentative);
        self.addresses = in_use.map(|entry| (entry.link, entry.address)).collect();
        self.strike_originals();
        Ok(observed)
    }

    /// Carries out operations of one kind.
    fn carry_out(&mut self, operations: &[Operation]) -> Vec<Result<Outcome, Failed>> {
        match operations[0] {
            Operation::AddLink(..) => self.add_links(operations),
            Operation::SetLink(..) => self.set_links(operations),
            Operation::DeleteLinks(_) => operations.iter().map(|operation| self.delete_links(operation)).collect(),
            Operation::AddAddress(..) | Operation::DeleteAddress(..) => self.change_addresses(operations),
            Operation::AddRoute(..) => self.add_routes(operations),
            Operation::ReplaceRoute(..) => self.replace_routes(operations),
            Operation::DeleteRoute(..) => self.delete_routes(operations),
            Operation::AddRule(_) => self.add_rules(operations),
            Operation::DeleteRule(_) => self.delete_rules(operations),
            Operation::Enable(_) => self.enable(operations),
            Operation::Restore(_) => self.restore(operations),
            Operation::AddMasquerade(_) => self.add_masquerades(operations),
            Operation::DeleteMasquerade(_) => self.delete_masquerades(operations),
            Operation::ClearMasquerades => operations.iter().map(|_| self.clear_masquerades()).collect(),
        }
    }

    /// Makes requests, each for the operation of that number; what became of the operations. Of
    /// several requests for one the first that fails counts. `excused` are errors that are none.
    pub(super) fn ask(
        &mut self,
        operations: usize,
        requests: Vec<(usize, Request)>,
        excused: impl Fn(&NetlinkError) -> Option<Outcome>,
    ) -> Vec<Result<Outcome, Failed>> {
        let mut outcomes: Vec<Result<Outcome, Failed>> = (0..operations).map(|_| Ok(Outcome::Done)).collect();
        let (numbers, requests): (Vec<usize>, Vec<Request>) = requests.into_iter().unzip();
        for (number, answer) in numbers.into_iter().zip(self.netlink.carry_out(requests)) {
            let Err(error) = answer else { continue };
            if outcomes[number].is_ok() {
                outcomes[number] = excused(&error).ok_or_else(|| error.into());
            }
        }
        outcomes
    }

    fn change_addresses(&mut self, operations: &[Operation]) -> Vec<Result<Outcome, Failed>> {
        let indices = match self.indices(operations.iter().filter_map(address_device)) {
            Ok(indices) => indices,
            Err(failed) => return all(operations, &failed),
        };
        let mut requests = Vec::new();
        let mut without_link = BTreeSet::new();
        for (number, operation) in operations.iter().enumerate() {
            let (Operation::AddAddress(name, address) | Operation::DeleteAddress(name, address)) = operation else {
                continue;
            };
            let Some(link) = indices.get(name).copied() else {
                without_link.insert(number);
                continue;
            };
            let entry = AddressEntry { link, address: *address, protocol: None, tentative: false };
            requests.push(match operation {
                Operation::AddAddress(..) => {
                    (number, Request::add_address(&AddressEntry { protocol: Some(self.mark.protocol), ..entry }))
                }
                _ => (number, Request::delete_address(&entry)),
            });
        }
        let is_adding = matches!(operations[0], Operation::AddAddress(..));
        let excused = |error: &NetlinkError| {
            let so = if is_adding { error.errno == libc::EEXIST } else { error.is_gone() };
            so.then_some(Outcome::AlreadySo)
        };
        let mut outcomes = self.ask(operations.len(), requests, excused);
        for number in without_link {
            let missing = address_device(&operations[number]).map(no_interface);
            outcomes[number] =
                if is_adding { missing.map_or(Ok(Outcome::AlreadySo), Err) } else { Ok(Outcome::AlreadySo) };
        }
        outcomes
    }

    /// The indices of links; those that do not exist are left out. A tap that we hold keeps its own
    /// as long as it lives.
    pub(super) fn indices(
        &mut self,
        names: impl Iterator<Item = InterfaceName>,
    ) -> Result<BTreeMap<InterfaceName, u32>, Failed> {
        let mut indices = BTreeMap::new();
        let mut unknown = BTreeSet::new();
        for name in names {
            match self.held.get(&name) {
                Some(held) => drop(indices.insert(name, held.index)),
                None => drop(unknown.insert(name)),
            }
        }
        let unknown: Vec<_> = unknown.into_iter().collect();
        for (name, link) in unknown.iter().zip(self.netlink.links_named(&unknown)) {
            indices.extend(link?.map(|link| (*name, link.index)));
        }
        Ok(indices)
    }
}

/// The device of an operation on an address.
fn address_device(operation: &Operation) -> Option<InterfaceName> {
    match operation {
        Operation::AddAddress(name, _) | Operation::DeleteAddress(name, _) => Some(*name),
        _ => None,
    }
}

pub(super) fn no_interface(name: InterfaceName) -> Failed {
    Failed::new(libc::ENODEV, format!("there is no interface {name}"))
}

/// The same failure for every operation.
pub(super) fn all(operations: &[Operation], failed: &Failed) -> Vec<Result<Outcome, Failed>> {
    operations.iter().map(|_| Err(failed.clone())).collect()
}

impl Kernel for LinuxKernel {
    fn observe(&mut self) -> Result<Observed, KernelError> {
        self.look().map_err(|failed| failed.during(&"observe"))
    }

    fn apply(&mut self, operations: &[Operation]) -> Vec<Result<Outcome, KernelError>> {
        let mut outcomes = Vec::with_capacity(operations.len());
        for same in operations.chunk_by(|one, next| discriminant(one) == discriminant(next)) {
            let carried_out = self.carry_out(same).into_iter().zip(same);
            outcomes.extend(carried_out.map(|(outcome, operation)| outcome.map_err(|failed| failed.during(operation))));
        }
        outcomes
    }

    fn reread(&mut self, operations: &[Operation], state: &mut Observed) -> Result<(), KernelError> {
        self.look_at(operations, state).map_err(|failed| failed.during(&"observe"))
    }

    fn has_news(&mut self, known: &Observed) -> bool {
        // Both are asked: what is left unread now would be news the next time.
        let heard = self.hears_news(known);
        self.hears_of_masquerades(known) || heard
    }

    fn masqueraded(&mut self) -> Result<BTreeMap<Prefix, Traffic>, KernelError> {
        self.count_masqueraded().map_err(|failed| failed.during(&"nft list table inet vgw"))
    }

    fn fallen(&mut self) -> BTreeSet<InterfaceName> {
        std::mem::take(&mut self.fallen)
    }

    fn overruns(&self) -> u64 {
        self.overruns
    }

    fn way(&mut self, flow: &Flow) -> Result<Option<Way>, KernelError> {
        self.way_of(flow).map_err(|failed| failed.during(&format_args!("route get {}", flow.destination)))
    }

    fn survey(&mut self) -> Result<Survey, KernelError> {
        self.survey_host().map_err(|failed| failed.during(&"survey"))
    }

    fn remove_foreign(&mut self, rules: &[ForeignRule], routes: &[ForeignRoute]) -> Result<(), KernelError> {
        self.remove_exactly(rules, routes)
    }
}
