//! Which gateways announce which subnets to the host.

use imbl::{OrdMap, OrdSet};

use crate::addr::{InterfaceName, Prefix};

use super::GatewaySpec;

/// The gateways' subnets by prefix, so that an overlap is found without asking every gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Announced(OrdMap<Prefix, OrdSet<InterfaceName>>);

impl Announced {
    /// Notes a gateway's subnets.
    pub(super) fn insert(&mut self, gateway: &GatewaySpec) {
        for subnet in &gateway.subnets {
            self.0.entry(*subnet).or_default().insert(gateway.interface);
        }
    }

    /// Forgets a gateway's subnets.
    pub(super) fn remove(&mut self, gateway: &GatewaySpec) {
        for subnet in &gateway.subnets {
            if let Some(names) = self.0.get_mut(subnet) {
                names.remove(&gateway.interface);
                if names.is_empty() {
                    self.0.remove(subnet);
                }
            }
        }
    }

    /// The gateways that announce exactly this subnet; never empty.
    pub(super) fn get(&self, subnet: &Prefix) -> Option<&OrdSet<InterfaceName>> {
        self.0.get(subnet)
    }

    /// True if some gateway announces exactly this subnet.
    pub(super) fn contains(&self, subnet: &Prefix) -> bool {
        self.0.contains_key(subnet)
    }

    /// The gateways that announce exactly this subnet.
    pub(super) fn announcers(&self, subnet: &Prefix) -> impl Iterator<Item = InterfaceName> {
        self.get(subnet).into_iter().flatten().copied()
    }

    /// Every subnet with the gateways that announce it; several of them share its traffic.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Prefix, &OrdSet<InterfaceName>)> {
        self.0.iter().map(|(subnet, names)| (*subnet, names))
    }

    /// The announcements that share an address with `subnet`, with one entry for each gateway.
    pub(super) fn overlapping(&self, subnet: Prefix) -> impl Iterator<Item = (Prefix, InterfaceName)> {
        let around = (0..subnet.length())
            .filter_map(move |length| Prefix::new(subnet.address(), length).ok())
            .filter_map(|wider| self.0.get_key_value(&wider));
        // Prefixes sort by first address, then by length: what lies inside follows without a gap.
        let inside = self.0.range(subnet..).take_while(move |(narrower, _)| subnet.covers(narrower));
        around.chain(inside).flat_map(|(prefix, names)| names.iter().map(|name| (*prefix, *name)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::addr::Weight;
    use proptest::prelude::*;

    fn prefixes() -> impl Strategy<Value = Prefix> {
        let v4 = (0u8..4, 0u8..4, 0u8..=32).prop_map(|(a, b, length)| ([10, a, b, a ^ b].into(), length));
        let v6 =
            (0u16..4, 0u16..4, 0u8..=128).prop_map(|(a, b, length)| ([0xfd00, a, b, 0, 0, 0, a, b].into(), length));
        prop_oneof![v4, v6].prop_map(|(address, length): (std::net::IpAddr, u8)| Prefix::new(address, length).unwrap())
    }

    proptest! {
        #[test]
        fn overlaps_are_those_that_a_scan_finds(
            sets in prop::collection::vec(prop::collection::btree_set(prefixes(), 1..6), 1..12),
            removed in 0usize..12,
            asked in prefixes(),
        ) {
            let gateways: Vec<_> = sets.into_iter().enumerate().map(|(index, subnets)| GatewaySpec {
                interface: format!("vgw{index}").parse().unwrap(),
                instance: "a".parse().unwrap(),
                subnets,
                routes: BTreeSet::new(),
                uplink: None,
                masquerade: false,
                weight: Weight::ONE,
            }).collect();
            let mut announced = Announced::default();
            gateways.iter().for_each(|gateway| announced.insert(gateway));
            gateways.iter().skip(removed).take(1).for_each(|gateway| announced.remove(gateway));

            let left = gateways.iter().enumerate().filter(|(index, _)| *index != removed).map(|(_, gateway)| gateway);
            let expected: BTreeSet<_> = left
                .flat_map(|gateway| gateway.subnets.iter().map(|subnet| (*subnet, gateway.interface)))
                .filter(|(subnet, _)| subnet.covers(&asked) || asked.covers(subnet))
                .collect();
            let found: Vec<_> = announced.overlapping(asked).collect();
            prop_assert_eq!(found.len(), expected.len());
            prop_assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
        }
    }
}
