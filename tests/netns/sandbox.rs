//! What the running daemon has given up (docs/security.md).

use std::collections::BTreeMap;
use std::fs;

use vgw::api::generated::instance_service::TInstanceServiceSyncClient;

use crate::daemon::{Daemon, request};
use crate::lab::eventually;
use crate::site::{NET1, Site};

/// What is kept, by the name of the thread: capabilities as proc_pid_status(5) has them, and how many filters.
fn threads(daemon: &Daemon<'_>) -> BTreeMap<String, Vec<String>> {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap();
    let read = tasks.filter_map(|task| {
        let status = fs::read_to_string(task.unwrap().path().join("status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        Some((field("Name:"), ["CapEff:", "CapPrm:", "CapBnd:", "NoNewPrivs:", "Seccomp:"].map(field).to_vec()))
    });
    read.collect()
}

// capability.h: CAP_DAC_OVERRIDE 1, CAP_NET_ADMIN 12, CAP_NET_RAW 13, CAP_SYS_PTRACE 19, CAP_SYS_ADMIN 21.
const NOTHING: &str = "0000000000000000";
const CONDUCTOR: &str = "0000000000203000";
const NAMESPACES: &str = "0000000000080000";
const ALL: &str = "0000000000283000";

#[test]
fn every_thread_has_what_it_needs_and_no_more() {
    let site = Site::new();
    let daemon = site.start("[metrics]\nlisten = \"127.0.0.1:9092\"\n");
    daemon.wait_for_log("confined to what is needed");
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
    let mut connected = daemon.controller();
    // Whoever has been answered has a thread.
    assert!(connected.keep_alive_check().unwrap());
    let expected = |name: &str| match name {
        "conductor" => Some((CONDUCTOR, "2")),
        "namespaces" => Some((NAMESPACES, "0")),
        "vgwd" | "api" | "api-connection" | "bell" => Some((NOTHING, "2")),
        name if name.starts_with("worker-") => Some((NOTHING, "2")),
        _ => None,
    };
    let is_confined = |(name, has): (&String, &Vec<String>)| {
        expected(name).is_some_and(|(rights, filters)| *has == [rights, rights, ALL, "1", filters])
    };
    eventually("every thread is confined", || threads(&daemon).iter().all(is_confined));
    let seen = threads(&daemon);
    for name in ["vgwd", "conductor", "worker-0", "api", "api-connection", "bell", "namespaces"] {
        assert!(seen.contains_key(name), "{name} is not among {:?}", seen.keys());
    }
    assert!(!daemon.log().contains("a thread may") && !daemon.log().contains("a thread keeps"), "{}", daemon.log());
    daemon.stop();
}
