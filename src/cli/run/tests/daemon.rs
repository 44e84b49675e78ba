//! A daemon that notes what it is asked.

use crate::api::generated::virtual_gateway::*;

/// A network's UUID.
const NETWORK: &str = "9f2c1d34-0a1b-4c5d-8e6f-0123456789ab";

/// A daemon with one gateway, which notes what it is asked.
#[derive(Default)]
pub(super) struct Daemon {
    pub(super) asked: Vec<String>,
    pub(super) refuses: Option<RequestError>,
    /// How many routes it has.
    pub(super) routes: u32,
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
