use std::time::Duration;

use imbl::OrdMap;
use proptest::prelude::*;

use super::*;
use crate::clock::Moment;
use crate::gateway::fixtures::{gateway, good, leased_uplink, port, route, set, uplink};
use crate::gateway::steps::{any_step, take};
use crate::gateway::{
    AdvertisementSpec, Attachment, ComputePort, Declared, DhcpSpec, FabricNames, GuestSpec, LeaseTime, Limits,
    NetworkSpec, Owner, PortKind, PortSpec, Registry, StaticRoute,
};
use crate::host::{Mark, Observed};
use crate::routing::NextHop;

const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

fn empty() -> Registry {
    Registry::new(Limits::default(), Mark::default())
}

/// A daemon that starts beside a configuration with what a journal tells.
fn restarted(declared: &Declared, before: &Registry, journal: &[u8]) -> State {
    let mut registry = empty();
    registry.remember_tables(before.uplinks().map(|uplink| (uplink.spec.name.clone(), uplink.table)));
    registry.reload(declared, &Observed::default()).unwrap();
    registry.take_leases(before.leases().clone());
    let mut state = State::new(registry, MINUTE);
    let journal = Journal::read(journal).unwrap();
    state.restore(journal.saved, &Observed::default(), Moment::ORIGIN, true);
    state
}

fn journal_of(records: &[Record]) -> Vec<u8> {
    let lines = records.iter().map(|record| Journal::line(std::slice::from_ref(record)));
    [Journal::header("boot")].into_iter().chain(lines).flatten().collect()
}

/// Everything that a registry holds, in order.
fn told(registry: &Registry) -> Vec<String> {
    let mut lines: Vec<String> = registry.gateways().map(|one| format!("{one:?}")).collect();
    lines.extend(registry.ports().map(|one| format!("{one:?}")));
    lines.extend(registry.uplinks().map(|one| format!("{one:?}")));
    lines.extend(registry.routes().map(|one| format!("{one:?}")));
    lines.extend(registry.networks().map(|one| format!("{one:?}")));
    lines
}

/// The configuration that defines everything that stands.
fn all_of(registry: &Registry) -> Declared {
    Declared {
        limits: Limits::default(),
        gateways: registry.gateways().map(|one| (*one.spec).clone()).collect(),
        ports: registry.ports().map(|one| (*one.spec).clone()).collect(),
        uplinks: registry.uplinks().map(|one| (*one.spec).clone()).collect(),
        routes: Vec::new(),
        networks: registry.networks().map(|one| (*one.spec).clone()).collect(),
    }
}

proptest! {
    /// However a registry came to be what it is, some of it by the file: the journal of its changes is as
    /// good as one of what stands, and a daemon that starts with either has the same registry.
    #[test]
    fn a_restarted_daemon_has_what_stood(
        changes in prop::collection::vec((prop::collection::vec(any_step(), 1..6), 0..10u8), 1..12),
    ) {
        let mut state = State::new(empty(), MINUTE);
        let mut journal = journal_of(&state.records());
        for (steps, file) in changes {
            let before = state.clone();
            steps.iter().for_each(|step| take(&mut state.registry, step));
            if file == 0 {
                // Or nothing, if that does not fit.
                let _ = state.registry.reload(&all_of(&before.registry), &Observed::default());
            }
            state.audits.gateways.connect(Moment::from_nanos(file.into()));
            let version = state.audits.gateways.version();
            state.registry.seen(before.registry.gateways().map(|gateway| gateway.spec.interface), version);
            journal.extend(Journal::line(&state.records_since(&before)));
        }
        state.registry.set_fabric(None);
        let (grown, anew) = (Journal::read(&journal).unwrap(), Journal::read(&journal_of(&state.records())).unwrap());
        prop_assert_eq!(&grown, &anew);
        prop_assert_eq!(anew.boot, "boot");

        let restarted = restarted(&state.registry.declared(), &state.registry, &journal);
        prop_assert!(restarted.unfit.is_empty(), "{:?}", restarted.unfit);
        prop_assert_eq!(told(&restarted.registry), told(&state.registry));
        prop_assert_eq!(restarted.audits.gateways.version(), state.audits.gateways.version());
        prop_assert_eq!(restarted.audits.gateways.running().len(), state.audits.gateways.running().len());
    }

    /// Wherever a journal ends: what was written whole counts, and nothing else.
    #[test]
    fn a_torn_line_counts_as_not_written(names in prop::collection::vec(0..9u8, 1..5), cut in 1..200usize) {
        let specs = names.iter().map(|n| gateway(&format!("vgw{n}"), "a", &format!("10.{n}.0.0/24")));
        let records: Vec<Record> = specs.map(|spec| Record::Put(Thing::Gateway(spec.into(), 0))).collect();
        let (before, line) = (journal_of(&[]), Journal::line(&records));
        let torn = [&before[..], &line[..line.len() - cut.min(line.len() - 1)]].concat();
        let read = Journal::read(&torn).unwrap();
        prop_assert!(read.is_torn && read.saved.things.is_empty());
        // As power failures leave files that have been made longer.
        let zeros = [&before[..], &vec![0; line.len()], b"\n"].concat();
        prop_assert!(Journal::read(&zeros).unwrap().is_torn);
        prop_assert!(!Journal::read(&[before, line].concat()).unwrap().is_torn);
    }
}

