//! The difference between what is wanted and what is there, without a kernel. `shared` is the usual
//! case: what is there is held in the trees of what is wanted.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use vgw::addr::{InterfaceName, Mac, Weight};
use vgw::host::{
    HostHop, HostLink, HostRoute, HostState, Observed, RouteKey, Rule, RuleAction, Setting, SettingKind, diff,
};

/// Gateways with a subnet, a source rule and a setting each.
fn gateways(count: u32) -> HostState {
    let mut state = HostState::default();
    for i in 0..count {
        let Ok(device) = InterfaceName::new(&format!("vgw{i}")) else { continue };
        let Ok(subnet) = format!("10.{}.{}.0/24", i / 250, i % 250).parse() else { continue };
        state.links.insert(device, HostLink { mac: Mac::GATEWAY, mtu: 1500, up: true, in_order: true });
        let key = RouteKey { table: RouteKey::MAIN, prefix: subnet, metric: 0 };
        let hops = [HostHop { device, via: None, weight: Weight::ONE }].into();
        state.routes.insert(key, HostRoute { hops, source: None });
        state.rules.insert(Rule { priority: 20_120, from: subnet, action: RuleAction::Lookup(20_100) });
        state.settings.insert(Setting { interface: device, kind: SettingKind::ForwardV4 });
    }
    state
}

fn reconcile(criterion: &mut Criterion) {
    let want = gateways(1000);
    let there = |ours: HostState| Observed { ours, ..Observed::default() };
    let mut group = criterion.benchmark_group("reconcile_1000_gateways");
    for (name, have) in [
        ("nothing_there", HostState::default()),
        ("one_missing", gateways(999)),
        ("equal", gateways(1000)),
        ("shared", want.clone()),
    ] {
        let have = there(have);
        group.bench_function(name, |bencher| bencher.iter(|| diff(black_box(&want), black_box(&have))));
    }
    group.finish();
}

criterion_group!(benches, reconcile);
criterion_main!(benches);
