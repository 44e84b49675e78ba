//! The way of a packet.

use super::super::super::report::{Report, Trace, TraceOutcome, TraceStep, TraceVerdict, Way, to_json};
use super::super::Style;

fn step(place: &str, at: &str, text: &str, decides: bool) -> TraceStep {
    let facts = [("prefix".to_owned(), "0.0.0.0/0".to_owned())].into();
    let [place, at, text] = [place, at, text].map(str::to_owned);
    TraceStep { place, at, kind: "route".to_owned(), text, facts, decides }
}

fn trace() -> Trace {
    let there = Way {
        packet: "icmp 10.0.0.1 > 8.8.8.8".to_owned(),
        steps: vec![
            step("guest", "tap0", "in by tap0", false),
            step("instance", "net1", "a packet", false),
            step("instance", "net1", "a route", false),
            step("tap", "vgw1", "out by vgw1", false),
            step("host", "host", "a table", false),
            step("uplink", "eth0", "out by eth0", false),
        ],
        verdict: TraceVerdict {
            outcome: TraceOutcome::Forwarded,
            at: "eth0".to_owned(),
            reason: None,
            meaning: "it leaves the host by eth0".to_owned(),
            cure: None,
        },
    };
    let back = Way {
        packet: "icmp 8.8.8.8 > 10.0.0.1".to_owned(),
        steps: vec![step("uplink", "eth0", "in by eth0", false), step("host", "host", "no route", true)],
        verdict: TraceVerdict {
            outcome: TraceOutcome::Dropped,
            at: "host".to_owned(),
            reason: Some("IP_INNOROUTES".to_owned()),
            meaning: "no route".to_owned(),
            cure: Some("add one".to_owned()),
        },
    };
    Trace { ways: vec![there, back] }
}

#[test]
fn a_line_for_each_step_and_a_verdict() {
    let expected = "\
icmp 10.0.0.1 > 8.8.8.8

  1  guest tap0           in by tap0
  2    instance net1      a packet
  3                       a route
  4      tap vgw1         out by vgw1
  5        host           a table
  6          uplink eth0  out by eth0

forwarded: it leaves the host by eth0

back: icmp 8.8.8.8 > 10.0.0.1

  1          uplink eth0  in by eth0
> 2        host           no route

dropped: IP_INNOROUTES, no route
cure: add one
";
    assert_eq!(trace().render(Style::PLAIN), expected);
}

#[test]
fn programs_get_the_facts() {
    let json: serde_json::Value = serde_json::from_str(&to_json(&trace()).unwrap()).unwrap();
    assert_eq!(json["schema"], "vgw.trace/1");
    assert_eq!(json["ways"][0]["steps"][0]["facts"]["prefix"], "0.0.0.0/0");
    assert_eq!(json["ways"][1]["steps"][1]["decides"], true);
    assert_eq!(json["ways"][1]["verdict"]["outcome"], "dropped");
}

#[test]
fn what_waits_has_not_arrived() {
    let mut trace = trace();
    assert!(!trace.arrives(), "the answer does not");
    trace.ways.truncate(1);
    assert!(trace.arrives());
    trace.ways[0].verdict.outcome = TraceOutcome::Held;
    assert!(!trace.arrives());
}
