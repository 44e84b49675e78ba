//! Adding and deleting uplinks, and giving them routing tables.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::addr::{Family, Prefix};
use crate::gateway::{Addressing, Applied, Attachment, Refusal, UplinkName, UplinkSpec};
use crate::host::{Mark, Observed, RouteKey};

use super::{Kind, Registry, Uplink, check_limit};

/// Tables that mean something to every kernel: unspecified, default, main and local.
const KERNEL_TABLES: [u32; 4] = [0, 253, 254, 255];

impl Registry {
    /// Uplinks of these names get these tables again, if they do not name others and nobody has taken
    /// them meanwhile. Only tables of our block are remembered, each for the last that had it.
    pub fn remember_tables(&mut self, tables: impl IntoIterator<Item = (UplinkName, u32)>) {
        for (name, table) in tables.into_iter().filter(|(_, table)| self.mark.owns_table(*table)) {
            let before = self.remembered_tables.iter().find(|(_, had)| **had == table).map(|(name, _)| name.clone());
            before.into_iter().for_each(|name| _ = self.remembered_tables.remove(&name));
            self.remembered_tables.insert(name, table);
        }
    }

    /// Adds an uplink, or changes the one that stands; it keeps its allocated table. `host` is what
    /// was last observed: the table must not be somebody else's.
    ///
    /// # Errors
    /// Why it does not fit; nothing has changed.
    pub fn add_uplink(&mut self, spec: UplinkSpec, host: &Observed) -> Result<Applied, Refusal> {
        let present = self.uplinks.get(&spec.name);
        if present.is_some_and(|uplink| uplink.is_static) {
            return Err(Refusal::Static(spec.name.to_string()));
        }
        let table = present.map(|uplink| uplink.table);
        self.check_leased(&spec)?;
        self.place_uplink(spec, false, table, host)
    }

    /// Refuses an address that another uplink has leased: the caller can be told. What has been accepted
    /// before, or stands in the file, has its address rather than a lease that came since.
    fn check_leased(&self, spec: &UplinkSpec) -> Result<(), Refusal> {
        let Addressing::Fixed(Attachment { address, .. }) = spec.addressing else { return Ok(()) };
        let address = address.address;
        let mut others = self.uplinks().filter(|uplink| uplink.spec.name != spec.name);
        let other = others.find(|other| other.lease.is_some_and(|lease| lease.address.address == address));
        other.map_or(Ok(()), |other| Err(Refusal::AddressTaken { address, uplink: other.spec.name.clone() }))
    }

    /// Deletes an uplink.
    ///
    /// # Errors
    /// It is static, in use, or not there.
    pub fn delete_uplink(&mut self, name: &UplinkName) -> Result<Applied, Refusal> {
        match self.uplinks.get(name) {
            None => Err(Refusal::NotFound { kind: "uplink", name: name.to_string() }),
            Some(uplink) if uplink.is_static => Err(Refusal::Static(name.to_string())),
            Some(uplink) => {
                let table = uplink.table;
                if let Some(gateway) = self.users(name).next().map(|gateway| gateway.spec.interface) {
                    return Err(Refusal::UplinkInUse { uplink: name.clone(), gateway });
                }
                self.uplinks.remove(name);
                self.remember_tables([(name.clone(), table)]);
                self.hand_out_leases();
                Ok(Applied::Deleted)
            }
        }
    }

    /// Judges an uplink and puts it in place of the one that stands; `former` is the table that it
    /// has had so far.
    pub(super) fn place_uplink(
        &mut self,
        spec: UplinkSpec,
        is_static: bool,
        former: Option<u32>,
        host: &Observed,
    ) -> Result<Applied, Refusal> {
        self.check_uplink(&spec)?;
        let table = self.choose_table(&spec, former, host)?;
        let applied = match self.uplinks.get(&spec.name) {
            None => Applied::Added,
            Some(uplink) if *uplink.spec == spec => Applied::Unchanged,
            Some(_) => Applied::Changed,
        };
        self.uplinks.insert(spec.name.clone(), Uplink { spec: Arc::new(spec), lease: None, table, is_static });
        self.hand_out_leases();
        Ok(applied)
    }

    fn check_uplink(&self, spec: &UplinkSpec) -> Result<(), Refusal> {
        self.check_name(spec.device, Kind::UplinkDevice)?;
        match &spec.addressing {
            Addressing::Fixed(attachment) => self.check_attachment(attachment, &spec.name)?,
            Addressing::Leased(_) => self.check_lease(spec)?,
        }
        check_limit(self.uplinks.contains_key(&spec.name), self.uplinks.len(), self.limits.uplinks, "uplinks")
    }

    fn check_attachment(
        &self,
        &Attachment { address: own, via }: &Attachment,
        name: &UplinkName,
    ) -> Result<(), Refusal> {
        let address = own.address;
        if Family::of(via) != Family::of(address) {
            return Err(Refusal::FamilyMismatch { gateway: via, prefix: own.network() });
        }
        let mut others = self.uplinks().filter(|uplink| uplink.spec.name != *name);
        // One that has only leased it does not keep it (`hand_out_leases`).
        let is_own = |other: &&Uplink| match other.spec.addressing {
            Addressing::Fixed(other) => other.address.address == address,
            Addressing::Leased(_) => false,
        };
        if let Some(other) = others.find(is_own) {
            return Err(Refusal::AddressTaken { address, uplink: other.spec.name.clone() });
        }
        if address == via {
            return Err(Refusal::UnusableAddress { address: Prefix::host(address), why: "is also the router's" });
        }
        Ok(())
    }

    /// The table asked for, the one it has, the one it had, or the lowest free one of our block; rather
    /// one that no other uplink had.
    fn choose_table(&self, spec: &UplinkSpec, former: Option<u32>, host: &Observed) -> Result<u32, Refusal> {
        let user = |table: u32| {
            let mut others = self.uplinks().filter(|uplink| uplink.spec.name != spec.name);
            others.find(|other| other.table == table).map(|other| other.spec.name.to_string()).or_else(|| {
                let is_foreign = host.foreign_tables.contains(&table) && former != Some(table);
                (is_foreign || KERNEL_TABLES.contains(&table)).then(|| "the host".to_owned())
            })
        };
        if let Some(table) = spec.table {
            return user(table).map_or(Ok(table), |user| Err(Refusal::TableTaken { table, user }));
        }
        let block = self.mark.table..self.mark.table.saturating_add(Mark::TABLES);
        let had = self.remembered_tables.get(&spec.name).copied();
        let is_strange = |table: u32| {
            let first = RouteKey { table, prefix: Prefix::DEFAULT_V4, metric: 0 };
            host.foreign_routes.range(first..).next().is_some_and(|key| key.table == table)
        };
        let is_free = |table: &u32| user(*table).is_none() && (former == Some(*table) || !is_strange(*table));
        let others: BTreeSet<u32> = self.remembered_tables.values().copied().collect();
        let fresh = block.clone().filter(|table| !others.contains(table));
        let own = former.into_iter().chain(had).filter(|table| self.mark.owns_table(*table));
        own.chain(fresh)
            .chain(block)
            .find(is_free)
            .ok_or(Refusal::Limit { what: "free routing tables", limit: Mark::TABLES as usize })
    }
}
