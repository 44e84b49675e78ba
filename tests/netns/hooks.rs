//! The hooks by themselves, called as their programs document it. Each only records leases, so that no
//! daemon is needed to see what it understood.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::lab::shared_turn;
use crate::namespace::Namespace;

/// A device whose leases are recorded in a folder of the test's own.
struct Bench {
    host: Namespace,
    _peer: Namespace,
    folder: tempfile::TempDir,
    _turn: std::sync::RwLockReadGuard<'static, ()>,
}

fn bench() -> Bench {
    let turn = shared_turn();
    let (host, peer) = (Namespace::new(), Namespace::new());
    host.connect("eth1", &peer, "eth0");
    host.add_address("eth1", "fe80::20/64");
    Bench { host, _peer: peer, folder: tempfile::tempdir().unwrap(), _turn: turn }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/hooks").join(name)
}

impl Bench {
    /// Runs a command with these variables, `NAME=VALUE` on a line each, and `vgw` among the programs.
    fn run(&self, mut command: Command, variables: &str) -> Output {
        let programs = Path::new(env!("CARGO_BIN_EXE_vgw")).parent().unwrap();
        self.run_with(&mut command, programs, variables)
    }

    fn run_with(&self, command: &mut Command, programs: &Path, variables: &str) -> Output {
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", programs.display());
        command.env_clear().env("PATH", path).env("VGW_SOCKET", self.folder.path().join("vgwd.sock"));
        command.envs(variables.lines().filter_map(|line| line.trim().split_once('=')));
        self.host.enter(|| command.output()).unwrap()
    }

    /// Runs dhclient's hook as dhclient-script does; what is recorded then.
    fn dhclient(&self, variables: &str) -> String {
        let output = self.run(sourcing(&script("dhclient-exit-hook")), variables);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "status 0\n", "{variables}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{variables}");
        self.recorded()
    }

    /// Runs a hook that is a program; what is recorded then.
    fn program(&self, name: &str, words: &[&str], variables: &str) -> String {
        let mut command = Command::new(script(name));
        command.args(words);
        let output = self.run(command, variables);
        assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
        self.recorded()
    }

    /// The records, each as `NAME: ADDRESS via ROUTER`.
    fn recorded(&self) -> String {
        let Ok(entries) = std::fs::read_dir(self.folder.path().join("leases")) else { return String::new() };
        let record = |path: PathBuf| {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.trim_end().replace("address=", "").replace("\nvia=", " via ");
            (path.file_name().unwrap().to_str().unwrap().to_owned(), text)
        };
        let records: BTreeMap<_, _> = entries.map(|entry| record(entry.unwrap().path())).collect();
        records.into_iter().map(|(name, text)| format!("{name}: {text}")).collect::<Vec<_>>().join(", ")
    }
}

/// A shell that reads a hook into itself, strict against slips, and tells what came of it.
fn sourcing(hook: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(". \"$0\"; echo status $?").arg(hook);
    command
}

const BOUND: &str =
    "interface=eth1\nnew_ip_address=20.0.0.5\nnew_subnet_mask=255.255.255.0\nnew_routers=20.0.0.1 20.0.0.2";
const LEASED: &str = "eth1.ipv4: 20.0.0.5/24 via 20.0.0.1";

#[test]
fn dhclients_reasons_come_and_go() {
    let bench = bench();
    bench.host.ip("address add 20.0.0.5/24 dev eth1");
    for (reason, recorded) in [
        ("PREINIT", ""),
        ("BOUND", LEASED),
        ("EXPIRE", ""),
        ("REBOOT", LEASED),
        ("RENEW", LEASED),
        ("FAIL", ""),
        ("REBIND", LEASED),
        ("MEDIUM", LEASED),
        ("RELEASE", ""),
        // The address is there: the old lease's router has answered dhclient-script.
        ("TIMEOUT", LEASED),
        ("STOP", ""),
    ] {
        assert_eq!(bench.dhclient(&format!("reason={reason}\n{BOUND}")), recorded, "{reason}");
    }
    bench.dhclient(&format!("reason=BOUND\n{BOUND}"));
    bench.host.ip("address flush dev eth1");
    assert_eq!(bench.dhclient(&format!("reason=TIMEOUT\n{BOUND}")), "", "an old lease whose router is silent");
}

