//! What `vgw doctor` finds: planted faults, each by its name and with a cure that cures, and nothing on
//! hosts that are well.

use std::path::Path;
use std::process::Command;
use std::thread;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use serde_json::Value;

use crate::cli::must;
use crate::daemon::Daemon;
use crate::lab::eventually;
use crate::namespace::Namespace;
use crate::site::{Guest, NET1, OUTSIDE, Site, port};
use crate::traffic::{assert_ping, failing_ping};

/// Runs a shell's line on the compute node, where `/run` and `/etc` are folders of the test's: whether
/// networkd or NetworkManager run on the machine that tests is of no interest.
fn shell(place: &Namespace, folder: &Path, line: &str) -> (Option<i32>, String) {
    let (run, etc) = (folder.join("run"), folder.join("etc"));
    std::fs::create_dir_all(&run).unwrap();
    if !etc.exists() {
        assert!(Command::new("cp").arg("-a").arg("/etc").arg(&etc).status().unwrap().success());
    }
    let mut command = Command::new("unshare");
    command.args("--mount --propagation private sh -c".split(' '));
    command.arg(format!("mount --bind \"$0\" /run && mount --bind \"$1\" /etc && {{ {line}\n}}")).arg(run).arg(etc);
    let output = place.enter(|| command.output()).unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

/// What the doctor says.
fn diagnosis(place: &Namespace, folder: &Path, words: &str) -> Value {
    let (vgw, socket) = (env!("CARGO_BIN_EXE_vgw"), folder.join("vgwd.sock"));
    let (code, said) = shell(place, folder, &format!("{vgw} -j --socket {} doctor {words}", socket.display()));
    let said: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(said["schema"], "vgw.doctor/1", "{said}");
    let is_well = said["findings"].as_array().is_some_and(Vec::is_empty);
    assert_eq!(code, Some(i32::from(!is_well)), "{said}");
    said
}

/// The names of the findings.
fn ids(said: &Value) -> Vec<&str> {
    said["findings"].as_array().unwrap().iter().map(|finding| finding["id"].as_str().unwrap()).collect()
}

/// Fails unless the doctor finds nothing, with packets and without.
fn assert_well(site: &Site, occasion: &str) {
    for words in ["", "--no-probe"] {
        let said = diagnosis(&site.compute, site.folder(), words);
        assert!(ids(&said).is_empty(), "{occasion}, '{words}': {said:#}");
        assert_eq!(said["unseen"].as_array().unwrap().len(), 0, "{occasion}, '{words}': {said:#}");
    }
}

/// A fault.
struct Fault<'a> {
    /// Shell lines that plant it on the compute node.
    plant: &'a str,
    /// What is found.
    id: &'a str,
    /// What the evidence names.
    evidence: &'a str,
    /// Lines that cure it, where the doctor can only say what to do.
    cure: &'a str,
    /// Lines that take away what was planted beside the fault.
    after: &'a str,
}

impl Default for Fault<'_> {
    fn default() -> Self {
        Self { plant: "true", id: "", evidence: "", cure: "", after: "true" }
    }
}

