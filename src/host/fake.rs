//! A kernel in memory, for the tests of everything that changes the host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use imbl::OrdSet;

use crate::addr::{InterfaceName, Prefix};

use super::diff::is_put_beside;
use super::kernel::{Kernel, KernelError, Observed, Outcome};
use super::operation::Operation;
use super::state::{HostHop, HostRoute, HostState, Traffic};
use super::survey::{ForeignRoute, ForeignRule, Survey};
use super::way::{Flow, Way};

mod way;

const EINTR: i32 = 4;
const ENODEV: i32 = 19;
const EEXIST: i32 = 17;
const EBUSY: i32 = 16;
const ENETDOWN: i32 = 100;

/// Holds an [`Observed`], changes it as the kernel would, keeps the printed operations and refuses
/// what it was told to refuse. Clones share one state, so that a test can look into the kernel
/// that it has given away.
#[derive(Debug, Clone, Default)]
pub struct FakeKernel(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    state: Observed,
    /// Others' routes of table main.
    led: Vec<(Prefix, HostHop)>,
    fallen: BTreeSet<InterfaceName>,
    operations: Vec<String>,
    refusals: Vec<(String, i32)>,
    ignored: Vec<String>,
    observations: usize,
    meddled: bool,
    blind: bool,
}

impl FakeKernel {
    /// A kernel that has `state`.
    #[must_use]
    pub fn new(state: Observed) -> Self {
        Self(Arc::new(Mutex::new(Inner { state, ..Inner::default() })))
    }

    /// What it has now.
    #[must_use]
    pub fn state(&self) -> Observed {
        self.lock().state.clone()
    }

    /// Changes its state as other programs do; who listens hears of it.
    pub fn meddle(&self, change: impl FnOnce(&mut Observed)) {
        let mut inner = self.lock();
        change(&mut inner.state);
        inner.meddled = true;
    }

    /// As [`FakeKernel::meddle`], in a moment in which nobody listens.
    pub fn meddle_unheard(&self, change: impl FnOnce(&mut Observed)) {
        change(&mut self.lock().state);
    }

    /// One of the host's links goes down and comes up again; its routes are gone.
    pub fn flap(&self, link: InterfaceName) {
        let mut inner = self.lock();
        let is_over = |route: &HostRoute| route.hops.iter().any(|hop| hop.device == link);
        let routes = inner.state.ours.routes.iter().filter(|(_, route)| !is_over(route));
        inner.state.ours.routes = routes.map(|(key, route)| (*key, route.clone())).collect();
        inner.fallen.insert(link);
        inner.meddled = true;
    }