/// A registry in which everything has whatever it can have.
fn full() -> Registry {
    let (mut registry, host) = (empty(), Observed::default());
    let dhcp = DhcpSpec {
        prefix_length: Some(24),
        dns: vec![[192, 0, 2, 53].into()],
        domain: Some(good("example.org")),
        lease_time: LeaseTime(600),
    };
    let advertisements = AdvertisementSpec { dns: vec!["2001:db8::53".parse().unwrap()] };
    let network = NetworkSpec {
        id: good("9f2c1d34-0a1b-4c5d-8e6f-0123456789ab"),
        instance: good("a"),
        gateways: set("10.1.0.1 fd00::1"),
        dhcp: Some(dhcp.clone()),
        router_advertisements: Some(advertisements.clone()),
    };
    let compute = |id, name: &str, is_exempt| ComputePort {
        id: good(id),
        network: network.id,
        interface: good(name),
        addresses: set("10.1.0.9/32 fd00::9/128"),
        mac: Some(good("02:00:00:00:00:09")),
        host_name: Some(good("guest-9")),
        is_exempt,
    };
    let guest = GuestSpec { namespace: "guest1".into(), name: good("eth0"), addresses: set("10.1.0.7/24") };
    let told = PortSpec {
        kind: PortKind::Tap(Some(guest)),
        mac: Some(good("02:00:00:00:00:07")),
        mtu: Some(1400),
        weight: good("7"),
        dhcp: Some(dhcp),
        host_name: Some(good("guest-7")),
        router_advertisements: Some(advertisements),
        ..port("tap7", "a", "10.1.0.7/32 fd00::7/128", "10.1.0.1 fd00::1")
    };
    let attached = PortSpec { kind: PortKind::Attach, ..port("vnet8", "a", "10.1.0.8/32", "") };
    registry.add_uplink(uplink("lan", "eth1", "20.0.0.5/24", "20.0.0.1").with_table(300), &host).unwrap();
    registry.add_uplink(leased_uplink("wan", "eth2"), &host).unwrap();
    let spec = gateway("vgw1", "a", "10.1.0.0/24 fd00::/64").with_routes("8.0.0.0/8").by_uplink("lan");
    registry.add_gateway(spec.masqueraded().weighing("3"), 41, &host).unwrap();
    registry.add_network(network.clone()).unwrap();
    registry.add_port(told).unwrap();
    registry.add_port(attached).unwrap();
    registry.add_compute_port(&compute("00000000-0000-0000-0000-000000000001", "vnet1", false), 17).unwrap();
    registry.add_compute_port(&compute("00000000-0000-0000-0000-000000000002", "vnet2", true), 17).unwrap();
    let nowhere = |prefix, next_hop| StaticRoute { instance: good("a"), prefix: good(prefix), next_hop };
    for spec in [
        route("a", "9.0.0.0/8", "vgw1", "10.1.0.77"),
        nowhere("11.0.0.0/8", NextHop::Discard),
        nowhere("12.0.0.0/8", NextHop::Unreachable),
    ] {
        registry.add_route(spec).unwrap();
    }
    registry
}

