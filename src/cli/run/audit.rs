//! `vgw audit …`

use super::super::args::AuditVerb;
use super::super::failure::Failure;
use super::super::wire;
use super::talk::Talk;

impl Talk<'_> {
    pub(super) fn audit(&mut self, verb: Option<&AuditVerb>) -> Result<String, Failure> {
        match verb {
            None => {}
            Some(AuditVerb::Connect) => self.daemon.connect()?,
            Some(AuditVerb::Timer { milliseconds }) => self.daemon.set_audit_timeout(*milliseconds)?,
        }
        self.form.text(&wire::audit(self.daemon.audit()?))
    }
}
