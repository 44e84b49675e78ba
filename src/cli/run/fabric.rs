//! `vgw fabric …`

use crate::api::generated::virtual_gateway::FabricRequest;

use super::super::args::FabricVerb;
use super::super::failure::Failure;
use super::super::wire;
use super::talk::Talk;

impl Talk<'_> {
    pub(super) fn fabric(&mut self, verb: &FabricVerb) -> Result<String, Failure> {
        match verb {
            FabricVerb::Take(given) => {
                let confirm_ms = given.confirm.map(|time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
                let (device, interface) = (given.device.to_string(), Some(given.interface.to_string()));
                let request = FabricRequest { device, interface_name: interface, confirm_ms };
                self.form.text(&wire::fabric_deed(self.daemon.take_fabric(request, self.dry)?, self.dry))
            }
            FabricVerb::GiveBack => {
                self.form.text(&wire::fabric_deed(self.daemon.give_back_fabric(self.dry)?, self.dry))
            }
            FabricVerb::Confirm => self.form.text(&wire::fabric(self.daemon.confirm_fabric()?)),
            // The daemon is not asked for a rescue: that is for when it is gone.
            FabricVerb::Show | FabricVerb::Restore(_) => self.form.text(&wire::fabric(self.daemon.fabric()?)),
        }
    }
}
