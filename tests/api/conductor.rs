//! Stands in for the conductor: keeps gateways by name, and tells what it was asked.

use std::collections::BTreeMap;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use vgw::addr::{InterfaceName, Mac, Uuid};
use vgw::clock::Moment;
use vgw::engine::{
    AddGateways, AddPorts, AuditView, Caller, Change, Command, ComparisonView, Extent, FabricDeed, FabricView, Failure,
    HeldView, LastDropsView, LookupView, ObjectState, ObjectView, Problem, Rates, RehearsalView, RepairCount,
    RepairsView, RouteChanges, RouteOutcomes, Sandbox, StatusView, StepView, TakeFabric, TraceView, Traffic,
};
use vgw::fabric::{self, State};
use vgw::forward::DropReason;
use vgw::gateway::{Applied, ComputePort, Declared, Element, GatewaySpec, Misfit, Refusal};
use vgw::host::{Kind, Occasion};
use vgw::routing::NextHop;

/// An interface whose gateway is in the configuration file.
pub(crate) const STATIC: &str = "static0";
/// A network that is not mapped: each byte of its UUID.
pub(crate) const UNMAPPED: u8 = 9;
/// A name that a port has.
pub(crate) const TAKEN: &str = "tap9";

/// Answers commands until nobody can ask any more.
pub(crate) fn run(inbox: &Receiver<(Caller, Command)>, tell: &Sender<String>) {
    let mut gateways = BTreeMap::new();
    for (caller, command) in inbox {
        // A test that has ended does not listen.
        let _ = tell.send(told(&caller, &command));
        answer(&mut gateways, command);
    }
}

/// A command without its reply channel.
fn told(caller: &Caller, command: &Command) -> String {
    let who = match caller {
        Caller::Thrift(_) => "thrift".to_owned(),
        Caller::Rest(_) => "rest".to_owned(),
        Caller::Metrics(_) => "metrics".to_owned(),
        Caller::Unix { uid, pid: _ } => format!("uid {uid}"),
        Caller::Configuration => "configuration".to_owned(),
    };
    let what = match command {
        Command::AddGateways(add, _) => {
            let AddGateways { specs, seen, keep_uplinks: _ } = add;
            let specs: Vec<_> = specs.iter().map(spec).collect();
            format!("add {specs:?} seen {seen:?}")
        }
        Command::DeleteGateways(names, _) => format!("delete {names:?}"),
        Command::Connect(_) => "connect".to_owned(),
        Command::SetAuditTimeout(millis, _) => format!("audit timeout {millis}"),
        Command::AddPorts(AddPorts { ports, seen }, _) => {
            let ports: Vec<_> = ports.iter().map(port).collect();
            format!("add ports {ports:?} seen {seen:?}")
        }
        Command::DeleteComputePort(id, _) => format!("delete port {id}"),
        Command::ConnectPorts(_) => "connect ports".to_owned(),
        Command::Reload(..) => "reload".to_owned(),
        Command::Compare(declared, _) => format!("compare {}", declared.gateways.len()),
        Command::Apply { declared, timeout, confirm, reply: _ } => {
            format!("apply {} {timeout:?} {confirm:?}", declared.gateways.len())
        }
        Command::Confirm(_) => "confirm".to_owned(),
        Command::RollBack(_) => "roll back".to_owned(),
        Command::Stop(..) => "stop".to_owned(),
        Command::Change(change, _) => changed(change),
        Command::Rehearse(change, _) => format!("rehearse: {}", changed(change)),
        Command::Inventory(_) => "inventory".to_owned(),
        Command::Difference(_) => "difference".to_owned(),
        Command::TakeFabric(TakeFabric { wanted, confirm, dry }, _) => {
            format!("take {} as {} confirm {confirm:?} dry {dry}", wanted.device, wanted.interface)
        }
        Command::ConfirmFabric(_) => "confirm fabric".to_owned(),
        Command::GiveFabricBack(dry, _) => format!("give fabric back dry {dry}"),
        Command::Fabric(_) => "fabric".to_owned(),
        Command::Import { devices, dry, reply: _ } => format!("import {devices:?} dry {dry}"),
        Command::Drops(query, _) => format!("drops {query:?}"),
        Command::LastDrops(query, since, _) => format!("last drops {query:?} since {since:?}"),
        Command::Capture(request, _) => format!("capture {request:?}"),
        Command::ReadLease(name, _) => format!("read lease {name}"),
        Command::Status(_) => "status".to_owned(),
        Command::Routes(instance, _) => format!("routes {instance}"),
        Command::RoutesAfter(instance, after, max, _) => format!("routes {instance} after {after:?} max {max}"),
        Command::ChangeRoutes(RouteChanges { instance, delete, add }, _) => {
            format!("change routes {instance} -{} +{}", delete.len(), add.len())
        }
        Command::Trace(probe, _) => format!("trace {probe:?}"),
        Command::Lookup(instance, address, _) => format!("lookup {instance} {address}"),
    };
    format!("{who}: {what}")
}

