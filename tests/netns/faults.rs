//! Wants of the host, and what others do to one gateway: whoever asks is told, it comes right, and the traffic of the
//! other gateways does not notice.

use std::fmt::Write;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::cli::{must, vgw};
use crate::daemon::{Daemon, end};
use crate::lab::eventually;
use crate::metrics::exchange;
use crate::namespace::Namespace;
use crate::repair::{assert_repaired, ours, problems};
use crate::site::{Guest, NET1, NET2, OUTSIDE, SUBNETS, Site};
use crate::traffic::assert_ping;

/// Routes of which the notices do not fit into the socket of a daemon that does not read.
const MANY: usize = 60_000;

/// Links that the kernel does not show in one piece: others come and go between the pieces.
const CROWD: usize = 600;

/// A gateway of the configuration.
fn gateway(name: &str, instance: &str, subnets: &[&str]) -> String {
    format!("[[gateway]]\ninterface = \"{name}\"\nrouting_instance = \"{instance}\"\nsubnets = {subnets:?}\n")
}

/// Echoes, a hundred a second, that must all come back.
pub(crate) struct Flood(Child);

impl Flood {
    pub(crate) fn start(from: &Namespace, to: &str) -> Self {
        assert_ping(from, to);
        let mut command = Command::new("ping");
        command.args(["-q", "-i", "0.01", "-w", "120", to]).stdout(Stdio::piped());
        Self(from.enter(|| command.spawn()).unwrap())
    }

    /// Ends it; but for the last all must have come back.
    pub(crate) fn assert_whole(mut self) {
        kill_process(Pid::from_child(&self.0), Signal::INT).unwrap();
        let mut said = String::new();
        self.0.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        let line = said.lines().find(|line| line.contains("packets transmitted")).unwrap();
        let mut numbers = line.split(", ").filter_map(|part| part.split(' ').next()?.parse::<u32>().ok());
        let (sent, back) = (numbers.next().unwrap(), numbers.next().unwrap());
        assert!(sent > 1 && back + 1 >= sent, "{line}");
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

#[test]
fn without_descriptors_requests_are_refused_and_forwarding_goes_on() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let before = site.snapshot();
    let config = guest.port("tap0", NET1, "") + &gateway("vgw1", NET1, &SUBNETS);
    let few = ["prlimit", "--nofile=64:64"];
    let daemon = Daemon::launch(&site.compute, site.folder(), &config, &few, &[]);
    daemon.wait_for_log(" ready");
    guest.settle();
    let flood = Flood::start(&guest.namespace, OUTSIDE[0]);
    let add = |number: usize| format!("gateway add vgw{number} --instance i{number} --subnet 10.60.{number}.0/24");
    let outcomes = (2..80).map(|number| vgw(site.folder(), &add(number)));
    let refusal = outcomes.map(|(code, _, said)| (code, said)).find(|(code, _)| *code != Some(0));
    let (_, said) = refusal.expect("there is an end of descriptors");
    assert!(said.contains("Too many open files"), "{said}");
    // Whoever asks is answered, and may make room.
    let stand = daemon.gateways().len();
    assert!((5..60).contains(&stand), "{stand}");
    // What everything else needs is left.
    assert!(problems(&daemon).is_empty(), "{:?}", problems(&daemon));
    must(site.folder(), "gateway delete vgw2");
    must(site.folder(), &add(2));
    flood.assert_whole();
    daemon.stop();
    site.assert_unchanged(&before, "after it has stopped");
}

/// Two gateways of two networks, each with a guest.
struct Pair {
    site: Site,
    one: Guest,
    two: Namespace,
}

impl Pair {
    fn new() -> Self {
        let (site, one, two) = (Site::new(), Guest::new(10), Namespace::new());
        site.outside.ip("route add 192.168.2.0/24 via 10.1.1.254");
        Self { site, one, two }
    }

    fn config(&self) -> String {
        let two = format!(
            "[[port]]\nname = \"tap2\"\nrouting_instance = \"{NET2}\"\naddresses = [\"192.168.2.10\"]\n\
             gateways = [\"192.168.2.1\"]\nnetns = \"{}\"\nguest_name = \"eth0\"\n\
             guest_addresses = [\"192.168.2.10/24\"]\n",
            self.two.path()
        );
        let gateways = gateway("vgw1", NET1, &SUBNETS) + &gateway("vgw2", NET2, &["192.168.2.0/24"]);
        let ports = self.one.port("tap0", NET1, "") + &two;
        gateways + &ports
    }

    fn start(&self) -> Daemon<'_> {
        let daemon = self.site.start(&("[host]\ncheck = \"off\"\n".to_owned() + &self.config()));
        self.one.settle();
        daemon
    }

