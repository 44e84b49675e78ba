//! The numbers, as Prometheus takes them: the real one, in the daemon's own namespace.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use vgw::api::generated::instance_service::TInstanceServiceSyncClient;

use crate::daemon::{end, request};
use crate::lab::eventually;
use crate::site::{Guest, NET1, OUTSIDE, Site};
use crate::traffic::assert_ping;

const CONFIG: &str = "[metrics]\nlisten = \"127.0.0.1:9469\"\ninterfaces = 2\n";
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/prometheus-rules.yml");
const DASHBOARD: &str = include_str!("../../packaging/grafana-dashboard.json");

/// What is at a path of an HTTP server in the compute node's namespace.
fn get(site: &Site, port: u16, path: &str) -> String {
    let stream = site.compute.enter(|| TcpStream::connect(("127.0.0.1", port)));
    stream.map_or(String::new(), |stream| exchange(stream, path))
}

/// What is at a path of an HTTP server; nothing if it refuses.
pub(crate) fn exchange(mut stream: impl Read + Write, path: &str) -> String {
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    // Prometheus refuses until it has started.
    if head.split(' ').nth(1) == Some("200") { body.to_owned() } else { String::new() }
}

/// A running Prometheus that looks every tenth of a second.
struct Prometheus(Child);

impl Prometheus {
    fn start(site: &Site) -> Self {
        let folder = site.folder();
        let config = format!(
            "global: {{scrape_interval: 100ms, scrape_timeout: 100ms, evaluation_interval: 100ms}}\n\
             rule_files: [{RULES}]\n\
             scrape_configs: [{{job_name: vgwd, static_configs: [{{targets: [\"127.0.0.1:9469\"]}}]}}]\n"
        );
        fs::write(folder.join("prometheus.yml"), config).unwrap();
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", folder.join("prometheus.yml").display()));
        command.arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()));
        command.args(["--web.listen-address=127.0.0.1:9479", "--log.level=warn"]).stderr(Stdio::null());
        Self(site.compute.enter(|| command.spawn()).expect("prometheus is installed by scripts/test"))
    }

    /// What a question of its API comes to; null until it answers.
    fn ask(&self, site: &Site, path: &str) -> Value {
        serde_json::from_str(&get(site, 9479, path)).unwrap_or_default()
    }

    /// The value that an expression has, if it has one.
    fn value(&self, site: &Site, expression: &str) -> Option<f64> {
        let answer = self.ask(site, &format!("/api/v1/query?query={expression}"));
        answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

/// The families that a text names.
fn families(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("vgw_") || word.starts_with("process_")).collect()
}

#[test]
fn prometheus_takes_the_numbers_and_the_alerts() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let socket = site.folder().join("metrics.sock");
    let config = format!("{CONFIG}socket = {socket:?}\n{}", guest.port("tap0", NET1, ""));
    let daemon = site.start_with_gateway(&config);
    guest.settle();
    assert!(daemon.add(&[request("vgw2", NET1, &["10.5.2.0/24"])]));
    assert_ping(&guest.namespace, OUTSIDE[0]);

    // promtool finds no fault with it, and the same is told on the Unix socket.
    let text = get(&site, 9469, "/metrics");
    let mut promtool = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).spawn().unwrap();
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(promtool.wait().unwrap().success(), "{text}");
    assert!(Command::new("promtool").args(["check", "rules", RULES]).stdout(Stdio::null()).status().unwrap().success());
    let private = exchange(UnixStream::connect(&socket).unwrap(), "/metrics");
    assert_eq!(families(&private), families(&text));
    assert!(text.contains("vgw_gateways 2\n") && text.contains("vgw_interfaces_without_series 1\n"), "{text}");

    assert_eq!(text.lines().filter(|line| line.starts_with("vgw_interface_drops_total{")).count(), 2, "{text}");

    // What the dashboard and the alerts name is there.
    let named = format!("{DASHBOARD}{}", fs::read_to_string(RULES).unwrap());
    let _: Value = serde_json::from_str(DASHBOARD).unwrap();
    let unknown: Vec<_> = families(&named).difference(&families(&text)).copied().collect();
    assert_eq!(unknown, [""; 0]);

    let prometheus = Prometheus::start(&site);
    eventually("it is scraped", || prometheus.value(&site, "up") == Some(1.0));
    eventually("packets are counted", || {
        prometheus.value(&site, "vgw_packets_total{direction=%22received%22}").is_some_and(|count| count >= 2.0)
    });
    eventually("every alert can be judged", || {
        let groups = prometheus.ask(&site, "/api/v1/rules");
        let rules = groups["data"]["groups"][0]["rules"].as_array().cloned().unwrap_or_default();
        rules.len() > 5 && rules.iter().all(|rule| rule["health"] == "ok")
    });
    // An audit that is about to delete a gateway raises its alert.
    let mut controller = daemon.controller();
    assert!(controller.audit_timer_for_virtual_gateway(25_000).unwrap());
    assert!(controller.connect_for_virtual_gateway().unwrap());
    eventually("the alert is raised", || {
        let alerts = prometheus.ask(&site, "/api/v1/alerts").to_string();
        alerts.contains("VgwAuditDeletes") && alerts.contains("firing")
    });
    drop(prometheus);
    daemon.stop();
    assert!(!socket.exists(), "the socket's name is removed");
}
