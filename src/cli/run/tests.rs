use clap::Parser;

use super::super::args::{Arguments, Verb};
use super::{Failure, Form, Style, run};
use crate::api::generated::virtual_gateway::*;

/// A daemon with one gateway, which notes what it is asked.
#[derive(Default)]
struct Daemon {
    asked: Vec<String>,
    refuses: Option<RequestError>,
}

impl Daemon {
    fn answer<T>(&mut self, call: String, answer: T) -> thrift::Result<T> {
        self.asked.push(call);
        match self.refuses.take() {
            Some(error) => Err(thrift::Error::User(Box::new(error))),
            None => Ok(answer),
        }
    }
}

fn gateway_state() -> GatewayState {
    GatewayState {
        interface_name: "vgw1".into(),
        routing_instance: "net1".into(),
        subnets: vec!["10.0.0.0/8".into()],
        routes: vec!["0.0.0.0/0".into()],
        uplink: None,
        is_static: false,
        version: 1,
        deleted_in_ms: None,
        counters: Counters::new(5, 490, 4, 1, 0, Default::default(), 3, 294),
        masquerade: None,
        weight: None,
        masqueraded: None,
    }
}

fn audit_state() -> AuditState {
    AuditState { version: 1, timeout_ms: Some(300), running: vec![] }
}

impl TVirtualGatewaySyncClient for Daemon {
    fn add_gateway(&mut self, gateway: Gateway) -> thrift::Result<Outcome> {
        self.answer(format!("add {} {:?}", gateway.interface_name, gateway.subnets), Outcome::ADDED)
    }
    fn delete_gateway(&mut self, name: String) -> thrift::Result<Outcome> {
        let outcome = if name == "vgw1" { Outcome::DELETED } else { Outcome::ABSENT };
        self.answer(format!("delete {name}"), outcome)
    }
    fn list_gateways(&mut self) -> thrift::Result<Vec<GatewayState>> {
        self.answer("list_gateways".into(), vec![gateway_state()])
    }
    fn add_port(&mut self, port: Port) -> thrift::Result<Outcome> {
        self.answer(format!("add_port {}", port.name), Outcome::CHANGED)
    }
    fn delete_port(&mut self, name: String) -> thrift::Result<Outcome> {
        self.answer(format!("delete_port {name}"), Outcome::DELETED)
    }
    fn list_ports(&mut self) -> thrift::Result<Vec<PortState>> {
        self.answer("list_ports".into(), vec![])
    }
    fn add_uplink(&mut self, uplink: Uplink) -> thrift::Result<Outcome> {
        self.answer(format!("add_uplink {}", uplink.name), Outcome::UNCHANGED)
    }
    fn delete_uplink(&mut self, name: String) -> thrift::Result<Outcome> {
        self.answer(format!("delete_uplink {name}"), Outcome::DELETED)
    }
    fn list_uplinks(&mut self) -> thrift::Result<Vec<UplinkState>> {
        self.answer("list_uplinks".into(), vec![])
    }
    fn list_instances(&mut self) -> thrift::Result<Vec<InstanceState>> {
        self.answer("list_instances".into(), vec![])
    }
    fn add_route(&mut self, route: Route) -> thrift::Result<Outcome> {
        self.answer(format!("add_route {}", route.prefix), Outcome::ADDED)
    }
    fn delete_route(&mut self, instance: String, prefix: String) -> thrift::Result<Outcome> {
        self.answer(format!("delete_route {instance} {prefix}"), Outcome::DELETED)
    }
    fn list_routes(&mut self, instance: String) -> thrift::Result<Vec<RouteState>> {
        self.answer(format!("list_routes {instance}"), vec![])
    }
    fn lookup_route(&mut self, instance: String, address: String) -> thrift::Result<Lookup> {
        let next_hop = NextHop { kind: NextHopKind::NO_ROUTE, hops: None };
        self.answer(format!("lookup {instance} {address}"), Lookup { matched: None, next_hop })
    }
    fn status(&mut self) -> thrift::Result<Status> {
        let status = Status {
            version: "0.1.0".into(),
            uptime_ms: 5,
            workers: 1,
            gateways: vec![gateway_state()],
            ports: vec![],
            uplinks: vec![],
            instances: vec![],
            audit: audit_state(),
            problems: vec![],
        };
        self.answer("status".into(), status)
    }
    fn connect(&mut self) -> thrift::Result<()> {
        self.answer("connect".into(), ())
    }
    fn set_audit_timeout(&mut self, timeout_ms: i32) -> thrift::Result<()> {
        self.answer(format!("timer {timeout_ms}"), ())
    }
    fn audit(&mut self) -> thrift::Result<AuditState> {
        self.answer("audit".into(), audit_state())
    }
}

