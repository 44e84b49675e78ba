//! Many source rules, as the kernel walks them.

use vgw::addr::{Prefix, Weight};
use vgw::gateway::{Addressing, Attachment, GatewaySpec, Limits, Plan, Registry, UplinkSpec};
use vgw::host::{HostState, Kernel, Mark, Observed, RuleAction, Surroundings, diff};

use crate::host_state::{TABLE, make_uplink};
use crate::lab::{apply, assert_unchanged, in_namespace, ip, kernel, reach, snapshot, sysctl};

/// The rules that so many gateways with an uplink call for: 10.0.0.0/24 and so on, and the same in
/// IPv6.
fn rules(count: u16) -> HostState {
    let mut registry = Registry::new(Limits::default(), Mark::default());
    for (name, address, via) in [("four", "20.0.0.5/24", "20.0.0.1"), ("six", "2001:db8:20::5/64", "2001:db8:20::1")] {
        let spec = UplinkSpec {
            name: name.parse().unwrap(),
            device: "eth1".parse().unwrap(),
            addressing: Addressing::Fixed(Attachment { address: address.parse().unwrap(), via: via.parse().unwrap() }),
            table: Some(TABLE + u32::from(name == "six")),
        };
        registry.add_uplink(spec, &Observed::default()).unwrap();
    }
    for number in 0..count {
        for (family, uplink, subnet) in [(4, "four", source(number).0), (6, "six", source(number).1)] {
            let spec = GatewaySpec {
                interface: format!("v{family}-{number}").parse().unwrap(),
                instance: "net".parse().unwrap(),
                subnets: [subnet].into(),
                routes: [].into(),
                uplink: Some(uplink.parse().unwrap()),
                masquerade: false,
                weight: Weight::ONE,
            };
            registry.add_gateway(spec, 0, &Observed::default()).unwrap();
        }
    }
    let rules = Plan::new(registry, Surroundings::default()).want().host.rules.clone();
    HostState { rules, ..HostState::default() }
}

fn source(number: u16) -> (Prefix, Prefix) {
    let [high, low] = number.to_be_bytes();
    let v6 = [0x2001, 0xdb8, 7, number, 0, 0, 0, 0];
    (Prefix::new([10, high, low, 0].into(), 24).unwrap(), Prefix::new(v6.into(), 64).unwrap())
}

/// Fails unless packets of these subnets, and no others, are led to the uplinks' tables.
fn assert_led(numbers: impl Iterator<Item = u16>, is_led: bool) {
    for number in numbers {
        let (v4, v6) = source(number);
        for (family, source, to) in [("-4", v4, "198.51.100.1"), ("-6", v6, "2001:db8:f::1")] {
            let text = ip(&format!("{family} route get {to} from {} iif eth1", source.address()));
            assert_eq!(text.contains(" table 201"), is_led, "{source}: {text}");
        }
    }
}

/// An uplink's device that forwards, with default routes in table main and in the uplinks' tables.
fn make_routes() {
    make_uplink();
    sysctl("net.ipv4.conf.eth1.forwarding", "1");
    sysctl("net.ipv6.conf.all.forwarding", "1");
    for (family, via, table) in [("-4", "20.0.0.1", TABLE), ("-6", "2001:db8:20::1", TABLE + 1)] {
        ip(&format!("{family} route add default via {via} dev eth1"));
        ip(&format!("{family} route add default via {via} dev eth1 table {table}"));
    }
}

#[test]
fn a_thousand_subnets_find_their_rules() {
    in_namespace(|| {
        make_routes();
        let before = snapshot();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        for count in [1024, 1025, 40, 33, 32, 0] {
            reach(&mut kernel, &rules(count));
            assert_led((0..count).step_by(61), true);
            assert_led([count, count + 1, 5000].into_iter(), false);
        }
        reach(&mut kernel, &HostState::default());
        assert_unchanged(&before, "after all is deleted");
    });
}

#[test]
fn a_daemon_that_starts_anew_finds_its_rules() {
    in_namespace(|| {
        make_routes();
        let state = tempfile::tempdir().unwrap();
        let want = rules(100);
        assert!(want.rules.iter().any(|rule| matches!(rule.action, RuleAction::Goto(_))));
        reach(&mut kernel(&state), &want);
        assert_eq!(reach(&mut kernel(&state), &want), []);
    });
}

/// From one after the other to a tree and back, looked at after every single step.
#[test]
fn no_lookup_goes_astray_while_rules_change() {
    in_namespace(|| {
        make_routes();
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        reach(&mut kernel, &rules(31));
        for count in [35, 31] {
            for operation in diff(&rules(count), &kernel.observe().unwrap()) {
                apply(&mut kernel, &operation).unwrap();
                assert_led([0, 15, 16, 30].into_iter(), true);
            }
        }
    });
}