#[test]
fn every_field_is_saved() {
    let mut state = State::new(full(), MINUTE);
    state.audits.gateways.connect(Moment::ORIGIN);
    state.audits.gateways.set_timeout_millis(-1);
    let journal = journal_of(&state.records());
    let restarted = restarted(&Declared::default(), &state.registry, &journal);
    assert!(restarted.unfit.is_empty(), "{:?}", restarted.unfit);
    assert_eq!(told(&restarted.registry), told(&state.registry));
    assert_eq!(
        (restarted.audits.gateways.version(), restarted.audits.gateways.timeout()),
        (41, None),
        "no thing is of the future"
    );
    assert_eq!(restarted.audits.ports.version(), 17);
    assert_eq!(restarted.audits.gateways.running(), state.audits.gateways.running());
}

/// What is written must be read by every later version: whoever changes a form changes this test, and the
/// format's version with it.
#[test]
fn the_format_stays_what_it_is() {
    let told = String::from_utf8(journal_of(&State::new(full(), MINUTE).records())).unwrap();
    let expected = include_str!("tests/format-1.jsonl").replace("BUILD", env!("CARGO_PKG_VERSION"));
    assert_eq!(told, expected);
}

#[test]
fn what_is_no_journal_is_not_read() {
    let header = String::from_utf8(Journal::header("boot")).unwrap();
    let after_header = |line: &str| format!("{header}{line}\n[]\n");
    let gateway = |subnets: &str, weight: u32| {
        let fields = "\"routes\":[],\"uplink\":null,\"masquerade\":false,\"version\":0";
        format!(
            "[{{\"gateway\":{{\"interface\":\"vgw1\",\"instance\":\"a\",\"subnets\":{subnets},\"weight\":{weight},{fields}}}}}]"
        )
    };
    assert!(Journal::read(after_header(&gateway("[\"10.0.0.0/24\"]", 1)).as_bytes()).is_ok());
    for (text, why) in [
        (String::new(), "none of vgwd's"),
        ("\n".to_owned(), "none of vgwd's"),
        ("hello\n[]\n".to_owned(), "none of vgwd's"),
        (header.trim_end().to_owned(), "none of vgwd's"),
        (header.replace("vgw.dynamic/1", "vgw.fabric/1"), "none of vgwd's"),
        (header.replace("vgw.dynamic/1", "vgw.dynamic/2"), "version 2 of the format, and this vgwd knows 1"),
        (after_header("hello"), "line 2: expected value"),
        (after_header("[{\"gatway\":1}]"), "line 2: unknown variant `gatway`"),
        (after_header("\u{0}\u{0}"), "line 2: "),
        (after_header(&gateway("[]", 1)), "line 2: subnets: the list is empty"),
        (after_header(&gateway("[\"10.0.0.0/33\"]", 1)), "prefix length 33"),
        (after_header(&gateway("[\"10.0.0.0/24\"]", 257)), "weight: a weight is a number from 1 to 256"),
        (after_header(&gateway("[\"10.0.0.0/24\"]", 1).replace("vgw1", "a/b")), "line 2: "),
        (after_header(&gateway("[\"10.0.0.0/24\"]", 1).replace("\"weight\"", "\"weigth\"")), "unknown field `weigth`"),
        (format!("{header}{}\n", gateway("[]", 1)), "line 2: subnets: the list is empty"),
    ] {
        let error = Journal::read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(why), "{text:?}: {error}");
    }
    // What stands in the file is not put on a terminal as it is.
    let escape = Journal::read(after_header("[{\"\u{1b}[2J\":1}]").as_bytes()).unwrap_err().to_string();
    assert!(!escape.contains('\u{1b}'), "{escape}");
}

