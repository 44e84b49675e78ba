//! The daemon of the demonstration: its own folder, socket and state, inside the compute node.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use thrift::protocol::{TBinaryInputProtocol, TBinaryOutputProtocol};
use thrift::transport::{TFramedReadTransport, TFramedWriteTransport, TIoChannel, TTcpChannel};

use crate::api::generated::instance_service::{InstanceServiceSyncClient, TInstanceServiceSyncClient};

use super::error::{Error, Result};
use super::namespace::Namespace;
use super::shell::{self, Interrupt};

/// Where the folders are; only root writes here.
const RUN: &str = "/run";
/// What a folder's name begins with, the process id follows.
const PREFIX: &str = "vgw-demo-";
/// A start, a stop and each call may take no longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the compatible API listens inside the compute node.
pub(super) const THRIFT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9090);

/// A running daemon. It is stopped when this is dropped, unless it was let go.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    folder: Folder,
}

impl Daemon {
    /// Starts the daemon that lies beside the running program and waits until it answers.
    ///
    /// # Errors
    /// It is not there, or what it said before it ended.
    pub(super) fn start(compute: &Namespace, interrupt: &Interrupt) -> Result<Self> {
        let program = beside("vgwd")?;
        let folder = Folder::create()?;
        let log = fs::File::create(folder.path("vgwd.log")).map_err(Error::system("the daemon's log"))?;
        // The names of its routing tables would be the whole machine's.
        fs::write(folder.path("vgwd.toml"), "[host]\nrt_tables = \"none\"\n")
            .map_err(Error::system("the daemon's configuration"))?;
        let mut command = Command::new("ip");
        command.args(["netns", "exec", compute.name()]).arg(&program);
        command.arg("--config").arg(folder.path("vgwd.toml"));
        command.arg("--thrift-listen").arg(THRIFT.to_string());
        command.arg("--socket").arg(folder.socket());
        command.arg("--state-dir").arg(folder.path("state"));
        // Its own group: Ctrl-C is for us, who stop it in order.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
        let child = command.spawn().map_err(Error::system(program.display().to_string()))?;
        let mut daemon = Self { child, folder };
        let pid = daemon.pid().to_string();
        fs::write(daemon.folder.path("vgwd.pid"), pid).map_err(Error::system("the daemon's process id"))?;
        daemon.answers(interrupt)?;
        Ok(daemon)
    }

    fn answers(&mut self, interrupt: &Interrupt) -> Result<()> {
        let socket = self.folder.socket();
        let answer = shell::wait(PATIENCE, interrupt, || {
            if let Some(status) = self.child.try_wait().map_err(Error::system("the daemon"))? {
                return Err(Error::Daemon { what: format!("vgwd ended with {status}"), reason: self.last_words(1) });
            }
            Ok(std::os::unix::net::UnixStream::connect(&socket).ok().map(drop))
        })?;
        answer.ok_or_else(|| Error::unexpected("vgwd", "an open socket", self.last_words(1)))
    }

    /// The last lines of its log.
    pub(super) fn last_words(&self, count: usize) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().filter(|line| !line.is_empty()).collect();
        match lines.as_slice() {
            [] => "nothing in its log".to_owned(),
            lines => lines[lines.len().saturating_sub(count)..].join("\n"),
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The socket of its own API.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.socket()
    }

    /// Its log file.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.path("vgwd.log")
    }

    /// Stops it in order and waits for its end.
    ///
    /// # Errors
    /// It does not end, or not well.
    pub(super) fn stop(mut self, interrupt: &Interrupt) -> Result<()> {
        self.signal(Signal::TERM)?;
        let status = shell::wait(PATIENCE, interrupt, || self.child.try_wait().map_err(Error::system("the daemon")))?;
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(Error::unexpected("vgwd on SIGTERM", "exit status: 0", status.to_string())),
            None => Err(Error::unexpected("vgwd on SIGTERM", "its end", "it still runs after 10 s")),
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let sent = pid.map_or(Ok(()), |pid| kill_process(pid, signal));
        sent.map_err(|error| Error::System { what: "stop the daemon".to_owned(), error: error.into() })
    }

    /// Leaves it running with its folder.
    pub(super) fn let_go(self) {
        // Neither the process nor the folder is to go with this value.
        std::mem::forget(self);
    }
}