fn changed(change: &Change) -> String {
    match change {
        Change::AddGateway(gateway) => format!("add {}", spec(gateway)),
        Change::DeleteGateway(name) => format!("delete {name}"),
        Change::AddPort(port) => format!("add port {}", port.name),
        Change::DeletePort(name) => format!("delete port {name}"),
        Change::AddUplink(uplink) => format!("add uplink {}", uplink.name),
        Change::DeleteUplink(name) => format!("delete uplink {name}"),
        Change::AddRoute(route) => format!("add route {} {} {}", route.instance, route.prefix, route.next_hop),
        Change::DeleteRoute(instance, prefix) => format!("delete route {instance} {prefix}"),
        Change::AddNetwork(network) => format!("add network {} {}", network.id, network.instance),
        Change::DeleteNetwork(id) => format!("delete network {id}"),
    }
}

/// A gateway on one line.
fn spec(spec: &GatewaySpec) -> String {
    let GatewaySpec { interface, instance, subnets, routes, .. } = spec;
    format!("{interface} in {instance} subnets {subnets:?} routes {routes:?}")
}

/// A port on one line.
fn port(port: &ComputePort) -> String {
    let ComputePort { id, network, interface, addresses, mac, host_name: _, is_exempt } = port;
    let exempt = if *is_exempt { " exempt" } else { "" };
    format!("{interface} {id} in {network} {addresses:?} {mac:?}{exempt}")
}

fn add_port(port: &ComputePort) -> Result<Applied, Failure> {
    let ComputePort { network, .. } = port;
    if *network == Uuid([UNMAPPED; 16]) { Err(Refusal::UnknownNetwork(*network).into()) } else { Ok(Applied::Added) }
}

fn answer(gateways: &mut BTreeMap<InterfaceName, GatewaySpec>, command: Command) {
    // A client that is gone does not want its answer.
    match command {
        Command::AddGateways(add, reply) => {
            let _ = reply.send(add.specs.into_iter().map(|spec| add_gateway(gateways, spec)).collect());
        }
        Command::DeleteGateways(names, reply) => {
            let _ = reply.send(names.iter().map(|name| delete_gateway(gateways, name)).collect());
        }
        Command::AddPorts(add, reply) => drop(reply.send(add.ports.iter().map(add_port).collect())),
        Command::DeleteComputePort(_, reply) => drop(reply.send(Ok(Applied::Deleted))),
        Command::Connect(reply) | Command::ConnectPorts(reply) | Command::SetAuditTimeout(_, reply) => {
            let _ = reply.send(());
        }
        Command::Stop(_, reply) => drop(reply.send(Vec::new())),
        Command::Reload(_, _, reply) => drop(reply.send(Ok(()))),
        Command::Compare(declared, reply) => {
            let differences = Declared::default().differences(&declared);
            drop(reply.send(Ok(ComparisonView { differences, steps: Vec::new() })));
        }
        Command::Apply { reply, .. } => {
            let refusal = Refusal::UnknownUplink("display".parse().unwrap());
            drop(reply.send(Err(Misfit { element: Some(Element::Gateway(0)), refusal }.into())));
        }
        Command::Confirm(reply) => drop(reply.send(Ok(()))),
        Command::RollBack(reply) => drop(reply.send(Err(Failure::NoTrial))),
        Command::Change(change, reply) => drop(reply.send(make(gateways, change))),
        Command::Rehearse(change, reply) => {
            let steps = vec![StepView { command: "link add vgw1".to_owned(), owners: vec!["gateway vgw1".to_owned()] }];
            let rehearsal = |applied| RehearsalView { applied, steps };
            drop(reply.send(make(&mut gateways.clone(), change).map(rehearsal)));
        }
        Command::Inventory(reply) => {
            let object = ObjectView {
                object: "link vgw1".to_owned(),
                purpose: "the gateway's tap",
                owners: vec!["gateway vgw1".to_owned()],
                state: ObjectState::Missing,
            };
            drop(reply.send(Ok(vec![object])));
        }
        Command::Difference(reply) => drop(reply.send(Ok(Vec::new()))),
        Command::TakeFabric(asked, reply) => {
            drop(reply.send(Err(Failure::Fabric(fabric::Refusal::Absent(asked.wanted.device)))));
        }
        Command::ConfirmFabric(reply) => drop(reply.send(Err(Failure::Fabric(fabric::Refusal::NotHeld)))),
        Command::GiveFabricBack(_, reply) => {
            let (steps, warnings) = (vec!["ip link set vhost0 up".to_owned()], Vec::new());
            drop(reply.send(Ok(FabricDeed { steps, warnings, fabric: held() })));
        }
        Command::Fabric(reply) => drop(reply.send(held())),
        Command::Import { reply, .. } => drop(reply.send(Ok(Vec::new()))),
        Command::Drops(_, reply) => drop(reply.send(Ok(Vec::new()))),
        Command::LastDrops(_, _, reply) => drop(reply.send(Ok(LastDropsView::default()))),
        Command::Capture(_, reply) => {
            let name = "tap0".parse().unwrap();
            drop(reply.send(Err(Refusal::NotFound { kind: "port", name }.into())));
        }
        Command::ReadLease(_, reply) => drop(reply.send(Ok(Applied::Unchanged))),
        Command::Status(reply) => drop(reply.send(status())),
        Command::Routes(instance, reply) => drop(reply.send(Err(Refusal::UnknownInstance(instance).into()))),
        Command::RoutesAfter(instance, _, _, reply) => {
            drop(reply.send(Err(Refusal::UnknownInstance(instance).into())));
        }
        Command::ChangeRoutes(changes, reply) => {
            let outcomes =
                RouteOutcomes { added: changes.add.len(), absent: changes.delete.len(), ..Default::default() };
            drop(reply.send(Ok(outcomes)));
        }
        Command::Trace(_, reply) => drop(reply.send(Ok(TraceView { ways: Vec::new() }))),
        Command::Lookup(_, _, reply) => {
            drop(reply.send(Ok(LookupView { matched: None, next_hop: NextHop::NoRoute })));
        }
    }
}

