//! Packets are captured as they pass, and seen by other tools.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::cli::{must, vgw};
use crate::daemon::{Daemon, end};
use crate::lab::eventually;
use crate::site::{Guest, NET1, OUTSIDE, Site};
use crate::traffic::{DISCARD, assert_ping, assert_tcp, bind};

/// `vgw capture` in the background, ended with the test.
struct Capturing(Child);

impl Capturing {
    /// Starts it and waits until the daemon captures.
    fn start(daemon: &Daemon<'_>, site: &Site, words: &str, stdout: Stdio) -> Self {
        let begun = || daemon.log().matches("packets are captured").count();
        let before = begun();
        let mut command = Command::new(env!("CARGO_BIN_EXE_vgw"));
        command.arg("--socket").arg(site.folder().join("vgwd.sock")).arg("capture").args(words.split_whitespace());
        let child = command.stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
        eventually("the capture has begun", || begun() > before);
        Self(child)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// Waits for its end; what it said of it.
    fn wait(&mut self) -> String {
        eventually("the capture ends", || self.0.try_wait().unwrap().is_some());
        assert!(self.0.wait().unwrap().success());
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Capturing {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.signal(Signal::CONT);
        }
        end(&mut self.0);
    }
}

/// What tshark shows of a file: the packets' fields, a line each, parted by `|`.
fn tshark(file: &Path, fields: &[&str]) -> Vec<String> {
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(file).args(["-T", "fields", "-E", "separator=|"]);
    command.args(fields.iter().flat_map(|field| ["-e", field]));
    let output = command.output().expect("tshark is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// A datagram with a source that is not the guest's.
fn spoof(guest: &Guest) {
    let socket = bind(&guest.namespace, "172.16.0.9:4000".parse().unwrap());
    socket.send_to(b"not mine", format!("{}:{DISCARD}", OUTSIDE[0])).unwrap();
}

#[test]
fn a_capture_shows_both_directions_and_why_packets_were_dropped() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    guest.namespace.add_address("lo", "172.16.0.9/32");
    let file = site.folder().join("all.pcapng");
    let words = format!("-w {} --count 13 (proto icmp or port 4000) and host {}", file.display(), OUTSIDE[0]);
    let mut capturing = Capturing::start(&daemon, &site, &words, Stdio::null());
    assert_ping(&guest.namespace, OUTSIDE[0]);
    spoof(&guest);
    assert_eq!(capturing.wait(), "vgw: 13 packets captured\n");

    // Three requests and three answers, each at two ports; flags 1 is in, 2 is out.
    let seen = tshark(&file, &["frame.interface_name", "frame.packet_flags_direction", "icmp.type"]);
    for (line, expected) in
        [("tap0|0x00000001|8", 3), ("vgw1|0x00000002|8", 3), ("vgw1|0x00000001|0", 3), ("tap0|0x00000002|0", 3)]
    {
        assert_eq!(seen.iter().filter(|found| *found == line).count(), expected, "{line}: {seen:#?}");
    }
    // The TTL is that of before and after.
    let ttls = tshark(&file, &["frame.interface_name", "frame.packet_flags_direction", "ip.ttl"]);
    assert!(ttls[..2] == ["tap0|0x00000001|64", "vgw1|0x00000002|63"], "{ttls:#?}");
    let comments = tshark(&file, &["frame.comment", "ip.src", "udp.dstport"]);
    let comment = "dropped: IP_RPFILTER: the source address is not one of the port's addresses";
    assert_eq!(comments.last().unwrap(), &format!("{comment}|172.16.0.9|9"));
    assert_eq!(comments.iter().filter(|line| line.starts_with("dropped")).count(), 1, "a packet is there once");

    // The same in lines, of what is dropped only.
    let lines = site.folder().join("lines");
    let stdout = fs::File::create(&lines).unwrap();
    let mut capturing = Capturing::start(&daemon, &site, "--drops --count 1 port 4000", stdout.into());
    spoof(&guest);
    assert_eq!(capturing.wait(), "vgw: 1 packet captured\n");
    let line = fs::read_to_string(&lines).unwrap();
    assert!(line.ends_with("tap0 in  172.16.0.9:4000 > 10.1.1.253:9 udp, 50 bytes, dropped: IP_RPFILTER\n"), "{line}");
    daemon.assert_accounted();
}

#[test]
fn a_capture_that_nobody_reads_holds_nobody_up_and_ends_with_its_client() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let file = site.folder().join("slow.pcapng");
    let words = format!("-w {} --port tap0", file.display());
    let mut slow = Capturing::start(&daemon, &site, &words, Stdio::null());
    slow.signal(Signal::STOP);
    // More than fits into what may wait.
    assert_tcp(&guest.namespace, &site.outside, OUTSIDE[0], 32 << 20);
    assert_ping(&guest.namespace, OUTSIDE[0]);
    slow.signal(Signal::CONT);
    slow.signal(Signal::INT);
    let said = slow.wait();
    assert!(said.contains(" more were lost"), "{said}");
    let told = b" packets of all ports were lost";
    assert!(fs::read(&file).unwrap().windows(told.len()).any(|bytes| bytes == told));

    // A client that is killed leaves nothing behind: its connection ends, and the capture with it.
    let killed = Capturing::start(&daemon, &site, "--port tap0", Stdio::null());
    let connection = format!("pid {}}}: connection ended", killed.0.id());
    killed.signal(Signal::KILL);
    daemon.wait_for_log(&connection);
    assert_ping(&guest.namespace, OUTSIDE[0]);
    daemon.assert_accounted();
    daemon.stop();
}

#[test]
fn what_cannot_be_captured_is_refused() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let _daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    for (words, expected) in [
        ("--port tap9", 3),
        ("--gateway tap0", 3),
        ("--instance nowhere", 3),
        ("--port tap0 --gateway vgw1", 2),
        ("host 10.0.0.1 or tcp", 2),
        ("-n", 2),
    ] {
        let (code, _, complaint) = vgw(site.folder(), &format!("capture --count 1 {words}"));
        assert_eq!(code, Some(expected), "{words}: {complaint}");
    }
    let (_, _, complaint) = vgw(site.folder(), "capture host 10.0.0.1 or tcp");
    assert_eq!(complaint, "vgw: filter: at character 18: 'tcp': it is not a test; 'proto tcp' is one\n");
    assert_eq!(
        must(site.folder(), "-j capture --duration 10ms port 1"),
        "{\"schema\":\"vgw.capture-end/1\",\"packets\":0,\"lost\":0}\n"
    );
}