    /// Does something many times, as fast as it goes.
    fn again_and_again(&self, commands: &str, times: usize) {
        let file = self.site.folder().join("batch");
        std::fs::write(&file, commands.repeat(times)).unwrap();
        self.site.compute.ip(&format!("-batch {}", file.display()));
    }

    fn compute(&self) -> &Namespace {
        &self.site.compute
    }

    /// Does something again and again, until it is ended; then each batch that is under way goes to its end.
    fn go_on(&self, name: &str, commands: &str) -> Child {
        let file = self.site.folder().join(name);
        std::fs::write(&file, commands).unwrap();
        let again_and_again = format!("while ip -batch {}; do :; done", file.display());
        self.compute().enter(|| Command::new("sh").args(["-c", &again_and_again]).spawn()).unwrap()
    }
}

#[test]
fn what_is_done_to_one_gateways_tap_is_not_noticed_by_another() {
    let pair = Pair::new();
    let before = pair.site.snapshot();
    pair.compute().ip("link add br0 up type bridge");
    let daemon = pair.start();
    let flood = Flood::start(&pair.two, OUTSIDE[0]);
    let all = ours(pair.compute());
    for deed in [
        "link set vgw1 master br0",
        "link set vgw1 txqueuelen 7",
        "link set vgw1 alias mine",
        "link set vgw1 multicast off",
    ] {
        if deed.contains("master") || deed.contains("txqueuelen") {
            assert_repaired(&pair.site, &all, deed);
        } else {
            pair.compute().ip(deed);
        }
        assert_ping(&pair.one.namespace, OUTSIDE[0]);
        eventually("nothing is wrong", || problems(&daemon).is_empty());
    }
    flood.assert_whole();
    daemon.assert_accounted();
    daemon.stop();
    pair.compute().ip("link delete br0");
    pair.site.assert_unchanged(&before, "after it has stopped");
}

#[test]
fn a_tap_that_is_taken_to_another_namespace_is_made_anew_and_does_not_stay_there() {
    let pair = Pair::new();
    let before = pair.site.snapshot();
    let away = Namespace::new();
    let daemon = pair.start();
    let flood = Flood::start(&pair.two, OUTSIDE[0]);
    let all = ours(pair.compute());
    let there = || away.ip("-br link show type tun");
    let take = format!("link set vgw1 netns {}", away.path());
    assert_repaired(&pair.site, &all, &take);
    assert_ping(&pair.one.namespace, OUTSIDE[0]);
    eventually("it has gone there", || there().is_empty());
    // What is brought back is ours still, whether it was missed or not.
    for was_missed in [false, true] {
        if !was_missed {
            daemon.signal(Signal::STOP);
        }
        let missed = || daemon.log().matches("taken out of our network namespace").count();
        let before = missed();
        pair.compute().ip(&take);
        if was_missed {
            eventually("it is missed", || missed() > before);
        }
        // Unless there is another one by now.
        let brought_back = away.run(&format!("ip link set vgw1 netns {}", pair.compute().path())).0;
        assert!(brought_back || was_missed);
        daemon.signal(Signal::CONT);
        eventually("all is as before", || ours(pair.compute()) == all);
        eventually("nothing is wrong", || problems(&daemon).is_empty());
        assert_ping(&pair.one.namespace, OUTSIDE[0]);
        eventually("nothing stays there", || there().is_empty());
    }
    flood.assert_whole();
    daemon.stop();
    pair.site.assert_unchanged(&before, "after it has stopped");
}

