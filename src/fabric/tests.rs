use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::fake::{ETH0, ETH1, FakeSite, VHOST0, address, device, name, route};
use super::*;
use crate::clock::Moment;

const FOR_EVER: u32 = u32::MAX;
const NODAD: u32 = 2;

fn addresses() -> Vec<Address> {
    let flags = [("192.0.2.5/24", 0), ("192.0.2.6/24", 0x200), ("2001:db8::5/64", NODAD), ("fe80::5/64", 0)];
    let mut addresses: Vec<_> = flags.iter().map(|(text, flags)| address(text, *flags, FOR_EVER)).collect();
    addresses.insert(2, address("198.51.100.5/24", 0, 500));
    addresses
}

fn routes() -> Vec<Route> {
    let (card, other) = (ETH0, ETH1);
    vec![
        route("0.0.0.0/0", 254, 100, &[(card, Some("192.0.2.1"))]),
        route("0.0.0.0/0", 254, 100, &[(card, Some("192.0.2.2"))]),
        route("0.0.0.0/0", 254, 100, &[(card, Some("192.0.2.3"))]),
        route("192.0.2.0/24", 254, 0, &[(card, None)]),
        route("203.0.113.0/24", 7, 0, &[(card, Some("192.0.2.1")), (other, Some("10.0.0.1"))]),
        route("203.0.112.0/24", 254, 0, &[(other, Some("10.0.0.1"))]),
        route("::/0", 254, 50, &[(card, Some("2001:db8::1"))]),
        route("2001:db8:e::/48", 254, 50, &[(card, Some("2001:db8::1")), (other, Some("fe80::1"))]),
        route("2001:db8::/64", 254, 256, &[(card, None)]),
        route("fe80::/64", 254, 256, &[(card, None)]),
    ]
}

fn record_of(site: &FakeSite) -> Record {
    let device = Refusal::check(name("eth0"), name("vhost0"), &site.seen).unwrap();
    Record::of(device, name("vhost0"), &site.seen, 100)
}

fn taken() -> (FakeSite, Record) {
    let mut site = FakeSite::new(addresses(), routes());
    let mut record = record_of(&site);
    let observed = site.seen.clone();
    take(&mut site, &mut record, &observed).unwrap();
    (site, record)
}

#[test]
fn everything_of_the_card_goes_to_the_tap() {
    let (site, record) = taken();
    assert!(site.joined && site.shut);
    assert_eq!(site.journal.as_ref().map(|record| record.phase), Some(Phase::Held));
    assert!(site.seen.addresses.iter().all(|address| address.index() == VHOST0));
    assert!(site.seen.routes.iter().all(|route| !route.uses(ETH0)));
    let shown: Vec<String> = record.routes.iter().map(ToString::to_string).collect();
    assert_eq!(shown[0], "default via 192.0.2.1 metric 100");
    assert!(!shown.iter().any(|route| route.starts_with("203.0.112.0/24")), "{shown:?}");
}

#[test]
fn what_others_have_changed_at_the_tap_is_given_back() {
    let (mut site, mut record) = taken();
    assert!(!record.refresh(&site.seen, 100), "nothing has changed");
    let (card, tap) = (record.device, Place { index: VHOST0, name: name("vhost0") });
    site.seen.addresses.push(address("192.0.2.9/24", 0, FOR_EVER).moved(&card, &tap));
    site.seen.routes.retain(|route| route.to_string() != "default via 192.0.2.2 metric 100");
    assert!(record.refresh(&site.seen, 100));
    give(&mut site, &mut record, true).unwrap();
    let shown: Vec<String> = site.seen.addresses.iter().map(ToString::to_string).collect();
    assert!(shown.contains(&"192.0.2.9/24".to_owned()), "{shown:?}");
    let expected: Vec<Route> = routes().into_iter().filter(|route| !route.to_string().contains("192.0.2.2 ")).collect();
    assert_eq!(site.seen.routes.len(), expected.len());
    assert!(expected.iter().all(|route| site.seen.routes.contains(route)));
    assert_eq!(site.journal, None);
}

