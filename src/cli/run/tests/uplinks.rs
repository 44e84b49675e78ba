//! Uplinks: their leases, and those of others.

use super::*;

#[test]
fn each_lease_has_its_outcome() {
    let mut daemon = Daemon::default();
    let told = ask(&mut daemon, "vgw uplink release eth1").unwrap();
    assert_eq!(daemon.asked, ["read_lease eth1 ipv4", "read_lease eth1 ipv6"]);
    assert_eq!(told, "lease eth1.ipv4 unchanged\nlease eth1.ipv6 absent before and now\n");
    assert_eq!(
        ask(&mut daemon, "vgw -j uplink release eth1 --family ipv6").unwrap(),
        "{\"schema\":\"vgw.leases/1\",\"leases\":[{\"device\":\"eth1\",\"family\":\"ipv6\",\"outcome\":\"absent\"}]}\n"
    );
}

#[test]
fn what_is_taken_over_is_told_and_what_is_not() {
    let first = "uplink eth1: 20.0.0.5/24 dev eth1 via 20.0.0.1, table 100, by rt_tables\n";
    let second = "uplink eth2: 20.0.0.5/24 dev eth1 via 20.0.0.1, table 101, by rt_tables\n  \
                  not taken over: a rule would be lost\n";
    let keep = "  taken over; to keep it, write into the configuration file:\n\n  [[uplink]]\n  name = \"eth1\"\n  \
                device = \"eth1\"\n  address = \"20.0.0.5/24\"\n  via = \"20.0.0.1\"\n\n";
    assert_eq!(ask(&mut Daemon::default(), "vgw uplink import").unwrap(), format!("{first}{keep}{second}"));
    let steps = "ip rule delete from 20.0.0.5/32 lookup 100 pref 32000  # uplink eth1\n";
    assert_eq!(ask(&mut Daemon::default(), "vgw uplink import -n").unwrap(), format!("{first}{steps}{second}"));
}
