//! Other programs that manage the network.

use super::*;
use crate::doctor::Networkd;

#[test]
fn other_managers_are_at_work() {
    let networkd = |routes, rules| found(|facts| facts.networkd = Some(Networkd { routes, rules }));
    assert_eq!(networkd(true, false), ["networkd systemd-networkd"]);
    assert_eq!(networkd(false, true), ["networkd systemd-networkd"]);
    assert!(networkd(false, false).is_empty());
    let finding = one(|facts| facts.network_manager = Some(vec!["vgw1".to_owned(), "eth*".to_owned()]));
    assert!(cure(&finding)[0].contains("interface-name:vgw2"), "{finding:?}");
    assert!(!cure(&finding)[0].contains("interface-name:vgw1"), "{finding:?}");
    assert!(found(|facts| facts.network_manager = Some(vec!["vgw*".to_owned()])).is_empty());
}
