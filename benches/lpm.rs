//! Longest-prefix match beside the `prefix-trie` crate: memory, lookups and changes.
//!
//! The tables are synthetic, with prefix lengths and clustering near those of the Internet's. For
//! another table set `VGW_BENCH_PREFIXES` to a file of one prefix a line. With `VGW_BENCH_MEMORY`
//! set, to anything, the memory of the tables is printed and nothing is timed.
//!
//! The times depend on the population count instruction, which a build for any x86-64 lacks:
//! `RUSTFLAGS=-Ctarget-cpu=native`.

use std::collections::BTreeSet;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};
use prefix_trie::PrefixMap;
use vgw::addr::{Family, Prefix};
use vgw::table::PrefixTable;

/// Addresses looked up in turn: more than the nearest cache holds.
const ADDRESSES: usize = 1 << 16;

/// Values by prefix, in the other implementation.
type Peer<A> = PrefixMap<<A as Address>::Net, u32>;

fn main() -> io::Result<()> {
    let mut tables: Vec<_> = [10, 1_000, 100_000]
        .into_iter()
        .flat_map(|size| [synthetic::<Ipv4Addr>(size), synthetic::<Ipv6Addr>(size)])
        .collect();
    if let Some(path) = std::env::var_os("VGW_BENCH_PREFIXES") {
        let prefixes: Vec<Prefix> = fs::read_to_string(path)?.lines().filter_map(|line| line.parse().ok()).collect();
        let (v4, v6) = prefixes.into_iter().partition(|prefix| prefix.family() == Family::V4);
        tables.extend([v4, v6]);
    }
    tables.retain(|prefixes| !prefixes.is_empty());
    if std::env::var_os("VGW_BENCH_MEMORY").is_some() {
        return weigh(&tables);
    }
    let mut criterion = Criterion::default().configure_from_args();
    for prefixes in &tables {
        match prefixes[0].family() {
            Family::V4 => measure::<Ipv4Addr>(&mut criterion, prefixes),
            Family::V6 => measure::<Ipv6Addr>(&mut criterion, prefixes),
        }
    }
    criterion.final_summary();
    Ok(())
}

/// What differs between the families.
trait Address: Copy + Into<IpAddr> {
    /// A prefix as the other implementation knows it: bits and length.
    type Net: prefix_trie::Prefix + Copy;

    /// Common prefix lengths on the Internet, with their number in thousandths.
    const LENGTHS: &[(u8, usize)];

    /// Number of leading bits that neighbours in a table share.
    const CLUSTER: u8;

    /// The address of these bits; IPv4 takes the first 32.
    fn from_bits(bits: u128) -> Self;
    fn net(self, length: u8) -> Self::Net;
    fn lookup(self, table: &PrefixTable<u32>) -> Option<&u32>;
}

impl Address for Ipv4Addr {
    type Net = (u32, u8);

    const LENGTHS: &[(u8, usize)] =
        &[(24, 597), (22, 121), (23, 107), (21, 56), (20, 47), (19, 28), (16, 15), (18, 15), (17, 9), (15, 3), (14, 2)];
    const CLUSTER: u8 = 18;

    fn from_bits(bits: u128) -> Self {
        Self::from_bits((bits >> 96) as u32)
    }

    fn net(self, length: u8) -> Self::Net {
        (self.to_bits(), length)
    }

    fn lookup(self, table: &PrefixTable<u32>) -> Option<&u32> {
        table.lookup_v4(self)
    }
}

impl Address for Ipv6Addr {
    type Net = (u128, u8);

    const LENGTHS: &[(u8, usize)] =
        &[(48, 490), (32, 146), (44, 93), (40, 87), (36, 39), (46, 39), (47, 39), (29, 28), (34, 20), (33, 19)];
    const CLUSTER: u8 = 40;

    fn from_bits(bits: u128) -> Self {
        Self::from_bits(bits)
    }

    fn net(self, length: u8) -> Self::Net {
        (self.to_bits(), length)
    }

    fn lookup(self, table: &PrefixTable<u32>) -> Option<&u32> {
        table.lookup_v6(self)
    }
}