impl Drop for Daemon {
    /// Ends it if it still runs: in order if it can, since it holds host state, by force if it must.
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let _ = self.signal(Signal::TERM);
        let ended = shell::wait(PATIENCE, &Interrupt::default(), || Ok(self.child.try_wait().ok().flatten()));
        if !matches!(ended, Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The daemon's folder; it goes when this is dropped.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes it, readable for its owner alone.
    fn create() -> Result<Self> {
        let path = Path::new(RUN).join(format!("{PREFIX}{}", process::id()));
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(Error::system(path.display().to_string()))?;
        Ok(Self { path })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn socket(&self) -> PathBuf {
        self.path("vgwd.sock")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The compatible API's client inside the compute node, as a controller has one.
///
/// # Errors
/// Nobody listens.
pub(super) fn controller(compute: &Namespace) -> Result<Box<dyn TInstanceServiceSyncClient>> {
    let failed = |reason: String| Error::Daemon { what: format!("Thrift on {THRIFT}"), reason };
    let stream = compute.enter(|| {
        let stream = TcpStream::connect_timeout(&THRIFT, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    });
    let channel = TTcpChannel::with_stream(stream.map_err(|error| failed(error.to_string()))?);
    let (input, output) = channel.split().map_err(|error| failed(error.to_string()))?;
    let input = TBinaryInputProtocol::new(TFramedReadTransport::new(input), true);
    let output = TBinaryOutputProtocol::new(TFramedWriteTransport::new(output), true);
    Ok(Box::new(InstanceServiceSyncClient::new(input, output)))
}

/// A program in the folder of the running one.
fn beside(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().map_err(Error::system("the running program"))?;
    let path = own.with_file_name(name);
    if path.is_file() {
        Ok(path)
    } else {
        Err(Error::Missing { program: path.display().to_string(), hint: "build it first: cargo build --release" })
    }
}

/// The process ids of demonstrations that were kept.
///
/// # Errors
/// The folder is not readable.
pub(super) fn kept() -> Result<Vec<u32>> {
    let entries = fs::read_dir(RUN).map_err(Error::system(RUN))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut ids: Vec<u32> = names.filter_map(|name| name.strip_prefix(PREFIX)?.parse().ok()).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// Stops the daemon of a demonstration that was kept and removes its folder. A process is stopped
/// only if it lives in that demonstration's compute node, since process ids are used again.
///
/// # Errors
/// It does not end.
pub(super) fn stop_kept(id: u32, compute: &Path, interrupt: &Interrupt) -> Result<()> {
    let folder = Folder { path: Path::new(RUN).join(format!("{PREFIX}{id}")) };
    let noted = fs::read_to_string(folder.path("vgwd.pid")).ok().and_then(|text| text.parse().ok());
    let Some(pid) = noted.and_then(Pid::from_raw) else { return Ok(()) };
    let lives = || {
        let of_process = fs::metadata(format!("/proc/{}/ns/net", pid.as_raw_nonzero()));
        match (of_process, fs::metadata(compute)) {
            (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
            _ => false,
        }
    };
    if lives() {
        kill_process(pid, Signal::TERM).map_err(io::Error::from).map_err(Error::system("stop the daemon"))?;
    }
    let gone = shell::wait(PATIENCE, interrupt, || Ok((!lives()).then_some(())))?;
    gone.ok_or_else(|| Error::unexpected("vgwd on SIGTERM", "its end", "it still runs after 10 s"))
}
