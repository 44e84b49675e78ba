//! The daemon as packaging/vgwd.service runs it: its own user, two capabilities, and somebody who is told
//! how it stands.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::cli::{must, vgw};
use crate::daemon::{Daemon, end};
use crate::lab::{PATIENCE, eventually, make_pair};
use crate::namespace::Namespace;
use crate::site::{Guest, NET1, OUTSIDE, Site};
use crate::traffic::assert_ping;

/// Nobody in particular.
pub(crate) const USER: u32 = 65_534;

/// The unit's rights, word by word: what it gives up and what it keeps.
fn unit(key: &str) -> String {
    let unit = include_str!("../../packaging/vgwd.service");
    let values = unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    values.collect::<Vec<_>>().join(" ")
}

/// Starts the daemon with the unit's user rights and nothing else.
pub(crate) fn start_as_user<'a>(site: &'a Site, folder: &Path, variables: &str) -> Daemon<'a> {
    assert_eq!(unit("AmbientCapabilities"), unit("CapabilityBoundingSet"));
    let rights: Vec<String> =
        unit("AmbientCapabilities").split(' ').map(|name| name.replace("CAP_", "+").to_lowercase()).collect();
    let rights = rights.join(",");
    // The build may lie where this user cannot look.
    let program = folder.join("vgwd");
    fs::copy(env!("CARGO_BIN_EXE_vgwd"), &program).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    fs::create_dir_all(folder.join("rt_tables.d")).unwrap();
    for path in [folder, &folder.join("rt_tables.d")] {
        chown(path, Some(USER), Some(USER)).unwrap();
    }
    let script = format!(
        "shift; exec setpriv --reuid={USER} --regid={USER} --clear-groups --no-new-privs \
         --bounding-set=-all,{rights} --inh-caps=-all,{rights} --ambient-caps=-all,{rights} \
         env {variables} {} \"$@\"",
        program.display()
    );
    let daemon = Daemon::launch(&site.compute, folder, "", &["sh", "-c", &script, "sh"], &[]);
    daemon.wait_for_log(" ready");
    daemon
}

/// Attaches a guest with the address 192.168.1.7 by the interface vnet7.
pub(crate) fn attach(site: &Site, guest: &Namespace) {
    site.compute.enter(|| make_pair("vnet7", "behind7"));
    let words = format!("port add vnet7 --attach --instance {NET1} --address 192.168.1.7/32 --gateway 192.168.1.1");
    must(site.folder(), &words);
    site.compute.ip(&format!("link set behind7 netns {}", guest.path()));
    for words in ["link set behind7 up", "address add 192.168.1.7/24 dev behind7", "route add default via 192.168.1.1"]
    {
        guest.ip(words);
    }
}

#[test]
fn the_units_rights_are_enough() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let before = site.snapshot();
    let folder = site.folder();
    let daemon = start_as_user(&site, folder, "");
    for words in [
        "uplink add up --device eth1 --address 10.1.1.254/24 --via 10.1.1.253".to_owned(),
        format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24 --uplink up --masquerade"),
        format!("port add tap0 --instance {NET1} --address 192.168.1.10/32 --gateway 192.168.1.1"),
    ] {
        must(folder, &words);
    }
    attach(&site, &guest.namespace);
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let status = must(folder, "status -j");
    assert!(status.contains(r#""problems":[]"#), "{status}");
    assert_eq!(must(folder, "host diff"), "nothing to do: the kernel is as it should be\n");
    assert!(fs::read_to_string(folder.join("rt_tables.d/vgw.conf")).unwrap().contains("vgw-up"));
    daemon.stop();
    site.compute.ip("link delete vnet7 type veth");
    site.assert_unchanged(&before, "after the daemon has ended");
}

/// A socket that listens, with what comes to it.
fn listener(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o666)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn heard(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).expect("the daemon says something");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[test]
fn the_service_manager_hears_how_it_stands() {
    let site = Site::new();
    let socket = listener(&site.folder().join("notify"));
    let variables = format!("NOTIFY_SOCKET={} WATCHDOG_USEC=300000", site.folder().join("notify").display());
    let daemon = start_as_user(&site, site.folder(), &variables);
    assert_eq!(heard(&socket), "READY=1");
    assert_eq!(heard(&socket), "WATCHDOG=1");
    assert_eq!(heard(&socket), "WATCHDOG=1");
    daemon.signal(Signal::HUP);
    let mut said = Vec::new();
    while said.last().is_none_or(|last| last != "READY=1") {
        said.push(heard(&socket));
    }
    said.retain(|word| word != "WATCHDOG=1");
    assert_eq!(said, ["RELOADING=1", "READY=1"]);
    daemon.stop();
    while heard(&socket) != "STOPPING=1" {}
    socket.set_nonblocking(true).unwrap();
    assert_eq!(socket.recv(&mut [0; 64]).unwrap_err().kind(), ErrorKind::WouldBlock, "nothing after the last word");
}

/// A program that ends with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

#[test]
fn the_journal_gets_fields() {
    let site = Site::new();
    let folder = site.folder();
    let journald = listener(&folder.join("journal"));
    let stderr = fs::File::create(folder.join("stderr")).unwrap();
    let file = rustix::fs::fstat(stderr.as_fd()).unwrap();
    assert_eq!(file.st_ino, stderr.metadata().unwrap().ino());
    // journald's socket has one place; in a mount namespace that is ours.
    let script = format!(
        "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && touch /run/systemd/journal/socket && \
         mount --bind {}/journal /run/systemd/journal/socket && exec \"$@\"",
        folder.display()
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_vgwd")]);
    command.arg("--socket").arg(folder.join("vgwd.sock")).arg("--state-dir").arg(folder.join("state"));
    fs::write(folder.join("vgwd.toml"), "[host]\nrt_tables = \"none\"\n").unwrap();
    command.arg("--config").arg(folder.join("vgwd.toml"));
    command.env("JOURNAL_STREAM", format!("{}:{}", file.st_dev, file.st_ino)).stderr(Stdio::from(stderr));
    let mut running = Running(site.compute.enter(|| command.spawn()).unwrap());
    eventually("the daemon answers", || vgw(folder, "status").0 == Some(0));
    must(folder, &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    let mut entry = heard(&journald);
    while !entry.contains("VGW_INTERFACE=vgw1") {
        entry = heard(&journald);
    }
    end(&mut running.0);
    for field in ["PRIORITY=6\n", "VGW_CALLER=uid 0 pid ", &format!("VGW_INSTANCE={NET1}\n"), "MESSAGE=added "] {
        assert!(entry.contains(field), "{field} in {entry}");
    }
    assert_eq!(fs::read_to_string(folder.join("stderr")).unwrap(), "", "nothing is said twice");
}
