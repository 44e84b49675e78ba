//! What differs between two registries.

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use crate::addr::{InstanceName, Prefix};
use crate::gateway::{GatewaySpec, PortSpec};

use super::{Registry, Uplink};

/// Something as it was and as it is to be: `None` where it is not.
pub(in crate::gateway) type Change<'a, T> = (Option<&'a T>, Option<&'a T>);

/// What differs between two registries, as far as anything follows from it: who is in charge of a
/// gateway or port is left out.
pub(in crate::gateway) struct Changes<'a> {
    pub(in crate::gateway) gateways: Vec<Change<'a, GatewaySpec>>,
    pub(in crate::gateway) ports: Vec<Change<'a, PortSpec>>,
    pub(in crate::gateway) uplinks: Vec<Change<'a, Uplink>>,
    pub(in crate::gateway) routes: Vec<&'a (InstanceName, Prefix)>,
}

impl Registry {
    /// What has changed on the way from this registry to another. Costs what that is, if the other
    /// descends from this one.
    pub(in crate::gateway) fn changes<'a>(&'a self, next: &'a Self) -> Changes<'a> {
        let mut changes = Changes {
            gateways: differing(&self.gateways, &next.gateways, |gateway| &*gateway.spec),
            ports: differing(&self.ports, &next.ports, |port| &*port.spec),
            uplinks: differing(&self.uplinks, &next.uplinks, |uplink| uplink),
            routes: Vec::new(),
        };
        changes.routes.extend(self.routes.diff(&next.routes).map(|difference| match difference {
            DiffItem::Add(key, _) | DiffItem::Update { new: (key, _), .. } | DiffItem::Remove(key, _) => key,
        }));
        changes.uplinks.retain(|(before, after)| match (before, after) {
            (Some(before), Some(after)) => {
                (&before.spec, before.lease, before.table) != (&after.spec, after.lease, after.table)
            }
            _ => true,
        });
        changes
    }
}

fn differing<'a, K: Ord, V: PartialEq, T: PartialEq>(
    before: &'a OrdMap<K, V>,
    after: &'a OrdMap<K, V>,
    what: impl Fn(&'a V) -> &'a T,
) -> Vec<Change<'a, T>> {
    let changes = before.diff(after).map(|difference| match difference {
        DiffItem::Add(_, new) => (None, Some(what(new))),
        DiffItem::Update { old: (_, old), new: (_, new) } => (Some(what(old)), Some(what(new))),
        DiffItem::Remove(_, old) => (Some(what(old)), None),
    });
    changes.filter(|(before, after)| before != after).collect()
}