/// Plants a fault, has it found, cures it by what was found, and finds nothing more.
fn assert_found_and_cured(site: &Site, fault: &Fault<'_>) {
    let run = |line: &str| {
        let (code, said) = shell(&site.compute, site.folder(), line);
        assert_eq!(code, Some(0), "{}: {line}: {said}", fault.id);
    };
    run(fault.plant);
    let said = diagnosis(&site.compute, site.folder(), "");
    assert_eq!(ids(&said), [fault.id], "{}: {said:#}", fault.plant);
    let finding = &said["findings"][0];
    assert!(finding["evidence"].to_string().contains(fault.evidence), "{}: {finding:#}", fault.evidence);
    let cure: Vec<&str> = finding["cure"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    if fault.cure.is_empty() {
        assert!(!cure.is_empty(), "{finding:#}");
        if finding["fixable"] == true {
            let fixed = diagnosis(&site.compute, site.folder(), &format!("--fix {} --dry-run", fault.id));
            assert_eq!((fixed["fixed"][0]["command"].as_str(), ids(&fixed)), (Some(cure[0]), vec![fault.id]));
            let said = diagnosis(&site.compute, site.folder(), "");
            assert_eq!(ids(&said), [fault.id], "a rehearsal changes nothing: {said:#}");
        }
        cure.iter().for_each(|line| run(line));
    } else {
        run(fault.cure);
    }
    eventually(&format!("{} is cured", fault.id), || ids(&diagnosis(&site.compute, site.folder(), "")).is_empty());
    run(fault.after);
}

/// A site that reaches the whole world by the outside host.
fn site() -> Site {
    let site = Site::new();
    site.compute.ip("route add default via 10.1.1.253");
    site.compute.ip("-6 route add default via 2001:db8:1::253");
    site
}

/// A second way out: `eth2`, and a router there that has a way back.
fn second_way(site: &Site) -> Namespace {
    let other = Namespace::new();
    site.compute.connect("eth2", &other, "eth0");
    site.compute.add_address("eth2", "10.2.2.254/24");
    other.add_address("eth0", "10.2.2.253/24");
    other.ip("route add default via 10.2.2.254");
    other
}

/// As [`second_way`], but table main knows nothing of it, and so vgwd does not.
fn unknown_way(site: &Site) -> Namespace {
    let other = Namespace::new();
    site.compute.connect("eth2", &other, "eth0");
    site.compute.ip("address add 10.2.2.254/24 dev eth2 noprefixroute");
    other.add_address("eth0", "10.2.2.253/24");
    other.ip("route add default via 10.2.2.254");
    other
}

const UPLINK: &str = "uplink add up --device eth1 --address 10.1.1.254/24 --via 10.1.1.253";

#[test]
fn nothing_is_wrong_with_a_plain_gateway() {
    let (site, guest) = (site(), Guest::new(10));
    for interface in ["all", "default", "eth1"] {
        site.compute.sysctl(&format!("net.ipv4.conf.{interface}.rp_filter"), "1");
    }
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    assert_well(&site, "both families");
    assert_ping(&guest.namespace, OUTSIDE[0]);
    daemon.assert_accounted();
    // Firewalls that let the gateways' packets pass, and drop much else.
    let rules = "nft 'add table inet filter; add chain inet filter forward { type filter hook forward priority 0; \
                 policy drop; }; add chain inet filter input { type filter hook input priority 0; policy drop; }; \
                 add chain inet filter ours; add rule inet filter forward counter log prefix \"f\"; \
                 add rule inet filter forward ct state invalid drop; \
                 add rule inet filter forward iifname \"eth7\" drop; \
                 add rule inet filter forward iifname \"vgw*\" jump ours; add rule inet filter ours accept; \
                 add rule inet filter forward oifname \"vgw*\" ct state established,related accept; \
                 add rule inet filter input meta l4proto ipv6-icmp accept'";
    assert_eq!(shell(&site.compute, site.folder(), rules), (Some(0), String::new()));
    assert_well(&site, "a firewall with exceptions");
    daemon.assert_accounted();
}

#[test]
fn nothing_is_wrong_with_one_family_only() {
    for (subnet, default, router) in
        [("192.168.1.0/24", "default", OUTSIDE[0]), ("2001:db8:2::/64", "-6 default", OUTSIDE[1])]
    {
        let site = Site::new();
        let (family, all) = default.rsplit_once(' ').unwrap_or(("-4", default));
        site.compute.ip(&format!("{family} route add {all} via {router}"));
        let _daemon = site.start("");
        must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet {subnet}"));
        assert_well(&site, subnet);
    }
}

#[test]
fn nothing_is_wrong_with_uplinks_and_masquerade() {
    let site = Site::new();
    let other = second_way(&site);
    for interface in ["all", "default", "eth1", "eth2"] {
        site.compute.sysctl(&format!("net.ipv4.conf.{interface}.rp_filter"), "1");
    }
    let _daemon = site.start("");
    must(site.folder(), UPLINK);
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24 --uplink up"));
    assert_well(&site, "source rules");
    must(site.folder(), "uplink add second --device eth2 --address 10.2.2.254/24 --via 10.2.2.253");
    must(site.folder(), "gateway add vgw2 --instance net2 --subnet 192.168.2.0/24 --uplink second");
    assert_well(&site, "two uplinks");
    must(site.folder(), "gateway add vgw3 --instance net3 --subnet 192.168.3.0/24 --uplink second --masquerade");
    assert_well(&site, "masquerade");
    // Only what answers a connection of the guests' comes in: the probe's answer does.
    let rules = "nft 'add table ip fw; add chain ip fw c { type filter hook forward priority 0; policy drop; }; \
                 add rule ip fw c iifname \"vgw*\" accept; add rule ip fw c ct state established accept'";
    assert_eq!(shell(&site.compute, site.folder(), rules), (Some(0), String::new()));
    assert_well(&site, "masquerade behind a firewall");
    drop(other);
}

#[test]
fn faults_on_the_way_out_are_found_and_cured() {
    let site = site();
    let other = unknown_way(&site);
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    // The guests' packets are led to eth2 by somebody else, whose device vgwd knows nothing of.
    let by_eth2 = "ip rule add iif vgw1 lookup 100 pref 1000; ip route add default via 10.2.2.253 dev eth2 onlink table 100; \
                   sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth2.rp_filter=";
    let not_by_eth2 = "ip rule delete pref 1000; ip route flush table 100";
    for fault in [
        Fault {
            plant: &format!("{by_eth2}0; sysctl -qw net.ipv4.conf.eth2.forwarding=0"),
            id: "forwarding-off",
            evidence: "net.ipv4.conf.eth2.forwarding = 0",
            ..Fault::default()
        },
        // A mark leads them there, which answers do not have.
        Fault {
            plant: "ip rule delete pref 1000; ip rule add fwmark 7 lookup 100 pref 1000; \
                    nft 'add table ip m; add chain ip m c { type filter hook prerouting priority -150; }; \
                    add rule ip m c iifname vgw1 meta mark set 7'; sysctl -qw net.ipv4.conf.eth2.rp_filter=1",
            id: "rp-filter",
            evidence: "net.ipv4.conf.eth2.rp_filter = 1",
            after: &format!("{not_by_eth2}; nft delete table ip m"),
            ..Fault::default()
        },
        Fault {
            plant: "ip route delete default",
            id: "no-route",
            evidence: "table main has no ipv4 route",
            cure: "ip route add default via 10.1.1.253",
            ..Fault::default()
        },
        Fault {
            plant: "ip route replace default via 10.1.1.99",
            id: "router-unreachable",
            evidence: "10.1.1.99 does not answer ARP on eth1",
            cure: "ip route replace default via 10.1.1.253",
            ..Fault::default()
        },
        Fault { plant: "ip link set dev eth1 mtu 1400", id: "mtu", evidence: "eth1 only of 1400", ..Fault::default() },
        Fault {
            plant: "ip address add 192.168.1.77/32 dev lo",
            id: "address-in-subnet",
            evidence: "192.168.1.77/32 on lo",
            ..Fault::default()
        },
        Fault {
            plant: "ip route add 192.168.1.128/25 via 10.2.2.253 dev eth2 onlink metric 5",
            id: "route-in-subnet",
            evidence: "192.168.1.128/25 via 10.2.2.253 dev eth2",
            ..Fault::default()
        },
    ] {
        assert_found_and_cured(&site, &fault);
    }
    drop(other);
}

#[test]
fn firewalls_are_found_and_opened() {
    let (site, guest) = (site(), Guest::new(10));
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    let table = "nft 'add table inet fw; add chain inet fw c { type filter hook ";
    for fault in [
        Fault {
            plant: &format!("{table}forward priority 0; policy drop; }}'"),
            id: "forward-blocked",
            evidence: "nftables, table inet fw, chain c: policy drop",
            after: "nft delete table inet fw",
            ..Fault::default()
        },
        // Only the answers are dropped.
        Fault {
            plant: &format!(
                "{table}forward priority 0; }}; add rule inet fw c iifname \"eth1\" ip daddr 192.168.0.0/16 drop'"
            ),
            id: "forward-blocked",
            evidence: "192.168.1.254 that came in by eth1 was routed, and did not come out of vgw1",
            after: "nft delete table inet fw",
            ..Fault::default()
        },
        // What cannot be judged by reading: the probe tells.
        Fault {
            plant: &format!(
                "{table}forward priority 0; }}; add set inet fw s {{ type ipv4_addr; flags interval; }}; \
                 add element inet fw s {{ 192.168.0.0/16 }}; add rule inet fw c ip saddr @s drop'"
            ),
            id: "forward-blocked",
            evidence: "ip saddr @s drop",
            after: "nft delete table inet fw",
            ..Fault::default()
        },
        Fault {
            plant: "iptables -P FORWARD DROP",
            id: "forward-blocked",
            evidence: "nftables, table ip filter, chain FORWARD: policy drop",
            after: "nft flush ruleset",
            ..Fault::default()
        },
        Fault {
            plant: "iptables-legacy -P FORWARD DROP",
            id: "forward-blocked",
            evidence: "iptables-legacy, table filter, chain FORWARD: policy drop",
            after: "iptables-legacy -P FORWARD ACCEPT; iptables-legacy -F",
            ..Fault::default()
        },
        Fault {
            plant: &format!(
                "{table}prerouting priority -300; }}; add rule inet fw c iifname \"vgw1\" udp dport 33434 drop'"
            ),
            id: "packets-lost",
            evidence: "udp dport 33434 drop",
            after: "nft delete table inet fw",
            ..Fault::default()
        },
        Fault {
            plant: &format!(
                "{table}prerouting priority -300; }}; add rule inet fw c iifname \"eth1\" ip daddr 192.168.1.0/24 drop'"
            ),
            id: "packets-lost",
            evidence: "that came in by eth1 was neither sent on by vgw1",
            after: "nft delete table inet fw",
            ..Fault::default()
        },
    ] {
        assert_found_and_cured(&site, &fault);
    }
    drop(guest);
}

#[test]
fn firewalls_of_ipv6_are_found_too() {
    let site = site();
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 2001:db8:2::/64"));
    for fault in [
        Fault {
            plant: "ip6tables -P FORWARD DROP",
            id: "forward-blocked",
            evidence: "nftables, table ip6 filter, chain FORWARD: policy drop",
            after: "nft flush ruleset",
            ..Fault::default()
        },
        Fault {
            plant: "ip -6 route add 2001:db8:2:0:8000::/65 dev eth1",
            id: "route-in-subnet",
            evidence: "2001:db8:2:0:8000::/65 dev eth1",
            ..Fault::default()
        },
    ] {
        assert_found_and_cured(&site, &fault);
    }
}

#[test]
fn what_the_rules_say_counts_where_no_packet_was_sent() {
    let site = site();
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    let drops = "nft 'add table inet fw; add chain inet fw c { type filter hook forward priority 0; policy drop; }'";
    assert_eq!(shell(&site.compute, site.folder(), drops).0, Some(0));
    let said = diagnosis(&site.compute, site.folder(), "--no-probe");
    assert_eq!(ids(&said), ["forward-blocked"], "{said:#}");
    assert!(said["findings"][0]["evidence"][0].as_str().unwrap().contains("no packet was sent"), "{said:#}");
}

#[test]
fn others_rules_beside_uplinks_are_found_and_cured() {
    let site = Site::new();
    let _daemon = site.start("");
    must(site.folder(), UPLINK);
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24 --uplink up"));
    for fault in [
        Fault {
            plant: "ip route add default via 10.1.1.253 dev eth1 table 100; ip rule add lookup 100 pref 1000",
            id: "rule-first",
            evidence: "from all lookup 100 pref 1000",
            after: "ip route flush table 100",
            ..Fault::default()
        },
        Fault {
            plant: "ip rule add from 10.77.0.0/16 lookup 100 pref 20500",
            id: "rule-in-block",
            evidence: "from 10.77.0.0/16 lookup 100 pref 20500",
            after: "ip rule delete pref 22100",
            ..Fault::default()
        },
    ] {
        assert_found_and_cured(&site, &fault);
    }
    // The daemon has something to say of it too.
    assert_eq!(shell(&site.compute, site.folder(), "ip link set dev eth1 down").0, Some(0));
    eventually("the daemon has seen it", || !must(site.folder(), "status -j").contains("\"problems\":[]"));
    let said = diagnosis(&site.compute, site.folder(), "");
    assert!(ids(&said).contains(&"uplink-down") && ids(&said).contains(&"daemon-problem"), "{said:#}");
    let down = said["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == "uplink-down").unwrap();
    let cure = down["cure"][0].as_str().unwrap();
    assert_eq!(shell(&site.compute, site.folder(), cure).0, Some(0), "{cure}");
    eventually("the uplink leads on", || ids(&diagnosis(&site.compute, site.folder(), "")).is_empty());
}

#[test]
fn programs_that_meddle_are_found_and_told_off() {
    let site = site();
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    for fault in [
        Fault {
            plant: "mkdir -p /run/systemd/netif && echo OPER_STATE=routable > /run/systemd/netif/state",
            id: "networkd",
            evidence: "ManageForeignRoutingPolicyRules=yes",
            ..Fault::default()
        },
        Fault { plant: "mkdir -p /run/NetworkManager", id: "network-manager", evidence: "vgw1", ..Fault::default() },
    ] {
        assert_found_and_cured(&site, &fault);
    }
}

#[test]
fn bridged_guests_behind_a_firewall_are_found() {
    let site = site();
    site.compute.ip("link add br0 type bridge");
    site.compute.ip("link add vnet7 type veth peer name inside");
    for link in ["br0", "vnet7", "inside"] {
        site.compute.ip(&format!("link set {link} addrgenmode none up"));
    }
    site.compute.ip("link set vnet7 master br0");
    let config = port("vnet7", NET1, &["192.168.1.7", "2001:db8:2::7"], "attach = true");
    let daemon: Daemon<'_> = site.start(&config);
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    site.compute.sysctl("net.bridge.bridge-nf-call-iptables", "0");
    site.compute.sysctl("net.bridge.bridge-nf-call-ip6tables", "0");
    assert_well(&site, "a bridge without a filter");
    let drops = "nft 'add table ip fw; add chain ip fw c { type filter hook forward priority 0; policy drop; }; \
                 add rule ip fw c iifname vgw1 accept; add rule ip fw c oifname vgw1 accept'";
    let fault = Fault {
        plant: &format!("sysctl -qw net.bridge.bridge-nf-call-iptables=1; {drops}"),
        id: "bridge-filter",
        evidence: "net.bridge.bridge-nf-call-iptables = 1, and vnet7 is a port of br0",
        ..Fault::default()
    };
    assert_found_and_cured(&site, &fault);
    drop(daemon);
}

#[test]
fn a_fabric_without_a_way_back_is_found_by_its_peer() {
    let (site, guest) = (site(), Guest::new(10));
    let _daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    let peer = format!("--peer {}", OUTSIDE[0]);
    let said = diagnosis(&site.compute, site.folder(), &peer);
    assert!(ids(&said).is_empty(), "{said:#}");
    site.outside.ip("route delete 192.168.1.0/24");
    failing_ping(&guest.namespace, OUTSIDE[0], "-W 1");
    let said = diagnosis(&site.compute, site.folder(), "");
    assert!(ids(&said).is_empty(), "nothing on this host is wrong: {said:#}");
    let said = diagnosis(&site.compute, site.folder(), &peer);
    assert_eq!(ids(&said), ["fabric-route"], "{said:#}");
    // What it says to routers is what helps.
    let remark = said["findings"][0]["remark"].as_str().unwrap();
    let line = remark.split("; ").find_map(|line| line.strip_prefix("Linux: ip ")).unwrap();
    assert_eq!(line, "route add 192.168.1.0/24 via 10.1.1.254");
    assert!(said["routes_outside"].to_string().contains("route 192.168.1.0/24 via 10.1.1.254;"), "{said:#}");
    site.outside.ip(line);
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let said = diagnosis(&site.compute, site.folder(), &peer);
    assert!(ids(&said).is_empty(), "{said:#}");
}

#[test]
fn without_the_daemon_it_says_so_and_looks_at_the_rest() {
    let site = site();
    let said = diagnosis(&site.compute, site.folder(), "");
    assert_eq!(ids(&said), ["daemon-unreachable"], "{said:#}");
    std::fs::create_dir_all(site.folder().join("run/systemd/netif")).unwrap();
    std::fs::write(site.folder().join("run/systemd/netif/state"), "").unwrap();
    let said = diagnosis(&site.compute, site.folder(), "");
    assert_eq!(ids(&said), ["daemon-unreachable", "networkd"], "{said:#}");
    // One namespace's daemon, looked at from another.
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    let said = diagnosis(&site.outside, site.folder(), "--fix networkd");
    assert_eq!((ids(&said), &said["fixed"][0]["id"]), (vec!["tap-missing"], &"networkd".into()), "{said:#}");
}

#[test]
fn who_has_not_the_rights_is_told_so_and_sees_less() {
    let site = site();
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    let (vgw, socket) = (env!("CARGO_BIN_EXE_vgw"), site.folder().join("vgwd.sock"));
    let run = |lead: &str| {
        let line = format!("{lead} {vgw} -j --socket {} doctor", socket.display());
        let (code, said) = shell(&site.compute, site.folder(), &line);
        (code, serde_json::from_str::<Value>(&said).unwrap_or_else(|error| panic!("{error}: {said}")))
    };
    let (code, said) = run("setpriv --bounding-set=-net_raw");
    assert_eq!((code, ids(&said)), (Some(1), vec!["rights"]), "{said:#}");
    assert!(said["unseen"].to_string().contains("no packets were sent"), "{said:#}");
    // The socket is root's.
    let (code, said) = run("setpriv --reuid 65534 --regid 65534 --clear-groups");
    assert_eq!((code, &said["error"]["kind"]), (Some(77), &"not_permitted".into()), "{said:#}");
}

#[test]
fn the_doctor_leaves_nothing_behind() {
    let site = site();
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    let link: Value = serde_json::from_str(&site.outside.ip("-j link show dev eth0")).unwrap();
    let mac = link[0]["address"].as_str().unwrap();
    site.compute.ip(&format!("neigh replace {} lladdr {mac} dev eth1 nud permanent", OUTSIDE[0]));
    let (before, neighbours) = (site.snapshot(), site.compute.ip("neigh show nud permanent"));
    assert!(neighbours.contains(mac), "{neighbours}");
    assert_well(&site, "twice");
    site.assert_unchanged(&before, "after the doctor was there");
    assert_eq!(site.compute.ip("neigh show nud permanent"), neighbours);
    assert_eq!(shell(&site.compute, site.folder(), "nft list ruleset"), (Some(0), String::new()));
    let (code, said) = shell(
        &site.compute,
        site.folder(),
        &format!("{} --socket {} doctor -v", env!("CARGO_BIN_EXE_vgw"), site.folder().join("vgwd.sock").display()),
    );
    assert_eq!(code, Some(0), "{said}");
    for words in
        ["nothing is wrong", "In order", "forward-blocked", "Linux: ip route add 192.168.1.0/24 via 10.1.1.254"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// Has the present thread, and what it starts, find a kernel that answers these calls by an error.
fn refuse(calls: &[libc::c_long], errno: i32) {
    let rules = calls.iter().map(|call| (*call, Vec::new())).collect();
    let action = SeccompAction::Errno(errno.unsigned_abs());
    let filter =
        SeccompFilter::new(rules, SeccompAction::Allow, action, std::env::consts::ARCH.try_into().unwrap()).unwrap();
    apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
}

#[test]
fn what_the_kernel_does_not_do_for_the_sandbox_is_told() {
    let site = site();
    let daemon = thread::scope(|scope| {
        let started = scope.spawn(|| {
            refuse(&[libc::SYS_landlock_create_ruleset], libc::ENOSYS);
            refuse(&[libc::SYS_capset], libc::EPERM);
            refuse(&[libc::SYS_seccomp], libc::EINVAL);
            site.start("")
        });
        started.join().unwrap()
    });
    let said = diagnosis(&site.compute, site.folder(), "--no-probe");
    assert_eq!(ids(&said), ["sandbox", "sandbox"], "{said:#}");
    for (finding, means, helps) in [(0, "landlock", "lsm="), (1, "seccomp", "CONFIG_SECCOMP_FILTER")] {
        let finding = &said["findings"][finding];
        assert_eq!((&finding["subject"], &finding["severity"]), (&means.into(), &"warning".into()), "{finding:#}");
        assert!(finding.to_string().contains(helps), "{finding:#}");
    }
    let status = must(site.folder(), "status");
    let line = status.lines().find(|line| line.starts_with("sandbox: ")).unwrap();
    for words in
        ["landlock not in force (this kernel has no landlock", "seccomp not in force (", "capabilities in part ("]
    {
        assert!(line.contains(words), "{words}: {line}");
    }
    drop(daemon);
    let _daemon = site.start("");
    assert!(must(site.folder(), "status").contains("\nsandbox: landlock"));
    assert!(ids(&diagnosis(&site.compute, site.folder(), "--no-probe")).is_empty());
}
