//! The real daemon as a process of its own.
#![expect(clippy::disallowed_methods, reason = "deadlines of waits")]

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use thrift::protocol::{TBinaryInputProtocol, TBinaryOutputProtocol};
use thrift::transport::{TFramedReadTransport, TFramedWriteTransport};
use vgw::api::generated::instance_service::{
    InstanceServiceSyncClient, Subnet, TInstanceServiceSyncClient, VirtualGatewayRequest,
};
use vgw::api::generated::virtual_gateway::{Counters, Status, TVirtualGatewaySyncClient};
use vgw::api::{self, Client, ClientError};

use crate::lab::{PATIENCE, eventually};
use crate::namespace::Namespace;

/// An OpenContrail client's connection.
pub(crate) type Controller = InstanceServiceSyncClient<
    TBinaryInputProtocol<TFramedReadTransport<TcpStream>>,
    TBinaryOutputProtocol<TFramedWriteTransport<TcpStream>>,
>;

/// How long a call may take: far longer than any should.
const CALL: Duration = Duration::from_secs(60);

/// A running `vgwd`. Dropped, it is asked to stop; its log is shown if the test fails.
pub(crate) struct Daemon<'a> {
    child: Child,
    log: Arc<Log>,
    place: &'a Namespace,
    socket: PathBuf,
}

/// What the daemon has said so far.
#[derive(Default)]
struct Log {
    said: Mutex<(String, bool)>,
    more: Condvar,
}

impl<'a> Daemon<'a> {
    /// Starts the daemon in a namespace and waits until it is ready. Its configuration, socket and
    /// state are in `folder`.
    pub(crate) fn start(place: &'a Namespace, folder: &Path, config: &str) -> Self {
        Self::start_with(place, folder, config, &[])
    }

    /// As [`Daemon::start`], with further flags.
    pub(crate) fn start_with(place: &'a Namespace, folder: &Path, config: &str, flags: &[&str]) -> Self {
        let daemon = Self::launch(place, folder, config, &[], flags);
        daemon.wait_for_log(" ready");
        daemon
    }

    /// Starts the daemon, by way of another program if `wrapper` names one, and does not wait.
    pub(crate) fn launch(place: &'a Namespace, folder: &Path, config: &str, wrapper: &[&str], flags: &[&str]) -> Self {
        Self::launch_prepared(place, folder, config, wrapper, flags, |_| {})
    }

