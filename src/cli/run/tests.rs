mod routes;

use clap::Parser;

use super::super::args::{Arguments, DaemonVerb, Verb};
use super::super::failure::Failure;
use super::super::render::Style;
use super::{Form, follow_drops, run};
use crate::api::generated::virtual_gateway::*;

/// A network's UUID.
const NETWORK: &str = "9f2c1d34-0a1b-4c5d-8e6f-0123456789ab";

/// A daemon with one gateway, which notes what it is asked.
#[derive(Default)]
struct Daemon {
    asked: Vec<String>,
    refuses: Option<RequestError>,
    /// How many routes it has.
    routes: u32,
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
        rates: None,
    }
}

fn differences() -> Vec<Difference> {
    let field = |before: Option<&str>, after: Option<&str>| {
        FieldDifference::new("mtu".to_owned(), before.map(str::to_owned), after.map(str::to_owned))
    };
    vec![
        Difference::new("limits".into(), String::new(), Outcome::CHANGED, vec![field(Some("1"), Some("2"))]),
        Difference::new("port".into(), "tap0".into(), Outcome::CHANGED, vec![field(Some("1400"), None)]),
        Difference::new("port".into(), "tap1".into(), Outcome::ADDED, vec![field(None, Some("1400"))]),
        Difference::new("port".into(), "tap2".into(), Outcome::DELETED, vec![field(Some("1400"), None)]),
    ]
}

fn audit_state() -> AuditState {
    AuditState { version: 1, timeout_ms: Some(300), running: vec![] }
}

fn fabric_state(phase: FabricPhase) -> FabricState {
    FabricState {
        phase,
        device: Some("eth0".into()),
        interface_name: Some("vhost0".into()),
        mac: Some("02:00:00:00:00:05".into()),
        left_ms: (phase == FabricPhase::UNCONFIRMED).then_some(42_000),
        addresses: vec!["192.0.2.5/24".into()],
        routes: vec!["default via 192.0.2.1".into()],
        neighbours: vec![],
    }
}

