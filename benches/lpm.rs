//! Longest-prefix match beside the crates that do it: lookups, changes and memory.
//!
//! The tables are made up, the largest with the number of routes, the lengths and the clustering of
//! the Internet's (`internet`). To use another for the largest, set `VGW_BENCH_PREFIXES` to a file
//! of one prefix a line. With `VGW_BENCH_MEMORY` set, to anything, the memory of an instance's
//! routes is printed and nothing is timed.

use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use ip_network::{IpNetwork, Ipv4Network, Ipv6Network};
use ip_network_table::IpNetworkTable;
use ip_network_table_deps_treebitmap::IpLookupTable;
use prefix_trie::PrefixMap;
use vgw::addr::{Family, InstanceId, InstanceName, PortId, Prefix};
use vgw::routing::{NextHop, Rib};
use vgw::table::{Index, PrefixTable};

use self::dir::Dir;
use self::random::SplitMix64;

#[path = "lpm/dir.rs"]
mod dir;
#[path = "lpm/internet.rs"]
mod internet;
#[path = "lpm/random.rs"]
mod random;

/// Addresses looked up in turn: more than the nearest caches hold. A power of two.
const ADDRESSES: usize = 1 << 16;

/// Different values in a table; a router has few neighbours.
const VALUES: u32 = 256;

fn main() -> io::Result<()> {
    let families = [Family::V4, Family::V6];
    let internet = match std::env::var_os("VGW_BENCH_PREFIXES") {
        Some(path) => {
            let text = fs::read_to_string(path)?;
            let mut prefixes: Vec<Prefix> = text.lines().filter_map(|line| line.parse().ok()).collect();
            shuffle(&mut prefixes);
            families.map(|family| prefixes.iter().copied().filter(|prefix| prefix.family() == family).collect())
        }
        None => families.map(|family| internet::table(family, internet::size(family))),
    };
    if std::env::var_os("VGW_BENCH_MEMORY").is_some() {
        return weigh(&internet);
    }
    let mut criterion = Criterion::default().configure_from_args();
    for size in [10, 1_000] {
        measure::<Ipv4Addr>(&mut criterion, &internet::table(Family::V4, size));
        measure::<Ipv6Addr>(&mut criterion, &internet::table(Family::V6, size));
    }
    let [v4, v6] = internet;
    measure::<Ipv4Addr>(&mut criterion, &v4);
    measure::<Ipv6Addr>(&mut criterion, &v6);
    criterion.final_summary();
    Ok(())
}

/// What differs between the families.
trait Address: Copy + Into<IpAddr> + ip_network_table_deps_treebitmap::address::Address {
    /// A prefix as `prefix-trie` knows it: bits and length.
    type Net: prefix_trie::Prefix + Copy;

    /// Bits in an address.
    const BITS: u8;

    /// The address of these bits; IPv4 takes the first 32.
    fn from_bits(bits: u128) -> Self;

    /// A random address where addresses are given out at all.
    fn anywhere(random: &mut SplitMix64) -> Self;

    fn net(self, length: u8) -> Self::Net;
    fn network(self, length: u8) -> IpNetwork;
    fn ask_vgw(self, table: &PrefixTable) -> Option<u32>;
    fn ask_network_table(self, table: &IpNetworkTable<u32>) -> Option<u32>;

    /// DIR-24-8 in IPv4.
    fn ask_dir(self, dir: &Dir) -> Option<u32>;
}

impl Address for Ipv4Addr {
    type Net = (u32, u8);
    const BITS: u8 = 32;

    fn from_bits(bits: u128) -> Self {
        Self::from_bits(u32::try_from(bits >> 96).expect("32 bits are left"))
    }

    fn anywhere(random: &mut SplitMix64) -> Self {
        Self::from_bits(random.next_u32())
    }

    fn net(self, length: u8) -> Self::Net {
        (self.to_bits(), length)
    }

    fn network(self, length: u8) -> IpNetwork {
        Ipv4Network::new(self, length).expect("host bits are zero").into()
    }

    fn ask_vgw(self, table: &PrefixTable) -> Option<u32> {
        table.lookup_v4(self).map(Index::get)
    }

