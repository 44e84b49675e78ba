use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::addr::InterfaceName;
use crate::gateway::fixtures::{gateway, good};
use crate::gateway::{Auditee, Limits, Registry};
use crate::host::{Mark, Observed};

/// What happens to a daemon, as far as the audit is concerned.
#[derive(Debug, Clone)]
enum Event {
    Connect,
    SetTimeout(i32),
    /// Re-adds a gateway as it was.
    Add(u8),
    /// Re-adds a gateway in a way that is refused.
    AddRefused(u8),
    Delete(u8),
    Wait(u64),
}

/// The audit with a registry behind it, driven as the conductor drives them.
struct Driven {
    now: Moment,
    audit: Audit,
    registry: Registry,
}

impl Driven {
    fn new() -> Self {
        let registry = Registry::new(Limits::default(), Mark::default());
        Self { now: Moment::ORIGIN, audit: Audit::default(), registry }
    }

    fn apply(&mut self, event: &Event) {
        match *event {
            Event::Connect => self.audit.connect(self.now),
            Event::SetTimeout(millis) => self.audit.set_timeout_millis(millis),
            Event::Add(n) => {
                let spec = gateway(&format!("vgw{n}"), "net", &format!("10.0.{n}.0/24"));
                self.registry.add_gateway(spec, self.audit.version(), &Observed::default()).unwrap();
            }
            Event::AddRefused(n) => {
                let spec = gateway(&format!("vgw{n}"), "net", "127.0.0.0/8");
                self.registry.add_gateway(spec, self.audit.version(), &Observed::default()).unwrap_err();
            }
            Event::Delete(n) => _ = self.registry.delete_gateway(&name(n)).unwrap(),
            Event::Wait(millis) => self.now = self.now + Duration::from_millis(millis),
        }
        if let Some(threshold) = self.audit.expire(self.now) {
            for name in self.registry.stale(Auditee::Gateways, threshold) {
                self.registry.delete_gateway(&name).unwrap();
            }
        }
    }

    fn names(&self) -> Vec<String> {
        self.registry.gateways().map(|gateway| gateway.spec.interface.to_string()).collect()
    }
}

fn name(n: u8) -> InterfaceName {
    good(&format!("vgw{n}"))
}

/// The rule in other words: a connect condemns every gateway that stands; to be added again, or at
/// least tried, lifts all of a gateway's sentences.
#[derive(Default)]
struct Model {
    now: u64,
    timeout: i32,
    connects: u32,
    /// By connect: when it is due, and whom it still condemns.
    sentences: BTreeMap<u32, (u64, BTreeSet<u8>)>,
    standing: BTreeSet<u8>,
}

impl Model {
    fn apply(&mut self, event: &Event) {
        match *event {
            Event::Connect => {
                self.connects += 1;
                if let Ok(timeout) = u64::try_from(self.timeout) {
                    self.sentences.insert(self.connects, (self.now + timeout, self.standing.clone()));
                }
            }
            Event::SetTimeout(millis) => self.timeout = millis,
            Event::Add(n) => {
                self.standing.insert(n);
                self.pardon(n);
            }
            Event::AddRefused(n) => self.pardon(n),
            Event::Delete(n) => {
                self.standing.remove(&n);
                self.pardon(n);
            }
            Event::Wait(millis) => self.now += millis,
        }
        let now = self.now;
        for (_, (_, condemned)) in self.sentences.extract_if(.., |_, (due, _)| *due <= now) {
            self.standing.retain(|n| !condemned.contains(n));
        }
    }

    fn pardon(&mut self, n: u8) {
        self.sentences.values_mut().for_each(|(_, condemned)| _ = condemned.remove(&n));
    }
}

fn event() -> impl Strategy<Value = Event> {
    let timeout = prop_oneof![Just(-1), Just(0), Just(i32::MAX), 1..100_000];
    let wait = prop_oneof![Just(1), Just(59_999), Just(60_000), 0..80_000u64];
    prop_oneof![
        2 => Just(Event::Connect),
        1 => timeout.prop_map(Event::SetTimeout),
        4 => (0..5u8).prop_map(Event::Add),
        1 => (0..5u8).prop_map(Event::AddRefused),
        1 => (0..5u8).prop_map(Event::Delete),
        3 => wait.prop_map(Event::Wait),
    ]
}

