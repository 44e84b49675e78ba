//! The stories' language.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use vgw::addr::{InstanceName, InterfaceName, Prefix, Uuid, Weight};
use vgw::engine::{Change, Imagined, Probe, Where};
use vgw::forward::Load;
use vgw::gateway::{
    Addressing, Attachment, ComputePort, Declared, GatewaySpec, LeaseName, PortKind, PortSpec, StaticRoute, UplinkName,
    UplinkSpec,
};
use vgw::host::HostHop;
use vgw::routing::{Hop, NextHop};

/// The network of compute services' ports.
pub(crate) const NETWORK: Uuid = Uuid([1; 16]);

/// What a `> ` line asks.
pub(crate) enum Request {
    /// `add vgw1 instance red subnet P route P uplink U masquerade true weight N`, several separated by `,`.
    Add(Vec<GatewaySpec>),
    /// `delete vgw1 vgw2`.
    Delete(Vec<InterfaceName>),
    /// `connect`.
    Connect,
    /// `timer MILLISECONDS`.
    Timer(i32),
    /// `tick SECONDS`.
    Tick(Duration),
    /// `wall-clock SECONDS`: somebody sets it forward or back.
    WallClock(i64),
    /// `port tap0 instance red address P gateway A`.
    AddPort(PortSpec),
    /// `delete-port tap0`.
    DeletePort(InterfaceName),
    /// `compute tap5 instance red address P`: a compute service tells of a guest's port on an interface that
    /// is there, or will be.
    Compute(ComputePort, InstanceName),
    /// `opened`: how often a device was asked for since the last time, whether or not it was there.
    Opened,
    /// `uplink display device eth1 address 20.0.0.5/24 via 20.0.0.1 table 7`, or `lease ipv4` in place of
    /// address and router.
    AddUplink(UplinkSpec),
    /// `delete-uplink display`.
    DeleteUplink(UplinkName),
    /// `lease eth1.ipv4 address 20.0.0.5/24 via 20.0.0.1`: a DHCP client's hook tells of it; `release
    /// eth1.ipv4`: it has ended.
    Lease(LeaseName, Option<Attachment>),
    /// `route PREFIX instance red port tap0 via A`, or `discard` in place of a port.
    AddRoute(StaticRoute),
    /// `declare` and gateways as for `add`: what the configuration file says from now on.
    Declare(Declared),
    /// `trial SECONDS` and gateways as for `add`: another configuration, which is taken back unless it is
    /// confirmed in this time.
    Trial(Duration, Declared),
    /// `confirm`: the configuration on trial stays.
    Confirm,
    /// `rollback`: it is taken back.
    RollBack,
    /// `routes red`.
    Routes(InstanceName),
    /// `lookup red ADDRESS`.
    Lookup(InstanceName, IpAddr),
    /// `trace tap0 from A to B both true outside true ttl N`: what would become of a packet that comes in
    /// by a port, or by a device from outside.
    Trace(Probe),
    /// `somebody's PREFIX device eth0 via A`: others' route of table main.
    Lead(Prefix, HostHop),
    /// `kernel refuses TEXT`: every operation that contains the text fails with ENOMEM; `kernel refuses TEXT with
    /// NUMBER`: with that error.
    Refuse(String, i32),
    /// `kernel recovers`: from all of that.
    RefuseNothing,
    /// `kernel ignores TEXT`: every operation that contains the text is accepted and not carried out.
    Ignore(String),
    /// `somebody ...`: another program at work, which the kernel tells of; `unheard ...`: in a moment in
    /// which nobody listens.
    Meddle(Meddling, bool),
    /// `link eth1 flaps`: a link of the host's goes down and comes up again.
    Flap(InterfaceName),
    /// `looks`: how often the kernel was observed since the last time.
    Looks,
    /// `try ...`: what a request to change one thing would come to.
    Rehearse(Change),
    /// `objects`: what of ours is, or should be, in the kernel.
    Objects,
    /// `difference`: what is to be done there.
    Difference,
    /// `kernel goes blind`: it cannot be observed.
    Blind,
    /// `problems`: what the status names.
    Problems,
    /// `events`: what has happened since the last time.
    Events,
    /// `repairs`: what the status counts.
    Repairs,
    /// `gateways`.
    Gateways,
    /// `audit`: its version, its timer, and how long the audits still run that do.
    Audit,
    /// `stop`: the daemon ends; nothing of ours may be left.
    Stop,
    /// `kill`: the daemon ends, and can do nothing about it.
    Kill,
    /// `reboot`: the daemon has ended, and the host is started anew: nothing is in the kernel, and the clock
    /// begins at zero.
    Reboot,
    /// `start` and gateways as for `add`: a daemon starts, and this is what the configuration file says.
    Start(Declared),
    /// `disk full` and `disk free`.
    FillDisk(bool),
    /// `saved`: what is on the disk.
    Saved,
}

