//! Networks of compute services.

use super::*;

#[test]
fn networks_are_listed() {
    assert_eq!(
        ask(&mut Daemon::default(), "vgw network list").unwrap(),
        "network                               state   instance  gateways\n\
         9f2c1d34-0a1b-4c5d-8e6f-0123456789ab  static  net1      10.0.0.1\n"
    );
    assert_eq!(
        ask(&mut Daemon::default(), "vgw -j network list").unwrap(),
        "{\"schema\":\"vgw.networks/1\",\"networks\":[{\"id\":\"9f2c1d34-0a1b-4c5d-8e6f-0123456789ab\",\
         \"instance\":\"net1\",\"gateways\":[\"10.0.0.1\"],\"dhcp\":null,\
         \"router_advertisements\":null,\"is_static\":true}]}\n"
    );
}

#[test]
fn a_network_is_shown_by_its_uuid() {
    let shown = ask(&mut Daemon::default(), "vgw network show 9F2c1d34-0a1b-4c5d-8e6f-0123456789ab").unwrap();
    assert!(shown.contains("instance      net1\n"), "{shown}");
    let missing = ask(&mut Daemon::default(), "vgw network show 00000000-0a1b-4c5d-8e6f-0123456789ab").unwrap_err();
    assert_eq!(missing.exit_code(), 3);
}