#[test]
fn labels_and_flags_follow_and_come_back() {
    let (card, tap) = (device(ETH0, "eth0").place, device(VHOST0, "vhost0").place);
    let original = address("192.0.2.5/24", 0, FOR_EVER);
    let moved = original.moved(&card, &tap);
    assert!(String::from_utf8_lossy(moved.body()).contains("vhost0:1"));
    let back = moved.quiet().moved(&tap, &card).as_loud_as(&original);
    assert!(back.is_same(&original) && back.has_flags_of(&original) && !moved.quiet().has_flags_of(&original));
    assert!(String::from_utf8_lossy(back.body()).contains("eth0:1"));
}

#[test]
fn what_has_run_out_is_not_given_back() {
    let record = record_of(&FakeSite::new(addresses(), routes()));
    assert_eq!(record.aged(599).addresses.len(), 5);
    let late = record.aged(600);
    assert_eq!(late.addresses.len(), 4);
    assert!(!late.addresses.iter().any(|address| address.to_string() == "198.51.100.5/24"));
}

#[test]
fn a_journal_is_read_as_it_was_written() {
    let (_, record) = taken();
    let here = Here { boot: "b1".into(), namespace: 7 };
    let text = serde_json::to_vec(&Journal::of(&record, &here)).unwrap();
    assert_eq!(Journal::judge(Some(&text), &here), Verdict::Restore(Box::new(record)));
    assert_eq!(Journal::judge(None, &here), Verdict::Nothing);
    let other = |boot: &str, namespace| Here { boot: boot.into(), namespace };
    assert_eq!(Journal::judge(Some(&text), &other("b2", 7)), Verdict::Aside(BadJournal::OtherBoot));
    assert_eq!(Journal::judge(Some(&text), &other("b1", 8)), Verdict::Aside(BadJournal::OtherNamespace));
    assert_eq!(Journal::judge(Some(b" \n"), &here), Verdict::Aside(BadJournal::Empty));
    for cut in [1, 10, text.len() / 2, text.len() - 1] {
        assert!(
            matches!(Journal::judge(Some(&text[..cut]), &here), Verdict::Aside(BadJournal::Unreadable(_))),
            "{cut}"
        );
    }
    let foreign = String::from_utf8(text).unwrap().replace("vgw.fabric/1", "vgw.fabric/2");
    assert!(matches!(Journal::judge(Some(foreign.as_bytes()), &here), Verdict::Aside(BadJournal::Unreadable(_))));
}

#[test]
fn a_holding_lasts_once_it_is_confirmed() {
    let (_, record) = taken();
    let now = Moment::ORIGIN;
    let minute = std::time::Duration::from_secs(60);
    let mut holding = Holding::new(record, now, Some(minute));
    assert_eq!((holding.state(), holding.is_overdue(now)), (State::Unconfirmed(now + minute), false));
    assert!(holding.is_overdue(now + minute));
    assert!(holding.confirm() && !holding.confirm());
    assert_eq!((holding.state(), holding.is_overdue(now + minute), holding.deadline()), (State::Held, false, None));
    holding.record.phase = Phase::GivingBack;
    assert_eq!(holding.state(), State::GivingBack);
}