proptest! {
    #[test]
    fn the_gateways_that_stand_are_those_of_the_model(events in prop::collection::vec(event(), 0..60)) {
        let mut driven = Driven::new();
        let mut model = Model { timeout: 60_000, ..Model::default() };
        for event in &events {
            driven.apply(event);
            model.apply(event);
            let expected: Vec<_> = model.standing.iter().map(|n| format!("vgw{n}")).collect();
            prop_assert_eq!(driven.names(), expected, "after {:?} at {:?}", event, driven.now);
            let due = model.sentences.values().map(|(due, _)| *due).min();
            let next = driven.audit.next_deadline().map(|deadline| (deadline - Moment::ORIGIN).as_millis());
            prop_assert_eq!(next, due.map(u128::from));
        }
    }
}

/// Each event with the gateways that stand after it; waits are milliseconds.
#[test]
fn a_table_of_events() {
    use Event::{Add, AddRefused, Connect, Delete, SetTimeout, Wait};
    let connect_twice = [
        (Add(1), "vgw1"),
        (Add(2), "vgw1 vgw2"),
        (Connect, "vgw1 vgw2"),
        (Wait(30_000), "vgw1 vgw2"),
        (Add(1), "vgw1 vgw2"),
        (Connect, "vgw1 vgw2"),
        (Wait(29_999), "vgw1 vgw2"),
        (Wait(1), "vgw1"),
        (Wait(29_999), "vgw1"),
        (Wait(1), ""),
    ];
    let refused_counts_as_seen = [(Add(1), "vgw1"), (Connect, "vgw1"), (AddRefused(1), "vgw1"), (Wait(60_000), "vgw1")];
    let a_running_timer_keeps_its_time = [
        (Add(1), "vgw1"),
        (SetTimeout(1000), "vgw1"),
        (Connect, "vgw1"),
        (SetTimeout(60_000), "vgw1"),
        (Wait(999), "vgw1"),
        (Wait(1), ""),
    ];
    let zero_is_at_once = [(Add(1), "vgw1"), (SetTimeout(0), "vgw1"), (Connect, "")];
    let negative_is_off = [(Add(1), "vgw1"), (SetTimeout(-1), "vgw1"), (Connect, "vgw1"), (Wait(10_000_000), "vgw1")];
    let deleted_in_the_window = [(Add(1), "vgw1"), (Connect, "vgw1"), (Delete(1), ""), (Wait(60_000), "")];
    let tables: [&[_]; 6] = [
        &connect_twice,
        &refused_counts_as_seen,
        &a_running_timer_keeps_its_time,
        &zero_is_at_once,
        &negative_is_off,
        &deleted_in_the_window,
    ];
    for table in tables {
        let mut driven = Driven::new();
        for (event, standing) in table {
            driven.apply(event);
            assert_eq!(driven.names().join(" "), *standing, "after {event:?} of {table:?}");
        }
    }
}

#[test]
fn views_tell_what_is_due_when() {
    let mut audit = Audit::new(Some(Duration::from_secs(60)));
    audit.connect(Moment::ORIGIN);
    audit.set_timeout(Some(Duration::from_secs(5)));
    audit.connect(Moment::ORIGIN);
    let at = |seconds| Moment::ORIGIN + Duration::from_secs(seconds);
    assert_eq!(audit.version(), 2);
    assert_eq!(audit.timeout(), Some(Duration::from_secs(5)));
    let timer = |seconds, threshold| Timer { deadline: at(seconds), window: Duration::from_secs(seconds), threshold };
    let (soon, late) = (timer(5, 2), timer(60, 1));
    assert_eq!(audit.running(), [soon, late]);
    assert_eq!([0, 1, 2].map(|version| audit.deadline_of(version)), [Some(at(5)), Some(at(5)), None]);
    assert_eq!(audit.expire(at(60)), Some(2));
    assert_eq!(audit.next_deadline(), None);
}

