//! The host's own card.

use super::*;

#[test]
fn what_is_taken_is_told_with_the_time_left() {
    let mut daemon = Daemon::default();
    let taken = ask(&mut daemon, "vgw fabric take eth0 --confirm 60s").unwrap();
    assert_eq!(
        taken,
        "note: mind\neth0 is taken, and given back in 42 s unless it is confirmed; the host has vhost0 in its place, \
         02:00:00:00:00:05\naddresses\n  192.0.2.5/24\nroutes\n  default via 192.0.2.1\n"
    );
    let dry = ask(&mut daemon, "vgw fabric take eth0 -n").unwrap();
    assert_eq!(dry, "note: mind\nnothing is done; these would be the 1 steps:\n  ip link set vhost0 up\n");
    assert!(ask(&mut daemon, "vgw fabric confirm").unwrap().starts_with("eth0 is taken; the host has vhost0"));
    assert_eq!(ask(&mut daemon, "vgw fabric give-back").unwrap(), "no device is taken\n");
    assert!(ask(&mut daemon, "vgw fabric show").unwrap().starts_with("eth0 is not given back whole"));
    assert!(ask(&mut daemon, "vgw fabric show -j").unwrap().contains("\"state\":\"giving-back\""));
    let asked =
        ["take eth0 Some(60000) false", "take eth0 None true", "confirm", "give back false", "fabric", "fabric"];
    assert_eq!(daemon.asked, asked);
}