#[test]
fn what_does_not_follow_is_told() {
    let mut site = FakeSite::new(addresses(), routes());
    let rule = |device: &str| DeviceRule { priority: 10, device: name(device) };
    site.seen.rules = vec![rule("eth0"), rule("eth1")];
    let filters = ["iifname \"eth0\" drop".to_owned()];
    let told: Vec<String> = warnings(&record_of(&site), &site.seen, &filters).iter().map(ToString::to_string).collect();
    let expected = [
        "the rule of priority 10 names eth0, and will not see packets of vhost0",
        "the address 198.51.100.5/24 is valid for 500 s: whoever renews it (a DHCP client) must do so on vhost0",
        "nftables has \"iifname \"eth0\" drop\", which will not match packets of vhost0",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_full_disk_keeps_nobody_from_having_his_card() {
    let (mut site, mut record) = taken();
    site.full = true;
    let given = give(&mut site, &mut record, true).unwrap();
    assert_eq!(given.kept, Some(SiteError("no space left on device".to_owned())));
    assert!(site.seen.addresses.iter().all(|address| address.index() == ETH0) && !site.shut);

    let mut site = FakeSite::new(addresses(), routes());
    let (mut record, before, observed) = (record_of(&site), site.seen.clone(), site.seen.clone());
    site.full = true;
    let failed = take(&mut site, &mut record, &observed).unwrap_err();
    assert!(failed.to_string().contains("no space left on device; everything is as before"), "{failed}");
    assert!(failed.kept.is_some());
    assert_eq!(site.seen, before);
}

#[test]
fn a_card_that_is_new_to_the_kernel_gets_what_the_old_one_had() {
    let (mut site, mut record) = taken();
    let lost = site.seen.device.take();
    let failed = give(&mut site, &mut record.clone(), true).unwrap_err();
    assert!(failed.to_string().starts_with("look for eth0: no device has its index"), "{failed}");
    assert!(site.journal.is_some() && site.joined);

    let lost = lost.unwrap();
    site.seen.device = Some(Device { place: Place { index: 20, name: lost.place.name }, up: false, ..lost });
    let given = give(&mut site, &mut record, true).unwrap();
    let [Step::Renew, Step::Write(Phase::GivingBack), Step::Raise(Side::Device), ..] = &given.steps[..] else {
        panic!("{:?}", given.steps)
    };
    assert_eq!((site.seen.addresses.len(), site.journal), (addresses().len(), None));
    assert!(site.seen.addresses.iter().all(|address| address.index() == 20));
    assert!(!site.seen.routes.iter().any(|route| route.uses(ETH0) || route.uses(VHOST0)));
}

proptest! {
    /// Refused at any step, killed at any step of either way, once or twice: the card is as before.
    #[test]
    fn whatever_happens_the_card_is_as_before(
        addresses in subsequence(addresses(), 0..=5),
        routes in subsequence(routes(), 0..=10),
        refused in 0_usize..120,
        killed in proptest::option::of(0_usize..120),
        again in select(vec![0, 1, 3, 8, 20, usize::MAX]),
    ) {
        let mut site = FakeSite::new(addresses, routes);
        let before = site.clone();
        let mut record = record_of(&site);
        let observed = site.seen.clone();
        if let Some(steps) = killed {
            // What cannot go on any more is not tidied up either.
            let mut dying = site.clone();
            dying.patience = steps;
            let mut own = record.clone();
            for step in take_over(&own, &observed) {
                if let Step::Write(phase) = step { own.phase = phase; }
                if dying.perform(&step, &own).is_err() { break; }
            }
            dying.kill();
            site = dying;
        } else {
            site.patience = refused;
            let mut steps = take_over(&record, &observed).into_iter();
            let done = steps.try_for_each(|step| site.perform(&step, &record));
            if done.is_ok() { record.phase = Phase::Held; }
        }
        // The rescue itself is killed once.
        for patience in [again, usize::MAX] {
            let Some(mut found) = site.journal.clone() else { break };
            site.patience = patience;
            let done = give(&mut site, &mut found, false);
            if done.is_err() { site.kill(); }
            prop_assert!(patience != usize::MAX || done.is_ok(), "{:?}", done);
        }
        prop_assert_eq!(&site.journal, &None);
        prop_assert!(!site.joined && !site.shut);
        prop_assert_eq!(site.seen.addresses, before.seen.addresses);
        let sorted = |routes: &[Route]| {
            let mut keyed: Vec<_> = routes.iter().map(|route| (route.key(), route.clone())).collect();
            // Stable: within a key the order counts.
            keyed.sort_by(|one, other| one.0.cmp(&other.0));
            keyed
        };
        prop_assert_eq!(sorted(&site.seen.routes), sorted(&before.seen.routes));
        prop_assert_eq!(site.seen.device, before.seen.device);
    }
}