#[test]
fn a_guest_whose_namespace_is_removed_is_served_in_the_next_one() {
    let mut pair = Pair::new();
    let before = pair.site.snapshot();
    let name = pair.site.folder().join("guest");
    let bind = |guest: &Guest| std::os::unix::fs::symlink(guest.namespace.path(), &name).unwrap();
    bind(&pair.one);
    let config = pair.config().replace(&pair.one.namespace.path(), name.to_str().unwrap());
    let daemon = pair.site.start(&("[host]\ncheck = \"1s\"\n".to_owned() + &config));
    let flood = Flood::start(&pair.two, OUTSIDE[0]);
    for _ in 0..2 {
        assert_ping(&pair.one.namespace, OUTSIDE[0]);
        // It goes with its namespace, as long as that is.
        pair.compute().ip(&format!("link add witness type veth peer name eth7 netns {}", pair.one.namespace.path()));
        std::fs::remove_file(&name).unwrap();
        pair.one = Guest::new(10);
        let failed = || problems(&daemon).iter().any(|problem| problem.contains("netns: cannot open"));
        eventually("that is a problem", failed);
        assert!(must(pair.site.folder(), "status").contains("VGW-PORT-FAILED"));
        eventually("nothing holds the namespace", || !pair.compute().ip("-br link show").contains("witness"));
        bind(&pair.one);
        eventually("it is placed there", || pair.one.namespace.ip("-br link show").contains("eth0"));
        eventually("nothing is wrong", || problems(&daemon).is_empty());
        // From one to another at once.
        assert_ping(&pair.one.namespace, OUTSIDE[0]);
        let next = Guest::new(10);
        std::fs::remove_file(&name).unwrap();
        bind(&next);
        eventually("it is placed there", || next.namespace.ip("-br link show").contains("eth0"));
        assert!(!pair.one.namespace.ip("-br link show").contains("eth0"), "one guest has the address");
        pair.one = next;
        eventually("nothing is wrong", || problems(&daemon).is_empty());
    }
    assert_ping(&pair.one.namespace, OUTSIDE[0]);
    flood.assert_whole();
    daemon.assert_accounted();
    daemon.stop();
    pair.site.assert_unchanged(&before, "after it has stopped");
}

#[test]
fn what_was_done_while_notices_were_lost_is_put_right() {
    let pair = Pair::new();
    let before = pair.site.snapshot();
    let socket = pair.site.folder().join("metrics.sock");
    let metrics = format!("[host]\ncheck = \"off\"\n[metrics]\nsocket = {socket:?}\n");
    let daemon = pair.site.start(&(metrics + &pair.config()));
    pair.one.settle();
    let all = ours(pair.compute());
    let overruns = || {
        let text = exchange(UnixStream::connect(&socket).unwrap(), "/metrics");
        let line = text.lines().find_map(|line| line.strip_prefix("vgw_netlink_overruns_total "));
        line.unwrap().parse::<f64>().unwrap()
    };
    assert!(overruns() < 1.0);
    let noise = |deed: &str| {
        let (mut text, file) = (String::new(), pair.site.folder().join("batch"));
        for number in 0..MANY {
            writeln!(text, "route {deed} blackhole 198.18.{}.{}/32", number / 256, number % 256).unwrap();
        }
        std::fs::write(&file, &text).unwrap();
        pair.compute().ip(&format!("-batch {}", file.display()));
    };
    let shown = pair.compute().ip("-o link show dev vgw2");
    let theirs = format!("link add vgw2 index {} type bridge", shown.split(':').next().unwrap());
    daemon.signal(Signal::STOP);
    noise("add");
    // There is no room for news of these.
    for deed in ["link set vgw1 mtu 1400", "link delete vgw2", &theirs, "route flush table main proto 201"] {
        pair.compute().ip(deed);
    }
    let bridge = || pair.compute().ip("-d link show dev vgw2");
    let before_it_looks = bridge();
    noise("delete");
    daemon.signal(Signal::CONT);
    eventually("it is known", || overruns() >= 1.0);
    eventually("it has its name", || must(pair.site.folder(), "status").contains("VGW-HOST-REFUSED"));
    assert_eq!(bridge(), before_it_looks);
    pair.compute().ip("link delete vgw2");
    eventually("all is as before", || ours(pair.compute()) == all);
    eventually("nothing is wrong", || problems(&daemon).is_empty());
    assert_ping(&pair.one.namespace, OUTSIDE[0]);
    assert_ping(&pair.two, OUTSIDE[0]);
    daemon.stop();
    pair.site.assert_unchanged(&before, "after it has stopped");
}

#[test]
fn a_link_that_flaps_is_up_in_the_end() {
    let pair = Pair::new();
    let daemon = pair.start();
    let flood = Flood::start(&pair.one.namespace, OUTSIDE[0]);
    let all = ours(pair.compute());
    // Its routes are of IPv4 alone, which go without a word; and it is up when that is heard of.
    daemon.signal(Signal::STOP);
    pair.again_and_again("link set vgw2 down\nlink set vgw2 up\n", 1);
    assert_ne!(ours(pair.compute()), all);
    daemon.signal(Signal::CONT);
    eventually("all is as before", || ours(pair.compute()) == all);
    pair.again_and_again("link set vgw2 down\nlink set vgw2 up\n", 200);
    eventually("all is as before", || ours(pair.compute()) == all);
    pair.again_and_again("link set eth1 txqueuelen 900\nlink set vgw2 down\n", 20);
    eventually("all is as before", || ours(pair.compute()) == all);
    assert_ping(&pair.two, OUTSIDE[0]);
    flood.assert_whole();
    daemon.stop();
}