/// tshark as if the program had been installed where it looks, which as root is only its own folder.
fn tshark_with_extcap(site: &Site) -> Command {
    let folder = site.folder().join("extcap");
    if !folder.exists() {
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_vgw"), folder.join("vgwdump")).unwrap();
    }
    let told = Command::new("tshark").args(["-G", "folders"]).output().expect("tshark is installed");
    let told = String::from_utf8(told.stdout).unwrap();
    let installed = told.lines().find_map(|line| line.strip_prefix("Extcap path:")).unwrap().trim().to_owned();
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", "mount --bind $0 $1 && shift && exec tshark \"$@\""]);
    command.arg(folder).arg(installed).env("VGW_SOCKET", site.folder().join("vgwd.sock"));
    command
}

#[test]
fn tshark_captures_by_itself() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let listed = tshark_with_extcap(&site).arg("-D").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let instance = format!("vgw.instance.{NET1}");
    for name in ["vgw", "vgw.drops", &instance, "vgw.port.tap0", "vgw.port.vgw1"] {
        assert!(listed.contains(&format!(" {name} (vgw: ")), "{name}\n{listed}");
    }

    let file = site.folder().join("tshark.pcapng");
    let before = daemon.log().matches("packets are captured").count();
    let mut command = tshark_with_extcap(&site);
    command.args(["-i", "vgw.port.tap0", "-f", "proto icmp", "-c", "6", "-w"]);
    let child = command.arg(&file).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut capturing = Capturing(child);
    eventually("the capture has begun", || daemon.log().matches("packets are captured").count() > before);
    assert_ping(&guest.namespace, OUTSIDE[0]);
    let said = capturing.wait();
    let seen = tshark(&file, &["frame.interface_name", "icmp.type"]);
    assert_eq!(seen.iter().filter(|line| line.ends_with("|8")).count(), 3, "{said}\n{seen:#?}");
    assert_eq!(seen.iter().filter(|line| line.ends_with("|0")).count(), 3, "{said}\n{seen:#?}");
}