#[test]
fn the_configuration_wins_over_what_a_call_had_added() {
    let state = State::new(full(), MINUTE);
    let declared = Declared {
        gateways: vec![gateway("vgw1", "b", "10.7.0.0/24")],
        networks: vec![NetworkSpec {
            instance: good("c"),
            gateways: set("10.1.0.254"),
            dhcp: None,
            router_advertisements: None,
            id: good("9f2c1d34-0a1b-4c5d-8e6f-0123456789ab"),
        }],
        ..Declared::default()
    };
    let restarted = restarted(&declared, &state.registry, &journal_of(&state.records()));
    assert_eq!(restarted.registry.declared(), declared);
    assert!(restarted.unfit.is_empty(), "{:?}", restarted.unfit);
    let port = restarted.registry.port(&good("vnet1")).unwrap();
    assert_eq!((port.spec.instance.as_str(), &port.spec.gateways), ("c", &set("10.1.0.254")), "as its network says");
    assert!(matches!(port.owner, Owner::Compute { version: Some(17), .. }));
}

#[test]
fn what_does_not_fit_keeps_nothing_else_from_standing() {
    let state = State::new(full(), MINUTE);
    let limits = Limits { ports: 2, ..Limits::default() };
    // The first is the port's name now.
    let declared = Declared { limits, gateways: vec![gateway("tap7", "a", "10.9.0.0/24")], ..Declared::default() };
    let mut restarted = restarted(&declared, &state.registry, &journal_of(&state.records()));
    let unfit = |state: &State| state.unfit.iter().map(|(key, why)| format!("{key}: {why}")).collect::<Vec<_>>();
    assert_eq!(unfit(&restarted), ["tap7: tap7 is already a gateway", "vnet8: the limit of 2 ports is reached"]);
    assert_eq!(restarted.registry.ports().count(), 2);
    assert_eq!(restarted.records().len(), state.records().len(), "nothing is lost");

    // It is tried again, and is no longer in question when it stands.
    let declared = Declared { limits, ..Declared::default() };
    restarted.registry.reload(&declared, &Observed::default()).unwrap();
    restarted.registry.delete_port(&good("vnet1")).unwrap();
    let mut next = restarted.registry.clone();
    assert!(restarted.unfit.retry(&mut next, &Observed::default()));
    assert!(next.port(&good("tap7")).is_some());
    let before = restarted.clone();
    restarted.registry = next;
    assert_eq!(unfit(&restarted), ["vnet8: the limit of 2 ports is reached"]);
    let records = restarted.records_since(&before);
    assert_eq!(records.len(), 1, "{records:?}");
    assert!(restarted.unfit.forget(&Key::Port(good("vnet8"))));
    assert_eq!(restarted.records_since(&before)[0], Record::Forget(Key::Port(good("vnet8"))));
}

/// What a configuration on trial replaces is saved as if it had been taken back.
#[test]
fn a_trial_is_saved_as_what_is_left_of_it() {
    let mut before = State::new(full(), MINUTE);
    // A controller's timer, and a configuration that has another.
    before.audits.gateways.set_timeout_millis(5000);
    let mut journal = journal_of(&before.records());
    let mut state = before.clone();
    state.audits.set_timeout(Some(Duration::from_secs(30)));
    // It defines everything, otherwise or as it stands.
    let declared = Declared {
        gateways: vec![gateway("vgw1", "a", "10.7.0.0/24"), gateway("vgw2", "z", "10.8.0.0/24")],
        ..all_of(&before.registry)
    };
    state.registry.reload(&declared, &Observed::default()).unwrap();
    state.registry.add_gateway(gateway("vgw3", "z", "10.9.0.0/24"), 7, &Observed::default()).unwrap();
    // The compute service's vnet1, which is the file's meanwhile.
    let moved = ComputePort {
        id: good("00000000-0000-0000-0000-000000000001"),
        network: good("9f2c1d34-0a1b-4c5d-8e6f-0123456789ab"),
        interface: good("vnet9"),
        addresses: set("10.1.0.19/32"),
        mac: None,
        host_name: None,
        is_exempt: false,
    };
    state.registry.add_compute_port(&moved, 18).unwrap();
    let on_trial = state.taken_back(&before);
    journal.extend(Journal::line(&on_trial.records_since(&before)));
    assert_eq!(Journal::read(&journal).unwrap(), Journal::read(&journal_of(&on_trial.records())).unwrap());

    let mut reverted = on_trial.registry.clone();
    reverted.revert(&before.registry, &Observed::default()).unwrap();
    let restarted = restarted(&Declared::default(), &before.registry, &journal);
    assert!(restarted.unfit.is_empty(), "{:?}", restarted.unfit);
    assert_eq!(told(&restarted.registry), told(&reverted));
    assert_eq!(reverted.compute_port(moved.id), Some(moved.interface));
    assert!(reverted.port(&good("vnet1")).is_none(), "it has one interface");
    let timers = |state: &State| (state.audits.gateways.timeout(), state.audits.ports.timeout());
    assert_eq!(timers(&restarted), timers(&before));
    // And so it is when it is taken back indeed.
    let state = State { registry: reverted, replaced: OrdMap::new(), ..on_trial.clone() };
    let further = [&journal[..], &Journal::line(&state.records_since(&on_trial))].concat();
    assert_eq!(Journal::read(&further).unwrap(), Journal::read(&journal).unwrap());
}