/// What another program does.
pub(crate) enum Meddling {
    /// `deletes vgw1`.
    DeleteLink(InterfaceName),
    /// `makes vgw1`.
    MakeLink(InterfaceName),
    /// `flushes TABLE`.
    Flush(u32),
    /// `flushes nft`: all of nftables.
    FlushFilter,
    /// `spoils nft`: changes our table of nftables.
    SpoilFilter,
    /// `adds PREFIX`: a route of its own to table main.
    AddRoute(Prefix),
    /// `removes PREFIX`: a route from table main, whosever it is.
    RemoveRoute(Prefix),
    /// `resets INTERFACE`: switches IPv4 forwarding off there.
    Reset(InterfaceName),
    /// `leaves-by INTERFACE`: a default route of its own leads there.
    LeaveBy(InterfaceName),
}

pub(crate) fn interface(name: &str) -> InterfaceName {
    InterfaceName::new(name).unwrap()
}

/// Reads a request.
pub(crate) fn read(line: &str) -> Result<Request, String> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let first = || Words::of(rest);
    Ok(match verb {
        "add" => Request::Add(gateways(rest)?),
        "delete" => Request::Delete(rest.split(' ').map(interface).collect()),
        "connect" => Request::Connect,
        "timer" => Request::Timer(parse(rest)?),
        "tick" => Request::Tick(Duration::from_secs_f64(parse(rest)?)),
        "wall-clock" => Request::WallClock(parse(rest)?),
        "port" => {
            let words = first();
            Request::AddPort(PortSpec {
                name: parse(words.subject)?,
                instance: words.one("instance")?.ok_or("instance is missing")?,
                kind: PortKind::Tap(None),
                addresses: words.all("address")?,
                mac: None,
                gateways: words.all("gateway")?,
                mtu: words.one("mtu")?,
                weight: words.one("weight")?.unwrap_or_default(),
                dhcp: None,
                host_name: None,
                router_advertisements: None,
            })
        }
        "compute" => {
            let words = first();
            let name: InterfaceName = parse(words.subject)?;
            // The name tells two ports apart here as well.
            let id = Uuid(std::array::from_fn(|byte| name.as_str().as_bytes().get(byte).copied().unwrap_or_default()));
            let port = ComputePort {
                id,
                network: NETWORK,
                interface: name,
                addresses: words.all("address")?,
                mac: None,
                host_name: None,
                is_exempt: false,
            };
            Request::Compute(port, words.one("instance")?.ok_or("instance is missing")?)
        }
        "opened" => Request::Opened,
        "delete-port" => Request::DeletePort(parse(rest)?),
        "uplink" => {
            let words = first();
            Request::AddUplink(UplinkSpec {
                name: parse(words.subject)?,
                device: words.one("device")?.ok_or("device is missing")?,
                addressing: match words.one("lease")? {
                    Some(family) => Addressing::Leased(family),
                    None => Addressing::Fixed(attachment(&words)?),
                },
                table: words.one("table")?,
            })
        }
        "lease" => {
            let words = first();
            Request::Lease(parse(words.subject)?, Some(attachment(&words)?))
        }
        "release" => Request::Lease(parse(rest)?, None),
        "delete-uplink" => Request::DeleteUplink(parse(rest)?),
        "route" => {
            let words = first();
            let hop = words
                .one("port")?
                .map(|port| words.one("via").map(|gateway| Hop { port, gateway, weight: Weight::ONE }));
            Request::AddRoute(StaticRoute {
                instance: words.one("instance")?.ok_or("instance is missing")?,
                prefix: parse(words.subject)?,
                next_hop: hop.transpose()?.map_or(NextHop::Discard, |hop| NextHop::group([hop])),
            })
        }
        "declare" => Request::Declare(Declared { gateways: gateways(rest)?, ..Declared::default() }),
        "trial" => {
            let (seconds, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let declared = Declared { gateways: gateways(rest)?, ..Declared::default() };
            Request::Trial(Duration::from_secs_f64(parse(seconds)?), declared)
        }
        "confirm" => Request::Confirm,
        "rollback" => Request::RollBack,
        "routes" => Request::Routes(parse(rest)?),
        "lookup" => {
            let (instance, address) = rest.split_once(' ').ok_or("an address is missing")?;
            Request::Lookup(parse(instance)?, parse(address)?)
        }
        "trace" => Request::Trace(probe(&first())?),
        "somebody's" => {
            let words = first();
            let device: InterfaceName = words.one("device")?.ok_or("device is missing")?;
            Request::Lead(parse(words.subject)?, HostHop { device, via: words.one("via")?, weight: Weight::ONE })
        }
        "kernel" if rest == "recovers" => Request::RefuseNothing,
        "kernel" if rest == "goes blind" => Request::Blind,
        "kernel" if rest.starts_with("ignores ") => Request::Ignore(rest["ignores ".len()..].to_owned()),
        "kernel" => {
            let text = rest.strip_prefix("refuses ").ok_or("refuses what?")?;
            let (text, error) = text.split_once(" with ").unwrap_or((text, "12"));
            Request::Refuse(text.to_owned(), parse(error)?)
        }
        "link" => Request::Flap(parse(rest.strip_suffix(" flaps").ok_or("does what?")?)?),
        "somebody" => Request::Meddle(meddling(rest)?, true),
        "unheard" => Request::Meddle(meddling(rest)?, false),
        "try" => Request::Rehearse(change(read(rest)?)?),
        "objects" => Request::Objects,
        "difference" => Request::Difference,
        "looks" => Request::Looks,
        "problems" => Request::Problems,
        "events" => Request::Events,
        "repairs" => Request::Repairs,
        "gateways" => Request::Gateways,
        "stop" => Request::Stop,
        "audit" => Request::Audit,
        "kill" => Request::Kill,
        "reboot" => Request::Reboot,
        "start" => Request::Start(Declared { gateways: gateways(rest)?, ..Declared::default() }),
        "disk" => Request::FillDisk(rest == "full"),
        "saved" => Request::Saved,
        other => return Err(format!("unknown verb {other}")),
    })
}

