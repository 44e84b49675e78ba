//! A host with two uplinks, twenty networks and a guest in each, all of them talking all the time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::Duration;

use rustix::process::Signal;

use vgw::api::generated::virtual_gateway::{Gateway, TVirtualGatewaySyncClient};

use crate::cli::{must, vgw};
use crate::daemon::Daemon;
use crate::lab::{eventually, eventually_within};
use crate::namespace::Namespace;
use crate::site::Site;

use super::deed::{Deed, Dice};
use super::gauge::Gauge;
use super::plan::{FAR, NETWORKS, PLANTED, PORT, WAYS, Way, address, addresses, is_ours, is_six};
use super::pump::Pump;
use super::rubbish::spill;
use super::strangers::Strangers;

/// Moments that a guest keeps a packet, by far.
const KEPT: u32 = 40;
/// The longest time until all is as it should be: what was undone too often rests for up to a minute.
const LONG: Duration = Duration::from_secs(150);

/// A network, and the way that its gateway was last told to take; none without a gateway.
struct Network {
    guest: Namespace,
    way: Option<usize>,
}

pub(super) struct Town<'a> {
    daemon: Option<Daemon<'a>>,
    site: &'a Site,
    second: &'a Namespace,
    networks: Vec<Network>,
    ears: Vec<(usize, UdpSocket)>,
    pump: Pump,
    strangers: Strangers,
    gauge: Gauge,
    /// The ways that a network's packets may take, by the moment in which they were sent.
    allowed: BTreeMap<(usize, u32), BTreeSet<usize>>,
    /// Somebody has taken rules or tables away: until they are back, nobody can say what way is taken.
    lawless: bool,
    planted: String,
    packets: usize,
}

impl<'a> Town<'a> {
    pub(super) fn new(site: &'a Site, second: &'a Namespace) -> Self {
        let compute = &site.compute;
        compute.ip("link delete eth1");
        let networks: Vec<_> = (0..NETWORKS).map(|_| Network { guest: Namespace::new(), way: None }).collect();
        let mut town = Self {
            daemon: None,
            site,
            second,
            networks,
            ears: Vec::new(),
            pump: Pump::default(),
            strangers: Strangers::default(),
            gauge: Gauge::default(),
            allowed: BTreeMap::new(),
            lawless: false,
            planted: String::new(),
            packets: 0,
        };
        for (way, router) in [&site.outside, second].into_iter().enumerate() {
            for (far, length) in FAR.iter().zip([32, 128]) {
                router.add_address("lo", &format!("{far}/{length}"));
            }
            town.lay(way);
            for far in FAR {
                let ear = router.enter(|| UdpSocket::bind(address(far, PORT)).unwrap());
                ear.set_nonblocking(true).unwrap();
                town.ears.push((way, ear));
            }
        }
        compute.ip("link add eth9 type veth peer name far9");
        compute.ip("link set eth9 up");
        compute.ip("link set far9 up");
        PLANTED.iter().for_each(|command| drop(compute.ip(command)));
        town.planted = town.shown_of_others();
        town.start();
        for network in &town.networks {
            network.guest.sysctl("net.ipv6.conf.default.accept_dad", "0");
        }
        town.pump.start(town.networks.iter().map(|network| &network.guest));
        (0..NETWORKS).step_by(2).for_each(|network| town.add(network, network / 2 % 2));
        town
    }

    /// Makes the link of a way with its addresses on both ends.
    fn lay(&self, way: usize) {
        let (compute, router) = (&self.site.compute, [&self.site.outside, self.second][way]);
        let Way { device, own, router: theirs, .. } = &WAYS[way];
        compute.connect(device, router, "eth0");
        compute.sysctl(&format!("net.ipv6.conf.{device}.keep_addr_on_down"), "1");
        self.settle(way);
        for (family, (own, theirs)) in own.iter().zip(theirs).enumerate() {
            let (own, length) = own.split_once('/').unwrap();
            router.add_address("eth0", &format!("{theirs}/{length}"));
            router.ip(&format!("{} route replace default via {own} dev eth0", ["-4", "-6"][family]));
        }
    }

    /// Gives the host's end what whoever configures the host gives it.
    fn settle(&self, way: usize) {
        let compute = &self.site.compute;
        let Way { device, own, router, .. } = &WAYS[way];
        let present = compute.ip(&format!("address show dev {device}"));
        for address in own.iter().chain([&["fe80::254/64", "fe80::5/64"][way]]) {
            if !present.contains(address) {
                compute.add_address(device, address);
            }
        }
        if way == 0 {
            compute.ip(&format!("route replace default via {}", router[0]));
            compute.ip(&format!("-6 route replace default via {}", router[1]));
        }
    }