#[test]
fn dhclients_router_is_where_the_lease_has_it() {
    let bench = bench();
    for (variables, recorded) in [
        // RFC 3442: 10.0.0.0/8 by .9, then the default by .3; the routers option does not count then.
        ("new_rfc3442_classless_static_routes=8 10 20 0 0 9 0 20 0 0 3", "eth1.ipv4: 20.0.0.5/24 via 20.0.0.3"),
        ("new_rfc3442_classless_static_routes=25 10 1 2 0 20 0 0 9 0 20 0 0 4", "eth1.ipv4: 20.0.0.5/24 via 20.0.0.4"),
        ("new_rfc3442_classless_static_routes=8 10 20 0 0 9", ""),
        ("new_rfc3442_classless_static_routes=33 1", ""),
        ("new_subnet_mask=255.255.255.255", "eth1.ipv4: 20.0.0.5/32 via 20.0.0.1"),
        ("new_routers=", ""),
        ("new_routers=\nvgw_routers=20.0.0.8 20.0.0.9", "eth1.ipv4: 20.0.0.5/24 via 20.0.0.8"),
        ("new_routers=nonsense", ""),
        ("", LEASED),
        ("new_ip_address=", ""),
    ] {
        bench.dhclient("interface=eth1\nreason=RELEASE");
        assert_eq!(bench.dhclient(&format!("reason=BOUND\n{BOUND}\n{variables}")), recorded, "{variables}");
    }
}

#[test]
fn dhclients_ipv6_takes_the_advertised_router() {
    let bench = bench();
    let variables = "interface=eth1\nnew_ip6_address=2001:db8::5\nnew_ip6_prefixlen=64";
    bench.dhclient(&format!("reason=BOUND\n{BOUND}"));
    bench.host.ip("-6 route add default via fe80::1 dev eth1 proto ra metric 1024");
    let both = format!("{LEASED}, eth1.ipv6: 2001:db8::5/64 via fe80::1");
    assert_eq!(bench.dhclient(&format!("reason=BOUND6\n{variables}")), both);
    assert_eq!(bench.dhclient("reason=RENEW6\ninterface=eth1\nnew_ip6_prefix=2001:db8:9::/56"), both, "no address");
    assert_eq!(bench.dhclient(&format!("reason=DEPREF6\n{variables}")), both);
    for reason in ["EXPIRE6", "RELEASE6", "STOP6"] {
        assert_eq!(bench.dhclient(&format!("reason={reason}\ninterface=eth1")), LEASED, "{reason}");
        assert_eq!(bench.dhclient(&format!("reason=REBIND6\n{variables}")), both);
    }
    bench.host.ip("-6 route delete default");
    assert_eq!(bench.dhclient(&format!("reason=RENEW6\n{variables}")), LEASED, "the router is gone");
}

#[test]
fn networkmanagers_events_come_and_go() {
    let bench = bench();
    // NetworkManager-dispatcher(8).
    let v4 = "DEVICE_IP_IFACE=eth1\nIP4_ADDRESS_0=20.0.0.5/24 20.0.0.1\nIP4_NUM_ADDRESSES=1\nIP4_GATEWAY=20.0.0.1\n\
              DHCP4_IP_ADDRESS=20.0.0.5\nDHCP4_SUBNET_MASK=255.255.255.0\nDHCP4_ROUTERS=20.0.0.1 20.0.0.2";
    let never_default = "DEVICE_IP_IFACE=eth1\nIP4_ADDRESS_0=20.0.0.5/24 0.0.0.0\nIP4_NUM_ADDRESSES=1\n\
                         DHCP4_IP_ADDRESS=20.0.0.5\nDHCP4_SUBNET_MASK=255.255.255.0\nDHCP4_ROUTERS=20.0.0.1";
    let given = "DEVICE_IP_IFACE=eth1\nIP4_ADDRESS_0=20.0.0.5/24 20.0.0.1\nIP4_GATEWAY=20.0.0.1";
    let v6 = "DHCP6_IP6_ADDRESS=2001:db8::5\nIP6_ADDRESS_0=2001:db8::5/128 fe80::1\nIP6_GATEWAY=fe80::1";
    let slaac = "IP6_ADDRESS_0=2001:db8::7/64 fe80::1\nIP6_GATEWAY=fe80::1";
    let both = format!("{LEASED}, eth1.ipv6: 2001:db8::5/128 via fe80::1");
    let steps: [(&str, String, &str); 10] = [
        ("pre-up", v4.to_owned(), ""),
        ("up", v4.to_owned(), LEASED),
        ("dhcp6-change", format!("{v4}\n{v6}"), &both),
        ("dhcp4-change", format!("{v4}\n{v6}"), &both),
        ("connectivity-change", String::new(), &both),
        ("dhcp4-change", never_default.to_owned(), LEASED),
        ("reapply", given.to_owned(), ""),
        ("up", format!("DEVICE_IP_IFACE=eth1\n{slaac}"), "eth1.ipv6: 2001:db8::7/64 via fe80::1"),
        ("up", "DEVICE_IP_IFACE=eth1\nIP6_ADDRESS_0=fe80::20/64 ::\nIP6_GATEWAY=fe80::1".to_owned(), ""),
        ("up", v4.to_owned(), LEASED),
    ];
    for (action, variables, recorded) in steps {
        let found = bench.program("networkmanager-dispatcher", &["eth1", action], &variables);
        assert_eq!(found, recorded, "{action} {variables}");
    }
    assert_eq!(bench.program("networkmanager-dispatcher", &["eth1", "down"], v4), "");
    // Without a device, as for `hostname`.
    assert_eq!(bench.program("networkmanager-dispatcher", &["", "hostname"], ""), "");
}

