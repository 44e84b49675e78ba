use super::super::super::report::*;
use super::{fixed, gateway, looks, says, stale};

#[test]
fn gateways() {
    looks(&Gateways { gateways: vec![] }, "no gateways\n");
    looks(&Gateways { gateways: vec![stale(), fixed()] }, "
interface  instance                        state    subnets         routes     masquerade  rx packets  tx packets  drops  audit
vgw2       default-domain:admin:net2:net2  dynamic  192.168.2.0/24  0.0.0.0/0  no              12.3 M           2      0  deleted in 41 s
vgw3       default-domain:admin:net2:net2  static   192.168.2.0/24  0.0.0.0/0  no              12.3 M           2      0  exempt
");
    looks(
        &gateway(),
        "
gateway vgw1
  instance      default-domain:admin:net1:net1
  state         dynamic
  subnets       192.168.1.0/24, 2001:db8:1::/64
  routes        0.0.0.0/0, ::/0
  uplink        display
  masquerade    yes, 1,100 packets, 90.2 KiB
  weight        3
  audit         confirmed, version 3
  received      1,204 packets, 115.2 KiB, from the host
    sent on     1,189
    answered    2
    dropped     13
                12 IP_CSUM
                1 PKT_TOO_SMALL
  transmitted   998 packets, 95.5 KiB, to the host
",
    );
    says(
        &Gateways { gateways: vec![gateway()] },
        r#"{"schema":"vgw.gateways/1","gateways":[{"interface":"vgw1","instance":"default-domain:admin:net1:net1","subnets":["192.168.1.0/24","2001:db8:1::/64"],"routes":["0.0.0.0/0","::/0"],"uplink":"display","masquerade":true,"masqueraded":{"packets":1100,"bytes":92400},"weight":3,"is_static":false,"version":3,"deleted_in_ms":null,"counters":{"received":1204,"received_bytes":117992,"sent":1189,"answered":2,"held":0,"dropped":{"IP_CSUM":12,"PKT_TOO_SMALL":1},"transmitted":998,"transmitted_bytes":97804},"rates":{"over_ms":10000,"packets":120,"bytes":11760,"drops":7,"transmitted":14990,"transmitted_bytes":1469020}}]}"#,
    );
}
