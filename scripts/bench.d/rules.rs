//! What a lookup of the host costs beside many source rules: `scripts/bench-rules`.
//!
//! A lookup is the `connect` of a UDP socket, which asks for a route and sends nothing; the best of
//! the batches. The first row, without rules, is what everything else in it costs. To be run in a network
//! namespace of its own.
#![expect(clippy::disallowed_methods, reason = "measures time")]

use std::error::Error;
use std::io::Write;
use std::net::{Ipv4Addr, UdpSocket};
use std::process::Command;
use std::time::Instant;

use vgw::addr::{Prefix, Weight};
use vgw::gateway::{Addressing, Attachment, GatewaySpec, Limits, Plan, Registry, UplinkSpec};
use vgw::host::{HostState, Kernel, Mark, Observed, Rule, RuleAction, Surroundings, diff};
use vgw::sys::kernel::LinuxKernel;

type Outcome<T> = Result<T, Box<dyn Error>>;

const TABLE: u32 = 20_100;
/// An address of the host that no rule is about.
const OTHER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const FAR: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
/// On a network that the host is connected to.
const NEAR: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
const BATCHES: usize = 21;
const BATCH: u32 = 1000;
/// Subnets whose lookups are measured.
const ASKED: u32 = 16;

fn subnet(number: u32) -> Outcome<Prefix> {
    Ok(Prefix::new(own(number).into(), 24)?)
}

fn own(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(10 << 24 | number << 8 | 1)
}

/// The rules that vgwd makes for so many subnets.
fn tree(count: u32) -> Outcome<Vec<Rule>> {
    let limits = Limits { gateways: usize::MAX, ..Limits::default() };
    let mut registry = Registry::new(limits, Mark::default());
    let uplink = UplinkSpec {
        name: "up".parse()?,
        device: "eth1".parse()?,
        addressing: Addressing::Fixed(Attachment { address: "20.0.0.5/24".parse()?, via: "20.0.0.1".parse()? }),
        table: Some(TABLE),
    };
    registry.add_uplink(uplink, &Observed::default())?;
    for number in 0..count {
        let spec = GatewaySpec {
            interface: format!("vgw{number}").parse()?,
            instance: "net".parse()?,
            subnets: [subnet(number)?].into(),
            routes: [].into(),
            uplink: Some("up".parse()?),
            masquerade: false,
            weight: Weight::ONE,
        };
        registry.add_gateway(spec, 0, &Observed::default())?;
    }
    let plan = Plan::new(registry, Surroundings::default());
    Ok(plan.want().host.rules.iter().filter(|rule| rule.priority != 20_110).copied().collect())
}

/// One rule for each subnet.
fn flat(count: u32) -> Outcome<Vec<Rule>> {
    let rule = |number| Ok(Rule { priority: 20_128, from: subnet(number)?, action: RuleAction::Lookup(TABLE) });
    (0..count).map(rule).collect()
}

/// Nanoseconds of a lookup from an address of ours to another.
fn lookup(from: Ipv4Addr, to: Ipv4Addr) -> Outcome<f64> {
    let socket = UdpSocket::bind((from, 0))?;
    let mut batches = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let begin = Instant::now();
        for _ in 0..BATCH {
            socket.connect((to, 9))?;
        }
        batches.push(begin.elapsed().as_secs_f64() * 1e9 / f64::from(BATCH));
    }
    // What is not the best was disturbed by others.
    Ok(batches.into_iter().fold(f64::INFINITY, f64::min))
}

/// The mean over some of the subnets.
fn lookups(count: u32, to: Ipv4Addr) -> Outcome<f64> {
    let asked = count.clamp(1, ASKED);
    let numbers = (0..asked).map(|index| (2 * index + 1) * count.max(1) / (2 * asked));
    let times: Vec<f64> = numbers.map(|number| lookup(own(number), to)).collect::<Outcome<_>>()?;
    Ok(times.iter().sum::<f64>() / f64::from(asked))
}

fn ip(arguments: &str) -> Outcome<()> {
    let ended = Command::new("ip").args(arguments.split(' ')).status()?;
    if ended.success() { Ok(()) } else { Err(format!("ip {arguments}: {ended}").into()) }
}

fn reach(kernel: &mut LinuxKernel, rules: Vec<Rule>) -> Outcome<()> {
    let want = HostState { rules: rules.into_iter().collect(), ..HostState::default() };
    let have = kernel.observe()?;
    for outcome in kernel.apply(&diff(&want, &have)) {
        outcome?;
    }
    Ok(())
}

fn main() -> Outcome<()> {
    ip("link set lo up")?;
    ip("link add eth1 type veth peer name far1")?;
    ip("link set far1 up")?;
    ip("link set eth1 up")?;
    for address in ["20.0.0.5/24 dev eth1", "203.0.113.1/24 dev eth1", "10.0.0.0/8 dev lo", "192.0.2.1/32 dev lo"] {
        ip(&format!("address add {address}"))?;
    }
    // What has been led into a table finds its route there at once.
    ip("route add default via 20.0.0.1")?;
    ip(&format!("route add default via 20.0.0.1 table {TABLE}"))?;
    let state = std::env::temp_dir().join(format!("bench-rules.{}", std::process::id()));
    let mut kernel = LinuxKernel::new(Mark::default(), &state, 1)?;
    let mut out = std::io::stdout().lock();
    // Warms up what is warm from then on.
    lookups(ASKED, FAR)?;
    writeln!(
        out,
        "| subnets | one rule each | from a subnet, ns | other traffic, ns | rules of vgw | from a subnet, ns | other traffic, ns |"
    )?;
    writeln!(out, "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")?;
    for count in [0, 1, 10, 32, 100, 1024, 4096] {
        write!(out, "| {count} |")?;
        for rules in [flat(count)?, tree(count)?] {
            let number = rules.len();
            reach(&mut kernel, rules)?;
            let (from, other) = (lookups(count, FAR)?, lookup(OTHER, FAR)?);
            write!(out, " {number} | {from:.0} | {other:.0} |")?;
        }
        writeln!(out)?;
    }
    writeln!(out, "\n| 10 subnets | to a connected network, ns | to the uplink, ns | other traffic, ns |")?;
    writeln!(out, "| --- | ---: | ---: | ---: |")?;
    reach(&mut kernel, flat(10)?)?;
    ip(&format!("route add 203.0.113.0/24 dev eth1 table {TABLE}"))?;
    let row = |name: &str| -> Outcome<String> {
        let (near, far, others) = (lookups(10, NEAR)?, lookups(10, FAR)?, lookup(OTHER, FAR)?);
        Ok(format!("| {name} | {near:.0} | {far:.0} | {others:.0} |"))
    };
    writeln!(out, "{}", row("copies in the uplink's table")?)?;
    for number in 0..10 {
        ip(&format!("rule add from {} lookup main suppress_prefixlength 0 pref 20000", subnet(number)?))?;
    }
    writeln!(out, "{}", row("a suppressing rule for each subnet")?)?;
    std::fs::remove_dir_all(state)?;
    Ok(())
}
