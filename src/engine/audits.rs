//! The audit of gateways: controllers that connect, and what they do not add again.

use crate::clock::Moment;
use crate::gateway::Auditee;

use super::command::Caller;
use super::conductor::Conductor;
use super::events::{Cause, Deed, Happening};
use super::log::{audit_ended, audit_started};

impl Conductor {
    /// A controller will now add every gateway it has.
    pub(super) fn connect(&mut self, caller: &Caller) {
        self.audit.connect(self.clock.now());
        let version = self.audit.version();
        tracing::info!(%caller, version, timeout = ?self.audit.timeout(), "controller connected");
        self.recorder.record(caller.into(), audit_started("gateways", &self.audit));
    }

    /// Sets the timer of later connects.
    pub(super) fn set_audit_timeout(&mut self, caller: &Caller, millis: i32) {
        self.audit.set_timeout_millis(millis);
        tracing::info!(%caller, millis, "audit timer set");
        let set = Happening::new("audit", "gateways", Deed::Set).saying(format!("timer: {millis} ms"));
        self.recorder.record(caller.into(), set);
    }

    /// Deletes what a due audit finds stale.
    pub(super) fn expire(&mut self, now: Moment) {
        let Some(threshold) = self.audit.expire(now) else { return };
        self.memory.unfit.expire(Auditee::Gateways, threshold);
        let stale = self.plan.registry().stale(threshold);
        if stale.is_empty() {
            tracing::info!("audit over: every gateway was confirmed");
            self.recorder.record(Cause::Audit, audit_ended("gateways", 0));
            return;
        }
        let mut next = self.plan.registry().clone();
        for name in &stale {
            // Stale gateways are dynamic, so the registry has no reason to refuse.
            let _ = next.delete_gateway(name);
        }
        self.settle_anyhow(next);
        self.recorder.record(Cause::Audit, audit_ended("gateways", stale.len()));
        for name in stale {
            self.recorder.record(Cause::Audit, Happening::new("gateway", name.to_string(), Deed::Deleted));
            tracing::warn!(interface = %name, "deleted by the audit: its controller reconnected and did not add it again");
        }
    }
}