    fn ask_network_table(self, table: &IpNetworkTable<u32>) -> Option<u32> {
        table.longest_match_ipv4(self).map(|(_, value)| *value)
    }

    fn ask_dir(self, dir: &Dir) -> Option<u32> {
        dir.lookup(self)
    }
}

impl Address for Ipv6Addr {
    type Net = (u128, u8);
    const BITS: u8 = 128;

    fn from_bits(bits: u128) -> Self {
        Self::from_bits(bits)
    }

    fn anywhere(random: &mut SplitMix64) -> Self {
        Self::from_bits(0x2 << 124 | random.bits() >> 4)
    }

    fn net(self, length: u8) -> Self::Net {
        (self.to_bits(), length)
    }

    fn network(self, length: u8) -> IpNetwork {
        Ipv6Network::new(self, length).expect("host bits are zero").into()
    }

    fn ask_vgw(self, table: &PrefixTable) -> Option<u32> {
        table.lookup_v6(self).map(Index::get)
    }

    fn ask_network_table(self, table: &IpNetworkTable<u32>) -> Option<u32> {
        table.longest_match_ipv6(self).map(|(_, value)| *value)
    }

    fn ask_dir(self, _: &Dir) -> Option<u32> {
        unreachable!("DIR-24-8 is for IPv4")
    }
}

/// Measures lookups and changes, after it has checked that all give the same answers.
fn measure<A: Address>(criterion: &mut Criterion, prefixes: &[Prefix]) {
    let family = prefixes[0].family();
    let is_internet = prefixes.len() > 10_000;
    let routes: Vec<(Prefix, u32)> = prefixes.iter().copied().zip((0..VALUES).cycle()).collect();
    let net = |prefix: &Prefix| A::from_bits(bits(prefix)).net(prefix.length());
    let mut group = criterion.benchmark_group(format!("{family:?}/{}", prefixes.len()));
    // So many cases that Criterion's usual eight seconds for each would take ten minutes.
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(600)).sample_size(20);

    let table: PrefixTable = table_of(&routes);
    let peer: PrefixMap<A::Net, u32> = routes.iter().map(|(prefix, value)| (net(prefix), *value)).collect();
    let mut tree_bitmap = IpLookupTable::new();
    let mut network_table = IpNetworkTable::new();
    for (prefix, value) in &routes {
        let address = A::from_bits(bits(prefix));
        tree_bitmap.insert(address, prefix.length().into(), *value);
        network_table.insert(address.network(prefix.length()), *value);
    }
    let dir = (family == Family::V4 && is_internet).then(|| Dir::new(&routes));

    for (kind, addresses) in [("hits", hits::<A>(prefixes)), ("random", anywhere())] {
        let mut case = Case { group: &mut group, kind: kind.to_owned(), addresses: &addresses, expected: None };
        case.run("vgw", |address| address.ask_vgw(&table));
        case.run("prefix-trie", |address| peer.get_lpm(&address.net(A::BITS)).map(|(_, value)| *value));
        if is_internet {
            case.run("treebitmap", |address| tree_bitmap.longest_match(address).map(|(.., value)| *value));
            case.run("ip_network_table", |address| address.ask_network_table(&network_table));
        }
        if let Some(dir) = &dir {
            // No rival: it cannot be changed.
            case.kind = format!("{kind}, limit");
            case.run("DIR-24-8", |address| address.ask_dir(dir));
        }
    }
    drop((tree_bitmap, network_table, dir));
    measure_changes(&mut group, &routes, table, peer, net);
    group.finish();
}

/// The same addresses asked of several implementations.
struct Case<'a, 'b, A> {
    group: &'a mut BenchmarkGroup<'b, WallTime>,
    kind: String,
    addresses: &'a [A],
    /// What the first one answered.
    expected: Option<Vec<Option<u32>>>,
}