/// The change that a request asks for.
fn change(request: Request) -> Result<Change, String> {
    Ok(match request {
        Request::Add(specs) => Change::AddGateway(specs.into_iter().next().ok_or("add what?")?),
        Request::Delete(names) => Change::DeleteGateway(names.into_iter().next().ok_or("delete what?")?),
        Request::AddPort(spec) => Change::AddPort(spec),
        Request::DeletePort(name) => Change::DeletePort(name),
        Request::AddUplink(spec) => Change::AddUplink(spec),
        Request::DeleteUplink(name) => Change::DeleteUplink(name),
        Request::AddRoute(route) => Change::AddRoute(route),
        _ => return Err("only a change can be tried".to_owned()),
    })
}

fn probe(words: &Words<'_>) -> Result<Probe, String> {
    let by = parse(words.subject)?;
    let source: IpAddr = words.one("from")?.ok_or("from is missing")?;
    let imagined = Imagined {
        source,
        destination: words.one("to")?.ok_or("to is missing")?,
        protocol: if source.is_ipv4() { 1 } else { 58 },
        ports: None,
        hop_limit: words.one("ttl")?.unwrap_or(Imagined::HOP_LIMIT),
        length: None,
        dont_fragment: true,
        is_answer: false,
    };
    let load = Load::Ip(imagined.bytes().map_err(|error| error.to_string())?);
    let at = if words.one("outside")?.unwrap_or(false) { Where::Device(by) } else { Where::Port(by) };
    Ok(Probe { at, load, both_ways: words.one("both")?.unwrap_or(false) })
}

fn gateways(text: &str) -> Result<Vec<GatewaySpec>, String> {
    text.split(", ").filter(|one| !one.is_empty()).map(gateway).collect()
}

fn gateway(text: &str) -> Result<GatewaySpec, String> {
    let words = Words::of(text);
    let subnets: BTreeSet<Prefix> = words.all("subnet")?;
    Ok(GatewaySpec {
        interface: parse(words.subject)?,
        instance: words.one("instance")?.ok_or("instance is missing")?,
        subnets,
        routes: words.all("route")?,
        uplink: words.one("uplink")?,
        masquerade: words.one("masquerade")?.unwrap_or(false),
        weight: words.one("weight")?.unwrap_or_default(),
    })
}

fn attachment(words: &Words<'_>) -> Result<Attachment, String> {
    Ok(Attachment {
        address: words.one("address")?.ok_or("address is missing")?,
        via: words.one("via")?.ok_or("via is missing")?,
    })
}

/// A name and pairs of key and value.
struct Words<'a> {
    subject: &'a str,
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        let mut words = text.split(' ');
        let subject = words.next().unwrap_or("");
        let rest: Vec<&str> = words.collect();
        let pairs = rest.chunks(2).map(|pair| (pair[0], pair.get(1).copied().unwrap_or(""))).collect();
        Self { subject, pairs }
    }

    fn all<T: FromStr, C: FromIterator<T>>(&self, key: &str) -> Result<C, String>
    where
        T::Err: std::fmt::Display,
    {
        self.pairs.iter().filter(|(name, _)| *name == key).map(|(_, value)| parse(value)).collect()
    }

    fn one<T: FromStr>(&self, key: &str) -> Result<Option<T>, String>
    where
        T::Err: std::fmt::Display,
    {
        Ok(self.all::<T, Vec<T>>(key)?.into_iter().next())
    }
}

fn meddling(text: &str) -> Result<Meddling, String> {
    let (verb, what) = text.split_once(' ').ok_or("does what?")?;
    Ok(match verb {
        "deletes" => Meddling::DeleteLink(parse(what)?),
        "makes" => Meddling::MakeLink(parse(what)?),
        "flushes" if what == "nft" => Meddling::FlushFilter,
        "spoils" if what == "nft" => Meddling::SpoilFilter,
        "flushes" => Meddling::Flush(parse(what)?),
        "adds" => Meddling::AddRoute(parse(what)?),
        "removes" => Meddling::RemoveRoute(parse(what)?),
        "resets" => Meddling::Reset(parse(what)?),
        "leaves-by" => Meddling::LeaveBy(parse(what)?),
        other => return Err(format!("unknown deed {other}")),
    })
}

fn parse<T: FromStr>(text: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| format!("{text}: {error}"))
}
