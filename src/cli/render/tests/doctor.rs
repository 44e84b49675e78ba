use super::super::super::report::*;
use super::{looks, says, strings};

fn finding() -> Finding {
    Finding {
        id: "mtu".into(),
        severity: "warning".into(),
        subject: "eth1".into(),
        evidence: strings(["eth1 is narrow"]),
        cure: strings(["ip link set dev eth1 mtu 1500"]),
        remark: Some("or not".into()),
        fixable: true,
    }
}

fn diagnosis() -> Diagnosis {
    Diagnosis {
        findings: vec![finding()],
        fixed: Vec::new(),
        in_order: strings(["tun"]),
        unseen: strings(["no nft"]),
        routes_outside: strings(["Linux: ip route add 10.0.0.0/8 via 192.0.2.1"]),
        verbose: false,
    }
}

#[test]
fn findings_have_what_was_seen_and_what_helps() {
    looks(
        &diagnosis(),
        "warning mtu: eth1
  eth1 is narrow
  $ ip link set dev eth1 mtu 1500
  vgw doctor --fix mtu does it
  or not
",
    );
    says(
        &diagnosis(),
        r#"{"schema":"vgw.doctor/1","findings":[{"id":"mtu","severity":"warning","subject":"eth1","evidence":["eth1 is narrow"],"cure":["ip link set dev eth1 mtu 1500"],"remark":"or not","fixable":true}],"fixed":[],"in_order":["tun"],"unseen":["no nft"],"routes_outside":["Linux: ip route add 10.0.0.0/8 via 192.0.2.1"]}"#,
    );
}

#[test]
fn what_is_in_order_is_told_to_those_who_ask() {
    looks(&Diagnosis { findings: Vec::new(), ..diagnosis() }, "nothing is wrong\n");
    looks(
        &Diagnosis { findings: Vec::new(), verbose: true, ..diagnosis() },
        "nothing is wrong

In order
  tun

Not looked at
  no nft

Routes that the outside needs
  Linux: ip route add 10.0.0.0/8 via 192.0.2.1
",
    );
}

#[test]
fn what_was_done_comes_first() {
    let fixed = |dry_run, failure: Option<&str>| Fixed {
        id: "tun".into(),
        subject: "/dev/net/tun".into(),
        command: "modprobe tun".into(),
        dry_run,
        failure: failure.map(str::to_owned),
    };
    let of = |fixed| Diagnosis { findings: Vec::new(), fixed: vec![fixed], ..diagnosis() };
    looks(&of(fixed(false, None)), "done tun: /dev/net/tun: modprobe tun\nnothing is wrong\n");
    looks(&of(fixed(true, None)), "would do tun: /dev/net/tun: modprobe tun\nnothing is wrong\n");
    looks(&of(fixed(false, Some("no"))), "failed tun: /dev/net/tun: modprobe tun: no\nnothing is wrong\n");
}