impl<A: Address> Case<'_, '_, A> {
    fn run(&mut self, name: &str, ask: impl Fn(A) -> Option<u32>) {
        let answers: Vec<_> = self.addresses.iter().map(|&address| ask(address)).collect();
        assert!(*self.expected.get_or_insert_with(|| answers.clone()) == answers, "{name} answers otherwise");
        self.group.throughput(Throughput::Elements(ADDRESSES as u64));
        self.group.bench_function(format!("{}/{name}", self.kind), |b| {
            b.iter(|| self.addresses.iter().filter_map(|&address| ask(address)).fold(0, u32::wrapping_add));
        });
        // Each address depends on the answer before it, so nothing overlaps.
        self.group.bench_function(format!("{}, one after the other/{name}", self.kind), |b| {
            b.iter(|| {
                (0..ADDRESSES).fold(0, |last, at| {
                    let address = self.addresses[(at ^ last as usize) % ADDRESSES];
                    ask(address).unwrap_or(0)
                })
            });
        });
    }
}

/// Takes routes out and puts them back, in random order.
fn measure_changes<N: prefix_trie::Prefix>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    routes: &[(Prefix, u32)],
    mut table: PrefixTable,
    mut peer: PrefixMap<N, u32>,
    net: impl Fn(&Prefix) -> N,
) {
    let change = |table: &mut PrefixTable, random: &mut SplitMix64| {
        let (prefix, value) = routes[random.below(routes.len())];
        if table.remove(&prefix).is_none() {
            table.insert(prefix, index(value));
        }
    };
    group.throughput(Throughput::Elements(1));
    group.bench_function("change/vgw", |b| {
        let mut random = SplitMix64(3);
        b.iter(|| change(&mut table, &mut random));
    });
    group.bench_function("change/prefix-trie", |b| {
        let mut random = SplitMix64(3);
        b.iter(|| {
            let (prefix, value) = routes[random.below(routes.len())];
            if peer.remove(&net(&prefix)).is_none() {
                peer.insert(net(&prefix), value);
            }
        });
    });
    // What a change costs under a reader, who has the version before it.
    group.bench_function("change and publish/vgw", |b| {
        let mut random = SplitMix64(3);
        let mut published = table.clone();
        b.iter(|| {
            change(&mut table, &mut random);
            published = table.clone();
        });
        black_box(published);
    });
}

/// Prints by how much the process grows with the routes of an instance: its routing table, its
/// forwarding table and its next hops.
fn weigh(internet: &[Vec<Prefix>; 2]) -> io::Result<()> {
    let [v4, v6] = internet;
    let both = [v4.as_slice(), v6].concat();
    let mut kept = Vec::new();
    for (name, prefixes) in [("IPv4", v4), ("IPv6", v6), ("both", &both)] {
        // Millions of routes, twice: the first use up what was freed before.
        let copies = 2_000_000_usize.div_ceil(prefixes.len());
        kept.extend((0..copies).map(|_| rib_of(prefixes)));
        let before = resident()?;
        kept.extend((0..copies).map(|_| rib_of(prefixes)));
        let bytes = (resident()? - before) as f64 / (copies * prefixes.len()) as f64;
        writeln!(io::stdout(), "{name}, {} routes: {bytes:.1} bytes a route", prefixes.len())?;
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

/// Routes to random ones of [`VALUES`] next hops.
fn rib_of(prefixes: &[Prefix]) -> Rib {
    let mut rib = Rib::new(InstanceId(0), InstanceName::new("internet").expect("a good name"));
    let mut random = SplitMix64(4);
    for prefix in prefixes {
        rib.insert(*prefix, NextHop::port(PortId(random.next_u32() % VALUES)));
    }
    rib
}

fn table_of(routes: &[(Prefix, u32)]) -> PrefixTable {
    let mut table = PrefixTable::new();
    for (prefix, value) in routes {
        table.insert(*prefix, index(*value));
    }
    table
}

fn index(value: u32) -> Index {
    Index::new(value).expect("a small value")
}

/// The bits of a prefix, those of IPv4 first of 128.
fn bits(prefix: &Prefix) -> u128 {
    match prefix.address() {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn shuffle(prefixes: &mut [Prefix]) {
    let mut random = SplitMix64(5);
    for at in (1..prefixes.len()).rev() {
        prefixes.swap(at, random.below(at + 1));
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

/// Random addresses.
fn anywhere<A: Address>() -> Vec<A> {
    let mut random = SplitMix64(6);
    (0..ADDRESSES).map(|_| A::anywhere(&mut random)).collect()
}
