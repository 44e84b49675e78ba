//! A kernel in memory, for the tests of everything that changes the host.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::addr::InterfaceName;

use super::kernel::{Kernel, KernelError, Observed};
use super::operation::Operation;
use super::state::{HostRoute, HostState, RouteKey};

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
    operations: Vec<String>,
    refusals: Vec<(String, i32)>,
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

    /// Changes its state behind the back of who uses it, as other programs do.
    pub fn meddle(&self, change: impl FnOnce(&mut Observed)) {
        change(&mut self.lock().state);
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

    /// Forgets all refusals.
    pub fn refuse_nothing(&self) {
        self.lock().refusals.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A test that panicked elsewhere has failed already.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kernel for FakeKernel {
    fn observe(&mut self) -> Result<Observed, KernelError> {
        Ok(self.state())
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), KernelError> {
        let mut inner = self.lock();
        let text = operation.to_string();
        let refused = inner.refusals.iter().find(|(pattern, _)| text.contains(pattern)).map(|(_, errno)| *errno);
        match refused.map_or_else(|| inner.state.carry_out(operation), Err) {
            Ok(()) => {
                inner.operations.push(text);
                Ok(())
            }
            Err(errno) => {
                let reason = std::io::Error::from_raw_os_error(errno).to_string();
                Err(KernelError { operation: text, reason, errno })
            }
        }
    }
}

impl Observed {
    fn carry_out(&mut self, operation: &Operation) -> Result<(), i32> {
        match operation {
            Operation::AddLink(name, link) => {
                if self.foreign_links.contains_key(name) {
                    return Err(EBUSY);
                }
                self.ours.links.entry(*name).or_insert(super::HostLink { up: false, ..*link });
            }
            Operation::SetLink(name, link) => {
                *self.ours.links.get_mut(name).ok_or(ENODEV)? = *link;
                if !link.up {
                    self.ours.forget_routes_over(*name);
                }
            }
            Operation::DeleteLinks(names) => names.iter().for_each(|name| self.ours.forget_link(*name)),
            Operation::AddAddress(name, address) => {
                self.ours.links.get(name).ok_or(ENODEV)?;
                self.ours.addresses.insert((*name, *address));
            }
            Operation::DeleteAddress(name, address) => {
                self.ours.addresses.remove(&(*name, *address));
            }
            Operation::AddRoute(key, route) => {
                let equal = self.ours.routes.get(key).is_none_or(|existing| existing == route);
                if self.foreign_routes.contains(key) || !equal {
                    return Err(EEXIST);
                }
                self.check_devices(route)?;
                self.ours.routes.insert(*key, route.clone());
            }
            Operation::ReplaceRoute(key, route) => {
                if self.foreign_routes.contains(key) {
                    return Err(EEXIST);
                }
                self.check_devices(route)?;
                self.ours.routes.insert(*key, route.clone());
            }
            Operation::DeleteRoute(key, route) => self.ours.forget_route(key, route),
            Operation::AddRule(rule) => {
                self.ours.rules.insert(*rule);
            }
            Operation::DeleteRule(rule) => {
                self.ours.rules.remove(rule);
            }
            Operation::Enable(setting) => {
                self.link_is_up(setting.interface)?;
                self.ours.settings.insert(*setting);
            }
            Operation::Restore(setting) => {
                self.ours.settings.remove(setting);
            }
        }
        Ok(())
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
    fn forget_link(&mut self, name: InterfaceName) {
        self.links.remove(&name);
        self.addresses.retain(|(device, _)| *device != name);
        self.settings.retain(|setting| setting.interface != name);
        self.forget_routes_over(name);
    }

    fn forget_routes_over(&mut self, name: InterfaceName) {
        self.routes.retain(|_, route| route.hops.iter().all(|hop| hop.device != name));
    }

    fn forget_route(&mut self, key: &RouteKey, route: &HostRoute) {
        if self.routes.get(key) == Some(route) {
            self.routes.remove(key);
        }
    }
}
