//! The audits: clients that connect, and what they do not add again.

use crate::clock::Moment;
use crate::gateway::Auditee;

use super::command::Caller;
use super::conductor::Conductor;
use super::events::{Cause, Deed, Happening};
use super::log::{audit_ended, audit_started};

impl Conductor {
    /// A client will now add everything it has of these.
    pub(super) fn connect(&mut self, of: Auditee, caller: &Caller) {
        let audit = self.audits.of_mut(of);
        audit.connect(self.clock.now());
        tracing::info!(%caller, version = audit.version(), timeout = ?audit.timeout(), "{} connected", of.client());
        self.recorder.record(caller.into(), audit_started(of, audit));
    }

    /// Sets the timer of later connects of controllers.
    pub(super) fn set_audit_timeout(&mut self, caller: &Caller, millis: i32) {
        self.audits.gateways.set_timeout_millis(millis);
        tracing::info!(%caller, millis, "audit timer set");
        let set = Happening::new("audit", Auditee::Gateways.to_string(), Deed::Set);
        self.recorder.record(caller.into(), set.saying(format!("timer: {millis} ms")));
    }

    /// Deletes what due audits find stale.
    pub(super) fn expire(&mut self, now: Moment) {
        for of in Auditee::ALL {
            if let Some(threshold) = self.audits.of_mut(of).expire(now) {
                self.delete_stale(of, threshold);
            }
        }
    }

    fn delete_stale(&mut self, of: Auditee, threshold: u32) {
        self.memory.unfit.expire(of, threshold);
        let stale = self.plan.registry().stale(of, threshold);
        if !stale.is_empty() {
            let mut next = self.plan.registry().clone();
            for name in &stale {
                // A call has added it, so the registry has no reason to refuse.
                let _ = match of {
                    Auditee::Gateways => next.delete_gateway(name),
                    Auditee::Ports => next.delete_port(name),
                };
            }
            self.settle_anyhow(next);
        }
        tracing::info!(deleted = stale.len(), "audit of {of} over");
        self.recorder.record(Cause::Audit, audit_ended(of, stale.len()));
        for name in stale {
            self.recorder.record(Cause::Audit, Happening::new(of.thing(), name.to_string(), Deed::Deleted));
            tracing::warn!(interface = %name, "deleted by the audit: its {} reconnected and did not add it again", of.client());
        }
    }
}
