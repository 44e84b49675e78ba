//! What DHCP clients have leased, and which uplinks it is for.

use std::collections::BTreeMap;

use crate::gateway::{Addressing, Leases, Refusal, UplinkName, UplinkSpec, Waiting};

use super::Registry;

impl Registry {
    /// Takes over the leases of all devices. Those that no uplink waits for are remembered for one that
    /// comes later.
    pub fn take_leases(&mut self, leases: Leases) {
        self.leases = leases;
        self.hand_out_leases();
    }

    /// The leases of all devices.
    #[must_use]
    pub fn leases(&self) -> &Leases {
        &self.leases
    }

    /// The uplinks whose address is leased and that have none.
    pub fn waiting(&self) -> impl Iterator<Item = Waiting> {
        let waiting = self.uplinks().filter(|uplink| uplink.attachment().is_none());
        waiting.filter_map(|uplink| {
            let lease = uplink.spec.lease()?;
            let taken = self.leases.get(&lease).map(|taken| taken.address.address);
            Some(Waiting { uplink: uplink.spec.name.clone(), lease, taken })
        })
    }

    /// Gives each uplink the lease that it waits for. Of several with one address only one can have it,
    /// since packets from it leave by one uplink: one for which it is fixed, else the first by name.
    pub(super) fn hand_out_leases(&mut self) {
        let fixed = self.uplinks().filter(|uplink| matches!(uplink.spec.addressing, Addressing::Fixed(_)));
        let fixed = fixed.filter_map(|uplink| Some((uplink.attachment()?.address.address, uplink.spec.name.clone())));
        let mut owners: BTreeMap<_, UplinkName> = fixed.collect();
        let mut changed = Vec::new();
        for uplink in self.uplinks() {
            let Some(wanted) = uplink.spec.lease() else { continue };
            let name = &uplink.spec.name;
            let lease = self.leases.get(&wanted).copied();
            let lease = lease.filter(|it| owners.entry(it.address.address).or_insert_with(|| name.clone()) == name);
            if uplink.lease != lease {
                changed.push((name.clone(), lease));
            }
        }
        for (name, lease) in changed {
            if let Some(uplink) = self.uplinks.get_mut(&name) {
                uplink.lease = lease;
            }
        }
    }

    /// Refuses a second uplink for one lease: packets from its address leave by one uplink only.
    pub(super) fn check_lease(&self, spec: &UplinkSpec) -> Result<(), Refusal> {
        let Some(lease) = spec.lease() else { return Ok(()) };
        let mut others = self.uplinks().filter(|uplink| uplink.spec.name != spec.name);
        match others.find(|other| other.spec.lease() == Some(lease)) {
            Some(other) => Err(Refusal::LeaseTaken { lease, uplink: other.spec.name.clone() }),
            None => Ok(()),
        }
    }
}