fn make(gateways: &mut BTreeMap<InterfaceName, GatewaySpec>, change: Change) -> Result<Applied, Failure> {
    match change {
        Change::AddGateway(spec) => add_gateway(gateways, spec),
        Change::DeleteGateway(name) => delete_gateway(gateways, &name),
        Change::DeleteUplink(name) => Err(Refusal::NotFound { kind: "uplink", name: name.to_string() }.into()),
        _ => Ok(Applied::Added),
    }
}

fn delete_gateway(
    gateways: &mut BTreeMap<InterfaceName, GatewaySpec>,
    name: &InterfaceName,
) -> Result<Applied, Failure> {
    match name.as_str() {
        STATIC => Err(Refusal::Static(STATIC.to_owned()).into()),
        _ => Ok(gateways.remove(name).map_or(Applied::Absent, |_| Applied::Deleted)),
    }
}

fn add_gateway(gateways: &mut BTreeMap<InterfaceName, GatewaySpec>, spec: GatewaySpec) -> Result<Applied, Failure> {
    let interface = spec.interface;
    match (interface.as_str(), gateways.get(&interface)) {
        (STATIC, _) => Err(Refusal::Static(STATIC.to_owned()).into()),
        (TAKEN, _) => Err(Refusal::NameTaken { name: interface, kind: "port" }.into()),
        (_, Some(old)) if old.instance != spec.instance => {
            Err(Refusal::OtherInstance { interface, instance: old.instance.clone() }.into())
        }
        (_, Some(old)) if *old == spec => Ok(Applied::Unchanged),
        _ => Ok(gateways.insert(interface, spec).map_or(Applied::Added, |_| Applied::Changed)),
    }
}

fn held() -> FabricView {
    let held = HeldView {
        device: InterfaceName::new("eth0").unwrap(),
        interface: InterfaceName::new("vhost0").unwrap(),
        mac: Mac([2, 0, 0, 0, 0, 5]),
        addresses: vec!["192.0.2.5/24".to_owned()],
        routes: vec!["default via 192.0.2.1".to_owned()],
        neighbours: Vec::new(),
    };
    let left = Duration::from_secs(9);
    FabricView { state: State::Unconfirmed(Moment::ORIGIN + left), held: Some(held), left: Some(left) }
}

fn status() -> StatusView {
    StatusView {
        version: "1.2.3".to_owned(),
        uptime: Duration::from_millis(1500),
        workers: 2,
        gateways: Vec::new(),
        ports: Vec::new(),
        uplinks: Vec::new(),
        networks: Vec::new(),
        instances: Vec::new(),
        audit: AuditView {
            version: 3,
            timeout: Some(Duration::from_secs(60)),
            running: vec![(Duration::from_secs(7), vec![InterfaceName::new("vgw1").unwrap()])],
        },
        repairs: RepairsView {
            counts: vec![RepairCount { kind: Kind::Route, occasion: Occasion::News, count: 3 }],
            last: Some(Duration::from_secs(5)),
        },
        trial: Some(Duration::from_secs(9)),
        problems: vec![Problem::PortLost(InterfaceName::new("vnet7").unwrap())],
        traffic: Traffic {
            received: 5,
            received_bytes: 490,
            dropped: vec![(DropReason::ALL[0], 2)],
            ..Traffic::default()
        },
        overruns: 1,
        rates: Rates {
            over: Duration::from_secs(2),
            packets: 30,
            bytes: 3000,
            drops: 1,
            transmitted: 29,
            transmitted_bytes: 2900,
        },
        sandbox: Sandbox {
            landlock: Extent::Part("old".to_owned()),
            seccomp: Extent::All,
            capabilities: Extent::None("refused".to_owned()),
        },
    }
}