#[test]
fn what_the_fabric_needs_is_not_taken_up_by_others() {
    let mut registry = empty();
    registry.add_uplink(uplink("lan", "eth0", "20.0.0.5/24", "20.0.0.1"), &Observed::default()).unwrap();
    registry.add_gateway(gateway("vhost0", "a", "10.1.0.0/24"), 0, &Observed::default()).unwrap();
    let journal = journal_of(&State::new(registry, MINUTE).records());
    let mut registry = empty();
    registry.reserve_fabric(FabricNames { wire: good("eth0"), host: good("vhost0") });
    let mut state = State::new(registry, MINUTE);
    state.restore(Journal::read(&journal).unwrap().saved, &Observed::default(), Moment::ORIGIN, true);
    let unfit: Vec<String> = state.unfit.iter().map(|(key, why)| format!("{key}: {why}")).collect();
    assert_eq!(unfit, ["lan: eth0 is already a fabric device", "vhost0: vhost0 is already a fabric interface"]);
    // The tap is the uplinks' device from now on, here and in the file.
    let on_tap = uplink("lan", "vhost0", "20.0.0.5/24", "20.0.0.1");
    state.registry.add_uplink(on_tap.clone(), &Observed::default()).unwrap();
    let declared = Declared { uplinks: vec![on_tap], ..Declared::default() };
    state.registry.reload(&declared, &Observed::default()).unwrap();
    let on_wire = uplink("lan", "eth0", "20.0.0.5/24", "20.0.0.1");
    let declared = Declared { uplinks: vec![on_wire], ..Declared::default() };
    state.registry.reload(&declared, &Observed::default()).unwrap_err();
}

#[test]
fn what_has_an_address_for_good_has_it_rather_than_a_lease() {
    let mut registry = empty();
    let lease = Attachment { address: good("20.0.0.5/24"), via: "20.0.0.1".parse().unwrap() };
    registry.take_leases([(good("eth2.ipv4"), lease)].into_iter().collect());
    let (wan, lan) = (leased_uplink("wan", "eth2"), uplink("lan", "eth1", "20.0.0.5/24", "20.0.0.1"));
    let declared = Declared { uplinks: vec![wan, lan.clone()], ..Declared::default() };
    registry.reload(&declared, &Observed::default()).unwrap();
    assert_eq!(registry.waiting().map(|one| one.uplink.to_string()).collect::<Vec<_>>(), ["wan"]);
    // So it is for one that a call has added, but not for one that it adds now.
    let by_call = Thing::Uplink(lan.clone().into());
    registry.reload(&Declared { uplinks: declared.uplinks[..1].to_vec(), ..declared }, &Observed::default()).unwrap();
    assert_eq!(registry.waiting().count(), 0);
    registry.add_uplink(lan, &Observed::default()).unwrap_err();
    registry.restore(&by_call, &Observed::default()).unwrap();
    assert_eq!(registry.waiting().map(|one| one.uplink.to_string()).collect::<Vec<_>>(), ["wan"]);
}