#[test]
fn connects_in_a_loop_start_a_bounded_number_of_timers() {
    let mut audit = Audit::default();
    let at = Moment::from_nanos;
    for nanos in 0..1000 {
        audit.connect(at(nanos));
    }
    assert_eq!(audit.running().len(), Audit::MAX_TIMERS);
    assert_eq!(audit.expire(at(0) + Audit::DEFAULT_TIMEOUT), Some(1), "the first still runs");
    assert_eq!(audit.expire(at(998) + Audit::DEFAULT_TIMEOUT), Some(63), "those between have given way");
    assert_eq!(audit.expire(at(999) + Audit::DEFAULT_TIMEOUT), Some(1000));
}

#[test]
fn a_daemon_that_is_started_anew_takes_the_audit_up() {
    let (minute, at) = (Some(Duration::from_secs(60)), |seconds| Moment::ORIGIN + Duration::from_secs(seconds));
    let mut audit = Audit::new(minute);
    audit.connect(at(100));
    let deadline = |now, is_same_clock| audit.resumed(minute, at(now), is_same_clock).next_deadline();
    assert_eq!(deadline(130, true), Some(at(160)), "what is left of the window");
    assert_eq!(deadline(159, true), Some(at(160)));
    assert_eq!(deadline(160, true), Some(at(220)), "nobody was there to be told");
    assert_eq!(deadline(7, false), Some(at(67)), "another boot has another clock");
    assert_eq!(deadline(130, false), Some(at(190)), "even where its deadlines look like this one's");
    assert_eq!(deadline(7, true), Some(at(67)), "no window is longer than it was");
    assert_eq!(audit.resumed(minute, at(130), true), audit);
}

#[test]
fn a_timer_that_a_controller_set_holds_until_the_configuration_changes() {
    let [minute, hour] = [60, 3600].map(|seconds| Some(Duration::from_secs(seconds)));
    let mut audit = Audit::new(minute);
    audit.set_timeout_millis(5000);
    let resumed = |configured| audit.resumed(configured, Moment::ORIGIN, true).timeout();
    assert_eq!((resumed(minute), resumed(hour), resumed(None)), (Some(Duration::from_secs(5)), hour, None));
}

#[test]
fn what_no_audit_is_like_is_not_taken_up() {
    let timer = |threshold| Timer { deadline: Moment::ORIGIN, window: Duration::ZERO, threshold };
    let saved = |version, thresholds: &[u32]| {
        Audit::saved(version, None, None, thresholds.iter().map(|threshold| timer(*threshold)).collect()).is_ok()
    };
    assert!(saved(3, &[]) && saved(3, &[1, 3]) && saved(u32::MAX, &[u32::MAX, u32::MAX]));
    assert!(!saved(3, &[2, 1]) && !saved(3, &[4]));
    assert!(saved(3, &[3; 64]) && !saved(3, &[3; 65]));
}

#[test]
fn a_controllers_timer_holds_until_the_configuration_has_another() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let mut audit = Audit::new(seconds(60));
    audit.set_timeout_millis(5000);
    audit.set_timeout(seconds(60));
    assert_eq!(audit.timeout(), seconds(5), "the file is read again, and says what it said");
    let before = audit.clone();
    audit.set_timeout(seconds(30));
    assert_eq!(audit.timeout(), seconds(30));
    assert_eq!(audit.with_timer_of(&before), before, "the configuration is taken back");
    audit.set_timeout_millis(7000);
    let back = audit.with_timer_of(&before);
    assert_eq!((back.timeout(), back.configured()), (seconds(7), seconds(60)), "the controller has set it since");
    // Windows and versions are not taken back.
    audit.connect(Moment::ORIGIN);
    let back = audit.with_timer_of(&before);
    assert_eq!((back.version(), back.running()), (1, audit.running()));
}
