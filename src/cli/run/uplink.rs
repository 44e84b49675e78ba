//! `vgw uplink …`

use crate::api::generated::virtual_gateway::Change;
use crate::gateway::LeaseName;

use super::super::args::UplinkVerb;
use super::super::failure::Failure;
use super::super::lease;
use super::super::report::{Import, Lease, Leases, Uplinks};
use super::super::wire;
use super::talk::{Talk, missing};

impl Talk<'_> {
    pub(super) fn uplink(&mut self, verb: &UplinkVerb) -> Result<String, Failure> {
        match verb {
            UplinkVerb::Add(given) => self.change("uplink", &given.uplink, Change::AddUplink(wire::add_uplink(given))),
            UplinkVerb::Delete(given) => {
                self.change("uplink", &given.uplink, Change::DeleteUplink(given.uplink.to_string()))
            }
            UplinkVerb::Lease(_) | UplinkVerb::Release(_) => {
                let mut told = |name: LeaseName| {
                    let outcome = self.daemon.read_lease(name.device.to_string(), name.family.to_string())?;
                    Ok::<_, Failure>(Lease::of(name, wire::lease_outcome(outcome)))
                };
                let leases = lease::names(verb).into_iter().map(&mut told).collect::<Result<_, _>>()?;
                self.form.text(&Leases { leases })
            }
            UplinkVerb::Import { devices } => {
                let devices = devices.iter().map(ToString::to_string).collect();
                let found = self.daemon.import_uplinks(devices, self.dry)?;
                let uplinks = found.into_iter().map(wire::foreign_uplink).collect();
                self.form.text(&Import { dry_run: self.dry, uplinks })
            }
            UplinkVerb::List => {
                let uplinks = self.daemon.list_uplinks()?.into_iter().map(wire::uplink).collect();
                self.form.text(&Uplinks { uplinks })
            }
            UplinkVerb::Show(given) => {
                let name = given.uplink.as_str();
                let found = self.daemon.list_uplinks()?.into_iter().find(|uplink| uplink.name == name);
                self.form.text(&wire::uplink(found.ok_or_else(|| missing("uplink", name))?))
            }
        }
    }
}
