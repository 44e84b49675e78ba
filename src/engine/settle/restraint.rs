//! What is not done, though it differs.

use crate::engine::concern::Subject;
use crate::host::{HostHop, Object, Operation};

use super::{Progress, Settling};

impl Settling<'_> {
    /// Leaves out what is in vain or rests; of links that go together, and of the ways of a route, only
    /// those for which it is so.
    pub(super) fn possible(&self, mut operations: Vec<Operation>, progress: &mut Progress) -> Vec<Operation> {
        self.let_rest(&mut operations, progress);
        if progress.failed.is_empty() {
            return operations;
        }
        operations.retain_mut(|operation| match operation {
            Operation::DeleteLinks(names) => {
                names.retain(|name| !self.is_in_vain(&[Subject::Interface(*name)].into(), progress));
                !names.is_empty()
            }
            Operation::AddRoute(key, route) | Operation::ReplaceRoute(key, route) if route.hops.len() > 1 => {
                let has_failed = |hop: &HostHop| progress.failed.contains(&Subject::Interface(hop.device));
                route.hops.retain(|hop| !has_failed(hop));
                // What stands may be all that can be had.
                let stands = self.mirror.seen().ours.routes.get(key) == Some(&*route);
                !route.hops.is_empty() && !stands && !self.is_in_vain(&self.concerned(operation), progress)
            }
            _ => !self.is_in_vain(&self.concerned(operation), progress),
        });
        operations
    }

    /// Leaves out what is in dispute with somebody else, for a while. What needs a tap that is not there
    /// is then in vain.
    pub(super) fn let_rest(&self, operations: &mut Vec<Operation>, progress: &mut Progress) {
        if self.disputes.running().next().is_none() {
            return;
        }
        let rests = |operation: &Operation| {
            let is_disputed = |object: &Object| self.disputes.rests(object, self.now);
            self.restored(operation).iter().any(is_disputed) && !self.is_asked(&self.concerned(operation))
        };
        operations.retain_mut(|operation| match operation {
            Operation::DeleteLinks(names) => {
                names.retain(|name| !rests(&Operation::DeleteLinks(vec![*name])));
                !names.is_empty()
            }
            _ if !rests(operation) => true,
            Operation::AddLink(name, _) | Operation::SetLink(name, _) => {
                let stands = self.mirror.seen().ours.links.get(name).is_some_and(|link| link.up);
                if !stands {
                    progress.failed.insert(Subject::Interface(*name));
                }
                false
            }
            _ => false,
        });
    }

    /// What an operation puts right: things that are to be as they were to be before.
    pub(super) fn restored(&self, operation: &Operation) -> Vec<Object> {
        let (before, after) = (&self.standing.want().host, &self.plan.want().host);
        let mut objects = operation.objects();
        objects.retain(|object| object.is_same_in(before, after));
        objects
    }
}
