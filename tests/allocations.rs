//! Nothing on the packet path allocates: once every buffer that is needed has been made, a packet
//! of any usual kind passes without a single allocation. And what whoever reaches the socket can ask for costs by
//! its size.

#[path = "../benches/traffic/mod.rs"]
mod traffic;

use std::time::Duration;

use allocation_counter::measure;

use vgw::config::{Config, Source};

use traffic::{START, forwarder, kinds};

/// The first of a kind make the buffers that the others use again; a millisecond each, they last
/// until the other workers are told of the neighbour, which happens twice a second.
const WARM_UP: u32 = 1000;
const PACKETS: u32 = 5000;

#[test]
fn no_packet_of_any_usual_kind_allocates() {
    for mut kind in kinds() {
        let mut forwarder = forwarder();
        let mut pass = |numbers: std::ops::Range<u32>| {
            for number in numbers {
                kind.restore();
                // Time passes: neighbours are confirmed anew, and the other workers told.
                let verdict = kind.pass(&mut forwarder, START + number * Duration::from_millis(1));
                assert_eq!(verdict, kind.verdict, "{}", kind.name);
            }
        };
        pass(0..WARM_UP);
        let allocations = measure(|| pass(WARM_UP..WARM_UP + PACKETS)).count_total;
        assert_eq!(allocations, 0, "{} packets: {}", PACKETS, kind.name);
        kind.check(&forwarder, u64::from(WARM_UP + PACKETS));
    }
}

#[test]
fn all_kinds_together_do_not_allocate() {
    let (mut forwarder, mut kinds) = (forwarder(), kinds());
    let mut round = |now| {
        for kind in &mut kinds {
            kind.restore();
            assert_eq!(kind.pass(&mut forwarder, now), kind.verdict, "{}", kind.name);
        }
        forwarder.tick(now);
    };
    round(START);
    let allocations = measure(|| (1..500).for_each(|number| round(START + number * Duration::from_millis(1))));
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn a_configuration_beyond_its_limits_is_judged_in_one_pass() {
    let cost = |gateways: u32| {
        let one = |number: u32| {
            let names = format!("interface = 'vgw{number}'\nrouting_instance = 'net'");
            format!("[[gateway]]\n{names}\nsubnets = ['10.{}.{}.0/24']\n", number / 256, number % 256)
        };
        let text = "[limits]\ngateways = 10\n".to_owned() + &(0..gateways).map(one).collect::<String>();
        let source = Source { path: "vgwd.toml".into(), text };
        let told = |source| Config::of_sources(&[source]).unwrap_err().iter().count();
        let mut errors = 0;
        let allocations = measure(|| errors = told(source)).count_total;
        assert_eq!(errors, 1);
        allocations
    };
    let (half, whole) = (cost(150), cost(300));
    assert!(whole < 3 * half, "twice as many took {whole} allocations instead of {half}");
}