#[test]
fn a_foreign_link_under_our_taps_name_and_number_is_not_ours() {
    foreign_link("link delete vgw1");
    let away = Namespace::new();
    foreign_link(&format!("link set vgw1 netns {}", away.path()));
    eventually("it has gone there", || away.ip("-br link show type tun").is_empty());
}

fn foreign_link(deed: &str) {
    let pair = Pair::new();
    let daemon = pair.start();
    let flood = Flood::start(&pair.two, OUTSIDE[0]);
    let all = ours(pair.compute());
    let shown = pair.compute().ip("-o link show dev vgw1");
    let number = shown.split(':').next().unwrap();
    pair.again_and_again(&format!("{deed}\nlink add vgw1 index {number} type bridge\n"), 1);
    let theirs = || pair.compute().ip("-d link show dev vgw1");
    let before = theirs();
    eventually("that is a problem", || problems(&daemon).iter().any(|problem| problem.contains("vgw1")));
    eventually("it has its name", || must(pair.site.folder(), "status").contains("VGW-HOST-REFUSED"));
    // Neither a repair nor a request touches it.
    must(pair.site.folder(), "gateway add vgw3 --instance three --subnet 10.53.0.0/24");
    must(pair.site.folder(), "gateway delete vgw3");
    assert_eq!(theirs(), before);
    pair.compute().ip("link delete vgw1");
    eventually("all is as before", || ours(pair.compute()) == all);
    eventually("nothing is wrong", || problems(&daemon).is_empty());
    assert_ping(&pair.one.namespace, OUTSIDE[0]);
    flood.assert_whole();
    daemon.stop();
}

#[test]
fn while_others_change_thousands_of_routes_requests_are_served() {
    let pair = Pair::new();
    let before = pair.site.snapshot();
    let daemon = pair.start();
    let flood = Flood::start(&pair.two, OUTSIDE[0]);
    let mut noise = String::new();
    for deed in ["add", "delete"] {
        for number in 0..4000 {
            let (high, low) = (number / 250, number % 250);
            noise += &format!("route {deed} 172.{}.{low}.0/24 via 10.1.1.253\n", 16 + high);
        }
    }
    let mut maker = pair.go_on("batch", &noise);
    for round in 0..3 {
        for number in 0..5 {
            let subnet = format!("10.7{round}.{number}.0/24");
            must(pair.site.folder(), &format!("gateway add vgw9{number} --instance i{number} --subnet {subnet}"));
        }
        for number in 0..5 {
            must(pair.site.folder(), &format!("gateway delete vgw9{number}"));
        }
        assert!(maker.try_wait().unwrap().is_none(), "they go on all the time");
    }
    // The batch takes every route away again.
    end(&mut maker);
    eventually("nothing is wrong", || problems(&daemon).is_empty());
    flood.assert_whole();
    daemon.stop();
    pair.site.assert_unchanged(&before, "after it has stopped");
}

#[test]
fn while_links_come_and_go_among_hundreds_requests_are_served() {
    let pair = Pair::new();
    let crowd: String = (0..CROWD).map(|number| format!("link add crowd{number} type bridge\n")).collect();
    pair.again_and_again(&crowd, 1);
    let before = pair.site.snapshot();
    let daemon = pair.start();
    let flood = Flood::start(&pair.two, OUTSIDE[0]);
    let all = ours(pair.compute());
    let come_and_go = |number| {
        let batch = format!("link add passing{number} type bridge\nlink delete passing{number}\n").repeat(50);
        pair.go_on(&format!("batch{number}"), &batch)
    };
    let mut makers: Vec<Child> = (0..4).map(come_and_go).collect();
    // The kernel says of each reading that it is not of one moment.
    let inconsistent = || daemon.log().matches("links come and go faster than they can be read").count();
    for number in 0.. {
        must(pair.site.folder(), &format!("gateway add vgw9 --instance i{number} --subnet 10.70.0.0/24"));
        must(pair.site.folder(), "gateway delete vgw9");
        if number > 2 && inconsistent() > 2 {
            break;
        }
        assert!(number < 100, "there is no reading that is not of one moment");
    }
    assert!(makers.iter_mut().all(|maker| maker.try_wait().unwrap().is_none()), "they go on all the time");
    makers.iter_mut().for_each(end);
    // Each has ended with its link or without it.
    for number in 0..makers.len() {
        pair.compute().run(&format!("ip link delete passing{number}"));
    }
    eventually("nothing is wrong", || problems(&daemon).is_empty());
    assert_eq!(ours(pair.compute()), all);
    flood.assert_whole();
    daemon.stop();
    pair.site.assert_unchanged(&before, "after it has stopped");
}
