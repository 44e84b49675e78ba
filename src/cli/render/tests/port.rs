use super::super::super::report::*;
use super::super::Style;
use super::{attached, looks, port, says, told};

#[test]
fn a_port_shows_what_its_guest_is_told() {
    let text = told().render(Style::PLAIN);
    assert!(
        text.contains(
            "192.168.1.253/24 by 192.168.1.1 for 3600 s, name guest7, domain example.org, dns 192.0.2.53 192.0.2.54\n"
        ),
        "{text}"
    );
    assert!(text.contains("2001:db8:1::/64\n"), "{text}");
    assert!(!port().render(Style::PLAIN).contains("dhcp"));
}

#[test]
fn ports() {
    looks(&Ports { ports: vec![] }, "no ports\n");
    looks(&Ports { ports: vec![port(), attached()] }, "
port   instance                        state    guest           addresses         mac                rx packets  tx packets  drops
tap0   default-domain:admin:net1:net1  dynamic  eth0 in guest1  192.168.1.253/32  02:00:00:00:00:01         998       1,204      0
vnet7  default-domain:admin:net1:net1  dynamic  attached        192.168.1.253/32  -                         998       1,204      0
");
    looks(
        &attached(),
        "
port vnet7
  instance      default-domain:admin:net1:net1
  state         dynamic
  guest         attached
  addresses     192.168.1.253/32
  gateways      -
  mac           not learned yet
  mtu           1500 bytes
  weight        1
  received      998 packets, 95.5 KiB, from the guest
    sent on     996
    answered    2
  transmitted   1,204 packets, 115.2 KiB, to the guest
",
    );
    looks(
        &Port {
            compute_id: Some("9f2c1d34-0a1b-4c5d-8e6f-0123456789ab".into()),
            network: Some("20202020-2020-2020-2020-202020202020".into()),
            deleted_in_ms: Some(41_000),
            mtu: 0,
            counters: Counters::default(),
            ..attached()
        },
        "\
port vnet7
  instance      default-domain:admin:net1:net1
  state         dynamic
  guest         no interface yet
  addresses     192.168.1.253/32
  gateways      -
  mac           not learned yet
  mtu           -
  weight        1
  compute id    9f2c1d34-0a1b-4c5d-8e6f-0123456789ab
  network       20202020-2020-2020-2020-202020202020
  audit         deleted in 41 s
  received      0 packets, 0 B, from the guest
  transmitted   0 packets, 0 B, to the guest
",
    );
    says(
        &port(),
        r#"{"schema":"vgw.port/1","interface":"tap0","instance":"default-domain:admin:net1:net1","attached":false,"guest":{"netns":"guest1","name":"eth0"},"addresses":["192.168.1.253/32"],"gateways":["192.168.1.1"],"mac":"02:00:00:00:00:01","mtu":1500,"weight":1,"dhcp":null,"router_advertisements":null,"is_static":false,"compute_id":null,"network":null,"deleted_in_ms":null,"counters":{"received":998,"received_bytes":97804,"sent":996,"answered":2,"held":0,"dropped":{},"transmitted":1204,"transmitted_bytes":117992},"rates":null}"#,
    );
}