impl TVirtualGatewaySyncClient for Daemon {
    fn take_fabric(&mut self, request: FabricRequest, dry_run: bool) -> thrift::Result<FabricDeed> {
        let steps = vec!["ip link set vhost0 up".into()];
        let deed = FabricDeed { steps, warnings: vec!["mind".into()], fabric: fabric_state(FabricPhase::UNCONFIRMED) };
        self.answer(format!("take {} {:?} {dry_run}", request.device, request.confirm_ms), deed)
    }
    fn confirm_fabric(&mut self) -> thrift::Result<FabricState> {
        self.answer("confirm".into(), fabric_state(FabricPhase::HELD))
    }
    fn give_back_fabric(&mut self, dry_run: bool) -> thrift::Result<FabricDeed> {
        let (device, interface_name, mac, left_ms) = (None, None, None, None);
        let [addresses, routes, neighbours] = [vec![], vec![], vec![]];
        let phase = FabricPhase::ABSENT;
        let fabric = FabricState { phase, device, interface_name, mac, left_ms, addresses, routes, neighbours };
        self.answer(format!("give back {dry_run}"), FabricDeed { steps: vec![], warnings: vec![], fabric })
    }
    fn fabric(&mut self) -> thrift::Result<FabricState> {
        self.answer("fabric".into(), fabric_state(FabricPhase::GIVING_BACK))
    }
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
    fn read_lease(&mut self, device: String, family: String) -> thrift::Result<Outcome> {
        let outcome = if family == "ipv4" { Outcome::UNCHANGED } else { Outcome::ABSENT };
        self.answer(format!("read_lease {device} {family}"), outcome)
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
    fn add_network(&mut self, network: Network) -> thrift::Result<Outcome> {
        self.answer(format!("add_network {} {:?}", network.id, network.gateways.unwrap()), Outcome::ADDED)
    }
    fn delete_network(&mut self, id: String) -> thrift::Result<Outcome> {
        self.answer(format!("delete_network {id}"), Outcome::DELETED)
    }
    fn list_networks(&mut self) -> thrift::Result<Vec<NetworkState>> {
        let state = NetworkState::new(NETWORK.into(), "net1".into(), vec!["10.0.0.1".into()], true, None, None);
        self.answer("list_networks".into(), vec![state])
    }
    fn rehearse(&mut self, change: Change) -> thrift::Result<Rehearsal> {
        let Change::DeletePort(name) = change else { panic!("{change:?} is not expected") };
        let step = HostStep { command: format!("link delete {name}"), owners: vec![format!("port {name}")] };
        self.answer(format!("rehearse delete_port {name}"), Rehearsal { outcome: Outcome::DELETED, steps: vec![step] })
    }
    fn list_drops(&mut self, query: DropQuery) -> thrift::Result<Vec<DropCount>> {
        let count = |port: &str, reason: &str, packets| {
            DropCount::new(port.to_owned(), "net1".to_owned(), reason.to_owned(), "it was so".to_owned(), packets)
        };
        self.answer(
            format!("list_drops {:?}", query.reason),
            vec![count("tap0", "IP_TTL", 7), count("tap1", "IP_TTL", 1)],
        )
    }
    fn last_drops(&mut self, query: DropQuery, positions: Vec<i64>) -> thrift::Result<LastDrops> {
        let (time, port, reason) = (1_000_000_000_000_042_000, "tap0".to_owned(), "PKT_TOO_SMALL".to_owned());
        let packet = DroppedPacket::new(time, port, Some("net1".to_owned()), reason, 3, vec![1, 2, 3]);
        let missed = if positions == [1] { 5 } else { 0 };
        let drops = LastDrops::new(vec![packet], missed, vec![1]);
        self.answer(format!("last_drops {:?} {positions:?}", query.port), drops)
    }
    fn start_capture(&mut self, request: CaptureRequest) -> thrift::Result<Vec<CapturePort>> {
        self.answer(format!("start_capture {:?}", request.filter), vec![])
    }
    fn next_packets(&mut self, _: i32) -> thrift::Result<CapturedPackets> {
        self.answer("next_packets".into(), CapturedPackets::new(vec![], 0))
    }
    fn list_host_objects(&mut self) -> thrift::Result<Vec<HostObject>> {
        let owners = vec!["gateway vgw1".to_owned()];
        let object = |object: &str, state| HostObject::new(object.to_owned(), "why".to_owned(), owners.clone(), state);
        let objects =
            vec![object("link vgw1", ObjectState::IN_PLACE), object("route 10.0.0.0/8 dev vgw1", ObjectState::MISSING)];
        self.answer("list_host_objects".into(), objects)
    }
    fn import_uplinks(&mut self, devices: Vec<String>, dry_run: bool) -> thrift::Result<Vec<ForeignUplink>> {
        let text = |text: &str| text.to_owned();
        let uplink = |name| Uplink::new(text(name), text("eth1"), text("20.0.0.5/24"), text("20.0.0.1"), None, None);
        let step = HostStep::new(text("rule delete from 20.0.0.5/32 lookup 100 pref 32000"), vec![text("uplink eth1")]);
        let found = vec![
            ForeignUplink::new(text("rt_tables"), uplink("eth1"), 100, vec![step], None),
            ForeignUplink::new(text("rt_tables"), uplink("eth2"), 101, vec![], text("a rule would be lost")),
        ];
        self.answer(format!("import {devices:?} {dry_run}"), found)
    }
    fn compare_configuration(&mut self, files: Vec<ConfigurationFile>) -> thrift::Result<Comparison> {
        self.answer(format!("compare {}", files.len()), Comparison { differences: differences(), steps: vec![] })
    }
    fn apply_configuration(&mut self, files: Vec<ConfigurationFile>, confirm: i64) -> thrift::Result<Vec<Difference>> {
        self.answer(format!("apply {} {confirm}", files[0].text.trim()), differences())
    }
    fn confirm_configuration(&mut self) -> thrift::Result<()> {
        self.answer("confirm".into(), ())
    }
    fn roll_back_configuration(&mut self) -> thrift::Result<()> {
        self.answer("roll_back".into(), ())
    }
    fn diff_host(&mut self) -> thrift::Result<Vec<HostStep>> {
        self.answer("diff_host".into(), vec![])
    }
    fn change_routes(&mut self, changes: RouteChanges) -> thrift::Result<RouteOutcomes> {
        let RouteChanges { routing_instance, delete_prefixes, add } = changes;
        let add = add.iter().map(|group| group.prefixes.join(" ")).collect::<Vec<_>>().join(", ");
        let call = format!("change_routes {routing_instance} -[{}] +[{add}]", delete_prefixes.join(" "));
        self.answer(call, RouteOutcomes::new(2, 1, 0, 1, 0))
    }
    fn list_routes_after(&mut self, instance: String, prefix: String, max: i32) -> thrift::Result<Vec<RouteState>> {
        let all = (0..self.routes).map(|number| format!("{}/32", std::net::Ipv4Addr::from_bits(number)));
        let from = all.skip_while(|other| !prefix.is_empty() && *other != prefix).skip(usize::from(!prefix.is_empty()));
        let next_hop = || NextHop { kind: NextHopKind::DISCARD, hops: None };
        let state = |prefix| RouteState { prefix, next_hop: next_hop(), origin: "static".into() };
        let part = from.take(usize::try_from(max).unwrap()).map(state).collect();
        self.answer(format!("list_routes_after {instance} '{prefix}'"), part)
    }
    fn list_routes(&mut self, instance: String) -> thrift::Result<Vec<RouteState>> {
        self.answer(format!("list_routes {instance}"), vec![])
    }
    fn lookup_route(&mut self, instance: String, address: String) -> thrift::Result<Lookup> {
        let next_hop = NextHop { kind: NextHopKind::NO_ROUTE, hops: None };
        self.answer(format!("lookup {instance} {address}"), Lookup { matched: None, next_hop })
    }
    fn trace(&mut self, request: TraceRequest) -> thrift::Result<Vec<TraceWay>> {
        self.answer(format!("trace {request:?}"), vec![])
    }
    fn events(&mut self, after: i64, max: i32, wait_ms: i32) -> thrift::Result<Events> {
        self.answer(format!("events {after} {max} {wait_ms}"), Events::new(vec![], 0, 0))
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
            repairs: None,
            trial_ends_in_ms: None,
            problem_details: None,
            rates: None,
            sandbox: None,
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
    run(&verb, arguments.dry_run, daemon, form)
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
        ("vgw uplink add u --device eth1 --lease ipv4", "add_uplink u"),
        ("vgw uplink lease eth1 --address 10.0.0.5/255.255.255.0 --via 10.0.0.1", "read_lease eth1 ipv4"),
        ("vgw uplink lease eth1 --address fd00::5/128 --via fe80::1", "read_lease eth1 ipv6"),
        ("vgw uplink release eth1 --family ipv6", "read_lease eth1 ipv6"),
        ("vgw uplink delete u", "delete_uplink u"),
        ("vgw uplink list", "list_uplinks"),
        (
            "vgw network add 9F2c1d34-0a1b-4c5d-8e6f-0123456789ab --instance a --gateway 10.0.0.1",
            "add_network 9f2c1d34-0a1b-4c5d-8e6f-0123456789ab [\"10.0.0.1\"]",
        ),
        (
            "vgw network delete 9f2c1d34-0a1b-4c5d-8e6f-0123456789ab",
            "delete_network 9f2c1d34-0a1b-4c5d-8e6f-0123456789ab",
        ),
        ("vgw network list", "list_networks"),
        ("vgw instance list", "list_instances"),
        ("vgw route add --instance a 10.0.0.0/8 --discard", "add_route 10.0.0.0/8"),
        ("vgw route delete --instance a 10.0.0.0/8", "delete_route a 10.0.0.0/8"),
        ("vgw route list --instance a", "list_routes_after a ''"),
        ("vgw route lookup --instance a 10.0.0.1", "lookup a 10.0.0.1"),
        ("vgw host show", "list_host_objects"),
        ("vgw host diff", "diff_host"),
        ("vgw uplink import", "import [] false"),
        ("vgw uplink import eth1 -n", "import [\"eth1\"] true"),
        ("vgw --dry-run port delete tap0", "rehearse delete_port tap0"),
        ("vgw confirm", "confirm"),
        ("vgw rollback", "roll_back"),
        ("vgw drops --reason IP_TTL", "list_drops Some(\"IP_TTL\")"),
        ("vgw drops --last --port tap0", "last_drops Some(\"tap0\") []"),
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

#[test]
fn a_rehearsal_tells_what_would_be_done() {
    assert_eq!(
        ask(&mut Daemon::default(), "vgw port delete tap0 --dry-run").unwrap(),
        "port tap0 would be deleted:\nip link delete tap0  # port tap0\n"
    );
    assert_eq!(
        ask(&mut Daemon::default(), "vgw -j -n port delete tap0").unwrap(),
        "{\"schema\":\"vgw.rehearsal/1\",\"object\":\"port\",\"name\":\"tap0\",\"outcome\":\"deleted\",\
         \"steps\":[{\"command\":\"link delete tap0\",\"owners\":[\"port tap0\"]}]}\n"
    );
}

#[test]
fn each_lease_has_its_outcome() {
    let mut daemon = Daemon::default();
    let told = ask(&mut daemon, "vgw uplink release eth1").unwrap();
    assert_eq!(daemon.asked, ["read_lease eth1 ipv4", "read_lease eth1 ipv6"]);
    assert_eq!(told, "lease eth1.ipv4 unchanged\nlease eth1.ipv6 absent before and now\n");
    assert_eq!(
        ask(&mut daemon, "vgw -j uplink release eth1 --family ipv6").unwrap(),
        "{\"schema\":\"vgw.leases/1\",\"leases\":[{\"device\":\"eth1\",\"family\":\"ipv6\",\"outcome\":\"absent\"}]}\n"
    );
}

#[test]
fn only_changes_can_be_tried_out() {
    for line in [
        "vgw --dry-run status",
        "vgw -n gateway list",
        "vgw -n audit connect",
        "vgw -n host show",
        "vgw -n fabric confirm",
        "vgw -n drops --follow",
        "vgw -n uplink release eth1",
    ] {
        let mut daemon = Daemon::default();
        let failure = ask(&mut daemon, line).unwrap_err();
        assert_eq!((failure.field(), failure.exit_code()), ("--dry-run", 2), "{line}");
        assert_eq!(daemon.asked, [""; 0], "{line}");
    }
}

#[test]
fn objects_of_the_host_show_how_they_stand() {
    assert_eq!(
        ask(&mut Daemon::default(), "vgw host show").unwrap(),
        "object                     state     for           because\n\
         link vgw1                  in place  gateway vgw1  why\n\
         route 10.0.0.0/8 dev vgw1  missing   gateway vgw1  why\n"
    );
    assert_eq!(ask(&mut Daemon::default(), "vgw host diff").unwrap(), "nothing to do: the kernel is as it should be\n");
}

#[test]
fn networks_are_listed() {
    assert_eq!(
        ask(&mut Daemon::default(), "vgw network list").unwrap(),
        "network                               state   instance  gateways\n\
         9f2c1d34-0a1b-4c5d-8e6f-0123456789ab  static  net1      10.0.0.1\n"
    );
    assert_eq!(
        ask(&mut Daemon::default(), "vgw -j network list").unwrap(),
        "{\"schema\":\"vgw.networks/1\",\"networks\":[{\"id\":\"9f2c1d34-0a1b-4c5d-8e6f-0123456789ab\",\
         \"instance\":\"net1\",\"gateways\":[\"10.0.0.1\"],\"dhcp\":null,\
         \"router_advertisements\":null,\"is_static\":true}]}\n"
    );
}

#[test]
fn a_network_is_shown_by_its_uuid() {
    let shown = ask(&mut Daemon::default(), "vgw network show 9F2c1d34-0a1b-4c5d-8e6f-0123456789ab").unwrap();
    assert!(shown.contains("instance      net1\n"), "{shown}");
    let missing = ask(&mut Daemon::default(), "vgw network show 00000000-0a1b-4c5d-8e6f-0123456789ab").unwrap_err();
    assert_eq!(missing.exit_code(), 3);
}

#[test]
fn what_is_taken_over_is_told_and_what_is_not() {
    let first = "uplink eth1: 20.0.0.5/24 dev eth1 via 20.0.0.1, table 100, by rt_tables\n";
    let second = "uplink eth2: 20.0.0.5/24 dev eth1 via 20.0.0.1, table 101, by rt_tables\n  \
                  not taken over: a rule would be lost\n";
    let keep = "  taken over; to keep it, write into the configuration file:\n\n  [[uplink]]\n  name = \"eth1\"\n  \
                device = \"eth1\"\n  address = \"20.0.0.5/24\"\n  via = \"20.0.0.1\"\n\n";
    assert_eq!(ask(&mut Daemon::default(), "vgw uplink import").unwrap(), format!("{first}{keep}{second}"));
    let steps = "ip rule delete from 20.0.0.5/32 lookup 100 pref 32000  # uplink eth1\n";
    assert_eq!(ask(&mut Daemon::default(), "vgw uplink import -n").unwrap(), format!("{first}{steps}{second}"));
}

#[test]
fn configurations_are_compared_and_applied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.toml");
    std::fs::write(&path, "[limits]\nports = 7\n").unwrap();
    let path = path.display();
    let changes =
        "~ limits\n    mtu: 1 → 2\n~ port tap0\n    mtu: 1400 → none\n+ port tap1\n    mtu: 1400\n- port tap2\n";
    let mut daemon = Daemon::default();
    let told = ask(&mut daemon, &format!("vgw diff {path}")).unwrap();
    assert_eq!(told, format!("{changes}nothing changes in the host\n"));
    assert_eq!(ask(&mut daemon, &format!("vgw apply {path} -n")).unwrap(), told);
    let told = ask(&mut daemon, &format!("vgw apply {path} --confirm 1m")).unwrap();
    let note = "the daemon reads its own file again when it is started or reloaded: keep it there\n";
    assert_eq!(told, format!("{changes}applied; it is taken back in 1 min unless you say vgw confirm\n{note}"));
    let told = ask(&mut daemon, &format!("vgw -j apply {path}")).unwrap();
    assert!(told.ends_with("\"confirm_within_ms\":null,\"lasts_until_restart\":true}\n"), "{told}");
    let text = "[limits]\nports = 7";
    assert_eq!(daemon.asked, ["compare 1", "compare 1", &format!("apply {text} 60000"), &format!("apply {text} 0")]);
}

#[test]
fn a_bad_configuration_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.toml");
    std::fs::write(&path, "[limits]\nports = -7\n").unwrap();
    let mut daemon = Daemon::default();
    let failure = ask(&mut daemon, &format!("vgw apply {}", path.display())).unwrap_err();
    assert_eq!((failure.exit_code(), failure.field()), (78, "limits.ports"));
    assert_eq!(daemon.asked, [""; 0]);
}

#[test]
fn what_is_taken_is_told_with_the_time_left() {
    let mut daemon = Daemon::default();
    let taken = ask(&mut daemon, "vgw fabric take eth0 --confirm 60s").unwrap();
    assert_eq!(
        taken,
        "note: mind\neth0 is taken, and given back in 42 s unless it is confirmed; the host has vhost0 in its place, \
         02:00:00:00:00:05\naddresses\n  192.0.2.5/24\nroutes\n  default via 192.0.2.1\n"
    );
    let dry = ask(&mut daemon, "vgw fabric take eth0 -n").unwrap();
    assert_eq!(dry, "note: mind\nnothing is done; these would be the 1 steps:\n  ip link set vhost0 up\n");
    assert!(ask(&mut daemon, "vgw fabric confirm").unwrap().starts_with("eth0 is taken; the host has vhost0"));
    assert_eq!(ask(&mut daemon, "vgw fabric give-back").unwrap(), "no device is taken\n");
    assert!(ask(&mut daemon, "vgw fabric show").unwrap().starts_with("eth0 is not given back whole"));
    assert!(ask(&mut daemon, "vgw fabric show -j").unwrap().contains("\"state\":\"giving-back\""));
    let asked =
        ["take eth0 Some(60000) false", "take eth0 None true", "confirm", "give back false", "fabric", "fabric"];
    assert_eq!(daemon.asked, asked);
}

#[test]
fn drops_are_counted_and_shown() {
    assert_eq!(
        ask(&mut Daemon::default(), "vgw drops").unwrap(),
        "reason  packets  port    meaning\n\
         IP_TTL        8  tap0 7  it was so\n                 tap1 1\n"
    );
    assert_eq!(
        ask(&mut Daemon::default(), "vgw drops --last").unwrap(),
        "2001-09-09T01:46:40.000042Z tap0 (net1) PKT_TOO_SMALL: no Ethernet header, 3 bytes\n"
    );
}

#[test]
fn following_tells_what_is_new_and_what_was_missed() {
    let (mut daemon, mut told) = (Daemon::default(), Vec::new());
    let arguments = Arguments::try_parse_from(["vgw", "-j", "drops", "-f"]).unwrap();
    let Verb::Daemon(DaemonVerb::Drops(given)) = arguments.verb else { panic!("another verb") };
    let ended = follow_drops(&given, &mut daemon, Form::Json, &mut |line| {
        told.push(line.to_owned());
        if told.len() == 3 { Err(Failure::Output(std::io::ErrorKind::BrokenPipe.into())) } else { Ok(()) }
    });
    assert!(matches!(ended, Err(Failure::Output(_))), "{ended:?}");
    assert_eq!(daemon.asked, ["last_drops None []", "last_drops None [1]"]);
    let packet = "{\"schema\":\"vgw.dropped-packet/1\",\"time\":\"2001-09-09T01:46:40.000042Z\",\"port\":\"tap0\",\
                  \"instance\":\"net1\",\"reason\":\"PKT_TOO_SMALL\",\"packet\":\"no Ethernet header, 3 bytes\",\
                  \"length\":3}\n";
    assert_eq!(told, [packet, "{\"schema\":\"vgw.missed-drops/1\",\"missed\":5}\n", packet]);
}