    /// As [`Daemon::launch`], after something has been done to the command.
    pub(crate) fn launch_prepared(
        place: &'a Namespace,
        folder: &Path,
        config: &str,
        wrapper: &[&str],
        flags: &[&str],
        prepare: impl FnOnce(&mut Command),
    ) -> Self {
        let (file, socket) = (folder.join("vgwd.toml"), folder.join("vgwd.sock"));
        std::fs::write(&file, config).unwrap();
        // Namespaces of the network share the host's files.
        let (drop_ins, names) = (folder.join("vgwd.d"), folder.join("rt_tables.d"));
        std::fs::create_dir_all(&drop_ins).unwrap();
        std::fs::create_dir_all(&names).unwrap();
        std::fs::write(drop_ins.join("names.toml"), format!("[host]\nrt_tables = {names:?}\n")).unwrap();
        let words = [wrapper, &[env!("CARGO_BIN_EXE_vgwd"), "-v"]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg("--config").arg(file).arg("--socket").arg(&socket);
        command.arg("--state-dir").arg(folder.join("state")).args(flags).stderr(Stdio::piped());
        prepare(&mut command);
        let mut child = place.enter(|| command.spawn()).unwrap();
        let log = Arc::new(Log::default());
        let (writer, stderr) = (Arc::clone(&log), BufReader::new(child.stderr.take().unwrap()));
        let reader = Builder::new().name("log".to_owned()).spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                writer.add(&line);
            }
            writer.end();
        });
        reader.unwrap();
        Self { child, log, place, socket }
    }

    /// Waits until the log holds this text.
    pub(crate) fn wait_for_log(&self, text: &str) {
        assert!(self.says(text), "the log never said {text:?}");
    }

    /// Waits until the log holds this text or ends; whether it does.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.log.wait(|said| said.contains(text))
    }

    /// What the daemon has logged.
    pub(crate) fn log(&self) -> String {
        self.log.said.lock().unwrap().0.clone()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the daemon's end: how it ended, and its whole log.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let mut status = None;
        eventually("the daemon ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        self.log.wait(|_| false);
        (status.unwrap(), self.log())
    }

    /// True if the daemon has a descriptor of this kind open, as proc(5) names it.
    pub(crate) fn has_open(&self, kind: &str) -> bool {
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap();
        let mut targets = descriptors.map(|entry| std::fs::read_link(entry.unwrap().path()));
        targets.any(|target| target.is_ok_and(|target| target.as_os_str() == kind))
    }

    /// The memory that the daemon has in use, KiB (proc_pid_status(5)).
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// The number of its open descriptors.
    pub(crate) fn descriptors(&self) -> u64 {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count() as u64
    }

    /// True until the daemon's log has ended, which is when the process has.
    pub(crate) fn is_running(&self) -> bool {
        !self.log.said.lock().unwrap().1
    }

    /// Stops the daemon in order.
    pub(crate) fn stop(self) {
        self.signal(Signal::TERM);
        let (status, log) = self.wait();
        assert!(status.success() && log.contains("nothing is left behind"), "{status}\n{log}");
    }

    /// Kills the daemon: it has no chance to tidy up.
    pub(crate) fn kill(self) {
        self.signal(Signal::KILL);
        assert!(!self.wait().0.success());
    }

    /// Calls the own API.
    pub(crate) fn call<T>(&self, method: impl FnOnce(&mut api::Daemon) -> thrift::Result<T>) -> Result<T, ClientError> {
        Client::connect(&self.socket, CALL).unwrap().call(method)
    }

    pub(crate) fn status(&self) -> Status {
        self.call(|daemon| daemon.status()).unwrap()
    }

    /// A connection to the compatible API.
    pub(crate) fn controller(&self) -> Controller {
        self.try_controller().unwrap()
    }

    /// As [`Daemon::controller`], where the daemon may be gone.
    pub(crate) fn try_controller(&self) -> io::Result<Controller> {
        let stream = self.place.enter(|| TcpStream::connect("127.0.0.1:9090"))?;
        stream.set_read_timeout(Some(CALL)).unwrap();
        let input = TFramedReadTransport::new(stream.try_clone().unwrap());
        let output = TFramedWriteTransport::new(stream);
        Ok(Controller::new(TBinaryInputProtocol::new(input, true), TBinaryOutputProtocol::new(output, true)))
    }

    /// Adds gateways by the compatible API; its answer.
    pub(crate) fn add(&self, gateways: &[VirtualGatewayRequest]) -> bool {
        self.controller().add_virtual_gateway(gateways.to_vec()).unwrap()
    }

    /// Deletes gateways by the compatible API; its answer.
    pub(crate) fn delete(&self, names: &[&str]) -> bool {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        self.controller().delete_virtual_gateway(names).unwrap()
    }

    /// The names of the gateways.
    pub(crate) fn gateways(&self) -> Vec<String> {
        self.status().gateways.into_iter().map(|gateway| gateway.interface_name).collect()
    }

    /// The counters of a port or of a gateway's tap.
    pub(crate) fn counters(&self, name: &str) -> Counters {
        let status = self.status();
        let ports = status.ports.into_iter().map(|port| (port.name, port.counters));
        let gateways = status.gateways.into_iter().map(|gateway| (gateway.interface_name, gateway.counters));
        ports.chain(gateways).find(|(found, _)| found == name).unwrap().1
    }

    /// How often a port has dropped for a reason.
    pub(crate) fn dropped(&self, name: &str, reason: &str) -> i64 {
        self.counters(name).dropped.get(reason).copied().unwrap_or(0)
    }

    /// Fails unless every packet that came in is accounted for.
    pub(crate) fn assert_accounted(&self) {
        let status = self.status();
        let ports = status.ports.iter().map(|port| (&port.name, &port.counters));
        let gateways = status.gateways.iter().map(|gateway| (&gateway.interface_name, &gateway.counters));
        for (name, counters) in ports.chain(gateways) {
            let outcomes = counters.sent + counters.answered + counters.held + counters.dropped.values().sum::<i64>();
            assert_eq!(counters.received, outcomes, "{name}: {counters:?}");
        }
    }
}

/// Asks a program to end, and makes it if it does not.
pub(crate) fn end(child: &mut Child) {
    if matches!(child.try_wait(), Ok(None)) {
        let _ = kill_process(Pid::from_child(child), Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = child.kill();
            }
            thread::park_timeout(Duration::from_millis(5));
        }
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        end(&mut self.child);
        if thread::panicking() {
            let _ = writeln!(std::io::stderr(), "the daemon's log:\n{}", self.log());
        }
    }
}

impl Log {
    fn add(&self, line: &str) {
        let mut said = self.said.lock().unwrap();
        said.0.push_str(line);
        said.0.push('\n');
        self.more.notify_all();
    }

    fn end(&self) {
        self.said.lock().unwrap().1 = true;
        self.more.notify_all();
    }

    /// Waits until the text is so, the log has ended, or patience has; whether the text is so.
    fn wait(&self, mut is_so: impl FnMut(&str) -> bool) -> bool {
        let said = self.said.lock().unwrap();
        let waits = |(text, ended): &mut (String, bool)| !*ended && !is_so(text);
        let (said, _) = self.more.wait_timeout_while(said, PATIENCE, waits).unwrap();
        is_so(&said.0)
    }
}

/// A gateway as a controller asks for it.
pub(crate) fn request(interface: &str, instance: &str, subnets: &[&str]) -> VirtualGatewayRequest {
    let subnet = |text: &&str| {
        let (prefix, length) = text.split_once('/').unwrap();
        Subnet::new(prefix.to_owned(), length.parse().unwrap())
    };
    VirtualGatewayRequest::new(interface.to_owned(), instance.to_owned(), subnets.iter().map(subnet).collect(), None)
}