/// Measures lookups and changes, after it has checked that both give the same answers.
fn measure<A: Address>(criterion: &mut Criterion, prefixes: &[Prefix]) {
    let (table, peer) = (table_of(prefixes), peer_of::<A>(prefixes));
    let addresses = hits::<A>(prefixes);
    let host = |address: A| address.net(Family::of(address.into()).bits());
    let ask_peer = |address: A| peer.get_lpm(&host(address)).map(|(_, value)| value);
    for &address in &addresses {
        let value = address.lookup(&table);
        assert!(value.is_some() && value == ask_peer(address), "{}", address.into());
    }

    let mut group = criterion.benchmark_group(format!("{:?}/{}", prefixes[0].family(), prefixes.len()));
    // So many cases that Criterion's usual eight seconds for each would take ten minutes.
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(1));
    group.throughput(Throughput::Elements(addresses.len() as u64));
    group.bench_function("lookup/vgw", |b| {
        b.iter(|| addresses.iter().filter_map(|&address| address.lookup(&table)).for_each(|value| eat(*value)));
    });
    group.bench_function("lookup/prefix-trie", |b| {
        b.iter(|| addresses.iter().filter_map(|&address| ask_peer(address)).for_each(|value| eat(*value)));
    });

    group.sample_size(10).throughput(Throughput::Elements(prefixes.len() as u64));
    group.bench_function("insert/vgw", |b| b.iter_with_large_drop(|| table_of(prefixes)));
    group.bench_function("insert/prefix-trie", |b| b.iter_with_large_drop(|| peer_of::<A>(prefixes)));
    group.bench_function("remove/vgw", |b| {
        let empty = |table: &mut PrefixTable<u32>| prefixes.iter().filter_map(|p| table.remove(p)).for_each(eat);
        b.iter_batched_ref(|| table_of(prefixes), empty, BatchSize::LargeInput);
    });
    group.bench_function("remove/prefix-trie", |b| {
        let nets: Vec<_> = prefixes.iter().map(net::<A>).collect();
        let empty = |peer: &mut Peer<A>| nets.iter().filter_map(|net| peer.remove(net)).for_each(eat);
        b.iter_batched_ref(|| peer_of::<A>(prefixes), empty, BatchSize::LargeInput);
    });

    // One change to a clone, which then replaces the original: what a change costs under readers.
    group.throughput(Throughput::Elements(1));
    group.bench_function("publish/vgw", |b| {
        let mut published = table.clone();
        let mut random = SplitMix64(3);
        b.iter(|| {
            let mut next = published.clone();
            next.insert(prefixes[random.below(prefixes.len())], 0);
            published = next;
        });
    });
    group.finish();
}

/// Keeps a value from being optimised away.
fn eat(value: u32) {
    black_box(value);
}

/// Prints by how much the process grows with each of the larger tables.
fn weigh(tables: &[Vec<Prefix>]) -> io::Result<()> {
    let mut kept = Vec::new();
    for prefixes in tables.iter().filter(|prefixes| prefixes.len() >= 100_000) {
        // Two million prefixes in several tables, twice: the first use up what was freed before.
        let copies = 2_000_000_usize.div_ceil(prefixes.len());
        kept.extend((0..copies).map(|_| table_of(prefixes)));
        let before = resident()?;
        kept.extend((0..copies).map(|_| table_of(prefixes)));
        let bytes = (resident()? - before) / (copies * prefixes.len());
        writeln!(io::stdout(), "{:?}/{}: {bytes} bytes a prefix", prefixes[0].family(), prefixes.len())?;
    }
    Ok(())
}

/// Bytes of memory that the process has resident: `VmRSS` in proc(5).
fn resident() -> io::Result<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok());
    Ok(kibibytes.ok_or(io::ErrorKind::InvalidData)? * 1024)
}

fn table_of(prefixes: &[Prefix]) -> PrefixTable<u32> {
    let mut table = PrefixTable::new();
    for (prefix, value) in prefixes.iter().zip(0..) {
        table.insert(*prefix, value);
    }
    table
}

fn peer_of<A: Address>(prefixes: &[Prefix]) -> Peer<A> {
    prefixes.iter().map(net::<A>).zip(0..).collect()
}

fn net<A: Address>(prefix: &Prefix) -> A::Net {
    A::from_bits(bits(prefix)).net(prefix.length())
}

/// The bits of a prefix, those of IPv4 first of 128.
fn bits(prefix: &Prefix) -> u128 {
    match prefix.address() {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Random addresses in random ones of the prefixes.
fn hits<A: Address>(prefixes: &[Prefix]) -> Vec<A> {
    let mut random = SplitMix64(2);
    let mut hit = || {
        let prefix = &prefixes[random.below(prefixes.len())];
        let host = u128::MAX.checked_shr(prefix.length().into()).unwrap_or(0);
        A::from_bits(bits(prefix) | random.bits() & host)
    };
    (0..ADDRESSES).map(|_| hit()).collect()
}

/// Prefixes of common lengths in random order, 16 on average near each other.
fn synthetic<A: Address>(size: usize) -> Vec<Prefix> {
    let mut random = SplitMix64(1);
    let (mut prefixes, mut known) = (Vec::new(), BTreeSet::new());
    let mut cluster = random.bits();
    while prefixes.len() < size {
        if random.below(16) == 0 {
            cluster = random.bits();
        }
        let near = u128::MAX >> A::CLUSTER;
        let address = A::from_bits(cluster & !near | random.bits() & near);
        let mut thousandths = random.below(A::LENGTHS.iter().map(|(_, number)| number).sum());
        let length = A::LENGTHS.iter().find(|(_, number)| {
            let found = thousandths < *number;
            thousandths = thousandths.saturating_sub(*number);
            found
        });
        let prefix = length.and_then(|(length, _)| Prefix::new(address.into(), *length).ok());
        prefixes.extend(prefix.filter(|prefix| known.insert(*prefix)));
    }
    prefixes
}

/// The generator of Steele, Lea and Flood (OOPSLA 2014): the same numbers in each run.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn bits(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 32) as usize % limit
    }
}
