//! The cost of a decision: a packet through [`vgw::forward::Forwarder::process`], without any device.
//!
//! The packet is restored before each call; that is part of the figures.

mod traffic;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use traffic::{START, forwarder, kinds};

fn forward(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("forward");
    group.throughput(Throughput::Elements(1));
    for mut kind in kinds() {
        let mut forwarder = forwarder();
        let mut packets = 0;
        group.bench_function(kind.name, |bencher| {
            bencher.iter(|| {
                packets += 1;
                kind.restore();
                black_box(kind.pass(&mut forwarder, START));
            });
        });
        kind.check(&forwarder, packets);
    }
    group.finish();
}

criterion_group!(benches, forward);
criterion_main!(benches);