fn ask(daemon: &mut Daemon, line: &str) -> Result<String, Failure> {
    let arguments = Arguments::try_parse_from(line.split_whitespace()).unwrap();
    let form = if arguments.json { Form::Json } else { Form::People(Style::PLAIN) };
    let Verb::Daemon(verb) = arguments.verb else { panic!("not for the daemon") };
    run(&verb, daemon, form)
}

#[test]
fn each_verb_asks_its_own_question() {
    for (line, asked) in [
        ("vgw gateway add vgw1 --instance a --subnet 10.1.2.3/24", r#"add vgw1 ["10.1.2.0/24"]"#),
        ("vgw gateway delete vgw1", "delete vgw1"),
        ("vgw gateway list", "list_gateways"),
        ("vgw gateway show vgw1", "list_gateways"),
        ("vgw port add tap0 --instance a --address 10.0.0.7", "add_port tap0"),
        ("vgw port delete tap0", "delete_port tap0"),
        ("vgw port list", "list_ports"),
        ("vgw uplink add u --device eth1 --address 10.0.0.5/24 --via 10.0.0.1", "add_uplink u"),
        ("vgw uplink delete u", "delete_uplink u"),
        ("vgw uplink list", "list_uplinks"),
        ("vgw instance list", "list_instances"),
        ("vgw route add --instance a 10.0.0.0/8 --discard", "add_route 10.0.0.0/8"),
        ("vgw route delete --instance a 10.0.0.0/8", "delete_route a 10.0.0.0/8"),
        ("vgw route list --instance a", "list_routes a"),
        ("vgw route lookup --instance a 10.0.0.1", "lookup a 10.0.0.1"),
        ("vgw status", "status"),
        ("vgw audit", "audit"),
    ] {
        let mut daemon = Daemon::default();
        ask(&mut daemon, line).unwrap_or_else(|failure| panic!("{line}: {failure}"));
        assert_eq!(daemon.asked, [asked], "{line}");
    }
}

#[test]
fn audit_verbs_show_what_came_of_them() {
    let mut daemon = Daemon::default();
    ask(&mut daemon, "vgw audit timer -1").unwrap();
    let shown = ask(&mut daemon, "vgw -j audit connect").unwrap();
    assert_eq!(daemon.asked, ["timer -1", "audit", "connect", "audit"]);
    assert_eq!(shown, "{\"schema\":\"vgw.audit/1\",\"version\":1,\"timeout_ms\":300,\"running\":[]}\n");
}

#[test]
fn what_is_not_there_is_not_found() {
    for line in ["vgw gateway delete vgw9", "vgw gateway show vgw9", "vgw port show tap9", "vgw uplink show u9"] {
        let failure = ask(&mut Daemon::default(), line).unwrap_err();
        assert_eq!(failure.exit_code(), 3, "{line}: {failure}");
    }
}

#[test]
fn a_refusal_keeps_its_field_and_kind() {
    let error = RequestError::new(ErrorKind::CONFLICT, "subnets".into(), "taken".into());
    let mut daemon = Daemon { refuses: Some(error), ..Daemon::default() };
    let failure = ask(&mut daemon, "vgw gateway add vgw1 --instance a --subnet 10.0.0.0/8").unwrap_err();
    assert_eq!((failure.kind(), failure.field(), failure.exit_code()), ("conflict", "subnets", 1));
}

#[test]
fn the_form_is_as_asked() {
    assert_eq!(ask(&mut Daemon::default(), "vgw gateway delete vgw1").unwrap(), "gateway vgw1 deleted\n");
    assert_eq!(
        ask(&mut Daemon::default(), "vgw -j gateway delete vgw1").unwrap(),
        "{\"schema\":\"vgw.outcome/1\",\"object\":\"gateway\",\"name\":\"vgw1\",\"outcome\":\"deleted\"}\n"
    );
}
