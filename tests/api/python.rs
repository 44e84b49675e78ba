//! Programs in Python: Apache's client library with code generated from the published definition, and
//! the provisioning script.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use vgw::api::Limits;

use crate::conductor::{STATIC, TAKEN};
use crate::daemon::Daemon;

/// Debian's, which has python3-thrift.
const PYTHON: &str = "/usr/bin/python3";

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn run(command: &mut Command) -> Output {
    command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn the_apache_client_drives_a_gateways_life() {
    let generated = tempfile::tempdir().unwrap();
    let compiled = run(Command::new("thrift")
        .args(["--gen", "py", "-out"])
        .arg(generated.path())
        .arg(project("thrift/instance_service.thrift")));
    assert!(compiled.status.success(), "{}", text(&compiled.stderr));

    let daemon = Daemon::tcp(Limits::default());
    let ran = run(Command::new(PYTHON)
        .arg(project("tests/api/client.py"))
        .arg(daemon.address().port().to_string())
        .env("PYTHONPATH", generated.path()));
    assert!(ran.status.success(), "{}{}", text(&ran.stdout), text(&ran.stderr));
    assert_eq!(
        daemon.asked(),
        [
            "thrift: connect ports",
            "thrift: audit timeout 20000",
            "thrift: connect",
            "thrift: add [\"vgw1 in default-domain:admin:net1:net1 subnets {20.30.40.0/24} routes {}\"] seen []",
            "thrift: add [\"vgw1 in default-domain:admin:net1:net1 subnets {20.30.40.0/24} routes {0.0.0.0/0}\"] seen []",
            "thrift: add [\"vgw2 in net2 subnets {10.2.0.0/16, 2001:db8::/64} routes {}\"] seen [\"vgw3\"]",
            "thrift: delete [\"vgw1\", \"vgw2\", \"vgw9\"]",
            "thrift: delete [\"static0\"]",
            "thrift: add ports [\"tap0 f8f9fafb-fcfd-feff-0001-020304050607 in 03030303-0303-0303-0303-030303030303 \
             {10.0.0.2/32} Some(02:00:00:00:00:01)\"] seen []",
            "thrift: add ports [\"tap0 f8f9fafb-fcfd-feff-0001-020304050607 in 03030303-0303-0303-0303-030303030303 \
             {10.0.0.2/32, fd00::2/128} Some(02:00:00:00:00:01) exempt\"] seen []",
            "thrift: add ports [\"tap2 05050505-0505-0505-0505-050505050505 in 03030303-0303-0303-0303-030303030303 \
             {10.0.0.3/32} None\"] seen [04040404-0404-0404-0404-040404040404]",
            "thrift: add ports [\"tap2 05050505-0505-0505-0505-050505050505 in 09090909-0909-0909-0909-090909090909 \
             {10.0.0.3/32} None\"] seen []",
            "thrift: delete port f8f9fafb-fcfd-feff-0001-020304050607",
        ]
    );
}

/// Runs the script against the daemon; gives its exit code and what it said.
fn provision(daemon: &Daemon, arguments: &str) -> (i32, String) {
    let port = daemon.address().port().to_string();
    let ran = run(Command::new(project("scripts/provision_vgw_interface.py"))
        .args(arguments.split(' '))
        .args(["--port", &port]));
    let said = format!("{}{}", text(&ran.stdout), text(&ran.stderr));
    (ran.status.code().unwrap(), said)
}

#[test]
fn the_script_creates_and_deletes() {
    let daemon = Daemon::tcp(Limits::default());
    let create =
        "--oper create --interface vgw1 --vrf default-domain:admin:net1:net1 --subnets 10.1.0.0/16 10.2.3.4/24";
    assert_eq!(provision(&daemon, create), (0, "vgw1: created\n".to_owned()));
    let routes = format!("{create} --routes 0.0.0.0/0 2001:db8::/32");
    assert_eq!(provision(&daemon, &routes), (0, "vgw1: created\n".to_owned()));
    let delete = "--oper delete --interface vgw1";
    assert_eq!(provision(&daemon, delete), (0, "vgw1: deleted\n".to_owned()));
    assert_eq!(provision(&daemon, &format!("{delete} --subnets 10.1.0.0/16")).0, 0);
    let gateway = "thrift: add [\"vgw1 in default-domain:admin:net1:net1 subnets {10.1.0.0/16, 10.2.3.0/24} routes";
    assert_eq!(
        daemon.asked(),
        [
            format!("{gateway} {{}}\"] seen []"),
            format!("{gateway} {{0.0.0.0/0, 2001:db8::/32}}\"] seen []"),
            "thrift: delete [\"vgw1\"]".to_owned(),
            "thrift: delete [\"vgw1\"]".to_owned(),
        ]
    );
}

#[test]
fn the_script_speaks_rest_too() {
    let daemon = Daemon::rest(Limits::default());
    let create = "--transport rest --interface vgw1 --vrf net1 --subnets 10.1.0.0/16 10.2.3.4/24";
    assert_eq!(provision(&daemon, create), (0, "vgw1: created\n".to_owned()));
    assert_eq!(provision(&daemon, &format!("{create} --routes 0.0.0.0/0 2001:db8::/32")).0, 0);
    assert_eq!(provision(&daemon, "--transport rest --oper delete --interface vgw1").1, "vgw1: deleted\n");
    let gateway = "rest: add [\"vgw1 in net1 subnets {10.1.0.0/16, 10.2.3.0/24} routes";
    assert_eq!(
        daemon.asked(),
        [
            format!("{gateway} {{}}\"] seen []"),
            format!("{gateway} {{0.0.0.0/0, 2001:db8::/32}}\"] seen []"),
            "rest: delete [\"vgw1\"]".to_owned(),
        ]
    );
    let name = "provision_vgw_interface.py";
    let (code, said) = provision(&daemon, &create.replace("vgw1", TAKEN));
    assert_eq!((code, said), (1, format!("{name}: tap9 not created: tap9: tap9 is already a port\n")));

    // A daemon that speaks the other, and none.
    let thrift = Daemon::tcp(Limits::default());
    let (code, said) = provision(&thrift, create);
    let address = thrift.address();
    assert!(code == 1 && said.starts_with(&format!("{name}: vgw1 not created: {address} failed: ")), "{said}");
    let (code, said) = provision(&daemon, "--oper delete --interface vgw1");
    assert!(code == 1 && said.lines().count() == 1, "{said}");
    let absent = Command::new(project("scripts/provision_vgw_interface.py"))
        .args("--transport rest --oper delete --interface vgw1 --port 1".split(' '))
        .output()
        .unwrap();
    let line = format!("{name}: vgw1 not deleted: no daemon answers at 127.0.0.1:1\n");
    assert_eq!((absent.status.code(), text(&absent.stderr)), (Some(1), line.as_str()));
}

#[test]
fn the_script_fails_with_one_line() {
    let daemon = Daemon::tcp(Limits::default());
    let fails = |arguments: &str, code: i32, line: &str| {
        let (found, said) = provision(&daemon, arguments);
        let last = said.lines().last().unwrap();
        assert_eq!((found, last), (code, line), "{said}");
        // A usage error is preceded by the usage.
        assert!(code == 2 || said.lines().count() == 1, "{said}");
    };
    let refused = "it was refused; the daemon's log says why";
    let create = "--interface vgw1 --vrf net1 --subnets 10.0.0.0/8";
    let name = "provision_vgw_interface.py";
    fails(&create.replace("vgw1", TAKEN), 1, &format!("{name}: tap9 not created: {refused}"));
    fails(&format!("--oper delete --interface {STATIC}"), 1, &format!("{name}: static0 not deleted: {refused}"));
    fails(
        &format!("{create} --oper add"),
        2,
        &format!("{name}: error: argument --oper: invalid choice: 'add' (choose from 'create', 'delete')"),
    );
    fails(
        "--vrf net1 --subnets 10.0.0.0/8",
        2,
        &format!("{name}: error: the following arguments are required: --interface"),
    );
    fails("--interface vgw1 --subnets 10.0.0.0/8", 2, &format!("{name}: error: --oper create needs --vrf"));
    fails("--interface vgw1 --vrf net1", 2, &format!("{name}: error: --oper create needs --subnets"));
    fails(
        "--interface vgw1 --vrf net1 --subnets 10.0.0/8",
        2,
        &format!("{name}: error: argument --subnets: '10.0.0/8' is not a prefix such as 10.1.0.0/16"),
    );
    assert_eq!(daemon.asked().len(), 2);
}

#[test]
fn the_script_says_when_there_is_no_daemon() {
    // Port 1, tcpmux, is served nowhere.
    let ran = run(Command::new(project("scripts/provision_vgw_interface.py")).args([
        "--oper",
        "delete",
        "--interface",
        "vgw1",
        "--port",
        "1",
    ]));
    assert_eq!(ran.status.code(), Some(1));
    let line = "provision_vgw_interface.py: vgw1 not deleted: no daemon answers at 127.0.0.1:1\n";
    assert_eq!(text(&ran.stderr), line);
}