    /// How often it has been observed.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.lock().observations
    }

    /// The operations carried out since the last call, printed.
    #[must_use]
    pub fn take_operations(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().operations)
    }

    /// From now on refuses every operation whose text contains `pattern`, with `errno`.
    pub fn refuse(&self, pattern: &str, errno: i32) {
        self.lock().refusals.push((pattern.to_owned(), errno));
    }

    /// From now on accepts every operation whose text contains `pattern`, and does nothing.
    pub fn ignore(&self, pattern: &str) {
        self.lock().ignored.push(pattern.to_owned());
    }

    /// From now on fails when it is observed, as a dump does while tables keep changing.
    pub fn go_blind(&self) {
        self.lock().blind = true;
    }

    /// Forgets all refusals, what is to be ignored, and that it is blind.
    pub fn refuse_nothing(&self) {
        let mut inner = self.lock();
        inner.refusals.clear();
        inner.ignored.clear();
        inner.blind = false;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A test that panicked elsewhere has failed already.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kernel for FakeKernel {
    fn observe(&mut self) -> Result<Observed, KernelError> {
        let mut inner = self.lock();
        inner.observations += 1;
        if inner.blind {
            let reason = std::io::Error::from_raw_os_error(EINTR).to_string();
            return Err(KernelError { operation: "observe".into(), reason, errno: EINTR });
        }
        inner.meddled = false;
        Ok(inner.state.clone())
    }

    fn apply(&mut self, operations: &[Operation]) -> Vec<Result<Outcome, KernelError>> {
        let mut inner = self.lock();
        operations.iter().map(|operation| inner.apply(operation)).collect()
    }

    fn reread(&mut self, operations: &[Operation], state: &mut Observed) -> Result<(), KernelError> {
        let inner = self.lock();
        operations.iter().for_each(|operation| state.ours.copy(&inner.state.ours, operation));
        Ok(())
    }

    fn has_news(&mut self, _: &Observed) -> bool {
        self.lock().meddled
    }

    /// Nothing ever leaves.
    fn masqueraded(&mut self) -> Result<BTreeMap<Prefix, Traffic>, KernelError> {
        let inner = self.lock();
        Ok(inner.state.ours.masquerades.iter().map(|masquerade| (masquerade.subnet, Traffic::default())).collect())
    }

    fn fallen(&mut self) -> BTreeSet<InterfaceName> {
        std::mem::take(&mut self.lock().fallen)
    }

    fn way(&mut self, flow: &Flow) -> Result<Option<Way>, KernelError> {
        Ok(self.lock().way(flow))
    }

    fn survey(&mut self) -> Result<Survey, KernelError> {
        Ok(Survey::default())
    }

    fn remove_foreign(&mut self, rules: &[ForeignRule], routes: &[ForeignRoute]) -> Result<(), KernelError> {
        let mut inner = self.lock();
        inner.operations.extend(rules.iter().map(|rule| format!("rule delete {rule}")));
        inner.operations.extend(routes.iter().map(|route| format!("route delete {route}")));
        Ok(())
    }
}

impl Inner {
    fn apply(&mut self, operation: &Operation) -> Result<Outcome, KernelError> {
        let text = operation.to_string();
        let refused = self.refusals.iter().find(|(pattern, _)| text.contains(pattern)).map(|(_, errno)| *errno);
        let outcome = match refused {
            Some(errno) => Err(errno),
            None if self.ignored.iter().any(|pattern| text.contains(pattern)) => Ok(Outcome::Done),
            None => self.state.carry_out(operation),
        };
        match outcome {
            Ok(outcome) => {
                self.operations.push(text);
                Ok(outcome)
            }
            Err(errno) => {
                let reason = std::io::Error::from_raw_os_error(errno).to_string();
                Err(KernelError { operation: text, reason, errno })
            }
        }
    }
}

impl Observed {
    fn carry_out(&mut self, operation: &Operation) -> Result<Outcome, i32> {
        let outcome = self.check(operation)?;
        match operation {
            Operation::SetLink(name, link) if !link.up => self.ours.forget_routes_over(*name),
            Operation::DeleteLinks(names) => names.iter().for_each(|name| self.ours.forget_all_of(*name)),
            _ => {}
        }
        if outcome == Outcome::Done {
            self.note(operation);
        }
        Ok(outcome)
    }

    /// What the kernel would say.
    fn check(&self, operation: &Operation) -> Result<Outcome, i32> {
        let ours = &self.ours;
        let already = match operation {
            Operation::AddLink(name, _) => {
                if self.foreign_links.contains_key(name) {
                    return Err(EBUSY);
                }
                ours.links.contains_key(name)
            }
            Operation::SetLink(name, _) => {
                ours.links.get(name).ok_or(ENODEV)?;
                false
            }
            Operation::DeleteLinks(names) => names.iter().any(|name| !ours.links.contains_key(name)),
            Operation::AddAddress(name, address) => {
                ours.links.get(name).ok_or(ENODEV)?;
                ours.addresses.contains(&(*name, *address))
            }
            Operation::DeleteAddress(name, address) => !ours.addresses.contains(&(*name, *address)),
            Operation::AddRoute(key, route) => {
                let existing = ours.routes.get(key);
                if self.foreign_routes.contains(key) || existing.is_some_and(|existing| existing != route) {
                    return Err(EEXIST);
                }
                self.check_devices(route)?;
                existing.is_some()
            }
            Operation::ReplaceRoute(key, route) => {
                if self.foreign_routes.contains(key) {
                    return Err(EEXIST);
                }
                self.check_devices(route)?;
                false
            }
            Operation::DeleteRoute(key, route) => {
                let is_beside = |present: &HostRoute| present == route || is_put_beside(key, route, present);
                !ours.routes.get(key).is_some_and(is_beside)
            }
            Operation::AddRule(rule) => ours.rules.contains(rule),
            Operation::DeleteRule(rule) => !ours.rules.contains(rule),
            Operation::Enable(setting) => {
                self.link_is_up(setting.interface)?;
                ours.settings.contains(setting)
            }
            Operation::Restore(setting) => !ours.settings.contains(setting),
            Operation::AddMasquerade(masquerade) => ours.masquerades.contains(masquerade),
            Operation::DeleteMasquerade(masquerade) => !ours.masquerades.contains(masquerade),
            Operation::ClearMasquerades => !self.spoiled_masquerades && ours.masquerades.is_empty(),
        };
        // Links are deleted by name, those that are left.
        let partly = already && matches!(operation, Operation::DeleteLinks(names) if names.len() > 1);
        Ok(if already && !partly { Outcome::AlreadySo } else { Outcome::Done })
    }

    fn check_devices(&self, route: &HostRoute) -> Result<(), i32> {
        for hop in &route.hops {
            if !self.link_is_up(hop.device)? {
                return Err(ENETDOWN);
            }
        }
        Ok(())
    }

    /// Foreign links count as up.
    fn link_is_up(&self, name: InterfaceName) -> Result<bool, i32> {
        let foreign = self.foreign_links.contains_key(&name).then_some(true);
        self.ours.links.get(&name).map(|link| link.up).or(foreign).ok_or(ENODEV)
    }
}

impl HostState {
    /// What goes with a link.
    fn forget_all_of(&mut self, name: InterfaceName) {
        self.addresses = self.addresses.iter().filter(|(device, _)| *device != name).copied().collect();
        self.settings = self.settings.iter().filter(|setting| setting.interface != name).copied().collect();
        self.forget_routes_over(name);
    }

    fn forget_routes_over(&mut self, name: InterfaceName) {
        let over = self.routes.iter().filter(|(_, route)| route.hops.iter().any(|hop| hop.device == name));
        let over: Vec<_> = over.map(|(key, _)| *key).collect();
        over.iter().for_each(|key| drop(self.routes.remove(key)));
    }

    /// Takes over from another state what an operation was about: links, addresses and settings.
    fn copy(&mut self, other: &Self, operation: &Operation) {
        fn copy<T: Ord + Clone>(to: &mut OrdSet<T>, from: &OrdSet<T>, item: &T) {
            if from.contains(item) {
                to.insert(item.clone());
            } else {
                to.remove(item);
            }
        }
        match operation {
            Operation::AddLink(name, _) | Operation::SetLink(name, _) => {
                match other.links.get(name) {
                    Some(link) => drop(self.links.insert(*name, *link)),
                    None => drop(self.links.remove(name)),
                };
            }
            Operation::AddAddress(name, address) | Operation::DeleteAddress(name, address) => {
                copy(&mut self.addresses, &other.addresses, &(*name, *address));
            }
            Operation::Enable(setting) | Operation::Restore(setting) => {
                copy(&mut self.settings, &other.settings, setting);
            }
            _ => {}
        }
    }
}
