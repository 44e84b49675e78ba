use super::super::super::report::*;
use super::{looks, says, uplink};

#[test]
fn uplinks() {
    let leased = Uplink { address: None, via: None, lease: Some("ipv4".into()), ..uplink() };
    looks(
        &Uplinks { uplinks: vec![leased.clone()] },
        "
uplink   state   device  table  gateways
display  static  eth1    20100  vgw1
",
    );
    looks(
        &leased,
        "
uplink display
  state         static
  device        eth1
  lease         ipv4
  address       none, it leads nowhere
  via           none, it leads nowhere
  table         20100
  gateways      vgw1
",
    );
    looks(&Uplinks { uplinks: vec![] }, "no uplinks\n");
    looks(
        &Uplinks { uplinks: vec![uplink()] },
        "
uplink   state   device  address      via       table  gateways
display  static  eth1    20.0.0.5/24  20.0.0.1  20100  vgw1
",
    );
    looks(
        &uplink(),
        "
uplink display
  state         static
  device        eth1
  address       20.0.0.5/24
  via           20.0.0.1
  table         20100
  gateways      vgw1
",
    );
    says(
        &Uplinks { uplinks: vec![uplink()] },
        r#"{"schema":"vgw.uplinks/1","uplinks":[{"name":"display","device":"eth1","address":"20.0.0.5/24","via":"20.0.0.1","lease":null,"table":20100,"gateways":["vgw1"],"is_static":true}]}"#,
    );
}
