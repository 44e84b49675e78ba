//! A provider that leases its addresses: a real DHCP server, and the real client with our hook. The
//! client runs as on a Debian host, by its own dhclient-script, but sees folders of the test's in the
//! place of the machine's.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::lab::eventually;
use crate::namespace::Namespace;

/// Programs that take part as the machine's own would: started, and ended by their handle.
struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    fn start(place: &Namespace, mut command: Command, log: PathBuf) -> Self {
        let file = std::fs::File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        Self { child: place.enter(|| command.spawn()).unwrap(), log }
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            let text = std::fs::read_to_string(&self.log).unwrap_or_default();
            let _ =
                std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{}:\n{text}\n", self.log.display()));
        }
    }
}

/// dnsmasq on `eth0` of a namespace, without DNS.
pub(crate) struct Server(Process);

impl Server {
    /// Serves what `options` say, on one line, with the leases of a folder.
    pub(crate) fn start(place: &Namespace, folder: &Path, options: &str) -> Self {
        let mut command = Command::new("dnsmasq");
        command.args("--keep-in-foreground --conf-file=/dev/null --no-hosts --no-resolv --port=0".split(' '));
        command.args("--interface=eth0 --except-interface=lo --user=root --group=root --pid-file=".split(' '));
        command.args("--dhcp-authoritative --no-ping --log-dhcp --log-facility=-".split(' '));
        command.arg(format!("--dhcp-leasefile={}", folder.join("dnsmasq.leases").display()));
        command.args(options.split_whitespace());
        let server = Self(Process::start(place, command, folder.join("dnsmasq.log")));
        eventually("the DHCP server runs", || server.log().contains("started, version"));
        server
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.0.log).unwrap()
    }

    /// Serves something else from now on. It has forgotten its leases if `forgets` says so.
    pub(crate) fn restart(&mut self, place: &Namespace, options: &str, forgets: bool) {
        self.0.end();
        let folder = self.0.log.parent().unwrap().to_owned();
        if forgets {
            std::fs::remove_file(folder.join("dnsmasq.leases")).unwrap();
        }
        *self = Self::start(place, &folder, options);
    }
}

/// ISC dhclient on a device of a namespace.
pub(crate) struct Client<'a> {
    process: Process,
    place: &'a Namespace,
    folder: PathBuf,
    words: Vec<String>,
}

impl<'a> Client<'a> {
    /// Starts the client of a family (`-4`, `-6`). `folder` is where the daemon's socket is; everything of
    /// the client's own is in there too.
    pub(crate) fn start(place: &'a Namespace, folder: &Path, family: &str, device: &str) -> Self {
        let own = folder.join(format!("dhclient{family}-{device}"));
        std::fs::create_dir_all(own.join("hooks")).unwrap();
        std::fs::create_dir_all(own.join("empty")).unwrap();
        let file = |name: &str, text: &str| std::fs::write(own.join(name), text).unwrap();
        file("resolv.conf", "");
        file("hooks/vgw", &hook(folder));
        let mut conf = "timeout 20; retry 1; initial-interval 1; backoff-cutoff 2; reboot 1;\n".to_owned();
        if family == "-4" {
            conf += "request subnet-mask, broadcast-address, routers, dhcp-renewal-time, dhcp-rebinding-time;\n";
        }
        file("conf", &conf);
        let path = |name: &str| own.join(name).display().to_string();
        let words = [family, "-v", "-cf", &path("conf"), "-lf", &path("leases"), "-pf", &path("pid"), device];
        let words: Vec<String> = words.map(str::to_owned).into();
        let process = Process::start(place, command(&own, "-d", &words), own.join("log"));
        Self { process, place, folder: own, words }
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.process.log).unwrap()
    }

    /// Gives the lease back, as `dhclient -r` does, which ends the client.
    pub(crate) fn release(mut self) {
        let output = self.place.enter(|| command(&self.folder, "-r", &self.words).output()).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.process.end();
    }
}

/// Debian's dhclient-script reads the files of a folder into itself.
fn hook(folder: &Path) -> String {
    let mut text = String::new();
    let programs = Path::new(env!("CARGO_BIN_EXE_vgw")).parent().unwrap();
    writeln!(text, "PATH={}:$PATH", programs.display()).unwrap();
    writeln!(text, "VGW_SOCKET={}", folder.join("vgwd.sock").display()).unwrap();
    writeln!(text, "export PATH VGW_SOCKET").unwrap();
    writeln!(text, ". {}/scripts/hooks/dhclient-exit-hook", env!("CARGO_MANIFEST_DIR")).unwrap();
    text
}

/// dhclient with the test's folders in the place of the machine's, and with a host name of its own that
/// dhclient-script may change.
fn command(own: &Path, mode: &str, words: &[String]) -> Command {
    let mut command = Command::new("unshare");
    command.args("--mount --uts --propagation private sh -c".split(' '));
    command.arg(
        "cd \"$0\" && mount --bind hooks /etc/dhcp/dhclient-exit-hooks.d && \
         mount --bind empty /etc/dhcp/dhclient-enter-hooks.d && mount --bind resolv.conf /etc/resolv.conf && \
         exec dhclient \"$@\"",
    );
    command.arg(own).arg(mode).args(words);
    command
}
