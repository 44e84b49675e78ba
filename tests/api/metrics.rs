//! The numbers as their readers have them.

use std::collections::BTreeSet;

use crate::daemon::Daemon;
use crate::rest::receive;

/// Asks on a connection of its own: the answer's head and its body.
fn ask(daemon: &Daemon, line: &str, accept: &str) -> (String, String) {
    let mut client = daemon.connect();
    client.send(format!("{line} HTTP/1.1\r\nHost: localhost\r\n{accept}\r\n").as_bytes()).unwrap();
    receive(&mut client)
}

/// Fails unless this is a text of OpenMetrics 1.0: families in one piece each, described before their
/// samples, no sample twice, and an end.
fn assert_open_metrics(text: &str) {
    let lines: Vec<&str> = text.strip_suffix("# EOF\n").expect("it ends").lines().collect();
    let (mut family, mut kind, mut families, mut samples) = ("", "", BTreeSet::new(), BTreeSet::new());
    for line in lines {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "HELP", name, help] => {
                assert!(families.insert(name) && help.ends_with('.'), "{line}");
                family = name;
            }
            ["#", "TYPE", name, is] => {
                assert!(name == family && ["counter", "gauge"].contains(&is), "{line}");
                kind = is;
            }
            _ => {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let _: f64 = value.parse().unwrap();
                let name = series.split('{').next().unwrap();
                let expected = if kind == "counter" { format!("{family}_total") } else { family.to_owned() };
                assert!(name == expected && samples.insert(series), "{line}");
            }
        }
    }
    assert!(samples.len() > 20, "{text}");
}

#[test]
fn the_numbers_are_told_in_the_form_that_is_asked_for() {
    let daemon = Daemon::metrics();
    let (head, open) = ask(&daemon, "GET /metrics", "Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n");
    assert!(head.contains("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"), "{head}");
    assert_open_metrics(&open);
    for sample in [
        "vgw_build_info{version=\"1.2.3\"} 1",
        "vgw_uptime_seconds 1.5",
        "vgw_packets_total{direction=\"received\"} 5",
        "vgw_drops_total{reason=\"DEV_HDR\"} 2",
        "vgw_controller_connects_total 3",
        "vgw_audit_left_seconds 7",
        "vgw_audit_stale_gateways 1",
        "vgw_trial_left_seconds 9",
        "vgw_repairs_total{kind=\"route\",occasion=\"notice\"} 3",
        "vgw_problems{id=\"VGW-PORT-LOST\"} 1",
        "vgw_problems{id=\"VGW-DISPUTE\"} 0",
        "vgw_netlink_overruns_total 1",
        "process_cpu_seconds_total 1.5",
        "process_resident_memory_bytes 4096",
        "process_open_fds 7",
    ] {
        assert!(open.lines().any(|line| line == sample), "{sample} is not in\n{open}");
    }
    let (head, plain) = ask(&daemon, "GET /metrics", "");
    assert!(head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{head}");
    assert!(plain.contains("# TYPE vgw_drops_total counter\n") && !plain.contains("# EOF"), "{plain}");
    assert_eq!(daemon.asked(), ["metrics: status", "metrics: status"]);
}

#[test]
fn nothing_else_is_served() {
    let daemon = Daemon::metrics();
    for (line, status) in [("GET /", "404 "), ("POST /metrics", "405 "), ("DELETE /gateway", "404 ")] {
        let (head, _) = ask(&daemon, line, "");
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
    }
    assert_eq!(daemon.asked(), [""; 0]);
}
