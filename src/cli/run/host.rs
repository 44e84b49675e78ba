//! `vgw host …`, and `vgw status`

use super::super::args::HostVerb;
use super::super::failure::Failure;
use super::super::report::{HostDifference, HostObjects};
use super::super::wire;
use super::talk::Talk;

impl Talk<'_> {
    pub(super) fn host(&mut self, verb: &HostVerb) -> Result<String, Failure> {
        match verb {
            HostVerb::Show => {
                let objects = self.daemon.list_host_objects()?.into_iter().map(wire::host_object).collect();
                self.form.text(&HostObjects { objects })
            }
            HostVerb::Diff => {
                let steps = self.daemon.diff_host()?.into_iter().map(wire::step).collect();
                self.form.text(&HostDifference { steps })
            }
        }
    }

    pub(super) fn status(&mut self) -> Result<String, Failure> {
        self.form.text(&wire::status(self.daemon.status()?))
    }
}