#[test]
fn networkds_leases_are_found_in_the_kernel() {
    let bench = bench();
    let routable = || bench.program("networkd-dispatcher", &[], "IFACE=eth1\nSTATE=routable");
    // Somebody's own address and route first: they are no leases.
    bench.host.ip("address add 20.0.0.7/24 dev eth1");
    bench.host.ip("route add default via 20.0.0.9 dev eth1 metric 5");
    assert_eq!(routable(), "");
    bench.host.ip("address add 20.0.0.5/24 dev eth1 valid_lft 3600 preferred_lft 3600");
    bench.host.ip("route add default via 20.0.0.1 dev eth1 proto dhcp src 20.0.0.5 metric 1024");
    assert_eq!(routable(), LEASED);
    // In a table of its own, as by RouteTable=.
    bench.host.ip("route delete default via 20.0.0.1");
    bench.host.ip("route add default via 20.0.0.2 dev eth1 proto dhcp src 20.0.0.5 table 77");
    assert_eq!(routable(), "eth1.ipv4: 20.0.0.5/24 via 20.0.0.2");
    bench.host.ip("-6 address add 2001:db8::5/128 dev eth1 nodad valid_lft 3600 preferred_lft 3600");
    bench.host.ip("-6 route add default via fe80::1 dev eth1 proto ra metric 1024");
    bench.host.ip("route delete default table 77");
    assert_eq!(routable(), "eth1.ipv6: 2001:db8::5/128 via fe80::1");
    assert_eq!(bench.program("networkd-dispatcher", &[], "IFACE=eth1\nSTATE=off"), "");
    assert_eq!(bench.program("networkd-dispatcher", &[], "STATE=off"), "");
}

#[test]
fn a_hook_fails_nobody() {
    let bench = bench();
    let empty = tempfile::tempdir().unwrap();
    let broken = tempfile::tempdir().unwrap();
    let vgw = broken.path().join("vgw");
    std::fs::write(&vgw, "#!/bin/sh\necho no >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&vgw, Permissions::from_mode(0o755)).unwrap();
    for programs in [empty.path(), broken.path()] {
        let variables = format!("reason=BOUND\n{BOUND}");
        let output = bench.run_with(&mut sourcing(&script("dhclient-exit-hook")), programs, &variables);
        assert_eq!((&*output.stdout, &*output.stderr), (&b"status 0\n"[..], &b""[..]), "{}", programs.display());
        for (name, variables) in [
            ("networkmanager-dispatcher", "DEVICE_IP_IFACE=eth1\nDHCP4_IP_ADDRESS=20.0.0.5\nDHCP4_ROUTERS=20.0.0.1"),
            ("networkd-dispatcher", "IFACE=eth1\nSTATE=off"),
        ] {
            let output = bench.run_with(Command::new(script(name)).args(["eth1", "up"]), programs, variables);
            assert!(output.status.success() && output.stderr.is_empty(), "{name}: {output:?}");
        }
    }
    // dhclient-script may be strict one day: its options are not ours to depend on.
    let mut strict = Command::new("sh");
    strict.arg("-euc").arg(". \"$0\"; echo status $?").arg(script("dhclient-exit-hook"));
    let output = bench.run(strict, "reason=BOUND\ninterface=eth1\nnew_ip_address=20.0.0.5");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "status 0\n");
}
