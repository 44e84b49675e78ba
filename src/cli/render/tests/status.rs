use super::super::super::report::*;
use super::{attached, audit, fixed, gateway, instance, looks, port, rates, says, stale, strings, uplink};

fn repairs() -> Repairs {
    let count = |kind: &str, occasion: &str, count| RepairCount { kind: kind.into(), occasion: occasion.into(), count };
    let counts = vec![count("link", "notice", 1), count("route", "notice", 1200), count("route", "check", 4)];
    Repairs { counts, last_ms: Some(41_000) }
}

fn problem(id: &str, sentence: &str, cure: &str) -> Problem {
    Problem { id: id.into(), sentence: sentence.into(), cure: cure.into() }
}

fn confinement(means: &str, extent: &str, reason: Option<&str>) -> Confinement {
    Confinement { means: means.into(), extent: extent.into(), reason: reason.map(str::to_owned) }
}

#[test]
fn status_is_one_screen() {
    let status = Status {
        version: "0.1.0".into(),
        uptime_ms: 7_980_000,
        workers: 1,
        gateways: vec![gateway(), stale(), fixed()],
        ports: vec![port(), attached()],
        uplinks: vec![uplink()],
        instances: vec![instance()],
        audit: audit(),
        repairs: Some(repairs()),
        trial_ends_in_ms: None,
        problems: strings(["port vnet7: its interface is down or gone", "another one"]),
        problem_details: Some(vec![
            problem("VGW-PORT-LOST", "port vnet7: its interface is down or gone", "ip link set dev vnet7 up"),
            problem("VGW-HOST-REFUSED", "another one", "vgw host diff"),
        ]),
        rates: Some(Rates { bytes: 98_765_432, ..rates(123_455, 99_000, 31) }),
        sandbox: Some(vec![
            confinement("landlock", "none", Some("this kernel has none")),
            confinement("seccomp", "all", None),
            confinement("capabilities", "part", Some("as the service has it")),
        ]),
    };
    looks(&status, "
vgwd 0.1.0, up 2 h 13 min, 1 worker
sandbox: landlock not in force (this kernel has none), seccomp, capabilities in part (as the service has it)

Traffic
  12,346 packets/s, 9.4 MiB/s, 3 drops/s in the last 10 s

Gateways
  interface  instance                        state    subnets          uplink   rx pps  tx pps  drops/s  drops  audit
  vgw1       default-domain:admin:net1:net1  dynamic  192.168.1.0/24   display      12   1,499        1     13  confirmed
                                                      2001:db8:1::/64
  vgw2       default-domain:admin:net2:net2  dynamic  192.168.2.0/24   -             -       -        -      0  deleted in 41 s
  vgw3       default-domain:admin:net2:net2  static   192.168.2.0/24   -             -       -        -      0  exempt

Ports
  port   instance                        state    guest           addresses         drops
  tap0   default-domain:admin:net1:net1  dynamic  eth0 in guest1  192.168.1.253/32      0
  vnet7  default-domain:admin:net1:net1  dynamic  attached        192.168.1.253/32      0

Uplinks
  uplink   state   device  address      via       table  gateways
  display  static  eth1    20.0.0.5/24  20.0.0.1  20100  vgw1

Audit
  controllers have connected 3 times; the next connect leaves 1 min for replay
  running: 41 s left, then deletes vgw2

Repairs
  link: 1 (1 by notice)
  route: 1,204 (1,200 by notice, 4 by check)
  the last one 41 s ago

Problems (2)
  1. port vnet7: its interface is down or gone
     VGW-PORT-LOST: ip link set dev vnet7 up
  2. another one
     VGW-HOST-REFUSED: vgw host diff
");
}

#[test]
fn status_of_an_idle_daemon_is_short() {
    let status = Status {
        version: "0.1.0".into(),
        uptime_ms: 900,
        workers: 4,
        gateways: vec![],
        ports: vec![],
        uplinks: vec![],
        instances: vec![],
        audit: Audit { version: 0, timeout_ms: None, running: vec![] },
        repairs: Some(Repairs { counts: vec![], last_ms: None }),
        trial_ends_in_ms: None,
        problems: strings(["told by an older daemon"]),
        problem_details: None,
        rates: None,
        sandbox: None,
    };
    looks(
        &status,
        "
vgwd 0.1.0, up 900 ms, 4 workers

Gateways
  none

Ports
  none

Audit
  no controller has connected yet; audits are switched off

Problems (1)
  1. told by an older daemon
",
    );
    says(
        &status,
        r#"{"schema":"vgw.status/1","version":"0.1.0","uptime_ms":900,"workers":4,"gateways":[],"ports":[],"uplinks":[],"instances":[],"audit":{"version":0,"timeout_ms":null,"running":[]},"repairs":{"counts":[],"last_ms":null},"trial_ends_in_ms":null,"problems":["told by an older daemon"],"problem_details":null,"rates":null,"sandbox":null}"#,
    );
}