    fn start(&mut self) {
        let mut config = String::new();
        for Way { device, own, router, uplinks } in &WAYS {
            for family in 0..2 {
                writeln!(
                    config,
                    "[[uplink]]\nname = \"{}\"\ndevice = \"{device}\"\naddress = \"{}\"\nvia = \"{}\"",
                    uplinks[family], own[family], router[family]
                )
                .unwrap();
            }
        }
        for (number, network) in self.networks.iter().enumerate() {
            let (guest, gateway, length) = addresses(number);
            writeln!(
                config,
                "[[port]]\nname = \"tap{number}\"\nrouting_instance = \"net{number}\"\naddresses = [\"{guest}\"]\n\
                 gateways = [\"{gateway}\"]\nnetns = \"{}\"\nguest_name = \"eth0\"\n\
                 guest_addresses = [\"{guest}/{length}\"]",
                network.guest.path()
            )
            .unwrap();
        }
        self.daemon = Some(self.site.start(&config));
    }

    fn daemon(&self) -> &Daemon<'a> {
        self.daemon.as_ref().unwrap()
    }

    /// Lets something happen.
    pub(super) fn suffer(&mut self, deed: Deed, dice: &mut Dice) {
        self.next_moment();
        let compute = &self.site.compute;
        let way = dice.index(WAYS.len());
        let device = WAYS[way].device;
        let chosen = dice.index(NETWORKS);
        match deed {
            Deed::Flap => {
                compute.ip(&format!("link set {device} down"));
                compute.ip(&format!("link set {device} up"));
                self.settle(way);
            }
            Deed::FlushAddresses => {
                compute.ip(&format!("address flush dev {device}"));
                self.settle(way);
            }
            Deed::Recreate => {
                compute.ip(&format!("link delete {device}"));
                self.lay(way);
            }
            Deed::FlushTable => {
                self.nothing_holds();
                compute.run(&format!("ip route flush table {} proto 201", 20_100 + dice.below(4)));
                compute.run(&format!("ip -6 route flush table {} proto 201", 20_100 + dice.below(4)));
            }
            Deed::FlushMain => {
                compute.run("ip route flush table main proto 201");
                compute.run("ip -6 route flush table main proto 201");
            }
            Deed::FlushRules => {
                self.nothing_holds();
                for family in ["-4", "-6"] {
                    let rules = compute.ip(&format!("{family} -N rule show"));
                    for (priority, _) in
                        rules.lines().filter(|rule| is_ours(rule)).filter_map(|rule| rule.split_once(':'))
                    {
                        compute.run(&format!("ip {family} rule delete pref {priority} protocol 201"));
                    }
                }
            }
            Deed::DeleteTap => drop(compute.run(&format!("ip link delete vgw{chosen}"))),
            Deed::TapDown => drop(compute.run(&format!("ip link set vgw{chosen} down"))),
            Deed::Add => self.add(chosen, way),
            Deed::Delete => self.delete(chosen),
            Deed::Move => {
                if let Some(present) = self.networks[chosen].way {
                    self.add(chosen, 1 - present);
                }
            }
            Deed::Kill => self.kill(),
            Deed::Reload => {
                let read = "configuration read again and applied";
                let before = self.daemon().log().matches(read).count();
                self.daemon().signal(Signal::HUP);
                eventually("the configuration is read", || self.daemon().log().matches(read).count() > before);
            }
            Deed::Rubbish => spill(&self.networks[chosen].guest, chosen, dice),
            Deed::Strangers => self.strangers.come(self.site, dice),
            Deed::Look => {
                let (guest, ..) = addresses(chosen);
                let far = FAR[usize::from(is_six(chosen))];
                for words in ["status -j", "drops -j", "gateway list -j", "events -j"] {
                    must(self.site.folder(), words);
                }
                vgw(self.site.folder(), &format!("trace -j --port tap{chosen} --src {guest} --dst {far}"));
            }
        }
        self.listen();
    }

    fn add(&mut self, number: usize, way: usize) {
        self.may_take(number, way);
        self.tell(number, way);
        self.networks[number].way = Some(way);
    }

    fn tell(&self, number: usize, way: usize) {
        let (guest, _, length) = addresses(number);
        let subnet = format!("{}/{length}", guest.trim_end_matches(|last: char| last.is_ascii_digit()));
        let subnet = if is_six(number) { subnet } else { subnet.replace("./", ".0/") };
        let gateway = Gateway {
            interface_name: format!("vgw{number}"),
            routing_instance: format!("net{number}"),
            subnets: vec![subnet],
            routes: None,
            uplink: Some(WAYS[way].uplinks[usize::from(is_six(number))].to_owned()),
            masquerade: None,
            weight: None,
        };
        // The way may be gone at this moment: then it is told again until it is back.
        eventually("the gateway is accepted", || {
            self.daemon().call(|daemon| daemon.add_gateway(gateway.clone())).is_ok()
        });
    }

    fn delete(&mut self, number: usize) {
        self.daemon().call(|daemon| daemon.delete_gateway(format!("vgw{number}"))).unwrap();
        self.networks[number].way = None;
    }

    fn kill(&mut self) {
        self.daemon.take().unwrap().kill();
        self.gauge = Gauge::default();
        self.start();
        for (number, network) in self.networks.iter().enumerate() {
            if let Some(way) = network.way {
                self.tell(number, way);
            }
        }
    }

    /// From now on packets bear another number, and may take the ways that are set now.
    fn next_moment(&mut self) {
        let next = self.pump.moment() + 1;
        for (number, network) in self.networks.iter().enumerate() {
            let ways: BTreeSet<usize> = if self.lawless { [0, 1].into() } else { network.way.into_iter().collect() };
            self.allowed.insert((number, next), ways);
        }
        self.pump.set_moment(next);
    }

    /// Packets of a network that are under way now may also take this way. A guest keeps some for seconds
    /// while it looks for its gateway's MAC.
    fn may_take(&mut self, number: usize, way: usize) {
        let now = self.pump.moment();
        for moment in now.saturating_sub(KEPT)..=now {
            self.allowed.entry((number, moment)).or_default().insert(way);
        }
    }

    fn nothing_holds(&mut self) {
        self.lawless = true;
        for number in 0..NETWORKS {
            WAYS.iter().enumerate().for_each(|(way, _)| self.may_take(number, way));
        }
    }

    /// Takes in what has come to the routers; the networks heard of that sent at `since` or later.
    fn listen_since(&mut self, since: u32) -> BTreeSet<usize> {
        let mut heard = BTreeSet::new();
        let mut packet = [0; 64];
        for (way, ear) in &self.ears {
            loop {
                let length = match ear.recv(&mut packet) {
                    Ok(length) => length,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}"),
                };
                let [number, moment @ ..]: [u8; 5] = packet[..length].try_into().unwrap();
                let (number, moment) = (usize::from(number), u32::from_be_bytes(moment));
                let allowed = self.allowed.get(&(number, moment));
                assert!(
                    allowed.is_some_and(|ways| ways.contains(way)),
                    "a packet of network {number}, sent at moment {moment}, left by {}; it may take {allowed:?}",
                    WAYS[*way].device
                );
                self.packets += 1;
                if moment >= since {
                    heard.insert(number);
                }
            }
        }
        heard
    }

    fn listen(&mut self) {
        self.listen_since(u32::MAX);
    }

    /// Fails unless everything comes to rest as it should be: nothing to be done in the kernel, nothing of
    /// others changed, and every network with a gateway is heard.
    pub(super) fn assert_quiet(&mut self) {
        eventually_within(LONG, "nothing is left to be done", || {
            let steps = self.daemon().call(|daemon| daemon.diff_host()).unwrap();
            steps.is_empty() && self.daemon().status().problems.is_empty()
        });
        assert_eq!(self.shown_of_others(), self.planted, "what others have");
        self.daemon().assert_accounted();
        self.gauge.read(self.daemon.as_ref().unwrap());
        self.lawless = false;
        self.next_moment();
        let since = self.pump.moment();
        let talking = (0..NETWORKS).filter(|number| self.networks[*number].way.is_some());
        let mut silent: BTreeSet<usize> = talking.collect();
        eventually("every network is heard", || {
            for number in self.listen_since(since) {
                silent.remove(&number);
            }
            silent.is_empty()
        });
    }

    /// What others have in places like ours.
    fn shown_of_others(&self) -> String {
        let compute = &self.site.compute;
        let rules = ["-4", "-6"].map(|family| compute.ip(&format!("{family} -N rule show")));
        let theirs = rules.iter().flat_map(|rules| rules.lines()).filter(|rule| !is_ours(rule));
        let rules: String = theirs.map(|rule| format!("{rule}\n")).collect();
        rules + &compute.ip("-N route show table 300") + &compute.ip("-N route show table 20100 proto 202")
    }

    /// Stops everything; how many packets were heard, and how the daemon's use of the host went.
    pub(super) fn end(mut self) -> (usize, Gauge) {
        self.pump.end();
        self.listen();
        self.daemon.take().unwrap().stop();
        assert_eq!(self.shown_of_others(), self.planted, "what others have");
        let left = self.site.compute.ip("-N rule show");
        assert!(!left.lines().any(is_ours), "{left}");
        (self.packets, self.gauge)
    }
}
